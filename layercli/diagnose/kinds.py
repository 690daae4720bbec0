"""Changes that may end the problem of a value of another kind: a tuple for a tensor, whole numbers for fractions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from layercli.diagnose.candidates import (
    MAX_OPERANDS,
    Candidate,
    find_input_value,
    find_operands,
    propose,
    redeclare_input,
    wrap,
    write_argument,
    write_sizes,
    write_tuple,
)
from layercli.diagnose.editing import Change, wrap_node
from layercli.diagnose.origins import resolve_source
from layercli.diagnose.scene import Scene, list_tensors
from layercli.spec.expressions import Body, Expression
from layercli.trace import Row, TensorType

_FLOATING = ("float", "bfloat")

#: The most names that are written for what a call gives.
MAX_NAMES = 6

#: Operations that give a tensor's parts along a dimension.
PARTS = frozenset({"split", "chunk", "tensor_split"})

#: Losses whose target is a number of a class.
CLASS_LOSSES = (
    "CrossEntropyLoss",
    "NLLLoss",
    "cross_entropy",
    "nll_loss",
    "MultiMarginLoss",
    "multi_margin_loss",
)


def list_kind_candidates(scene: Scene, row: Row | None) -> Iterator[Candidate]:
    """Changes for values of another kind than the row that failed takes."""
    if scene.problem.code in ("wrong-kind", "unknown-method"):
        yield from _unpack_results(scene)
        yield from [] if row is None else _take_state(scene, row)
        yield from _take_first(scene, row)
        yield from _list_sizes(scene, row)
    if row is not None and scene.problem.code in ("dtype-mismatch", "invalid-argument", "wrong-kind"):
        yield from _convert(scene, row)


def _unpack_results(scene: Scene) -> Iterator[Candidate]:
    """``x, _ = lstm(x)`` where ``x = lstm(x)`` gave a tuple."""
    rows = [row for row in reversed(list(scene.finished.values())) if isinstance(row.output, tuple)]
    for row in rows[:MAX_OPERANDS]:
        count = len(row.output) if isinstance(row.output, tuple) else 0
        if count < 2:
            continue
        for body, statement in _list_statements(scene, row.path):
            value = statement.value if isinstance(statement, ast.Assign) else None
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            if not isinstance(value, ast.Call) or not isinstance(target, ast.Name):
                continue
            name = body.segment(value.func).removeprefix("self.")
            if name == row.path.rpartition(".")[2] or body.position(value) == row.position:
                _, end = body.span(target)
                rest = ", _" * (count - 1)
                yield from propose(scene, "unpack", 0, [Change(body, end, end, rest)])


def _list_statements(scene: Scene, path: str) -> Iterator[tuple[Body, ast.stmt]]:
    forward = scene.block_at(scene.find_owner(path)).forward
    for body in () if forward is None else forward.bodies:
        for node in ast.walk(body.tree):
            if isinstance(node, ast.stmt):
                yield body, node


def _take_state(scene: Scene, row: Row) -> Iterator[Candidate]:
    """``out, (h, _) = lstm(x)`` and ``h[-1]`` where ``h`` is the pair of states that an LSTM gives."""
    site = scene.find_call(row)
    pairs = [value for value in row.inputs if isinstance(value, tuple) and len(value) == 2]
    made = next(
        (
            item
            for item in reversed(list(scene.finished.values()))
            if item.type == "LSTM" and isinstance(item.output, tuple) and item.output[1] in pairs
        ),
        None,
    )
    if site is None or made is None:
        return
    for node in find_operands(site):
        for body, statement in _list_statements(scene, made.path):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            if not isinstance(target, ast.Tuple) or len(target.elts) != 2 or not isinstance(node, ast.Name):
                continue
            state = target.elts[1]
            if isinstance(state, ast.Name) and state.id == node.id and body is site.code:
                pair = Change(body, *body.span(state), f"({state.id}, _)")
                yield from propose(scene, "state", 3, [pair, *wrap_node(body, node, "", "[-1]")])


def _take_first(scene: Scene, row: Row | None) -> Iterator[Candidate]:
    """``lstm(x)[0]`` where a tuple stands."""
    if row is None:
        position = scene.problem.position
        around = next((item.path for item in reversed(scene.open_rows)), "")
        found = None if position is None else scene.find_node(position, f"{around}.x" if around else "")
        if found is not None and isinstance(found.node, ast.Call):
            yield from wrap(scene, found, found.node, "[0]", "item", 5)
        return
    site = scene.find_call(row)
    for node in [] if site is None else find_operands(site):
        assert site is not None
        yield from wrap(scene, site, node, "[0]", "item", 5)


def _list_sizes(scene: Scene, row: Row | None) -> Iterator[Candidate]:
    """An input whose sizes were given as a tuple: ``[1, 3, 32, 32]`` for ``(1, 3, 32, 32)``."""
    for name, value in scene.plan.inputs if row is not None else ():
        found = find_input_value(scene, name)
        tree = found.tree if isinstance(found, Expression) else None
        if isinstance(value, tuple) and isinstance(tree, ast.Tuple) and isinstance(found, Expression):
            sizes = ", ".join(found.segment(item) for item in tree.elts)
            yield from redeclare_input(scene, name, f"[{sizes}]", f"sizes of {name}", 0)


def _convert(scene: Scene, row: Row) -> Iterator[Candidate]:
    """Inputs of another dtype: another declaration of the model's own, or a conversion."""
    tensors = list_tensors(row)
    for index, tensor in enumerate(tensors[:MAX_OPERANDS]):
        source = resolve_source(scene, row, index)
        if isinstance(source, str) and source in dict(scene.plan.inputs):
            yield from _declare(scene, row, source, tensor)
    site = scene.find_call(row)
    for node in [] if site is None else find_operands(site):
        assert site is not None
        for rank, after in enumerate((".long()", ".float()", ".bool()")):
            yield from wrap(scene, site, node, after, "convert", 10 + rank)


