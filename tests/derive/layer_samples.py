"""Legal constructors of every layer, each with the inputs of some calls, as expressions of the spec language."""

from __future__ import annotations

LAYER_SAMPLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Linear(3, 2)", ("rand(4, 3)", "rand(3)", "rand(2, 5, 3)")),
    ("Linear(3, 2, bias=False)", ("rand(4, 3)",)),
)
