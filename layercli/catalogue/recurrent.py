"""Recurrent layers, and the cells that do one step of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from layercli.catalogue import macs, work
from layercli.catalogue.arguments import expect_bool, expect_int
from layercli.catalogue.dtypes import promote_dtypes
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module, State
from layercli.catalogue.rules import broadcast_shapes, expect_tensor, tell_count
from layercli.catalogue.tensors import Shape, Tensor, contiguous_strides, refuse


def _check_arguments(layer: Module) -> None:
    """What RNN, LSTM and GRU ask of their arguments. Raises Refusal."""
    for name in ("bias", "batch_first", "bidirectional"):
        expect_bool(layer.arguments[name], name)
    for name in ("input_size", "hidden_size", "num_layers"):
        if layer.arguments[name] <= 0:
            refuse(f"{name} must be greater than 0", name, "invalid-argument")
    dropout = layer.dropout
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
        refuse(f"dropout must be a number from 0 to 1, not {dropout!r}", "dropout", "invalid-argument")
    if layer.arguments.get("nonlinearity", "tanh") not in ("tanh", "relu"):
        refuse(
            f"nonlinearity is 'tanh' or 'relu', not {layer.nonlinearity!r}",
            "nonlinearity",
            "invalid-argument",
        )
    if not 0 <= expect_int(_projection(layer), "proj_size") < layer.hidden_size:
        refuse("proj_size must be at least 0 and below hidden_size", "proj_size", "invalid-argument")


def _projection(layer: Module) -> Any:
    return layer.arguments.get("proj_size", 0)


def _hidden(layer: Module) -> Any:
    """The features of the hidden state: proj_size where there is a projection, else hidden_size."""
    return _projection(layer) or layer.hidden_size


def _directions(layer: Module) -> int:
    return 2 if layer.bidirectional else 1


def hold_gates(gates: int) -> Callable[[Module], Iterator[State]]:
    """The weights and biases of every layer and direction, those of all gates in one tensor.

    ``weight_ih_l[k]`` is (gates * hidden_size, features of the layer below), ``weight_hh_l[k]`` (gates * hidden_size,
    features of the hidden state), the biases (gates * hidden_size,), ``weight_hr_l[k]`` (proj_size, hidden_size).
    """

    def state(layer: Module) -> Iterator[State]:
        _check_arguments(layer)
        size, hidden = layer.hidden_size, _hidden(layer)
        for number in range(layer.num_layers):
            below = layer.input_size if number == 0 else hidden * _directions(layer)
            for suffix in ("", "_reverse")[: _directions(layer)]:
                yield State(f"weight_ih_l{number}{suffix}", (gates * size, below))
                yield State(f"weight_hh_l{number}{suffix}", (gates * size, hidden))
                if layer.bias:
                    yield State(f"bias_ih_l{number}{suffix}", (gates * size,))
                    yield State(f"bias_hh_l{number}{suffix}", (gates * size,))
                if _projection(layer):
                    yield State(f"weight_hr_l{number}{suffix}", (_projection(layer), size))

    return state


def look_twice(names: Sequence[str]) -> Iterable[str]:
    """The wrapped tensors that a call reads: the first, twice, has changed, and so all are read again, each twice."""
    return [name for name in (*names[:1], *names) for _ in range(2)]


def _run_sequence(layer: Module, input: Any) -> tuple[Tensor, Shape]:
    """The output of a whole sequence, and the shape of its states without their features. Raises Refusal.

    The kernels run over (L, N, features) and give the output a view of that, also where batch_first says (N, L,
    features).
    """
    tensor = expect_tensor(input, "input")
    if tensor.dim not in (2, 3):
        refuse(f"expects 2 or 3 dimensions and got {tensor.dim}: {tensor!r}", "input")
    if tensor.dtype != layer.dtype:
        refuse(f"expects {layer.dtype} and got {tensor.dtype}", "input", "dtype-mismatch")
    if tensor.shape[-1] != layer.input_size:
        refuse(
            f"expects {tell_count(layer.input_size, 'feature')} in the last dimension and got {tensor.shape[-1]}: {tensor!r}"
        )
    batched, first = tensor.dim == 3, layer.batch_first
    length = tensor.shape[1 if batched and first else 0]
    if length == 0:
        refuse(f"needs a sequence of at least one step: {tensor!r}", "input")
    features = _hidden(layer) * _directions(layer)
    count = layer.num_layers * _directions(layer)
    if not batched:
        return Tensor(tensor.dtype, (length, features)), (count,)
    batch = tensor.shape[0 if first else 1]
    step, row, column = contiguous_strides((length, batch, features))
    if first:
        return Tensor(tensor.dtype, (batch, length, features), (row, step, column)), (count, batch)
    return Tensor(tensor.dtype, (length, batch, features), (step, row, column)), (count, batch)


def _check_shape(state: Any, shape: Shape, name: str) -> Tensor:
    """An initial state, which has to be of this shape. Raises Refusal."""
    tensor = expect_tensor(state, name)
    if tensor.dim != len(shape) or any(
        own != wanted for own, wanted in zip(tensor.shape, shape, strict=True)
    ):
        refuse(f"expects {name} of {list(shape)} and got {list(tensor.shape)}", "hx")
    return tensor


def _check_state(layer: Module, state: Any, shape: Shape, name: str) -> None:
    """Refuse an initial state of another shape or dtype."""
    tensor = _check_shape(state, shape, name)
    if tensor.dtype != layer.dtype:
        refuse(f"expects {layer.dtype} as {name} and got {tensor.dtype}", "hx", "dtype-mismatch")


def _find_cell_dtype(layer: Module, state: Any, shape: Shape, *, once: bool) -> str:
    """The dtype that an LSTM carries on from its initial cell state. Raises Refusal.

    The state is multiplied by gates and so promoted. The next step multiplies by weights, which takes their dtype
    only; a single step (``once``) doesn't get there.
    """
    tensor = _check_shape(state, shape, "c_0")
    dtype = promote_dtypes(layer.dtype, tensor.dtype)
    if dtype != layer.dtype and not once:
        refuse(f"expects {layer.dtype} as c_0 and got {tensor.dtype}", "hx", "dtype-mismatch")
    return dtype


def _unpack_states(hx: Any) -> tuple[Any, Any]:
    """The hidden and the cell state. Raises Refusal."""
    if not isinstance(hx, (tuple, list)) or len(hx) != 2:
        refuse("needs a tuple of two tensors as hx, the hidden and the cell state", "hx", "wrong-kind")
    return hx[0], hx[1]


def run_sequence(layer: Module, input: Any, hx: Any = None) -> tuple[Tensor, Tensor]:
    """(L, N, input_size), (N, L, input_size) with batch_first, or (L, input_size), to the output and the last states.

    The output has D * hidden_size features, D directions; the states are (D * num_layers, N, hidden_size).
    Sources: torch.nn.RNN, torch.nn.GRU.
    """
    output, count = _run_sequence(layer, input)
    shape = (*count, layer.hidden_size)
    if hx is not None:
        _check_state(layer, hx, shape, "hx")
    return output, Tensor(output.dtype, shape)


def run_lstm(layer: Module, input: Any, hx: Any = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """As ``run_sequence``, with a tuple of hidden and cell states. Hidden ones have proj_size features, if any.

    Source: torch.nn.LSTM.
    """
    output, count = _run_sequence(layer, input)
    hidden, cell = (*count, _hidden(layer)), (*count, layer.hidden_size)
    dtype = output.dtype
    if hx is not None:
        h, c = _unpack_states(hx)
        _check_state(layer, h, hidden, "h_0")
        if dtype == "float32" and not layer.proj_size:
            # The kernel of oneDNN promotes nothing.
            _check_state(layer, c, cell, "c_0")
        else:
            first = len(count) > 1 and layer.batch_first
            short = layer.num_layers == 1 and not layer.proj_size and output.shape[1 if first else 0] == 1
            dtype = _find_cell_dtype(layer, c, cell, once=short)
    return Tensor(dtype, output.shape, output.strides), (Tensor(dtype, hidden), Tensor(dtype, cell))


def hold_cell(gates: int) -> Callable[[Module], Iterator[State]]:
    """``weight_ih`` of (gates * hidden_size, input_size), ``weight_hh`` of (gates * hidden_size, hidden_size), biases."""

    def state(layer: Module) -> Iterator[State]:
        yield State("weight_ih", (gates * layer.hidden_size, layer.input_size))
        yield State("weight_hh", (gates * layer.hidden_size, layer.hidden_size))
        if layer.bias:
            yield State("bias_ih", (gates * layer.hidden_size,))
            yield State("bias_hh", (gates * layer.hidden_size,))

    return state


def _run_step(layer: Module, input: Any) -> Tensor:
    """The next state of a cell. Raises Refusal."""
    tensor = expect_tensor(input, "input")
    if tensor.dim not in (1, 2):
        refuse(f"expects 1 or 2 dimensions and got {tensor.dim}: {tensor!r}", "input")
    if tensor.dtype != layer.dtype:
        refuse(f"expects {layer.dtype} and got {tensor.dtype}", "input", "dtype-mismatch")
    if tensor.shape[-1] != layer.input_size:
        refuse(
            f"expects {tell_count(layer.input_size, 'feature')} in the last dimension and got {tensor.shape[-1]}: {tensor!r}"
        )
    return Tensor(tensor.dtype, (*tensor.shape[:-1], layer.hidden_size))


def run_cell(layer: Module, input: Any, hx: Any = None) -> Tensor:
    """(N, input_size) or (input_size,), and a state, to the next state of hidden_size. Sources: torch.nn.RNNCell, GRUCell."""
    if layer.arguments.get("nonlinearity", "tanh") not in ("tanh", "relu"):
        refuse(
            f"knows 'tanh' and 'relu' as nonlinearity, not {layer.nonlinearity!r}", code="invalid-argument"
        )
    result = _run_step(layer, input)
    if hx is None:
        return result
    shape = _widen_step(result, hx) if "nonlinearity" in layer.arguments else result.shape
    if len(shape) > result.dim and hx.shape[-1] == layer.hidden_size:
        result = Tensor(result.dtype, shape)
    _check_state(layer, hx, result.shape, "hx")
    return result


def _widen_step(step: Tensor, state: Any) -> Shape:
    """The shape that the next state has. Without a batch PyTorch looks at the first dimension of a state alone,
    and broadcasts a matrix against the gates.
    """
    if step.dim == 1 and isinstance(state, Tensor) and state.dim == 2 and state.shape[0] == step.shape[0]:
        return broadcast_shapes([step.shape, state.shape])
    return step.shape


def run_lstm_cell(layer: Module, input: Any, hx: Any = None) -> tuple[Tensor, Tensor]:
    """As ``run_cell``, with a tuple of hidden and cell state. Source: torch.nn.LSTMCell."""
    result = _run_step(layer, input)
    if hx is not None:
        h, c = _unpack_states(hx)
        _check_state(layer, h, result.shape, "h_0")
        shape = _widen_step(result, c)
        dtype = _find_cell_dtype(layer, c, result.shape if len(shape) == result.dim else c.shape, once=True)
        result = Tensor(dtype, shape)
    return result, Tensor(result.dtype, result.shape)


LAYERS: tuple[Layer, ...] = (
    Layer(
        "RNN",
        "input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, batch_first=False, "
        "dropout=0.0, bidirectional=False, *, dtype=None",
        "Carries one hidden state through a sequence, h' = tanh(W x + U h + b), in one or more layers.",
        state=hold_gates(1),
        rule=run_sequence,
        accesses=look_twice,
        macs=macs.recur(1),
        work=work.recur(1),
    ),
    Layer(
        "LSTM",
        "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, "
        "bidirectional=False, proj_size=0, *, dtype=None",
        "Carries a hidden and a cell state through a sequence, with input, forget and output gates.",
        state=hold_gates(4),
        rule=run_lstm,
        accesses=look_twice,
        macs=macs.recur(4),
        work=work.recur(4),
    ),
    Layer(
        "GRU",
        "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, "
        "bidirectional=False, *, dtype=None",
        "Carries one hidden state through a sequence, with reset and update gates.",
        state=hold_gates(3),
        rule=run_sequence,
        accesses=look_twice,
        macs=macs.recur(3),
        work=work.recur(3),
    ),
    Layer(
        "RNNCell",
        "input_size, hidden_size, bias=True, nonlinearity='tanh', *, dtype=None",
        "Does one step of an RNN of one layer.",
        state=hold_cell(1),
        rule=run_cell,
        macs=macs.step_once(1),
        work=work.step_once(1),
    ),
    Layer(
        "LSTMCell",
        "input_size, hidden_size, bias=True, *, dtype=None",
        "Does one step of an LSTM of one layer, from a hidden and a cell state to the next ones.",
        state=hold_cell(4),
        rule=run_lstm_cell,
        macs=macs.step_once(4),
        work=work.step_once(4),
    ),
    Layer(
        "GRUCell",
        "input_size, hidden_size, bias=True, *, dtype=None",
        "Does one step of a GRU of one layer.",
        state=hold_cell(3),
        rule=run_cell,
        macs=macs.step_once(3),
        work=work.step_once(3),
    ),
    Layer(
        "RNNBase",
        "mode, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, "
        "bidirectional=False, proj_size=0, *, dtype=None",
        "Holds the weights that RNN, LSTM and GRU have in common.",
        refused="it is the part that RNN, LSTM and GRU share and has no use of its own",
    ),
    Layer(
        "RNNCellBase",
        "input_size, hidden_size, bias, num_chunks, *, dtype=None",
        "Holds the weights that RNNCell, LSTMCell and GRUCell have in common.",
        refused="it is the part that RNNCell, LSTMCell and GRUCell share and has no forward",
    ),
)
