"""Calls that look something up by number: which tensor holds the numbers, and how many there are to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layercli.record import record


@record
class LookupCall:
    """Where a call has its numbers. ``noun`` is what is numbered, ``wider`` how to have more of it, {} for how many.

    ``slots`` are the arguments that it may be given by place. The count is the argument ``count``, or the size of the
    argument ``sized`` along its dimension ``place``.
    """

    numbers: str
    slots: tuple[str, ...]
    noun: str
    wider: str
    count: str = ""
    sized: str = ""
    place: int = 0


@record(eq=False)
class Lookup:
    """The numbers that a call looks up, from 0 to ``count`` - 1.

    ``call`` says what they are. ``ignored`` is a number that is never looked up.
    """

    numbers: Any
    count: int
    call: LookupCall
    ignored: int | None

    def refuse(self, number: int) -> str:
        """The sentence, without its subject, for a number that isn't there."""
        return f"has {self.count} {self.call.noun} and is asked for number {number}, counted from 0"

    def mend(self, number: int) -> str:
        """What to write where ``number`` is looked up."""
        given = "targets" if self.call.numbers == "target" else "numbers"
        hint = f"give it {given} from 0 to {self.count - 1}, as randint(0, {self.count}, ...) draws"
        return f"{hint}, or {self.call.wider.format(number + 1)}" if number >= 0 else hint


_ROWS = LookupCall("input", ("input", "weight"), "rows", "give its weight {} rows", sized="weight")
_TABLE = LookupCall("input", ("input",), "rows", "write num_embeddings={}", count="num_embeddings")
_CLASSES = LookupCall(
    "target",
    ("input", "target", "weight", "size_average", "ignore_index"),
    "classes",
    "give its input {} classes",
    sized="input",
    place=1,
)
_CALLS: Mapping[str, LookupCall] = {
    **dict.fromkeys(("embedding", "embedding_bag"), _ROWS),
    **dict.fromkeys(("Embedding", "EmbeddingBag"), _TABLE),
    **dict.fromkeys(("cross_entropy", "nll_loss", "CrossEntropyLoss", "NLLLoss"), _CLASSES),
    "one_hot": LookupCall(
        "tensor", ("tensor", "num_classes"), "classes", "write num_classes={}", count="num_classes"
    ),
}


def find_lookup(
    name: str, values: Sequence[Any], keywords: Mapping[str, Any], settings: Mapping[str, Any]
) -> Lookup | None:
    """What a function or layer of this name looks up; None where it does no such thing, or can't be asked.

    ``settings`` are the arguments that a layer was made with. Tensors are of any kind that has a ``shape``.
    """
    call = _CALLS.get(name)
    if call is None:
        return None
    given = {**settings, **dict(zip(call.slots, values, strict=False)), **keywords}
    numbers, sized = given.get(call.numbers), given.get(call.sized)
    shape = getattr(sized, "shape", ())
    count = given.get(call.count)
    if sized is not None and len(shape) > 0:
        # Without a batch the classes come first.
        count = shape[min(call.place, len(shape) - 1)]
    if not hasattr(numbers, "shape") or not isinstance(count, int) or isinstance(count, bool):
        return None
    ignored = given.get("ignore_index", -100) if call is _CLASSES else None
    return Lookup(numbers, count, call, ignored if isinstance(ignored, int) else None)
