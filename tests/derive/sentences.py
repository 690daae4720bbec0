"""The sentences of refused calls, one for each constraint of an entry: they differ in numbers, tensors and values only."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: What differs between two sentences of one constraint, in the order in which it is left out.
_OPEN = (
    (r"\b(?:bool|u?int\d+|b?float\d+|complex\d+)\[[^\]]*\]", "T"),
    (r"(?<!\w)'[^']*'(?!\w)", "'...'"),
    (r"\[[^\[\]]*\]|\([^()]*\d[^()]*\)", "[...]"),
    (r"\b(?:bool|u?int\d+|b?float\d+|complex\d+)\b", "dtype"),
    (r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?", "n"),
)

#: What holds of every argument by the signature: its kind, its name, how many there are.
_OF_SIGNATURES = re.compile(
    r"needs (?:tensors as|a list of tensors|an? (?:tensor|int|float|number|text|list|function) as|ints? as|a tuple of|"
    r"True or False|a dtype|the \w+ )"
    r"|needs an input$|needs \w+(?:, \w+)*(?: and \w+)?$|needs \w+, which can't be None"
    r"|takes (?:n to )?n (?:arguments?|inputs?)|has no (?:argument|input)|got \S+ twice|got its|can't be called"
    r"|takes True or False|asks whether a tensor|reduction can't be"
)

#: Sentences of an entry that are kept, of the constraints that were met most often.
MOST = 4


def cut_subject(said: str, callee: str) -> str:
    """A sentence without what it is about: ``expects 3 features ...``."""
    text = re.sub(rf"^{re.escape(callee)} |^PyTorch refuses to make \w+: |^\(\w*\) ", "", said)
    return text.removeprefix(f"{callee} ")


def find_constraint(sentence: str) -> str:
    """The sentence without what differs between two of a kind; empty where it is only about the signature."""
    if _OF_SIGNATURES.match(sentence):
        return ""
    for pattern, shown in _OPEN:
        sentence = re.sub(pattern, shown, sentence)
    return "" if _OF_SIGNATURES.match(sentence) else sentence


def choose_sentences(counted: Mapping[str, int]) -> tuple[str, ...]:
    """One sentence of each constraint, the shortest, of those that were met most often. Sentences count by themselves."""
    met: dict[str, int] = {}
    shown: dict[str, str] = {}
    for sentence, count in counted.items():
        constraint = " ".join(find_constraint(sentence).split()[:6])
        if constraint:
            met[constraint] = met.get(constraint, 0) + count
            shown[constraint] = min(
                shown.get(constraint, sentence), sentence, key=lambda text: (len(text), text)
            )
    most = sorted(met, key=lambda constraint: (-met[constraint], constraint))
    return tuple(shown[constraint] for constraint in most[:MOST])
