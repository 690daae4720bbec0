"""``nn.Module`` -> Trace: layers through forward hooks, operations through the interpreter or a function mode."""

from __future__ import annotations

import keyword
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from layercli.build.engine import first_line
from layercli.build.module import SpecModule
from layercli.build.recording import RECORDER
from layercli.build.types import iterate_tensors, type_of
from layercli.catalogue.counting import NOTHING, UNKNOWN, Cost, count_layer, count_operation, find_layer
from layercli.catalogue.layers import LAYERS
from layercli.errors import LayercliError, Problem
from layercli.plan.records import LayerPlan, format_value
from layercli.record import record
from layercli.run.tensors import find_position, find_reads, is_lazy, name_module, name_type, record_modules
from layercli.run.values import Snapshot, show_values, snapshot
from layercli.spec.limits import allow_more, current_limits
from layercli.spec.values import Site
from layercli.trace import Trace, Type, format_type
from layercli.trace.failure import TraceFailed, explain_tuple, point_to_layer
from layercli.trace.modules import ALL_INSIDE, find_never_called, find_ownership
from layercli.trace.recorder import Draft, Frame, Recorder


@record(frozen=False)
class ValueRequest:
    """Which values to keep: of the layers at ``paths`` (None: of every row), their parameters too, statistics."""

    paths: frozenset[str] | None = None
    statistics: bool = False
    parameters: bool = False

    def wants(self, path: str) -> bool:
        """Whether the values of the layer at ``path`` are asked for."""
        return self.paths is None or path in self.paths


class TorchKind:
    """What a recorder has to know of PyTorch's values."""

    format_symbolic = None

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor)

    def type_of(self, value: Any) -> Type:
        return type_of(value)

    def format_plain(self, value: Any) -> str:
        if isinstance(value, torch.dtype):
            return str(value).removeprefix("torch.")
        if callable(value):
            return getattr(value, "__name__", "function")
        return format_value(value)


@record(frozen=False)
class _Call:
    """A module's call that hasn't ended: its frame, the exception that was handled as it began, its inputs."""

    frame: Frame
    exception: BaseException | None
    before: Snapshot | None


