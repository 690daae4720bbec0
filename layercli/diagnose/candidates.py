"""A change that may end a problem, before it is tried, and the pieces that such changes are made of."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from layercli.diagnose.editing import Change, to_edits, wrap_node
from layercli.diagnose.fits import FITS, MAKERS, TWICE
from layercli.diagnose.origins import Origin, resolve_source
from layercli.diagnose.scene import Scene, list_entries
from layercli.diagnose.values import Way, list_ways, read_number
from layercli.errors import Edit, Position
from layercli.plan.planner import list_size_nodes
from layercli.plan.records import LayerPlan
from layercli.record import record
from layercli.spec.expressions import Expression
from layercli.spec.model import Sizes
from layercli.spec.names import resolve_prefix
from layercli.spec.values import Site
from layercli.trace import Row

#: Ranks from here on are guesses: they are offered where nothing else is found.
GUESS = 50

#: What has a rank from here on has to make the whole model run.
PARTIAL = 12

#: Operands and numbers of one call that are looked at.
MAX_OPERANDS = 8


@record
class Candidate:
    """Edits that may end a problem.

    Of those of one ``kind`` the one with the lowest ``rank`` that works is offered. ``sizes`` are those of inputs to
    be given where no text has to change.
    """

    kind: str
    rank: int
    message: str
    edits: tuple[Edit, ...]
    sizes: Mapping[str, Sequence[int]] | None = None


def propose(scene: Scene, kind: str, rank: int, changes: Iterable[Change]) -> Iterator[Candidate]:
    """The candidate of some changes; none where they can't be written as edits."""
    changes = list(dict.fromkeys(changes))
    edits = to_edits(changes)
    if edits:
        yield Candidate(kind, rank, scene.describe(changes), edits)


# Layers ----------------------------------------------------------------------------------------------------


def set_argument(
    scene: Scene,
    path: str,
    argument: str,
    value: object,
    factors: Sequence[int] = (),
    plan: LayerPlan | None = None,
) -> Iterator[Way]:
    """Ways to give the layer at ``path`` another value for an argument, added where it wasn't given.

    ``plan`` is another layer than that at ``path``, made in the same block.
    """
    plan = plan or scene.plans.get(path)
    if plan is None:
        return
    site = plan.argument_sites.get(argument)
    if site is not None:
        yield from list_ways(scene, scene.find_owner(path), site, value, factors)
        return
    making = scene.find_making(plan, scene.find_owner(path))
    if making is not None:
        end = making.code.span(making.node)[1] - 1
        assert isinstance(making.node, ast.Call)
        comma = ", " if making.node.args or making.node.keywords else ""
        yield Way((Change(making.code, end, end, f"{comma}{argument}={value}"),), 1)


def write_argument(plan: LayerPlan, argument: str) -> str:
    """An argument of a layer as the spec writes it, or its default."""
    site = plan.argument_sites.get(argument)
    return str(plan.arguments.get(argument)) if site is None else site.text.rpartition("=")[2].strip()


def rename_layer(
    scene: Scene, path: str, name: str, rank: int, arguments: str | None = None
) -> Iterator[Candidate]:
    """A layer of another class in the place of the one at ``path``, with other ``arguments`` where they are given."""
    plan = scene.plans[path]
    making = scene.find_making(plan, scene.find_owner(path))
    if making is not None:
        assert isinstance(making.node, ast.Call)
        _, end = making.code.span(making.node.func)
        begin, text = end - len(plan.type_name), name
        if arguments is not None:
            _, end = making.code.span(making.node)
            text = f"{name}({arguments})"
        yield from propose(scene, "name", rank, [Change(making.code, begin, end, text)])


def set_origin(scene: Scene, origin: Origin, value: int, most: int = 3) -> Iterator[Way]:
    """Ways to make what set a size set another one, and the layers that it then passes take it."""
    row = origin.row
    made = None if row is None else MAKERS.get(row.type)
    if row is None or made is None or made[1] != origin.dim:
        return
    plan = scene.plans.get(row.path)
    if plan is None:
        return
    if plan.arguments.get(TWICE):
        if value % 2:
            return
        value //= 2
    passed: list[Change] = []
    cost = 0
    for kept in origin.kept:
        rank = next((len(item.shape) for item in [origin.tensor]), 0)
        fit = next((fit for fit in FITS.get(kept.type, ()) if _from_end(fit.dim, rank) == origin.dim), None)
        if fit is None:
            continue
        way = next(set_argument(scene, kept.path, fit.argument, value), None)
        if way is None:
            return
        passed += way.changes
        cost += 1
    for way in islice(set_argument(scene, row.path, made[0], value), most):
        yield Way(tuple(dict.fromkeys((*way.changes, *passed))), way.cost + cost)


def _from_end(dim: int, rank: int) -> int:
    return dim if dim < 0 else dim - rank


