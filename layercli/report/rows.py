"""The tree view of a trace: its rows by level, runs of identical siblings folded, nothing drawn yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from layercli.errors import CommandError, Problem
from layercli.record import record
from layercli.trace.records import Row, Tie, Trace, Uncalled, iterate_tensor_types
from layercli.trace.repeats import NotFolded, Omitted, omit_repeats
from layercli.trace.sources import is_next_part, relate_sources

#: A longer number in a name is text, not an index.
INDEX_DIGITS = 9


@record(slots=True)
class Counts:
    """Numbers of elements, bytes, MACs and FLOPs; these two are None where any part of them isn't known."""

    parameters: int = 0
    trainable: int = 0
    buffers: int = 0
    bytes: int = 0
    macs: int | None = 0
    flops: int | None = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.parameters + other.parameters,
            self.trainable + other.trainable,
            self.buffers + other.buffers,
            self.bytes + other.bytes,
            _add_known((self.macs, other.macs)),
            _add_known((self.flops, other.flops)),
        )

    def times(self, number: int) -> Counts:
        """The same so many times."""
        return Counts(
            self.parameters * number,
            self.trainable * number,
            self.buffers * number,
            self.bytes * number,
            None if self.macs is None else self.macs * number,
            None if self.flops is None else self.flops * number,
        )


def _add_known(numbers: Iterable[int | None]) -> int | None:
    """The sum, or None where a part of it isn't known."""
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total


@record(slots=True)
class TreeRow:
    """One line of the tree.

    ``name`` is the path from the line it stands under, ``path`` the whole one, ``level`` counts from 0.
    ``row`` is None for a heading: a container that isn't called itself. A run of ``count`` identical
    siblings is the first of them, ``last_name`` names the last. ``counts`` is what the row holds itself, and
    all rows that ``depth`` hides under it (``hidden`` of them); of a run it is all that one of them holds,
    its children included. ``repeated`` is the number of the call where that is worth saying, else 0.
    ``failed`` marks the one row where the pass ended early.
    """

    name: str
    path: str
    level: int
    row: Row | None
    counts: Counts
    hidden: int = 0
    count: int = 1
    last_name: str = ""
    last_path: str = ""
    repeated: int = 0
    failed: bool = False


@record(slots=True)
class UncalledGroup:
    """Layers that never ran and are of one kind: how many, what names them, all that they hold together.

    ``used_by`` is the type of the layer that reads their parameters without calling them, or empty.
    """

    name: str
    type: str
    count: int
    counts: Counts
    used_by: str = ""


@record(slots=True)
class _Node:
    """A line before folding; ``owner`` is the path of the called layer that it stands in.

    One that stands for siblings that were left out, ``omitted`` of them with ``rows`` altogether, is the last of these,
    and its counts are those of all.
    """

    tree_row: TreeRow
    owner: str
    omitted: int = 0
    rows: int = 1


def build_tree(
    trace: Trace, *, fold: bool = True, depth: int | None = None, layers_only: bool = False
) -> tuple[TreeRow, ...]:
    """The lines of a trace in the order of the calls, containers before what they hold.

    Raises ``CommandError`` for a depth below 1.
    """
    if depth is not None and depth < 1:
        raise CommandError(Problem("bad-depth", f"a depth is at least 1, not {depth}"))
    if fold:
        rows = omit_repeats(trace.rows, lambda row: row.path, _relate)
        try:
            return _fold_runs(_hide_below(_arrange(rows, layers_only), depth))
        except NotFolded:
            return _fold_runs(_hide_below(_arrange(trace.rows, layers_only), depth))
    return tuple(node.tree_row for node in _hide_below(_arrange(trace.rows, layers_only), depth))


def _relate(before: Row, row: Row) -> Hashable:
    return relate_sources(before.sources, row.sources, before.path)


