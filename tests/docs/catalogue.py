"""The page of the catalogue, made from its entries and the proofs of them: ``python -m tests.docs.catalogue`` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from layercli.catalogue.entries import Form, Layer, Operation
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import FAMILIES as LAYER_FAMILIES
from layercli.catalogue.methods import METHODS
from layercli.catalogue.operations import FAMILIES as OPERATION_FAMILIES
from layercli.catalogue.wrappers import WRAPPERS
from layercli.explain.entries import EntryFormulas, describe_rule, formulas_of
from tests.catalogue.samples import OPERATOR_SAMPLES
from tests.derive.large import MOST
from tests.derive.long_run import Proof, read_kept
from tests.derive.smaller_spaces import SMALLER_SPACES
from tests.docs.documents import ROOT

PAGE = ROOT / "docs" / "catalogue.md"

_HEAD = """\
# The catalogue

Every layer, function and method that a spec may use, and how often its rule was proved. This page is made by
`python -m tests.docs.catalogue` from the entries in `layercli/catalogue/` and the counts in `tests/derive/proved.json`.

A rule says what comes of a call without making it: dtype, sizes and layout, or why PyTorch refuses it. To prove it, calls are
drawn at random, with sizes of 0 and 1, tensors without dimensions, plain numbers, other dtypes and layouts, arguments of
the wrong kind, missing or too many. PyTorch {torch} runs each of them on the CPU. *Legal* counts the different calls that it
took, and whose result was what the rule gives; *illegal* those that it refused, and the rule, too. There are {legal} legal
and {illegal} illegal calls of {entries} entries here, and no call on which the two don't agree. What a count below 100 is
due to stands at the end of the page. *Large* counts {large} legal calls more, one size of which was made up to {most}
times as great, so that no memory holds their tensors: of these PyTorch's `meta` device, which makes no values, tells the
shapes.

*Refuses* has what an entry asks of its inputs, as the sentences that a person reads where it isn't so, from those illegal
calls: one for each of the constraints that they broke most often. That an argument has to be there, and to be a
tensor, a number or True or False, as the signature has it, isn't repeated.

