"""The wrappers against ``torch.nn.utils.parametrizations``."""

from __future__ import annotations

import inspect

import pytest
from torch.nn.utils import parametrizations

from layercli.catalogue.signature import REQUIRED
from layercli.catalogue.wrappers import WRAPPERS


def test_wrappers_are_those_of_torch() -> None:
    assert set(WRAPPERS) == set(parametrizations.__all__)


@pytest.mark.parametrize("name", sorted(WRAPPERS))
def test_signature_is_that_of_torch(name: str) -> None:
    signature = WRAPPERS[name].signature
    theirs = inspect.signature(getattr(parametrizations, name)).parameters.values()
    assert [(p.name, p.kind == "keyword") for p in signature.parameters] == [
        (p.name, p.kind is p.KEYWORD_ONLY) for p in theirs
    ]
    assert [p.default for p in signature.parameters] == [
        REQUIRED if p.default is p.empty else p.default for p in theirs
    ]
    assert str(signature) == WRAPPERS[name].arguments


@pytest.mark.parametrize("name", sorted(WRAPPERS))
def test_doc_is_one_sentence(name: str) -> None:
    doc = WRAPPERS[name].doc
    assert doc[0].isupper()
    assert doc.endswith(".")
    assert doc.count(". ") == 0