def find_direct_call(scene: Scene, row: Row) -> Site | None:
    """The call of a layer by a statement of ``forward``; None where a container calls it."""
    if row.kind == "layer":
        around = [
            item for item in scene.open_rows if item is not row and row.path.startswith(item.path + ".")
        ]
        inner = around[-1] if around else None
        plan = None if inner is None else scene.plans.get(inner.path)
        if inner is not None and (plan is None or plan.block is None):
            return None
    return scene.find_call(row)


def find_operands(site: Site) -> list[ast.expr]:
    """The parts of a call, an operator or a subscript that may be tensors, in order."""
    node = site.node
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, (ast.Subscript, ast.Attribute, ast.AugAssign)):
        return [node.value]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if not isinstance(node, ast.Call):
        return []
    found: list[ast.expr] = []
    if isinstance(node.func, ast.Attribute) and resolve_prefix(node.func.value) is None:
        found.append(node.func.value)
    for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
        inner = argument.elts if isinstance(argument, (ast.Tuple, ast.List)) else [argument]
        found += inner
    plain = (ast.Constant, ast.Starred, ast.UnaryOp)
    return [item for item in found if not isinstance(item, plain)][:MAX_OPERANDS]


def find_inputs(site: Site) -> list[ast.expr]:
    """The arguments of a layer's call in the order in which a row has them."""
    node = site.node
    if not isinstance(node, ast.Call):
        return []
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def wrap(
    scene: Scene, site: Site, node: ast.expr, after: str, kind: str, rank: int, also: Sequence[Change] = ()
) -> Iterator[Candidate]:
    """A method's call behind an argument: ``x.flatten(1)``."""
    yield from propose(scene, kind, rank, [*wrap_node(site.code, node, "", after), *also])


def insert_layer(
    scene: Scene, path: str, making: str, kind: str, rank: int, also: Sequence[Change] = ()
) -> Iterator[Candidate]:
    """A layer before the one at ``path``, where layers run in order: in a container, or without ``forward``."""
    name = making.partition("(")[0].lower()
    site = scene.find_making(scene.plans[path], scene.find_owner(path))
    if site is None:
        return
    block = scene.block_at(scene.find_owner(path))
    entry = next((entry for entry in list_entries(block) if entry.code is site.code), None)
    if entry is None:
        return
    begin, _ = site.code.span(site.node)
    edits = to_edits(also)
    if edits is None:
        return
    if site.node is not site.code.tree:
        inside = to_edits([Change(site.code, begin, begin, f"{making}, ")])
        if inside:
            changes = [Change(site.code, begin, begin, f"{making}, "), *also]
            yield Candidate(kind, rank, scene.describe(changes), (*inside, *edits))
        return
    key = entry.definition.position
    if entry.before == "- " or entry.definition.name + ": " != entry.before:
        place, text, told = entry.code.position(), f"{making}\n", f"- {making}"
        indent = place.source.line(place.line)[: place.column - 1]
        text += indent if indent.strip() == "-" else ""
        if indent.strip() != "-":
            return
    else:
        place, told = key, f"{name}: {making}"
        indent = place.source.line(place.line)[: place.column - 1]
        text = f"{told}\n{indent}" if not indent.strip() else f"{told}, "
    inserted = Edit(Position(place.source, place.line, place.column, 0), text)
    listed: tuple[Edit, ...] = ()
    after = scene.describe(also) if also else ""
    message = f"write {told} before {entry.before}{entry.code.segment(site.node)}"
    if after and all(change.code is entry.code for change in also):
        message = f"write {told} and then {after.removeprefix('write ')}"
    elif after:
        message = f"{after} and {message.removeprefix('write ')}"
    forward = block.forward
    if forward is not None and entry.definition in block.layers:
        call = next(
            (
                body
                for body in forward.bodies
                if forward.style == "list"
                and body.shown in (entry.definition.name, f"self.{entry.definition.name}")
            ),
            None,
        )
        if call is None:
            return
        where = call.position()
        indent = where.source.line(where.line)[: where.column - 1]
        in_lines = indent.strip() == "-"
        written = f"{name}\n{indent}" if in_lines else f"{name}, "
        listed = (Edit(Position(where.source, where.line, where.column, 0), written),)
        message += (
            f", and - {name} before - {call.shown}" if in_lines else f", and {name}, before {call.shown}"
        )
    yield Candidate(kind, rank, message, (inserted, *listed, *edits))