class Tracer:
    """Tells a recorder of one forward pass of one PyTorch model. Used once."""

    def __init__(
        self, model: nn.Module, plans: Mapping[str, LayerPlan], request: ValueRequest | None
    ) -> None:
        self.model = model
        self.plans = plans
        self.request = request
        self.paths: dict[int, str] = {}
        for path, module in model.named_modules():
            self.paths.setdefault(id(module), path)
        named = (*model.named_parameters(), *model.named_buffers())
        # A module of one's own may call as much as it likes.
        most = current_limits().rows if plans else sys.maxsize
        names = {id(tensor): name for name, tensor in named}
        self.recorder = Recorder(TorchKind(), names, most, allow_more("steps"))
        self.calls: list[_Call] = []

    def before_module(self, module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """The hook before a module's forward."""
        path = self.paths.get(id(module))
        if path is None or self._is_hidden():
            return
        plan = self.plans.get(path)
        names = _input_names(module, arguments, keywords)
        wanted = self.request is not None and self.request.wants(path)
        before = snapshot((*arguments, *keywords.values()), names) if wanted else None
        frame = self.recorder.begin_layer(
            path,
            name_type(module, plan),
            module,
            arguments,
            keywords,
            names=names,
            members=(*module._modules, *module._parameters, *module._buffers),
            text=_describe_module(module, plan),
            told=not self.plans or path in self.plans,
            position=find_position(path, self.plans),
        )
        self.calls.append(_Call(frame, sys.exc_info()[1], before))

    def after_module(self, module: nn.Module, arguments: Any, keywords: Any, output: Any) -> None:
        """The hook after a module's forward, also where it raised."""
        if id(module) not in self.paths or (self._is_hidden() and self.calls[-1].frame.module is not module):
            return
        while self.calls:
            call = self.calls.pop()
            if call.frame.module is module:
                break
            self.recorder.frames.pop()
        else:
            return
        # An always-called hook is also called while an exception passes through the module.
        if sys.exc_info()[1] is not call.exception:
            self.recorder.frames.pop()
            return
        self.recorder.end_layer(call.frame, output, returns=isinstance(module, SpecModule))
        cost = self._count(call.frame, arguments, keywords, output)
        call.frame.draft.macs, call.frame.draft.flops = cost
        if call.before is not None and self.request is not None:
            call.frame.draft.values = show_values(
                call.before, module if self.request.parameters else None, output, self.request.statistics
            )

    def _count(self, frame: Frame, arguments: Any, keywords: Any, output: Any) -> Cost:
        """The cost of a module's own work: of one that somebody wrote in Python, what its operations take is in their rows."""
        module = frame.module
        if isinstance(module, SpecModule):
            return NOTHING
        if is_transparent(module):
            passed_on = any(output is value for value in (*arguments, *keywords.values()))
            return NOTHING if passed_on or self.recorder.drafts[-1] is not frame.draft else UNKNOWN
        entry = find_layer(type(module).__mro__)
        return UNKNOWN if entry is None else count_layer(entry, module, output, arguments, keywords)

    def _is_hidden(self) -> bool:
        """Whether a layer runs whose inner calls depend on values, so that only its own is a fact of the model."""
        return bool(self.calls) and find_reads(self.calls[-1].frame.module) == ALL_INSIDE

    def run_operation(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        site: Site | None,
    ) -> Any:
        """Run ``function``; a row comes of it where it yields a tensor, or fails."""
        recorder, request = self.recorder, self.request
        before: Snapshot | None = None
        if request is not None and request.paths is None:
            values = [value for value in (*arguments, *keywords.values()) if recorder.holds_tensor(value)]
            before = snapshot(values, tuple(recorder.sources(values)))
        position = None if site is None else site.position
        output, draft = recorder.run_operation(name, function, arguments, keywords, position)
        if draft is not None:
            draft.macs, draft.flops = count_operation(name, output, arguments, keywords)
        if draft is not None and before is not None and request is not None:
            draft.values = show_values(before, None, output, request.statistics)
        return output


def _describe_module(module: nn.Module, plan: LayerPlan | None) -> str:
    if plan is not None:
        return plan.call
    return f"{name_module(module)}({'' if module._modules else module.extra_repr()})"


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


def is_transparent(module: nn.Module) -> bool:
    """Whether a module is neither a spec's, whose operations are known, nor one of PyTorch's own."""
    return not isinstance(module, SpecModule) and not type(module).__module__.startswith("torch.nn.")


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
        name = _name_operation(function)
        if not name:
            return function(*args, **keywords)
        self.inside = True
        try:
            return self.tracer.run_operation(name, function, args, keywords, None)
        finally:
            self.inside = False

    def _is_transparent(self) -> bool:
        frames = self.tracer.recorder.frames
        return bool(frames) and is_transparent(frames[-1].module)


#: Attributes that give another tensor, and operators whose tensor stands on the right.
_TENSOR_ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "real", "imag"})
_REFLECTED = frozenset({"rsub", "rdiv", "rpow", "rfloordiv", "rmod", "rmatmul", "rand", "ror", "rxor"})


def _name_operation(function: Any) -> str:
    """What a row calls a function, method, operator or attribute; nothing where it gives no tensor."""
    name = getattr(function, "__name__", "")
    if name == "__get__":
        attribute = getattr(getattr(function, "__self__", None), "__name__", "")
        return attribute if attribute in _TENSOR_ATTRIBUTES else ""
    if not name.startswith("__"):
        return str(name)
    operator = name.strip("_")
    if operator in ("set", "len", "setitem"):
        return ""
    operator = operator[1:] if operator in _REFLECTED else operator
    return f"{operator}_" if keyword.iskeyword(operator) else operator


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Leave a module as it was: its attributes, members and training flags, the values that a forward may change
    (buffers, embeddings with ``max_norm``), and PyTorch's generators.

    Lazy layers are the exception, since their first call gives them their parameters.
    """
    attributes = [_Attributes(module) for module in model.modules() if not _is_opaque(module)]
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
                        _restore(tensor, value)
            for held in attributes:
                held.restore()


def _restore(tensor: torch.Tensor, value: torch.Tensor) -> None:
    """Write values back; where elements share their memory, as after expand, into one of them."""
    for dim, stride in enumerate(tensor.stride()):
        if stride == 0 and tensor.shape[dim] > 1:
            tensor, value = tensor.narrow(dim, 0, 1), value.narrow(dim, 0, 1)
    tensor.copy_(value)


def _is_opaque(module: nn.Module) -> bool:
    """Whether a module's attributes aren't for others to set: TorchScript's, and those of lazy layers."""
    return isinstance(module, (torch.jit.ScriptModule, nn.modules.lazy.LazyModuleMixin))