def group_uncalled(trace: Trace) -> tuple[UncalledGroup, ...]:
    """The layers that never ran: those inside one that never ran are counted with it, like ones together.

    A container that holds nothing itself and whose children were called is left out.
    """
    if not trace.never_called:
        return ()
    types = {row.path: row.type for row in trace.rows if row.kind == "layer"}
    around_called = {prefix for path in types for prefix in _prefixes(path)}
    silent = {layer.path for layer in trace.never_called} - around_called
    reached = around_called.union(types)
    inside = Counter(
        _find_whole(layer.path, reached)
        for layer in trace.never_called
        if not layer.used_by and silent.isdisjoint(_prefixes(layer.path))
    )
    groups: dict[tuple[str, str, str], UncalledGroup] = {}
    tops: dict[str, tuple[str, str, str]] = {}
    for layer in trace.never_called:
        holds = layer.parameters or layer.buffers
        if layer.path in around_called and not holds:
            continue
        path, kind = layer.path, layer.type
        top = next((prefix for prefix in _prefixes(path) if prefix in silent), "")
        if top not in tops and (whole := _find_whole(path, reached)) and inside[whole] > 1:
            top, path, kind = whole, whole, f"{inside[whole]} layers"
        if top in tops and not layer.used_by:
            key = tops[top]
            groups[key] = replace(groups[key], counts=groups[key].counts + _count(layer))
            continue
        used_by = types.get(layer.used_by, layer.used_by)
        key = (_name_uncalled(path), kind, used_by)
        tops[layer.path] = tops[path] = key
        found = groups.get(key, UncalledGroup(key[0], kind, 0, Counts(), used_by))
        name = path if found.count == 0 else key[0]
        groups[key] = replace(found, name=name, count=found.count + 1, counts=found.counts + _count(layer))
    return tuple(groups.values())


def _find_whole(path: str, reached: Collection[str]) -> str:
    """The outermost layer around ``path`` that nothing reaches and whose parts have names; empty for none."""
    names = path.split(".")
    for count in range(1, len(names)):
        whole = ".".join(names[:count])
        if whole not in reached and not names[count].isdecimal():
            return whole
    return ""


def _name_uncalled(path: str) -> str:
    """What several layers at such places are called: ``self_attn.out_proj``, or ``h.*`` for bare indices."""
    parts = path.split(".")
    if parts[-1].isdigit():
        return ".".join("*" if part.isdigit() else part for part in parts)
    last_index = max((index for index, part in enumerate(parts) if part.isdigit()), default=-1)
    return ".".join(parts[last_index + 1 :])


def _count(holder: Row | Uncalled) -> Counts:
    macs, flops = (holder.macs, holder.flops) if isinstance(holder, Row) else (0, 0)
    return Counts(holder.parameters, holder.trainable, holder.buffers, holder.bytes, macs, flops)


def _prefixes(path: str) -> list[str]:
    """The paths of the modules around ``path``, outermost first, the root left out."""
    return [path[:index] for index, character in enumerate(path) if character == "."]


_Shown: TypeAlias = "Row | Omitted[Row]"


def _find_headings(rows: Sequence[_Shown]) -> set[str]:
    """The containers that get a line of their own though they aren't called.

    These are the ones with two children or more that have names, not only numbers, and whose rows stand
    together: elsewhere a heading would have to be repeated, and the whole name in each row says more.
    """
    called = {row.path for row in rows if isinstance(row, Omitted) or row.kind == "layer"}
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    number: dict[str, int] = {}
    children: dict[str, set[str]] = {}
    for index, row in enumerate(rows):
        for prefix in _prefixes(row.path):
            if prefix in called:
                continue
            first.setdefault(prefix, index)
            last[prefix] = index
            number[prefix] = number.get(prefix, 0) + 1
            children.setdefault(prefix, set()).add(row.path[len(prefix) + 1 :].partition(".")[0])
    return {
        prefix
        for prefix, names in children.items()
        if last[prefix] - first[prefix] + 1 == number[prefix]
        and len(names) > 1
        and not all(name.isdigit() for name in names)
    }


def _arrange(given: Sequence[_Shown], layers_only: bool) -> list[_Node]:
    """One node a row, with headings before the rows that need them."""
    failing = max(
        (index for index, row in enumerate(given) if isinstance(row, Row) and not row.finished), default=-1
    )
    failed_row = given[failing] if failing >= 0 else None
    rows = [
        row
        for index, row in enumerate(given)
        if not layers_only or isinstance(row, Omitted) or row.kind == "layer" or index == failing
    ]
    headings = _find_headings(rows)
    counted: dict[int, tuple[Counts, int]] = {}
    nodes: list[_Node] = []
    # Around the current row, outermost first: path, level of what it holds, the called layer, its call.
    open_layers: list[tuple[str, int, str, int]] = []
    for row in rows:
        while open_layers and not row.path.startswith(open_layers[-1][0] + "."):
            open_layers.pop()
        around, level, owner, call = open_layers[-1] if open_layers else ("", 0, "", 1)
        for prefix in _prefixes(row.path):
            if len(prefix) > len(around) and prefix in headings:
                name = prefix[len(around) + 1 :] if around else prefix
                nodes.append(_Node(TreeRow(name, prefix, level, None, Counts()), owner))
                around, level = prefix, level + 1
                open_layers.append((around, level, owner, call))
        name = row.path[len(around) + 1 :] if around else row.path
        if isinstance(row, Omitted):
            nodes.append(_count_omitted(row, name, level, owner, layers_only, counted))
            continue
        tree_row = TreeRow(
            name=name,
            path=row.path,
            level=level,
            row=row,
            counts=_count(row),
            repeated=row.call if row.kind == "layer" and row.call not in (1, call) else 0,
            failed=row is failed_row,
        )
        nodes.append(_Node(tree_row, owner))
        if row.kind == "layer" and row.path:
            open_layers.append((row.path, level + 1, row.path, row.call))
    return nodes


