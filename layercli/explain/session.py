"""A plan and a path -> Explanation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from layercli.catalogue.entries import Layer
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.modules import Child
from layercli.catalogue.narration import (
    draw_formula,
    has_dims,
    is_formula,
    is_plain_product,
    narrate,
    term_of,
    write_formula,
)
from layercli.catalogue.operators import MEANINGS
from layercli.catalogue.sizes import SizeTooComplex, as_int, product
from layercli.catalogue.tensors import Refusal, Tensor, settings
from layercli.derive.engine import Call
from layercli.derive.session import Watched, list_needs, watch_plan
from layercli.errors import CommandError, Problem, did_you_mean
from layercli.explain import constraints
from layercli.explain.entries import describe_rule
from layercli.explain.narrator import (
    NarratedCall,
    bind_call,
    is_leaf,
    list_tensors,
    name_macs,
    name_result_words,
    narrate_call,
)
from layercli.explain.sight import Seer
from layercli.plan.records import LayerPlan, Plan, format_arguments, map_plans
from layercli.trace import Requirement, Row, Trace, Uncalled
from layercli.trace.agreement import compare_traces
from layercli.trace.explanation import (
    CallExplanation,
    Explanation,
    Formula,
    HeldFormula,
    Part,
    Sight,
    SizeFormula,
)
from layercli.trace.repeats import enter

#: Of more calls of one layer only so many are explained.
MAX_CALLS = 8
#: Of models with more layers those that are the same are derived once, and what they see isn't looked for.
MAX_LAYERS = 10_000


def explain_path(
    plan: Plan, path: str, *, symbolic: Plan | None = None, measured: Trace | None = None
) -> Explanation:
    """How the layer or operation at a path comes to its output, parameters and cost; the model itself for ``""``.

    ``symbolic`` is the same plan with its dims as symbols, for what the layer needs of them; ``measured`` a run's trace
    that the formulas are compared with. Raises CommandError where the model has no such path, and SpecError where it fails
    before the layer has run.
    """
    calls: list[Call] = []
    watched = _watch(plan, symbolic, calls)
    trace = watched.trace
    rows = [row for row in enter(trace.rows, _leads_to(path)) if row.path == path and row.finished]
    uncalled = [layer for layer in trace.never_called if layer.path == path]
    if not rows and not uncalled and path:
        if watched.failure is not None:
            raise watched.failure
        raise _explain_unknown(path, trace)
    if path == "" and watched.failure is not None:
        raise watched.failure
    return _Explainer(plan, path, watched, calls, measured).explain(rows, uncalled)


def _watch(plan: Plan, symbolic: Plan | None, calls: list[Call]) -> Watched:
    """The derivation with symbols, or without them where formulas get too long."""
    share = plan.root.modules > MAX_LAYERS
    if symbolic is not None:
        try:
            return watch_plan(symbolic, calls.append, share=share)
        except SizeTooComplex:
            calls.clear()
    return watch_plan(plan, calls.append, share=share)


def _explain_unknown(path: str, trace: Trace) -> CommandError:
    paths = [*dict.fromkeys(row.path for row in trace.rows if row.path)]
    paths += [layer.path for layer in trace.never_called]
    named = [known for known in paths if known.rpartition(".")[2] == path.rpartition(".")[2]]
    hint = f"did you mean {named[0]}?" if named else did_you_mean(path, paths)
    shown = ", ".join(paths[:8]) + ", ..." * (len(paths) > 8)
    return CommandError(
        Problem(
            "unknown-path", f"{trace.model} has no layer or operation {path}", hint=hint or f"it has {shown}"
        )
    )


class _Explainer:
    """Explains one path of a derivation."""

    def __init__(
        self, plan: Plan, path: str, watched: Watched, calls: Sequence[Call], measured: Trace | None
    ) -> None:
        self.plan = plan
        self.path = path
        self.watched = watched
        self.trace = watched.trace
        self.calls = calls
        self.measured = measured
        self.own = [number for number, call in enumerate(calls) if call.draft.path == path]
        if not self.own:
            self.own = self._find_same()
        self.narrated = [self._narrate(calls[number]) for number in self.own]

    def _find_same(self) -> list[int]:
        """A call that stands for those at the path, where these were not derived again."""
        row = next(
            (row for row in enter(self.trace.rows, _leads_to(self.path)) if row.path == self.path), None
        )
        if row is None:
            return []
        wanted = (row.type, row.arguments, row.inputs, row.output)
        same = (
            number
            for number, call in enumerate(self.calls)
            if (call.draft.type, call.draft.arguments, call.draft.inputs, call.draft.output) == wanted
        )
        return [next(same)]

    def _narrate(self, call: Call) -> NarratedCall | None:
        with settings(self.plan.dtype):
            try:
                return narrate_call(call)
            except Refusal:
                return None

    def explain(self, rows: Sequence[Row], uncalled: Sequence[Uncalled]) -> Explanation:
        """The explanation of the rows at the path, or of a layer that has none."""
        trace, plan = self.trace, self.plan
        if not rows and not uncalled:
            rows = [_make_root_row(trace)]
        first = rows[0] if rows else None
        layer = map_plans(plan.root).get(self.path)
        call = self.calls[self.own[0]] if self.own else None
        entry = _find_entry(call, first)
        leads = _leads_to(self.path)
        inside = [
            row
            for row in enter(trace.rows, lambda path: leads(path) or _is_inside(path, self.path))
            if _is_inside(row.path, self.path)
        ]
        holders: list[Row | Uncalled] = [
            *inside,
            *(item for item in trace.never_called if _is_inside(item.path, self.path)),
        ]
        position = first.position if first is not None else uncalled[0].position if uncalled else None
        if layer is not None and self.path:
            position = layer.position
        return Explanation(
            model=trace.model,
            spec=trace.spec,
            mode=trace.mode,
            dims=trace.dims,
            inputs=tuple(name for name, _ in _list_model_inputs(self.watched)),
            path=self.path,
            kind="operation" if first is not None and first.kind == "operation" else "layer",
            type=first.type if first is not None else uncalled[0].type if uncalled else trace.model,
            doc=entry.doc
            if entry is not None
            else layer.block.doc
            if layer is not None and layer.block
            else "",
            text=_write_call(layer, call, first),
            position=position,
            calls=tuple(
                self._explain_call(number, narrated, row, entry)
                for number, narrated, row in zip(self.own, self.narrated, rows, strict=False)
            )[:MAX_CALLS],
            parameters=sum(holder.parameters for holder in holders),
            trainable=sum(holder.trainable for holder in holders),
            macs=_sum_known([row.macs for row in inside]),
            flops=_sum_known([row.flops for row in inside]),
            held=tuple(self._list_held(first)),
            tied=first.tied if first is not None else (),
            parts=tuple(self._list_parts(inside)),
            needs=constraints.list_needs(call) if call is not None and is_leaf(call) else (),
            holds=self._list_holds(),
            measured=self.measured is not None,
            differences=self._compare(),
        )

    def _explain_call(
        self, number: int, narrated: NarratedCall | None, row: Row, entry: Any
    ) -> CallExplanation:
        call = self.calls[number]
        macs = narrated.macs if narrated is not None else row.macs
        flops = narrated.flops if narrated is not None else row.flops
        outputs = [tensor for _, tensor in list_tensors("", call.output)]
        sights: tuple[Sight, ...] = ()
        if self.plan.root.modules > MAX_LAYERS:
            sights = (Sight("", (), None),)
        elif self.watched.failure is None and outputs:
            seer = Seer(self.calls, number + 1, _list_model_inputs(self.watched))
            sights = seer.look(outputs[0])
        leaf = is_leaf(call)
        return CallExplanation(
            call=row.call,
            arguments=row.arguments if row.kind == "operation" else ", ".join(row.sources),
            position=row.position,
            inputs=tuple(zip(_name_inputs(call), row.inputs, strict=False)),
            output=row.output,
            sizes=tuple(_list_sizes(narrated)) if narrated is not None else (),
            macs=row.macs,
            macs_formula=_tell(macs),
            flops=row.flops,
            flops_formula=_tell(name_macs(flops, row.macs)),
            words=_describe_output(call, narrated, entry),
            sees=sights,
            accepts=constraints.list_accepted(call, "" if narrated is None else narrated.owner)
            if leaf
            else (),
        )

    def _list_held(self, row: Row | None) -> list[HeldFormula]:
        """The layer's own tensors, with the formulas of their sizes where its class says how it makes them."""
        state = (
            {}
            if not self.narrated or self.narrated[0] is None
            else {item.name: item for item in self.narrated[0].state}
        )
        found: list[HeldFormula] = []
        for tensor in enter(self.trace.tensors, _leads_to(self.path)):
            if tensor.owner != self.path or (self.path == "" and "." in tensor.name):
                continue
            name = tensor.name[len(self.path) + 1 :] if self.path else tensor.name
            made = state.get(name)
            shape: Sequence[Any] = tensor.type.shape
            if made is not None and tuple(made.shape) == tensor.type.shape:
                shape = made.shape
            size = product(shape)
            if not is_formula(size):
                size = product(narrate(own, str(own)) for own in tensor.type.shape)
            found.append(HeldFormula(name, tensor.kind, tensor.type.shape, _write(size), not tensor.tied))
        return found

    def _list_parts(self, inside: Sequence[Row]) -> list[Part]:
        """What stands directly inside, with sums over all inside that."""
        base = next((row.depth for row in inside if row.path == self.path), -1)
        level = base + 1 if self.path else 0
        parts: list[Part] = []
        rows = [row for row in inside if row.path != self.path]
        for place, row in enumerate(rows):
            if row.depth != level:
                continue
            end = next(
                (after for after in range(place + 1, len(rows)) if rows[after].depth <= level), len(rows)
            )
            own = rows[place:end]
            parts.append(
                Part(
                    row.path,
                    row.type,
                    row.output,
                    sum(item.parameters for item in own),
                    _sum_known([item.macs for item in own]),
                    _sum_known([item.flops for item in own]),
                )
            )
        return parts

    def _list_holds(self) -> tuple[Requirement, ...] | None:
        log = self.watched.log
        if log is None:
            return None
        return list_needs(self.plan, log, lambda path: _is_inside(path, self.path))

    def _compare(self) -> tuple[Any, ...]:
        if self.measured is None:
            return ()
        return tuple(
            item
            for item in compare_traces(self.measured, self.trace)
            if _is_inside(item.path, self.path) and (item.path or not self.path)
        )