`python -m tests.derive` draws more of them, and the tests draw a few of each entry. In the tables `F` is
`torch.nn.functional`. MACs are multiply-adds, where an entry has any.
"""


def write_page() -> str:
    """The whole page."""
    proofs, version = read_kept()
    head = _HEAD.format(
        torch=version,
        legal=f"{sum(proof.legal for proof in proofs.values()):,}",
        illegal=f"{sum(proof.illegal for proof in proofs.values()):,}",
        entries=len(proofs),
        large=f"{sum(proof.large for proof in proofs.values()):,}",
        most=f"{2**MOST:,}",
    )
    lines = [head, "## Layers", ""]
    for family, layers in LAYER_FAMILIES.items():
        lines += [f"### Layers: {family}", "", *_HEADINGS]
        lines += [_write_layer(layer, proofs) for layer in layers if not layer.refused]
        lines += [""]
    lines += ["### Wrappers of layers", "", *_HEADINGS]
    lines += [
        _write_row(
            _link(name, f"torch.nn.utils.parametrizations.{name}"),
            wrapper.arguments,
            describe_rule(wrapper.wrap),
            "",
            proofs.get(f"layer {name}"),
        )
        for name, wrapper in WRAPPERS.items()
    ]
    lines += ["", "## Functions and methods", ""]
    for family, operations in OPERATION_FAMILIES.items():
        lines += [f"### Functions: {family}", "", *_HEADINGS]
        lines += [_write_operation(operation, proofs) for operation in operations]
        lines += [""]
    lines += ["## Operators", "", "| operator | refuses | legal | illegal | large |", "|---|---|--:|--:|--:|"]
    for name, samples in OPERATOR_SAMPLES.items():
        shown = f"`{name.rstrip('_')}`: `{_escape(samples[0])}`"
        lines.append(f"| {shown} | {_show_proof(proofs.get(f'operator {name}'))} |")
    lines += ["", "## Fewer than 100", "", "| entry | why |", "|---|---|"]
    lines += [f"| `{entry}` | {_escape(reason)} |" for entry, reason in SMALLER_SPACES.items()]
    return "\n".join(lines) + "\n"


_HEADINGS = (
    "| entry | arguments | what comes of it | MACs | refuses | legal | illegal | large |",
    "|---|---|---|---|---|--:|--:|--:|",
)


def _write_row(entry: str, arguments: str, words: str, macs: str, proof: Proof | None) -> str:
    shown = f"`{_escape(arguments)}`" if arguments else ""
    return f"| {entry} | {shown} | {words} | {macs} | {_show_proof(proof)} |"


def _show_proof(proof: Proof | None) -> str:
    """The cells of a proof: what is refused, and the counts."""
    if proof is None:
        return " | | | "
    sentences = "<br>".join(_escape_markup(sentence) for sentence in proof.refuses)
    return f"{sentences} | {proof.legal:,} | {proof.illegal:,} | {proof.large:,}"


def _write_layer(layer: Layer, proofs: dict[str, Proof]) -> str:
    formulas = formulas_of(layer)
    return _write_row(
        _link(layer.name, f"torch.nn.{layer.name}"),
        layer.arguments,
        _describe(layer.doc, formulas),
        _show_macs(formulas),
        proofs.get(f"layer {layer.name}"),
    )


def _write_operation(operation: Operation, proofs: dict[str, Proof]) -> str:
    form = _find_form(operation)
    formulas = formulas_of(form)
    places = {"F": "torch.nn.functional", "torch": "torch", "Tensor": "torch.Tensor"}
    links = [
        _link(
            operation.name if number == 0 else place,
            f"{places[place]}.{operation.name}",
        )
        for number, place in enumerate(operation.namespaces)
    ]
    others = [*operation.aliases, *([f"{operation.name}_"] if operation.in_place else [])]
    entry = ", ".join([*links, *(f"`{name}`" for name in others)])
    return _write_row(
        entry,
        operation.arguments,
        _describe(operation.doc, formulas),
        _show_macs(formulas),
        proofs.get(operation.name),
    )


def _find_form(operation: Operation) -> Form:
    tables = (METHODS, FUNCTIONS) if operation.namespaces == ("Tensor",) else (FUNCTIONS, METHODS)
    return next(table[operation.name] for table in tables if operation.name in table)


def _describe(doc: str, formulas: EntryFormulas) -> str:
    """The sentence of the entry, what its rule says, and the formula of each size that has one."""
    parts = [_escape(doc)]
    if formulas.words:
        parts.append(_escape(formulas.words[0].upper() + formulas.words[1:]))
    parts += [f"`{name} = {_escape(formula)}`" for name, formula in dict(formulas.sizes).items()]
    return "<br>".join(parts)


def _show_macs(formulas: EntryFormulas) -> str:
    return "" if formulas.macs in ("", "0") else f"`{_escape(formulas.macs)}`"


def _link(name: str, page: str) -> str:
    return f"[{name}](https://docs.pytorch.org/docs/stable/generated/{page}.html)"


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def _escape_markup(text: str) -> str:
    """Text that stands as it is in a table: ``[N, *]`` is no emphasis, and ``_weight`` neither."""
    return re.sub(r"([\\`*_<|])", r"\\\1", text)


def find_missing() -> Iterator[str]:
    """What isn't proved as it should be: an entry without counts, with too few and no reason, or with a dispute."""
    from tests.derive.draws import list_entries
    from tests.derive.long_run import ENOUGH

    proofs, _ = read_kept()
    for entry in list_entries():
        proof = proofs.get(entry)
        if proof is None:
            yield f"{entry} isn't proved: python -m tests.derive --only '{entry}'"
        elif proof.differs:
            yield f"{entry}: the engines don't agree on {len(proof.differs)} calls"
        elif min(proof.legal, proof.illegal) < ENOUGH and entry not in SMALLER_SPACES:
            yield f"{entry}: {proof.legal} legal and {proof.illegal} illegal calls, and no reason why so few"


def main() -> None:
    """Write the page, or say what is missing."""
    PAGE.write_text(write_page(), encoding="utf-8")
    for text in find_missing():
        print(text)


if __name__ == "__main__":
    main()