def _count_omitted(
    omitted: Omitted[Row],
    name: str,
    level: int,
    owner: str,
    layers_only: bool,
    counted: dict[int, tuple[Counts, int]],
) -> _Node:
    """A node for siblings that were left out. ``counted`` is what is known of what one of them holds, by ``id``."""
    known = counted.get(id(omitted.items))
    if known is None:
        weighed = [
            (row, times) for row, times in omitted.items.weigh() if not layers_only or row.kind == "layer"
        ]
        known = (
            _sum_counts([_count(row).times(times) for row, times in weighed]),
            sum(times for _, times in weighed),
        )
        counted[id(omitted.items)] = known
    counts, rows = known
    assert omitted.head is not None
    counts = (counts + _count(omitted.head)).times(omitted.count)
    tree_row = TreeRow(name, omitted.path, level, omitted.head, counts)
    return _Node(tree_row, owner, omitted.count, (1 + rows) * omitted.count)


def _hide_below(nodes: list[_Node], depth: int | None) -> list[_Node]:
    """The nodes of the upper ``depth`` levels, each with the counts of those it hides."""
    if depth is None:
        return nodes
    shown: list[_Node] = []
    hidden: list[_Node] = []

    def close() -> None:
        if hidden:
            above = shown[-1].tree_row
            shown[-1] = replace(
                shown[-1],
                tree_row=replace(
                    above,
                    counts=_sum_counts([above.counts, *(node.tree_row.counts for node in hidden)]),
                    hidden=sum(node.rows for node in hidden if node.tree_row.row is not None),
                    failed=above.failed or any(node.tree_row.failed for node in hidden),
                ),
            )
            hidden.clear()

    for node in nodes:
        if node.tree_row.level < depth:
            close()
            shown.append(node)
        else:
            hidden.append(node)
    close()
    return shown


def _sum_counts(counts: Sequence[Counts]) -> Counts:
    return Counts(
        sum(count.parameters for count in counts),
        sum(count.trainable for count in counts),
        sum(count.buffers for count in counts),
        sum(count.bytes for count in counts),
        _add_known(count.macs for count in counts),
        _add_known(count.flops for count in counts),
    )


def _fold_runs(nodes: list[_Node]) -> tuple[TreeRow, ...]:
    """The tree with every run of identical siblings drawn once, by its first."""
    ends = _find_ends(nodes)
    folded: list[TreeRow] = []
    jumps: list[tuple[int, int]] = []
    index = 0
    while index < len(nodes):
        if jumps and jumps[-1][0] == index:
            index = jumps.pop()[1]
            continue
        if nodes[index].omitted:
            raise NotFolded
        run = _find_run(nodes, ends, index)
        tree_row = nodes[index].tree_row
        if len(run) > 1:
            last = nodes[run[-1]].tree_row
            inside = nodes[index : ends[index]]
            tree_row = replace(
                tree_row,
                count=sum(nodes[place].omitted or 1 for place in run),
                last_name=last.name,
                last_path=last.path,
                counts=_sum_counts([node.tree_row.counts for node in inside]),
            )
            jumps.append((ends[index], ends[run[-1]]))
        folded.append(tree_row)
        index += 1
    return tuple(folded)


def _find_ends(nodes: list[_Node]) -> list[int]:
    """For each node the index after the last one inside it."""
    ends = [len(nodes)] * len(nodes)
    waiting: list[int] = []
    for index, node in enumerate(nodes):
        while waiting and nodes[waiting[-1]].tree_row.level >= node.tree_row.level:
            ends[waiting.pop()] = index
        waiting.append(index)
    return ends


def _find_run(nodes: list[_Node], ends: list[int], start: int) -> list[int]:
    """The indices of ``start`` and of the siblings after it that are the same but for their index."""
    run = [start]
    level = nodes[start].tree_row.level
    place: int | None = None
    while (following := ends[run[-1]]) < len(nodes) and nodes[following].tree_row.level == level:
        if nodes[following].omitted:
            if len(run) == 1:
                raise NotFolded
            # These go on as the two before them, and so does the one after them.
            run += [following, ends[following]]
            continue
        step = _find_step(nodes[run[-1]].tree_row.path, nodes[following].tree_row.path)
        if step is None or place not in (None, step) or not _are_alike(nodes, ends, run, following):
            break
        place = step
        run.append(following)
    return run