def append_layer(
    scene: Scene, row: Row, making: str, kind: str, rank: int, also: Sequence[Change] = ()
) -> Iterator[Candidate]:
    """A layer at the end of the ``Sequential`` that gave a row its first input."""
    made = resolve_source(scene, row, 0)
    around, _, name = ("", "", "") if not isinstance(made, Row) else made.path.rpartition(".")
    plan = scene.plans.get(around)
    if plan is None or plan.block is not None or not plan.children or plan.children[-1][0] != name:
        return
    last = scene.plans[f"{around}.{name}"]
    site = scene.find_making(last, scene.find_owner(around))
    edits = to_edits(also)
    if site is None or edits is None or not name.isdigit():
        return
    _, end = site.code.span(site.node)
    if site.node is not site.code.tree:
        changes = [Change(site.code, end, end, f", {making}"), *also]
        yield from propose(scene, kind, rank, changes)
        return
    place = site.code.position(site.node)
    line = place.source.line(place.line)
    before = line[: place.column - 1]
    if before.strip() != "-" or line[place.column - 1 + place.width :].strip(" \r"):
        return
    at = Position(place.source, place.line, len(line.rstrip("\r")) + 1, 0)
    message = f"write - {making} behind - {site.text}"
    if also:
        message = f"{scene.describe(also)} and {message.removeprefix('write ')}"
    yield Candidate(kind, rank, message, (Edit(at, f"\n{before}{making}"), *edits))


def write_tuple(sizes: Iterable[object]) -> str:
    """Sizes as Python writes a tuple."""
    texts = [*map(str, sizes)]
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"


# Inputs ----------------------------------------------------------------------------------------------------


def find_input_value(scene: Scene, name: str) -> Sizes | Expression | None:
    """What the spec says of one of the model's inputs."""
    for item in scene.plan.spec.main.inputs:
        if item.name == name and isinstance(item.value, (Sizes, Expression)):
            return item.value
    return None


def list_size_sites(value: Sizes | Expression) -> list[Site]:
    """Where the sizes of an input stand; none where it isn't one tensor of given sizes."""
    if isinstance(value, Sizes):
        return [Site(item, item.tree) for item in value.items]
    return [Site(value, node) for node in list_size_nodes(value)]


def resize_input(scene: Scene, name: str, sizes: Sequence[int], kind: str, rank: int) -> Iterator[Candidate]:
    """The model's input with other sizes: in the text, or as an option where an option has set them."""
    value = find_input_value(scene, name)
    if value is None:
        return
    sites = list_size_sites(value)
    if len(sites) != len(sizes):
        return
    if name in scene.plan.given_inputs:
        given = scene.plan.given_inputs[name]
        texts = [
            site.text if isinstance(site.node, ast.Name) and size == own else str(size)
            for site, size, own in zip(sites, sizes, given, strict=True)
        ]
        yield Candidate(kind, rank, f"give {name} the size [{', '.join(texts)}]", (), {name: sizes})
        return
    changes: list[Change] = []
    options: dict[str, int] = {}
    dims = {dim.name: dim for dim in scene.plan.spec.dims}
    for site, size in zip(sites, sizes, strict=True):
        names = {**scene.plan.params, **scene.plan.dims}
        if read_number(site.node, names) == size:
            continue
        node = site.node
        if isinstance(node, ast.Name) and node.id in dims:
            found = dims[node.id].value
            if node.id in scene.plan.given_dims:
                options[node.id] = size
                continue
            if not isinstance(found, Expression):
                return
            site = Site(found, found.tree)
        way = next(list_ways(scene, "", site, size), None)
        if way is None:
            return
        changes += way.changes
    if options and not changes:
        told = " and ".join(f"{dim} the size {size}" for dim, size in options.items())
        yield Candidate(kind, rank, f"give {told}", (), {name: sizes})
    elif changes and not options:
        yield from propose(scene, kind, rank, changes)


def redeclare_input(scene: Scene, name: str, text: str, kind: str, rank: int) -> Iterator[Candidate]:
    """The model's input by another expression, quoted too where YAML may have to be kept from splitting it."""
    value = find_input_value(scene, name)
    if value is None or name in scene.plan.given_inputs:
        return
    message = f"write {name}: {text}"
    if isinstance(value, Expression):
        edits = to_edits([Change(value, 0, len(value.shown), text)])
        if edits:
            yield Candidate(kind, rank, message, edits)
        return
    place = value.position
    line = place.source.line(place.line)
    start = place.column - 1
    end = _find_bracket(line, start)
    if end is None:
        return
    at = Position(place.source, place.line, place.column, end - start)
    yield Candidate(kind, rank, message, (Edit(at, text),))
    yield Candidate(kind, rank, f'write {name}: "{text}"', (Edit(at, f'"{text}"'),))


def _find_bracket(line: str, start: int) -> int | None:
    """Past the bracket that closes the one at ``start``."""
    depth = 0
    for index in range(start, len(line)):
        depth += (line[index] in "[({") - (line[index] in "])}")
        if depth == 0:
            return index + 1
    return None


def write_sizes(value: Sizes | Expression) -> list[str]:
    """The sizes of an input as the spec writes them."""
    return [site.text for site in list_size_sites(value)]