class _Attributes:
    """What a module has in its own dict and in the dicts of its members, to be put back."""

    def __init__(self, module: nn.Module) -> None:
        self.dicts: list[dict[str, Any]] = [
            vars(module), module._parameters, module._buffers, module._modules
        ]  # fmt: skip
        self.copies = [dict(found) for found in self.dicts]

    def restore(self) -> None:
        for found, copied in zip(self.dicts, self.copies, strict=True):
            found.clear()
            found.update(copied)


@contextmanager
def _watched(model: nn.Module, tracer: Tracer) -> Iterator[None]:
    """Hooks on every module while inside, and PyTorch's fast paths, which hide children, off."""
    handles = []
    fast = torch.backends.mha.get_fastpath_enabled()
    token = RECORDER.set(tracer)
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        for module in model.modules():
            # A lazy layer may refuse its input in a hook of its own, and a spec's has its name already.
            first = bool(tracer.plans) and isinstance(module, nn.modules.lazy.LazyModuleMixin)
            handles.append(
                module.register_forward_pre_hook(tracer.before_module, with_kwargs=True, prepend=first)
            )
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
    mode: Literal["eval", "train"] | None = None,
    input_names: Sequence[str] | None = None,
    describe: Mapping[str, Any] | None = None,
) -> Trace:
    """Call ``model`` once and record every layer and operation.

    Without ``mode`` each layer runs in the mode that it has. ``describe`` holds fields of the Trace that only the
    caller knows (``model``, ``spec``, ``dims``, ``params``). Raises TraceFailed where the forward raises.
    """
    tracer = Tracer(model, plans or {}, request)
    values = (*arguments, *keywords.values())
    names = list(input_names or _input_names(model, arguments, keywords))
    described = dict(describe or {})
    inputs = tuple((name, type_of(value)) for name, value in zip(names, values, strict=True))
    device = next((str(tensor.device) for tensor in (*model.parameters(), *iterate_tensors(values))), "cpu")
    needs_mode = any(map(is_transparent, model.modules()))
    failure: Exception | None = None
    output: Any = None
    with unchanged(model), ExitStack() as stack:
        if mode is not None:
            model.train(mode == "train")
        stack.enter_context(torch.no_grad())
        stack.enter_context(_watched(model, tracer))
        if needs_mode:
            stack.enter_context(_OperationMode(tracer))
        try:
            output = model(*arguments, **keywords)
        except Exception as error:
            failure = error
    recorder = tracer.recorder
    modules = record_modules(model, tracer.plans)
    ownership = find_ownership(modules)
    trace = Trace(
        model=described.pop("model", name_module(model)),
        engine="run",
        device=device,
        mode=mode or ("train" if model.training else "eval"),
        inputs=inputs,
        output=None if failure else type_of(output),
        rows=recorder.rows(ownership),
        never_called=() if failure else find_never_called(modules, ownership, recorder.calls),
        tensors=ownership.records,
        returns=recorder.returns,
        failed=failure is not None,
        **described,
    )
    if failure is not None:
        raise TraceFailed(trace, *_explain(failure, recorder.failed_draft, name_module(model))) from failure
    return trace


def _explain(failure: Exception, draft: Draft | None, model: str) -> Sequence[Problem]:
    """The problems of a failed pass, with the path and the inputs of the row that failed."""
    problem = (
        failure.problems[0]
        if isinstance(failure, LayercliError) and failure.problems
        else Problem(
            "layer-failed", first_line(failure), notes=(f"{type(failure).__name__}: {first_line(failure)}",)
        )
    )
    if draft is None or problem.code not in ("layer-failed", "operation-failed", "index-range"):
        return (problem,)
    if problem.code == "index-range":
        if draft.kind == "operation":
            return (problem,)
        said = problem.message.partition(" has ")[2]
        return (point_to_layer(replace(problem, message=f"{draft.path or model} has {said}"), draft, model),)
    shown = [format_type(value) for value in draft.inputs if value is not None]
    *first, last = shown or [""]
    met = f" on {', '.join(first)}{' and ' if first else ''}{last}" if shown else ""
    if draft.kind == "operation":
        owner = draft.path.rpartition(".")[0]
        where = f" in {owner}" if owner else ""
        return (replace(problem, message=f"{draft.type}{where} failed{met}"),)
    name = f"{draft.path} ({draft.type})" if draft.path else model
    hint = (explain_tuple(draft) if draft.type in LAYERS else "") or problem.hint
    return (point_to_layer(replace(problem, message=f"{name} failed{met}", hint=hint), draft, model),)
