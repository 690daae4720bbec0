"""Traces written by hand, as the tracer would give them."""

from __future__ import annotations

from typing import Any

from layercli.errors import Position, Source
from layercli.trace import DictType, PlainType, Row, TensorRecord, TensorType, Tie, Trace, Type, Uncalled

SPEC = Source("lenet.yaml", "name: LeNet\n")


def tensor(*shape: int, dtype: str = "float32") -> TensorType:
    return TensorType(dtype, shape)


def layer(path: str, type: str, given: Type, output: Type, parameters: int = 0, **further: Any) -> Row:
    further.setdefault("trainable", parameters)
    further.setdefault("bytes", 4 * parameters)
    further.setdefault("call", 1)
    return Row(
        path=path,
        kind="layer",
        type=type,
        depth=path.count("."),
        inputs=(given,),
        output=output,
        parameters=parameters,
        **further,
    )


def operation(path: str, type: str, given: Type, output: Type, **further: Any) -> Row:
    depth = path.count(".")
    return Row(path, "operation", type, 1, depth, (given,), output, **further)


def make_trace(
    *rows: Row, model: str = "Net", inputs: Type = None, output: Type = None, **further: Any
) -> Trace:
    return Trace(
        model=model,
        engine="run",
        device="cpu",
        mode="eval",
        inputs=(("x", inputs or tensor(1, 8)),),
        output=output,
        rows=rows,
        **further,
    )


