"""After a trace the process is as before, whatever the spec was."""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import layercli
from layercli.errors import LayercliError
from layercli.spec.limits import current_limits
from layercli.validation import validate_spec

SPECS = {
    "plain": "inputs: {x: [2, 8]}\nlayers: {fc: 'Linear(8, 8)'}\n",
    "dtype": "dtype: float64\ninputs: {x: [2, 8]}\nlayers: {fc: 'Linear(8, 8)'}\n",
    "random": "mode: train\ninputs: {x: 'randn(2, 8)'}\nlayers: {drop: 'Dropout(0.5)'}\nforward: ['drop(x) + rand_like(x)']\n",
    "embedding": "inputs: {x: arange(8)}\nlayers: {e: 'Embedding(8, 4, max_norm=0.1)'}\n",
    "attention": "inputs: {x: [1, 4, 8]}\nlayers: {t: 'TransformerEncoderLayer(8, 2, 4, batch_first=True)'}\n",
    "warns": "inputs: {x: [2, 8]}\nlayers: {s: Softmax()}\n",
    "unreadable": "inputs: {x: [2, 8]}\nlayers: {fc: 'Linear(8, '}\n",
    "refused": "dtype: float64\ninputs: {x: [2, 8]}\nlayers: {fc: 'Linear(4, 8)'}\n",
    "attack": "inputs: {x: [2, 8]}\nlayers: {fc: 'Linear(8, 8)'}\nforward: ['torch.set_num_threads(7)']\n",
    "hazard": "inputs: {x: 'full((4,), -(2 ** 63))'}\nlayers: {i: Identity()}\nforward: ['div(i(x), -1, rounding_mode=\"trunc\")']\n",
}  # fmt: skip

ACTIONS: dict[str, Callable[[Path], Any]] = {
    "trace": layercli.trace,
    "derive": layercli.derive,
    "build": layercli.build,
    "validate": validate_spec,
}


def take_state() -> dict[str, Any]:
    """What belongs to the process, and to nobody's model."""
    return {
        "random": torch.get_rng_state().tolist(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads(), threading.active_count()),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
        "warnings": list(warnings.filters),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM, signal.SIGTERM)],
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "limits": [resource.getrlimit(name) for name in (resource.RLIMIT_DATA, resource.RLIMIT_AS)],
        "recursion": sys.getrecursionlimit(),
        "digits": sys.get_int_max_str_digits(),
        "collector": (gc.isenabled(), gc.get_threshold()),
        "path": list(sys.path),
        "hooks": (sys.excepthook, sys.settrace, threading.excepthook),
        "bounds": current_limits(),
        "umask": _umask(),
    }


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", SPECS)
def test_the_process_is_as_before(name: str, action: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(SPECS[name])
    torch.manual_seed(5)
    before = take_state()
    failed = False
    try:
        result = ACTIONS[action](path)
    except LayercliError:
        failed = True
    after = take_state()
    if action == "build" and not failed:
        # Parameters are drawn from the generator, as those of a class are.
        after.pop("random"), before.pop("random")
        assert isinstance(result, torch.nn.Module)
    assert after == before
    assert sorted(os.listdir(tmp_path)) == ["net.yaml"]


def test_a_state_that_differs_would_be_seen() -> None:
    before = take_state()
    torch.rand(1)
    torch.set_grad_enabled(False)
    try:
        after = take_state()
    finally:
        torch.set_grad_enabled(True)
    assert {name for name in before if before[name] != after[name]} == {"random", "grad"}
