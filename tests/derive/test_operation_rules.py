"""Every operation's rule against PyTorch: the sample calls, and random neighbours of them, legal or not."""

from __future__ import annotations

import random

import pytest

from layercli.catalogue.entries import Form
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.methods import METHODS
from tests.catalogue.samples import SAMPLES
from tests.derive.proving import call_text, disagreement, mutate

#: Random neighbours of each sample in the test command; ``python -m tests.derive`` tries more.
MUTATIONS = 3

#: Calls that may end the process (labels past the classes) or take their time.
NOT_MUTATED = {"ctc_loss", "CTCLoss"}


def list_calls() -> list[tuple[str, str]]:
    """Every sample call as an expression, with its operation's name."""
    calls: list[tuple[str, str]] = []
    for names, only, arguments in SAMPLES:
        for name in names.split():
            for forms in (FUNCTIONS, METHODS):
                form: Form | None = forms.get(name)
                if form is None:
                    continue
                for namespace in form.namespaces:
                    if only in ("", namespace) and not form.attribute:
                        calls.append((name, call_text(namespace, name, arguments)))
    return list(dict.fromkeys(calls))


CALLS = list_calls()


@pytest.mark.parametrize("name", sorted({name for name, _ in CALLS}))
def test_rule_gives_what_pytorch_gives(name: str) -> None:
    generator = random.Random(name)
    found = []
    for known, text in CALLS:
        if known != name:
            continue
        found.append(disagreement(text))
        if name not in NOT_MUTATED:
            found += [disagreement(mutate(text, generator)) for _ in range(MUTATIONS)]
    assert not [text for text in found if text]