def _find_step(path: str, following: str) -> int | None:
    """Which part of a path is an index that grows by one, where all other parts are the same."""
    before, after = path.split("."), following.split(".")
    if len(before) != len(after):
        return None
    places = [place for place, (left, right) in enumerate(zip(before, after, strict=True)) if left != right]
    if len(places) != 1:
        return None
    left, right = before[places[0]], after[places[0]]
    numbers = all(part.isascii() and part.isdigit() and len(part) <= INDEX_DIGITS for part in (left, right))
    return places[0] if numbers and int(right) == int(left) + 1 else None


def _are_alike(nodes: list[_Node], ends: list[int], run: list[int], following: int) -> bool:
    """Whether the sibling at ``following`` continues a run: the same inside and out, up to its index."""
    current = run[-1]
    before = nodes[run[-2]] if len(run) > 1 else None
    siblings = (before, nodes[current], nodes[following])
    ones, others = nodes[current : ends[current]], nodes[following : ends[following]]
    for one, other in zip(ones, others, strict=False):
        if not _is_counterpart(one, other, siblings):
            if (one.omitted or other.omitted) and _count_rows(ones) == _count_rows(others):
                raise NotFolded
            return False
    return len(ones) == len(others)


def _count_rows(nodes: Sequence[_Node]) -> int:
    return sum(node.tree_row.hidden + (node.rows if node.tree_row.row else 0) for node in nodes)


def _is_counterpart(left: _Node, right: _Node, siblings: tuple[_Node | None, _Node, _Node]) -> bool:
    """Whether two rows, each inside one of two neighbouring siblings, are the same up to the index."""
    before, current, following = siblings
    one, other = left.tree_row, right.tree_row
    if (one.level, one.hidden, one.counts, one.failed, left.omitted) != (
        other.level,
        other.hidden,
        other.counts,
        other.failed,
        right.omitted,
    ):
        return False
    if one.path[len(current.tree_row.path) :] != other.path[len(following.tree_row.path) :]:
        return False
    if one.row is None or other.row is None:
        return one.row is other.row
    if not (one.row.finished and other.row.finished) or _identify(one.row) != _identify(other.row):
        return False
    if _shift_ties(one.row.tied, current) != _shift_ties(other.row.tied, following):
        return False
    if len(one.row.sources) != len(other.row.sources):
        return False
    if left.owner != current.owner:
        # Names inside a sibling don't reach outside it.
        return one.row.sources == other.row.sources
    own = left is current
    earlier = before.tree_row.row.sources if own and before is not None and before.tree_row.row else None
    for place, (source, counterpart) in enumerate(zip(one.row.sources, other.row.sources, strict=True)):
        stepped = earlier is not None and is_next_part(earlier[place], source)
        if own and is_next_part(source, counterpart) and (earlier is None or stepped):
            continue
        shifted = _shift_source(counterpart, following, current)
        # What feeds the first of a run is whatever stands before the run.
        enters = before is None and shifted.startswith("<before>")
        if stepped or (not enters and _shift_source(source, current, before) != shifted):
            return False
    return True


def _identify(row: Row) -> tuple[object, ...]:
    """All of a row that must be the same in a run, apart from names."""
    types = (row.inputs, row.output)
    formulas = tuple(tensor.symbolic for tensor in iterate_tensor_types(types))
    return (row.kind, row.type, row.call, row.arguments, *types, formulas, row.trainable)


def _shift_source(source: str, node: _Node, before: _Node | None) -> str:
    """A source with the names of its own sibling and of the one before replaced by what they are."""
    for sibling, word in ((node, "<same>"), (before, "<before>")):
        if sibling is not None:
            path = sibling.tree_row.path
            name = path[len(sibling.owner) + 1 :] if sibling.owner else path
            rest = source[len(name) :]
            if source.startswith(name) and not (rest[:1].isalnum() or rest[:1] == "_"):
                return word + rest
    return source


def _shift_ties(ties: tuple[Tie, ...], node: _Node) -> tuple[tuple[str, str], ...]:
    """Ties with the path of the sibling they stand in replaced by what it is."""
    inside = node.tree_row.path + "."
    return tuple(
        (tie.name.removeprefix(inside), "<same>" + tie.target[len(inside) - 1 :])
        if tie.target.startswith(inside)
        else (tie.name.removeprefix(inside), tie.target)
        for tie in ties
    )