def make_lenet(side: int = 32) -> Trace:
    """LeNet on images of ``side`` pixels; on all but 32 it fails at ``fc1``."""
    halves = [side - 4, (side - 4) // 2, (side - 4) // 2 - 2, ((side - 4) // 2 - 2) // 2]
    image, first, second = (
        tensor(1, 1, side, side),
        tensor(1, 6, halves[0], halves[0]),
        tensor(1, 16, halves[2], halves[2]),
    )
    pooled, last = tensor(1, 6, halves[1], halves[1]), tensor(1, 16, halves[3], halves[3])
    flat, wide, narrow, end = tensor(1, 16 * halves[3] ** 2), tensor(1, 120), tensor(1, 84), tensor(1, 10)
    rows = (
        layer(
            "conv1", "Conv2d", image, first, 156, macs=117_600, flops=239_904, position=Position(SPEC, 7, 10)
        ),
        operation("relu", "relu", first, first, macs=0, flops=4_704),
        operation("max_pool2d", "max_pool2d", first, pooled, macs=0, flops=3_528),
        layer("conv2", "Conv2d", pooled, second, 880, macs=124_416, flops=251_136),
        operation("relu_1", "relu", second, second, macs=0, flops=2_304),
        operation("max_pool2d_1", "max_pool2d", second, last, macs=0, flops=1_728),
        operation("flatten", "flatten", last, flat, macs=0, flops=0),
        layer("fc1", "Linear", flat, wide, 69_240, macs=69_120, flops=138_360),
        operation("relu_2", "relu", wide, wide, macs=0, flops=120),
        layer("fc2", "Linear", wide, narrow, 10_164, macs=10_080, flops=20_244),
        operation("relu_3", "relu", narrow, narrow, macs=0, flops=84),
        layer("fc3", "Linear", narrow, end, 850, macs=840, flops=1_690),
    )
    if side == 32:
        return make_trace(*rows, model="LeNet", inputs=image, output=end, spec="lenet.yaml", dims=(("N", 1),))
    failing = layer("fc1", "Linear", flat, None, 69_240, finished=False)
    uncalled = (Uncalled("fc2", "Linear", 10_164), Uncalled("fc3", "Linear", 850))
    return make_trace(
        *rows[:7],
        failing,
        model="LeNet",
        inputs=image,
        spec="lenet.yaml",
        dims=(("N", 1),),
        never_called=uncalled,
        failed=True,
    )


def make_block(path: str, source: str, **further: Any) -> tuple[Row, ...]:
    """One block of GPT-2: layers in layers, operations, and a container that isn't called."""
    hidden, wide = tensor(1, 16, 768), tensor(1, 16, 3072)
    return (
        layer(path, "Block", hidden, hidden, arguments="Block(768, 12)", sources=(source,), **further),
        layer(f"{path}.ln_1", "LayerNorm", hidden, hidden, 1_536, sources=("x",)),
        layer(f"{path}.attn", "Attention", hidden, hidden, 2_362_368, sources=("ln_1",)),
        operation(f"{path}.add", "add", hidden, hidden, sources=("x", "attn")),
        layer(f"{path}.mlp.c_fc", "Linear", hidden, wide, 2_362_368, sources=("add",)),
        layer(f"{path}.mlp.act", "GELU", wide, wide, sources=("mlp.c_fc",)),
        layer(f"{path}.mlp.c_proj", "Linear", wide, hidden, 2_360_064, sources=("mlp.act",)),
    )


def make_gpt2(blocks: int = 12) -> Trace:
    """A model like GPT-2: alike blocks and a weight tied to the embedding."""
    ids, hidden, logits = tensor(1, 16, dtype="int64"), tensor(1, 16, 768), tensor(1, 16, 50257)
    rows = [
        layer("transformer", "GPT2Model", ids, hidden),
        layer("transformer.wte", "Embedding", ids, hidden, 38_597_376),
        layer("transformer.wpe", "Embedding", ids, hidden, 786_432),
        operation("transformer.add", "add", hidden, hidden),
    ]
    for index in range(blocks):
        source = f"h.{index - 1}" if index else "add"
        rows += make_block(f"transformer.h.{index}", source)
    rows += [
        layer("transformer.ln_f", "LayerNorm", hidden, hidden, 1_536),
        layer("lm_head", "Linear", hidden, logits, tied=(Tie("lm_head.weight", "transformer.wte.weight"),)),
    ]
    return make_trace(
        *rows, model="GPT2", inputs=ids, output=logits, spec="gpt2.yaml", dims=(("N", 1), ("T", 16))
    )


def make_tagger() -> Trace:
    """An LSTM, whose output is a tuple."""
    words, embedded = tensor(5, dtype="int64"), tensor(5, 6)
    line, state, tags = tensor(5, 1, 6), tensor(1, 1, 6), tensor(5, 3)
    return make_trace(
        layer("word_embeddings", "Embedding", words, embedded, 30),
        operation("view", "view", embedded, line),
        layer("lstm", "LSTM", line, (line, (state, state)), 336),
        operation("view_1", "view", line, embedded),
        layer("hidden2tag", "Linear", embedded, tags, 21),
        operation("log_softmax", "log_softmax", tags, tags),
        model="LSTMTagger",
        inputs=words,
        output=tags,
        spec="lstmtagger.yaml",
        dims=(("T", 5),),
    )


def make_tensors() -> tuple[TensorRecord, ...]:
    """A tied, a frozen and two buffers among usual parameters."""

    def parameter(name: str, *shape: int, **further: Any) -> TensorRecord:
        owner = name.rpartition(".")[0]
        size = tensor(*shape)
        number = 4
        for length in shape:
            number *= length
        further.setdefault("trainable", True)
        return TensorRecord(name, "parameter", size, owner, further.pop("owner_type"), number, **further)

    return (
        parameter("scale", 8, owner_type="Net"),
        parameter("wte.weight", 1000, 8, owner_type="Embedding"),
        parameter("norm.weight", 8, owner_type="BatchNorm1d", trainable=False),
        parameter("norm.bias", 8, owner_type="BatchNorm1d", trainable=False),
        TensorRecord("norm.running_mean", "buffer", tensor(8), "norm", "BatchNorm1d", 32),
        TensorRecord(
            "norm.mask", "buffer", tensor(2, 2, dtype="bool"), "norm", "BatchNorm1d", 4, persistent=False
        ),
        parameter("lm_head.weight", 1000, 8, owner_type="Linear", tied="wte.weight"),
        parameter("lm_head.bias", 1000, owner_type="Linear"),
    )


def make_deep() -> Trace:
    """Names too long for most terminals, one layer of which holds a weight tied to another's."""
    hidden = tensor(2, 197, 768)
    path = "vision_model.encoder.transformer_layers.0"
    tie = Tie(f"{path}.mlp.output_projection.weight", f"{path}.mlp.input_projection.weight")
    return make_trace(
        layer("vision_model", "VisionTransformer", hidden, hidden, 1_000, buffers=197),
        layer(f"{path}.self_attention.query_key_value_projection", "Linear", hidden, hidden, 1_771_776),
        layer(f"{path}.self_attention.attention_dropout", "Dropout", hidden, hidden),
        layer(f"{path}.mlp.input_projection", "Linear", hidden, hidden, 590_592, trainable=0),
        layer(f"{path}.mlp.output_projection", "Linear", hidden, hidden, 768, tied=(tie,)),
        model="VisionTransformerForImageClassification",
        inputs=tensor(2, 3, 224, 224),
        spec="configs/vision-transformer.yaml",
        dims=(("N", 2), ("H", 224), ("W", 224)),
        notes=("meta was chosen for the device, as float32[2, 197, 768] and its like won't fit",),
    )


def make_hostile() -> Trace:
    """Names and types that markup, a terminal or a table would read as something else."""
    given = tensor(1, 3)
    return make_trace(
        layer("[b, 3]", "Conv2d[/x]", given, given, 3),
        layer("a|b`c", "<script>", given, (given, None), 4),
        layer(
            "esc\x1b[31m", "two\nlines\r", given, DictType((("lo|gits", given), ("@mention", PlainType("3"))))
        ),
        operation("añb·漢字", "=cmd", given, given),
        operation("add", "+1", given, given),
        model="[red]Net[/red]",
        spec="\x1b[2J.yaml",
    )


def make_uncalled() -> Trace:
    """Attention whose projections are never called, and a layer that nobody uses."""
    hidden = tensor(10, 1, 64)
    rows = []
    uncalled = []
    for index in range(12):
        rows.append(layer(f"layers.{index}", "TransformerEncoderLayer", hidden, hidden))
        rows.append(layer(f"layers.{index}.self_attn", "MultiheadAttention", hidden, (hidden, None), 12_480))
        uncalled.append(
            Uncalled(
                f"layers.{index}.self_attn.out_proj",
                "NonDynamicallyQuantizableLinear",
                4_160,
                4_160,
                0,
                16_640,
                used_by=f"layers.{index}.self_attn",
            )
        )
    uncalled.append(Uncalled("spare", "Linear", 330, 330, 0, 1_320))
    return make_trace(*rows, model="Encoder", inputs=hidden, output=hidden, never_called=tuple(uncalled))


def make_repeated() -> Trace:
    """A layer called twice, the second time inside another."""
    given = tensor(1, 8)
    return make_trace(
        layer("shared", "Linear", given, given, 72, macs=64),
        operation("relu", "relu", given, given),
        layer("shared", "Linear", given, given, call=2, macs=64),
        output=given,
    )
