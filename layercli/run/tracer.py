"""``nn.Module`` -> Trace: layers through forward hooks, operations through the interpreter or a function mode."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from layercli.build.engine import first_line
from layercli.build.module import SpecModule
from layercli.build.recording import RECORDER
from layercli.build.types import type_of
from layercli.errors import Label, LayercliError, Position, Problem, SpecError
from layercli.plan.records import LayerPlan, format_value
from layercli.run.tensors import Ownership, find_ownership, is_lazy, name_module
from layercli.run.values import show_values, snapshot
from layercli.spec.interpreter import Site
from layercli.trace import Row, Trace, Type, Uncalled, Values, format_type

Kind = Literal["layer", "operation"]


class TraceFailed(SpecError):
    """The forward pass ended early; ``trace`` has the rows up to there, the last ones unfinished."""

    def __init__(self, trace: Trace, *problems: Problem) -> None:
        super().__init__(*problems)
        self.trace = trace


@dataclass
class ValueRequest:
    """Which values to keep: of the layers at ``paths`` (None: of every row), with statistics or not."""

    paths: frozenset[str] | None = None
    statistics: bool = False

    def wants(self, path: str) -> bool:
        return self.paths is None or path in self.paths


@dataclass
class _Draft:
    """A row whose call has begun."""

    path: str
    kind: Kind
    type: str
    call: int
    depth: int
    inputs: tuple[Type, ...]
    sources: tuple[str, ...]
    arguments: str
    position: Position | None
    module: nn.Module | None = None
    output: Type = None
    returns: tuple[str, ...] = ()
    finished: bool = False
    before: Any = None
    values: Values | None = None


@dataclass
class _Frame:
    """A module whose forward runs: the names that its tensors and operations have so far."""

    path: str
    module: nn.Module
    row: int
    call: int
    depth: int
    exception: BaseException | None
    labels: dict[int, str] = field(default_factory=dict)
    alive: list[Any] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    site: Site | None = None

    def _forget(self, key: int, _: Any) -> None:
        self.labels.pop(key, None)

    def label(self, value: Any, name: str) -> None:
        """Give every tensor in ``value`` a name in this frame."""
        if isinstance(value, torch.Tensor):
            self.labels[id(value)] = name
            # An id is good only as long as its tensor lives.
            self.alive.append(weakref.ref(value, partial(self._forget, id(value))))
        elif isinstance(value, (tuple, list)):
            for index, item in enumerate(value):
                self.label(item, f"{name}[{index}]")
        elif isinstance(value, dict):
            for key, item in value.items():
                self.label(item, f"{name}[{key!r}]")


class Tracer:
    """Records one forward pass of one model. Used once."""

    def __init__(
        self,
        model: nn.Module,
        plans: Mapping[str, LayerPlan],
        request: ValueRequest | None,
    ) -> None:
        self.model = model
        self.plans = plans
        self.request = request
        self.drafts: list[_Draft] = []
        self.frames: list[_Frame] = []
        self.calls: dict[str, int] = {}
        self.paths: dict[int, str] = {}
        for path, module in model.named_modules():
            self.paths.setdefault(id(module), path)
        self.parameter_names = {
            id(tensor): name for name, tensor in (*model.named_parameters(), *model.named_buffers())
        }
        self.site: Site | None = None

    # Layers ----------------------------------------------------------------------------------------------

    def before_module(self, module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        path = self.paths.get(id(module))
        if path is None:
            return
        call = self.calls[path] = self.calls.get(path, 0) + 1
        parent = self.frames[-1] if self.frames else None
        values = (*arguments, *keywords.values())
        plan = self.plans.get(path)
        draft = _Draft(
            path=path,
            kind="layer",
            type=_type_name(module, plan),
            call=call,
            depth=0 if parent is None or parent.path == "" else parent.depth + 1,
            inputs=tuple(type_of(value) for value in values),
            sources=tuple(self._call_sources(arguments, keywords)) if parent and self._is_told(path) else (),
            arguments=_describe_module(module, plan) if self._is_told(path) else "",
            position=self._find_position(path),
            module=module,
            before=snapshot(values, _input_names(module, arguments, keywords)) if self._wants(path) else None,
        )
        self.drafts.append(draft)
        frame = _Frame(
            path, module, len(self.drafts) - 1, call, draft.depth, sys.exc_info()[1], site=self.site
        )
        self.site = None
        for name, value in zip(_input_names(module, arguments, keywords), values, strict=True):
            frame.label(value, name)
        frame.used = {*module._modules, *module._parameters, *module._buffers}
        self.frames.append(frame)

    def after_module(self, module: nn.Module, arguments: Any, keywords: Any, output: Any) -> None:
        path = self.paths.get(id(module))
        if path is None:
            return
        while self.frames:
            frame = self.frames.pop()
            if frame.module is module:
                break
        else:
            return
        draft = self.drafts[frame.row]
        # An always-called hook is also called while an exception passes through the module.
        if sys.exc_info()[1] is not frame.exception:
            return
        draft.output = type_of(output)
        draft.finished = True
        if isinstance(module, SpecModule):
            self.frames.append(frame)
            draft.returns = tuple(self.sources([output]))
            self.frames.pop()
        if draft.before is not None:
            draft.values = self._show(draft, module, output)
        if self.frames:
            name = path.rsplit(".", 1)[-1] if self.frames[-1].path != path else path
            self.frames[-1].label(output, self._relative(path, name))

    def _relative(self, path: str, name: str) -> str:
        owner = self.frames[-1].path
        return (
            path[len(owner) + 1 :] if owner and path.startswith(owner + ".") else path if not owner else name
        )

    def _is_told(self, path: str) -> bool:
        """Whether the call and wiring of a layer are facts of the model.

        What stands inside PyTorch's own composite layers follows from the composite's call, and how they write
        it changes with PyTorch's version.
        """
        return not self.plans or path in self.plans

    def _call_sources(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Iterator[str]:
        """Where the inputs of a layer come from, and the plain values among them."""
        for name, value in (*((None, value) for value in arguments), *keywords.items()):
            prefix = "" if name is None else f"{name}="
            if _holds_tensor(value):
                yield from (f"{prefix}{source}" for source in self.sources([value]))
            else:
                yield prefix + self._format_operand(value)

    def _find_position(self, path: str) -> Position | None:
        """Where the layer, or the composite layer that it is a part of, stands in the spec."""
        while path:
            if path in self.plans:
                return self.plans[path].position
            path = path.rpartition(".")[0]
        return None

    def _wants(self, path: str) -> bool:
        return self.request is not None and self.request.wants(path)

    def _show(self, draft: _Draft, module: nn.Module | None, output: Any) -> Values:
        assert self.request is not None
        return show_values(draft.before, module, output, self.request.statistics)

    # Operations ------------------------------------------------------------------------------------------

    def enter_call(self, site: Site) -> None:
        self.site = site

    def run_operation(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        site: Site | None,
    ) -> Any:
        """Run ``function``; a row comes of it where it yields a tensor, or fails."""
        if not self.frames:
            return function(*arguments, **keywords)
        frame = self.frames[-1]
        place = len(self.drafts)
        values = [value for value in (*arguments, *keywords.values()) if _holds_tensor(value)]
        inputs = tuple(type_of(value) for value in values)
        sources = tuple(self.sources(values))
        text = f"{name}({', '.join(self._format_operands(arguments, keywords))})"
        wanted = self.request is not None and self.request.paths is None
        before = snapshot(values, sources) if wanted else None

        def note(output: Type, finished: bool) -> _Draft:
            path = self._number(frame, name)
            draft = _Draft(
                path=f"{frame.path}.{path}" if frame.path else path,
                kind="operation",
                type=name,
                call=frame.call,
                depth=frame.depth + 1 if frame.path else 0,
                inputs=inputs,
                sources=sources,
                arguments=text,
                position=None if site is None else site.position,
                output=output,
                finished=finished,
                before=before,
            )
            self.drafts.insert(place, draft)
            return draft

        try:
            output = function(*arguments, **keywords)
        except Exception:
            note(None, False)
            raise
        if _holds_tensor(output):
            draft = note(type_of(output), True)
            frame.label(output, draft.path.rsplit(".", 1)[-1])
            if wanted:
                draft.values = self._show(draft, None, output)
        return output

    def _number(self, frame: _Frame, name: str) -> str:
        """``relu``, ``relu_1``, ...: the first name that nothing of this owner has."""
        candidate, number = name, 0
        while candidate in frame.used:
            number += 1
            candidate = f"{name}_{number}"
        frame.used.add(candidate)
        return candidate

    def sources(self, values: Sequence[Any]) -> Iterator[str]:
        """Where each tensor in ``values`` comes from, by its name in the frame that runs."""
        for value in values:
            if isinstance(value, torch.Tensor):
                yield self._source(value)
            elif isinstance(value, (tuple, list)):
                yield from self.sources(value)
            elif isinstance(value, dict):
                yield from self.sources(list(value.values()))

    def _source(self, tensor: torch.Tensor) -> str:
        label = self.frames[-1].labels.get(id(tensor))
        if label is not None:
            return label
        name = self.parameter_names.get(id(tensor))
        if name is None:
            return "?"
        owner = self.frames[-1].path
        return name[len(owner) + 1 :] if owner and name.startswith(owner + ".") else name

    def _format_operands(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Iterator[str]:
        for value in arguments:
            yield self._format_operand(value)
        for name, value in keywords.items():
            if name != "device":
                yield f"{name}={self._format_operand(value)}"

    def _format_operand(self, value: Any) -> str:
        if isinstance(value, torch.Tensor):
            return self._source(value)
        if isinstance(value, tuple):
            inner = ", ".join(self._format_operand(item) for item in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, list):
            return f"[{', '.join(self._format_operand(item) for item in value)}]"
        if isinstance(value, dict):
            return (
                "{" + ", ".join(f"{key!r}: {self._format_operand(item)}" for key, item in value.items()) + "}"
            )
        if isinstance(value, torch.dtype):
            return str(value).removeprefix("torch.")
        if callable(value):
            return getattr(value, "__name__", "function")
        return format_value(value)

    # The result ------------------------------------------------------------------------------------------

    def rows(self, ownership: Ownership) -> tuple[Row, ...]:
        """The rows in call order, with what each module holds itself in its first row."""
        rows: list[Row] = []
        for draft in self.drafts:
            if draft.path == "" and len(self.drafts) > 1 and not ownership.holds("") and draft.finished:
                continue
            row = Row(
                path=draft.path,
                kind=draft.kind,
                type=draft.type,
                call=draft.call,
                depth=draft.depth,
                inputs=draft.inputs,
                output=draft.output,
                arguments=draft.arguments,
                sources=draft.sources,
                returns=draft.returns if draft.path else (),
                position=draft.position,
                values=draft.values,
                finished=draft.finished,
            )
            if draft.kind == "layer" and draft.call == 1:
                held = ownership.of(draft.path)
                row = replace(
                    row,
                    parameters=held.parameters,
                    trainable=held.trainable,
                    buffers=held.buffers,
                    bytes=held.bytes,
                    tied=held.tied,
                )
            rows.append(row)
        if rows and rows[0].path == "" and not rows[0].finished and len(rows) > 1 and not ownership.holds(""):
            del rows[0]
        return tuple(rows)

    def never_called(self, ownership: Ownership) -> tuple[Uncalled, ...]:
        """Layers whose forward didn't run; containers and helpers only where they hold something themselves."""
        found: list[Uncalled] = []
        for path, module in self.model.named_modules():
            if path in self.calls or path == "":
                continue
            held = ownership.of(path)
            holds = held.parameters or held.buffers or held.tied
            if not holds and (isinstance(module, _PASSIVE) or any(True for _ in module.children())):
                continue
            found.append(
                Uncalled(
                    path=path,
                    type=_type_name(module, self.plans.get(path)),
                    parameters=held.parameters,
                    trainable=held.trainable,
                    buffers=held.buffers,
                    bytes=held.bytes,
                    used_by=self._user(path, module),
                    position=self._find_position(path),
                )
            )
        return tuple(found)

    def _user(self, path: str, module: nn.Module) -> str:
        """The called module that reads this one's tensors without calling it, where that is known."""
        owner_path, _, name = path.rpartition(".")
        owner = self.model.get_submodule(owner_path) if owner_path else self.model
        if owner_path in self.calls and _READ_DIRECTLY.get(type(owner).__name__) == name:
            return owner_path
        if isinstance(module, (nn.ParameterList, nn.ParameterDict)):
            return owner_path
        return ""


