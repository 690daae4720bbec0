"""What a size stands for, told by where it came from: samples, positions or features."""

from __future__ import annotations

from layercli.diagnose.fits import MAKERS
from layercli.diagnose.kinds import CLASS_LOSSES
from layercli.diagnose.origins import Origin, find_origin
from layercli.diagnose.scene import Scene
from layercli.trace import Row, TensorType

#: What an input's sizes stand for; a size of none of these may be anything.
SAMPLES = "samples"
POSITIONS = "positions"
FEATURES = "features"

#: Layers that work on the last dimension, so that the one before it holds positions.
_ON_LAST = frozenset({"Linear", "LayerNorm", "Embedding", "RNN", "LSTM", "GRU", "MultiheadAttention"})


def tell_role(origin: Origin | None) -> str:
    """What a size stands for; empty where that can't be told.

    Samples come first in every input. Whole numbers have no features: they are looked up or compared one by one.
    """
    if origin is None:
        return ""
    if origin.row is not None:
        made = MAKERS.get(origin.row.type)
        return FEATURES if made is not None and made[1] == origin.dim else ""
    rank = len(origin.tensor.shape)
    place = origin.dim % rank
    if place == 0:
        return SAMPLES
    if "float" not in origin.tensor.dtype or (rank > 3 and place > 1):
        return POSITIONS
    if rank == 3 and place == 1:
        return POSITIONS if any(row.type in _ON_LAST for row in origin.kept) else ""
    return FEATURES


def may_be(scene: Scene, row: Row, origin: Origin, other: TensorType, dim: int) -> bool:
    """Whether a size may be meant to be what another input of its row has in the same dimension, counted from the end.

    A number of features is none of samples or positions, and the classes of a loss stand elsewhere than in a target of
    class numbers.
    """
    other_role = tell_role(find_origin(scene, row, other, dim))
    if row.type in CLASS_LOSSES and "float" not in other.dtype:
        other_role = POSITIONS
    own_role = tell_role(origin)
    if FEATURES in (own_role, other_role) and not {own_role, other_role}.isdisjoint((SAMPLES, POSITIONS)):
        return False
    if row.type in CLASS_LOSSES and other.shape[dim] == 1:
        return False
    # The first of an operand's dimensions counts samples as well, where that of the input is another one.
    is_first = dim == -len(other.shape) and len(other.shape) > 1
    return not (is_first and origin.row is None and origin.dim > -len(origin.tensor.shape))