def _make_root_row(trace: Trace) -> Row:
    """The row of the model itself, which a trace without anything of its own leaves out."""
    inputs = tuple(value for _, value in trace.inputs)
    return Row("", "layer", trace.model, 1, 0, inputs, trace.output, macs=0, flops=0)


def _find_entry(call: Call | None, row: Row | None) -> Any:
    """The entry of the catalogue that a call is of."""
    if call is not None and call.module is not None:
        return call.module.entry
    if row is None:
        return None
    return FUNCTIONS.get(row.type) or METHODS.get(row.type) or FUNCTIONS.get(MEANINGS.get(row.type, ""))


def _find_rule(call: Call | None, entry: Any) -> Any:
    if entry is None:
        return None if call is None else call.rule
    return entry.rule if isinstance(entry, Layer) else entry.operation.rule


def _leads_to(path: str) -> Callable[[str], bool]:
    """Whether what has a path may be that at ``path``, or have it inside."""
    return lambda outer: _is_inside(path, outer)


def _is_inside(path: str, outer: str) -> bool:
    return not outer or path == outer or path.startswith(f"{outer}.")


def _sum_known(counts: Sequence[int | None]) -> int | None:
    return None if None in counts else sum(count or 0 for count in counts)


def _list_model_inputs(watched: Watched) -> list[tuple[str, Tensor]]:
    return [pair for name, value in watched.inputs for pair in list_tensors(name, value)]