def _declare(scene: Scene, row: Row, name: str, tensor: TensorType) -> Iterator[Candidate]:
    """One of the model's inputs as whole numbers where it was fractions, and the other way round."""
    value = find_input_value(scene, name)
    sizes = [] if value is None else write_sizes(value)
    if value is None or len(sizes) != len(tensor.shape):
        return
    joined = ", ".join(sizes)
    if not tensor.dtype.startswith(_FLOATING):
        if isinstance(value, Expression) and row.type.lower().replace("_", "").endswith(
            ("loss", "logits", "entropy")
        ):
            yield from redeclare_input(scene, name, f"{value.shown}.float()", "declare", -1)
        yield from redeclare_input(scene, name, f"rand({joined})", "declare", 0)
        return
    shape = write_tuple(sizes)
    yield from redeclare_input(scene, name, f"randint(0, {_count_values(scene, row)}, {shape})", "declare", 0)
    yield from redeclare_input(scene, name, f"rand({joined}) > 0.5", "declare", 3)


def _count_values(scene: Scene, row: Row) -> str:
    """How many different whole numbers a layer or loss takes, as the spec writes it."""
    plan = scene.plans.get(row.path)
    if plan is not None and "num_embeddings" in plan.arguments:
        text = write_argument(plan, "num_embeddings")
        in_params = text in scene.plan.params and not scene.find_owner(row.path)
        return text if in_params else str(plan.arguments["num_embeddings"])
    first = next(iter(list_tensors(row)), None)
    if row.type in CLASS_LOSSES and first is not None and first.shape:
        return str(first.shape[1] if len(first.shape) > 1 else first.shape[0])
    return "10"


