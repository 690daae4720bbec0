"""What to say of a name that means nothing, and of a class where a layer is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from layercli.catalogue.refused import REFUSED
from layercli.errors import did_you_mean

#: What other languages and Python's other half write for a value, and what it is here.
_WORDS = {
    "no": "False", "off": "False", "No": "False", "false": "False", "yes": "True", "on": "True", "Yes": "True",
    "true": "True", "null": "None", "none": "None", "nil": "None",
}  # fmt: skip

#: Functions of Python that the language hasn't, with what to write instead.
_PYTHON_ONLY = {
    "print": "leave it out; layercli trace shows every shape, and --values what is in it",
    "super": "write the statements themselves; a block has no parent",
    "isinstance": "leave the question out: a spec says what its layers are",
    "getattr": "write the name itself: self.layer, or heads['box'] of a ModuleDict",
    "hasattr": "leave the question out: a spec says what its layers are",
    "setattr": "assign to a plain name: y = ...",
    "map": "write a list: [f(x) for x in values]",
    "filter": "write a list: [x for x in values if ...]",
    "reversed": "write values[::-1]",
    "sorted": "write the list in its order",
    "set": "write a list",
    "str": "write the text itself, in quotes",
    "eval": "write the expression itself",
    "exec": "write the statements themselves",
    "open": "a spec neither reads nor writes files",
    "input": "name the input under `inputs`",
}


def explain_unknown(name: str, groups: Sequence[Iterable[str]], *, called: bool) -> tuple[str, str, str]:
    """Code, message and hint for a name that means nothing.

    ``groups`` are known names, those first that are likelier to be meant: the first group with a near one counts.
    """
    if name in REFUSED:
        return "refused-name", f"{name} is not in the spec language: {REFUSED[name]}", ""
    if name in _WORDS:
        return "unknown-name", f"{name} is no value here", f"write {_WORDS[name]}"
    if name in ("nn", "F", "torch", "math"):
        return "unknown-name", f"{name} alone is no value", f"write {name}.something"
    if called and name in _PYTHON_ONLY:
        return "unknown-function", f"{name} of Python is not in the spec language", _PYTHON_ONLY[name]
    # A name of one letter is near to every other one.
    near = (did_you_mean(name, group) for group in groups) if len(name) > 1 else iter(())
    hint = next(filter(None, near), "")
    if called and name[:1].isupper():
        return (
            "unknown-layer",
            f"there is no layer called {name}",
            hint or "layercli list layers shows them all",
        )
    if called:
        return (
            "unknown-function",
            f"there is no function or layer called {name}",
            hint or "layercli list functions shows them all",
        )
    return "unknown-name", f"there is nothing called {name} here", hint


def explain_class_in_forward(name: str, text: str) -> tuple[str, str, str]:
    """Code, message and hint for a layer that is made where it should be called."""
    called = text if text.endswith(")") else f"{text}()"
    return (
        "layer-made-here",
        f"{name} is a class; layers are made in `layers`, not in `forward`",
        f"add it to `layers`, as in name: {called}, and call it by its name",
    )