#: Children of PyTorch's own layers whose weights are used without a call, by the layer's class.
_READ_DIRECTLY = {"MultiheadAttention": "out_proj", "LinearCrossEntropyLoss": "linear"}

_PASSIVE = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict, nn.Identity)


def _type_name(module: nn.Module, plan: LayerPlan | None) -> str:
    return name_module(module) if plan is None or plan.wrappers else plan.type_name


def _describe_module(module: nn.Module, plan: LayerPlan | None) -> str:
    if plan is not None:
        return plan.call
    name = name_module(module)
    return f"{name}({'' if any(True for _ in module.children()) else module.extra_repr()})"


def _input_names(module: nn.Module, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[str]:
    """What a module calls its inputs: by the spec's names, else ``input``, or numbered where there are several."""
    if isinstance(module, SpecModule):
        names = list(module.input_names[: len(arguments)])
        names += [f"input[{index}]" for index in range(len(names), len(arguments))]
    elif len(arguments) == 1:
        names = ["input"]
    else:
        names = [f"input[{index}]" for index in range(len(arguments))]
    return names + list(keywords)


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return True
    if isinstance(value, (tuple, list)):
        return any(_holds_tensor(item) for item in value)
    return isinstance(value, dict) and any(_holds_tensor(item) for item in value.values())


class _OperationMode(TorchFunctionMode):
    """Sees the functional calls of modules that somebody wrote in Python, at the level at which they are written."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__()
        self.tracer = tracer
        self.inside = False

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        keywords = kwargs or {}
        if self.inside or not self._is_transparent():
            return function(*args, **keywords)
        name = getattr(function, "__name__", "")
        if name in ("__get__", "__set__", "__len__", "__setitem__") or not name:
            return function(*args, **keywords)
        self.inside = True
        try:
            return self.tracer.run_operation(name.strip("_") or name, function, args, keywords, None)
        finally:
            self.inside = False

    def _is_transparent(self) -> bool:
        """Whether the module that runs is neither a spec's, whose operations are known, nor one of PyTorch's own."""
        if not self.tracer.frames:
            return False
        module = self.tracer.frames[-1].module
        return not isinstance(module, SpecModule) and not type(module).__module__.startswith("torch.nn.")


def map_plans(root: LayerPlan) -> dict[str, LayerPlan]:
    """Every planned layer by its path."""
    found: dict[str, LayerPlan] = {"": root}
    stack = [("", root)]
    while stack:
        path, plan = stack.pop()
        for name, child in plan.children:
            if isinstance(child, LayerPlan):
                inner = f"{path}.{name}" if path else name
                found[inner] = child
                stack.append((inner, child))
    return found


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Leave training flags, buffers, weights that a forward renormalises, and generators as they were."""
    flags = [(module, module.training) for module in model.modules()]
    tensors: list[torch.Tensor] = list(model.buffers())
    for module in model.modules():
        if isinstance(module, (nn.Embedding, nn.EmbeddingBag)) and module.max_norm is not None:
            tensors.append(module.weight)
    saved = [(tensor, tensor.detach().clone()) for tensor in tensors if not is_lazy(tensor)]
    devices = sorted(
        {tensor.device.index or 0 for tensor in model.parameters() if tensor.device.type == "cuda"}
    )
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, value in saved:
                    if tensor.device.type != "meta":
                        tensor.copy_(value)
            for module, training in flags:
                module.training = training


@contextmanager
def _watched(model: nn.Module, tracer: Tracer) -> Iterator[None]:
    """Hooks on every module while inside, and PyTorch's fast paths, which hide children, off."""
    handles = []
    fast = torch.backends.mha.get_fastpath_enabled()
    token = RECORDER.set(tracer)
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        for module in model.modules():
            handles.append(module.register_forward_pre_hook(tracer.before_module, with_kwargs=True))
            handles.append(
                module.register_forward_hook(tracer.after_module, with_kwargs=True, always_call=True)
            )
        yield
    finally:
        for handle in handles:
            handle.remove()
        torch.backends.mha.set_fastpath_enabled(fast)
        RECORDER.reset(token)


def trace_module(
    model: nn.Module,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    *,
    plans: Mapping[str, LayerPlan] | None = None,
    request: ValueRequest | None = None,
    mode: Literal["eval", "train"] = "eval",
    input_names: Sequence[str] | None = None,
    describe: Mapping[str, Any] | None = None,
) -> Trace:
    """Call ``model`` once and record every layer and operation.

    ``describe`` holds fields of the Trace that only the caller knows (``model``, ``spec``, ``dims``, ``params``).
    Raises TraceFailed where the forward raises.
    """
    tracer = Tracer(model, plans or {}, request)
    values = (*arguments, *keywords.values())
    names = list(input_names or _input_names(model, arguments, keywords))
    described = dict(describe or {})
    inputs = tuple((name, type_of(value)) for name, value in zip(names, values, strict=True))
    device = next((str(tensor.device) for tensor in (*model.parameters(), *_tensors(values))), "cpu")
    needs_mode = any(
        not isinstance(module, SpecModule) and not type(module).__module__.startswith("torch.nn.")
        for module in model.modules()
    )
    failure: Exception | None = None
    output: Any = None
    with unchanged(model), ExitStack() as stack:
        model.train(mode == "train")
        stack.enter_context(torch.no_grad())
        stack.enter_context(_watched(model, tracer))
        if needs_mode:
            stack.enter_context(_OperationMode(tracer))
        try:
            output = model(*arguments, **keywords)
        except Exception as error:
            failure = error
    ownership = find_ownership(model)
    trace = Trace(
        model=described.pop("model", name_module(model)),
        engine="run",
        device=device,
        mode=mode,
        inputs=inputs,
        output=None if failure else type_of(output),
        rows=tracer.rows(ownership),
        never_called=() if failure else tracer.never_called(ownership),
        tensors=ownership.records,
        returns=next((draft.returns for draft in tracer.drafts if draft.path == ""), ()),
        failed=failure is not None,
        **described,
    )
    if failure is not None:
        raise TraceFailed(trace, *_explain(failure, tracer)) from failure
    return trace


def _tensors(values: Sequence[Any]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _tensors(value)
        elif isinstance(value, dict):
            yield from _tensors(list(value.values()))


def _explain(failure: Exception, tracer: Tracer) -> Sequence[Problem]:
    """The problems of a failed pass, with the path and the inputs of the row that failed."""
    problem = (
        failure.problems[0]
        if isinstance(failure, LayercliError) and failure.problems
        else Problem("layer-failed", first_line(failure))
    )
    draft = next((draft for draft in reversed(tracer.drafts) if not draft.finished), None)
    if draft is None or problem.code not in ("layer-failed", "operation-failed"):
        return (problem,)
    tensors = " and ".join(format_type(value) for value in draft.inputs if value is not None)
    met = f" on {tensors}" if tensors else ""
    if draft.kind == "operation":
        owner = draft.path.rpartition(".")[0]
        where = f" in {owner}" if owner else ""
        return (replace(problem, message=f"{draft.type}{where} failed{met}"),)
    name = draft.path or name_module(tracer.model)
    place = draft.position
    labels = (
        (Label(place, f"{name} is made here"),) if place is not None and place != problem.position else ()
    )
    return (
        replace(
            problem,
            message=f"{name} ({draft.type}) failed{met}",
            labels=labels,
            position=problem.position or place,
        ),
    )