def _count_in_each(given: tuple[object, ...], count: int) -> list[int]:
    """The sizes of equal parts, where a tensor was split into parts of another size."""
    tensors = [item for item in given if isinstance(item, TensorType)]
    first = tensors[0].shape if tensors else ()
    totals = [sum(item.shape[dim] for item in tensors) for dim in range(len(first))]
    parts = [total // count for total in totals if total % count == 0]
    return sorted(set(parts), reverse=True)


def _write_chunk(
    scene: Scene, body: Body, call: ast.Call, number: ast.Constant, count: int
) -> Iterator[Candidate]:
    """``chunk``, which takes how many parts there are, where ``split`` got that for their size."""
    _, end = body.span(call.func)
    if body.segment(call.func).endswith("split") and number.value == count:
        changes = [Change(body, end - len("split"), end, "chunk")]
        yield from propose(scene, "chunk", 1, changes)


def _split_dim(scene: Scene, body: Body, row: Row, call: ast.Call, count: int) -> Iterator[Candidate]:
    """The dimension in which a call gives as many parts as there are names, the last one first."""
    tensor = next(iter(list_tensors(row)), None)
    function = isinstance(call.func, ast.Name) or body.segment(call.func).startswith("torch.")
    if tensor is None or len(call.args) != 1 + function or any(item.arg == "dim" for item in call.keywords):
        return
    number = call.args[-1]
    if not isinstance(number, ast.Constant) or not isinstance(number.value, int) or number.value < 1:
        return
    _, end = body.span(call)
    for rank, dim in enumerate((-1, *range(1, len(tensor.shape) - 1))):
        size = tensor.shape[dim]
        parts = -(-size // number.value) if row.type == "split" else min(number.value, size)
        if parts == count:
            yield from propose(scene, "dim", rank - 3, [Change(body, end - 1, end - 1, f", dim={dim}")])


#: The name that stands behind another one for the sizes of a tensor.
_NEXT_SIZE = {"H": "W", "h": "w", "height": "width"}


def _name_sizes(
    scene: Scene, body: Body, target: ast.expr, names: list[str], value: ast.expr
) -> Iterator[Candidate]:
    """A name for each size of ``x.shape``."""
    found = re.search(r"gets (\d+) values", scene.problem.label)
    is_shape = isinstance(value, ast.Attribute) and value.attr == "shape"
    is_size = isinstance(value, ast.Call) and body.segment(value.func).endswith(".size") and not value.args
    if found is None or not (is_shape or is_size) or not len(names) < int(found[1]) <= MAX_NAMES:
        return
    _, end = body.span(target.elts[-1] if isinstance(target, (ast.Tuple, ast.List)) else target)
    more = [_NEXT_SIZE.get(names[-1], "_"), *["_"] * (int(found[1]) - len(names) - 1)]
    yield from propose(scene, "sizes", 0, [Change(body, end, end, f", {', '.join(more)}")])


def find_unpacking(scene: Scene) -> Iterator[Candidate]:
    """Another number of names for what a call gives."""
    position = scene.problem.position
    if scene.problem.code != "unpack-count" or position is None:
        return
    for path, plan in scene.plans.items():
        forward = None if plan.block is None else plan.block.forward
        for body in () if forward is None else forward.bodies:
            for node in ast.walk(body.tree):
                target = node.targets[0] if isinstance(node, ast.Assign) else None
                if not isinstance(node, ast.Assign) or not isinstance(target, (ast.Tuple, ast.List)):
                    continue
                if body.text.source == position.source and body.position(target) == position:
                    yield from _fit_unpacking(scene, path, body, node, target)


def _fit_unpacking(
    scene: Scene, path: str, body: Body, statement: ast.Assign, target: ast.Tuple | ast.List
) -> Iterator[Candidate]:
    names = [body.segment(item) for item in target.elts]
    call = statement.value
    yield from _name_sizes(scene, body, target, names, call)
    row = next(
        (row for row in reversed(list(scene.finished.values())) if isinstance(row.output, tuple)), None
    )
    # A tensor that is taken apart by its first dimension gives a name for each sample, which nobody means.
    if row is None or not isinstance(row.output, tuple) or row.position == body.position(target):
        return
    given = row.output
    if row.type == "unbind" and "unbind" not in body.segment(call):
        return
    if isinstance(call, ast.Call):
        for constant in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if isinstance(constant, ast.Constant) and type(constant.value) is int:
                begin, end = body.span(constant)
                sizes = _count_in_each(given, len(names)) if row.type.endswith("split") else []
                for number in [*sizes, len(names)]:
                    change = Change(body, begin, end, str(number))
                    yield from propose(scene, "count", 0, [change])
                    if row.type == "split" and number != len(names):
                        yield from _write_chunk(scene, body, call, constant, len(names))
    if isinstance(call, ast.Call) and row.type in PARTS and body.segment(call.func).endswith(row.type):
        yield from _split_dim(scene, body, row, call, len(names))
        if len(given) < len(names):
            # Who names the parts means to have them.
            return
    begin, end = body.span(target)
    texts = []
    if len(names) == 3 and len(given) == 2 and isinstance(given[1], tuple):
        texts.append(f"{names[0]}, ({names[1]}, {names[2]})")
    if 0 < len(given) < len(names):
        texts.append(", ".join(names[: len(given)]))
    if len(names) < len(given) <= MAX_NAMES:
        texts.append(", ".join([*names, *["_"] * (len(given) - len(names))]))
    for rank, text in enumerate(texts):
        yield from propose(scene, "unpack", rank, [Change(body, begin, end, text)])