def _name_inputs(call: Call) -> list[str]:
    return list(bind_call(call))


def _write_call(layer: LayerPlan | None, call: Call | None, row: Row | None) -> str:
    """The call as it stands in the spec: the constructor's of a layer, the operation's own.

    A layer that PyTorch makes has that of its class.
    """
    if row is not None and (row.kind == "operation" or not row.path):
        return row.arguments if row.path else ""
    if layer is not None:
        position = layer.position
        written = position.source.line(position.line)[position.column - 1 :][: position.width]
        return written if written.endswith(")") else layer.call
    module = None if call is None else call.module
    if module is None or module.entry is None:
        return ""
    given = {name: value for name, value in module.arguments.items() if not isinstance(value, Child)}
    return f"{module.entry.name}({format_arguments(module.entry.signature, given)})"


def _describe_output(call: Call, narrated: NarratedCall | None, entry: Any) -> str:
    """What gives an output whose sizes follow from no formula, in words."""
    if narrated is not None and narrated.inputs:
        outputs = [tensor for _, tensor in list_tensors("", narrated.output)]
        first = [term_of(size) for size in narrated.inputs[0][1].shape]
        if len(outputs) == 1 and [term_of(size) for size in outputs[0].shape] == first:
            return "as its input" if len(narrated.inputs) == 1 else "as its first input"
    return describe_rule(_find_rule(call, entry))


def _list_sizes(narrated: NarratedCall) -> list[SizeFormula]:
    found: list[SizeFormula] = []
    for name, tensor in list_tensors("output", narrated.output):
        words = name_result_words(narrated.owner, tensor)
        for place, size in enumerate(tensor.shape):
            if is_formula(size) and not is_plain_product(term_of(size)):
                shown = "" if name == "output" else name
                found.append(SizeFormula(shown, place, words[place], _write(size)))
    return found


def _tell(count: Any) -> Formula | None:
    return _write(count) if is_formula(count) else None


def _write(value: Any) -> Formula:
    """A number with its formula, that of a plain one being itself."""
    term = term_of(value)
    numbers, dims = draw_formula(term), draw_formula(term, "dims") if has_dims(term) else ""
    return Formula(
        as_int(value),
        write_formula(term),
        write_formula(term, "names"),
        numbers,
        draw_formula(term, brief=True),
        dims if dims != numbers else "",
    )
