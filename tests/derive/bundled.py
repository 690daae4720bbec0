"""The bundled models as both engines can take them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import layercli
from layercli.plan.records import Plan

#: Models of which PyTorch would have to make and call a hundred thousand modules, which takes it minutes, on the meta
#: device too. The same spec with fewer and smaller layers stands for each.
SMALLER: dict[str, dict[str, Any]] = {
    "moe-1t": {
        "params": {
            "vocab_size": 100,
            "hidden_size": 32,
            "moe_intermediate_size": 24,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "num_experts": 6,
            "num_experts_per_tok": 2,
        },
        "dims": {"N": 2, "T": 9},
    }
}


def load_bundled(path: Path, **settings: Any) -> Plan:
    """A bundled model, or the smaller one that stands for it."""
    return layercli.load(path, **{**SMALLER.get(path.stem, {}), **settings})
