"""Recurrent layers, and the cells that do one step of them."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "RNN",
        "input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, batch_first=False, "
        "dropout=0.0, bidirectional=False, *, dtype=None",
        "Carries one hidden state through a sequence, h' = tanh(W x + U h + b), in one or more layers.",
    ),
    Layer(
        "LSTM",
        "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, "
        "bidirectional=False, proj_size=0, *, dtype=None",
        "Carries a hidden and a cell state through a sequence, with input, forget and output gates.",
    ),
    Layer(
        "GRU",
        "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, "
        "bidirectional=False, *, dtype=None",
        "Carries one hidden state through a sequence, with reset and update gates.",
    ),
    Layer(
        "RNNCell",
        "input_size, hidden_size, bias=True, nonlinearity='tanh', *, dtype=None",
        "Does one step of an RNN of one layer.",
    ),
    Layer(
        "LSTMCell",
        "input_size, hidden_size, bias=True, *, dtype=None",
        "Does one step of an LSTM of one layer, from a hidden and a cell state to the next ones.",
    ),
    Layer(
        "GRUCell",
        "input_size, hidden_size, bias=True, *, dtype=None",
        "Does one step of a GRU of one layer.",
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
