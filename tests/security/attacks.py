"""What a stranger's spec may try: each attack is a text, and the error that is all that comes of it.

``{PWN}`` stands for a shell command that would leave a file behind. Long texts are made by the functions below.
"""

from __future__ import annotations

from dataclasses import dataclass

PWN = "touch PWNED"
#: The commands that read a spec without PyTorch, and with it.
READ = "validate net.yaml"
DERIVE = "trace net.yaml --static"
RUN = "trace net.yaml --run --device cpu"


#: With few steps, so that what takes most of them takes little time.
FEW = f"{DERIVE} --limit steps=300000"


@dataclass(frozen=True)
class Attack:
    """A spec, the command that is given it, and the code of the error (with several, one of each) that it ends in.

    ``files`` lie beside the spec, or below it.
    """

    name: str
    text: str
    codes: str
    command: str = READ
    files: tuple[tuple[str, str], ...] = ()


_INPUTS = "inputs: {x: [1, 8]}\n"
_FC = _INPUTS + "layers: {fc: 'Linear(8, 8)'}\n"


def layer(
    name: str, value: str, codes: str, command: str = READ, files: tuple[tuple[str, str], ...] = ()
) -> Attack:
    """An attack by the value of a layer, on the line below its name."""
    return Attack(name, f"{_INPUTS}layers:\n  fc: {value}\n", codes, command, files)


def statement(name: str, text: str, codes: str, command: str = READ) -> Attack:
    """An attack by a statement of ``forward``."""
    body = "\n".join("  " + line for line in text.split("\n"))
    return Attack(name, f"{_FC}forward: |\n{body}\n  return fc(x)\n", codes, command)


def call(name: str, inputs: str, text: str, codes: str, command: str = RUN) -> Attack:
    """An attack by one call, of whose result nothing is asked. ``inputs`` are entries of a flow mapping."""
    return Attack(
        name,
        f"inputs: {{{inputs}}}\nlayers: {{keep: Identity()}}\nforward:\n  - {text}\n  - keep\n",
        codes,
        command,
    )


def blocks(depth: int, body: str) -> str:
    """Blocks that hold each other: ``body`` is the layers and the forward of each, ``{below}`` the one below it."""
    text = _INPUTS + "blocks:\n  B0: {inputs: [x], layers: {f: 'Linear(8, 8)'}, forward: ['f(x)']}\n"
    for number in range(1, depth + 1):
        text += f"  B{number}: {{inputs: [x], {body.format(below=f'B{number - 1}()')}}}\n"
    return f"{text}layers: {{top: B{depth}()}}\n"


DEEP = 40_000

PARSING = (
    Attack("nested-brackets", _INPUTS + "layers: " + "[" * DEEP, "yaml-depth"),
    Attack("nested-dashes", _INPUTS + "layers:\n  " + "- " * DEEP, "yaml-depth"),
    Attack("nested-braces", _INPUTS + "layers: " + "{a: " * DEEP, "yaml-depth"),
    Attack("nested-questions", _INPUTS + "layers:\n  " + "? " * DEEP, "yaml-key"),
    Attack(
        "nested-indentation",
        _INPUTS + "layers:\n" + "\n".join(f"{' ' * n}a:" for n in range(2, 900)),
        "yaml-depth",
    ),
    layer("parser-brackets", "'Linear(8, " + "(" * 4_000 + "8'", "too-deep"),
    layer("parser-signs", "'Linear(8, " + "-" * 9_000 + "8)'", "too-deep"),
    layer("parser-nots", "'Linear(8, " + "not " * 2_000 + "8)'", "too-deep"),
    layer("parser-ifs", "'Linear(8, " + "8 if 1 else " * 800 + "8)'", "too-deep"),
    statement("parser-attributes", "y = x" + ".T" * 4_900, "too-deep"),
    statement("parser-calls", "y = x" + "(1)" * 3_000, "too-deep"),
    statement("parser-subscripts", "y = x" + "[0]" * 3_000, "too-deep"),
    statement("parser-sums", "y = x" + " + x" * 2_400, "too-deep"),
    statement(
        "parser-compares",
        "y = x" + " < x" * 2_400,
        "wrong-kind too-deep tensor-truth not-in-language too-long",
    ),
    statement("parser-elifs", "if 1 == 2:\n  y = x" + "\nelif 1 == 2:\n  y = x" * 4_000, "too-deep"),
    statement("parser-statements", "x = x\n" * 30_000, "too-long"),
    layer("huge-hexadecimal", "'Linear(8, 0x" + "f" * 9_000 + ")'", "number-too-large"),
    layer("huge-decimal", "'Linear(8, " + "9" * 9_000 + ")'", "number-too-large"),
    layer("huge-underscores", "'Linear(8, 1" + "_0" * 4_000 + ")'", "number-too-large"),
    layer("huge-power", "'Linear(8, 10 ** 10 ** 10)'", "number-too-large"),
    layer("huge-shift", "'Linear(8, 1 << 10 ** 10)'", "not-in-language"),
    layer("huge-float", "'Linear(8, int(1e308))'", "number-too-large"),
    layer("infinite-int", "'Linear(8, int(math.inf))'", "wrong-kind number-too-large"),
    layer("huge-text", "'Linear(8, \"a\" * 10 ** 9)'", "too-long"),
    layer("huge-list", "'Linear(8, [1] * 10 ** 9)'", "too-long"),
    layer("huge-range", "'Linear(8, sum(range(10 ** 12)))'", "too-long"),
    Attack("line-separator", _FC + "# " + chr(0x2028) + "blocks: {}\n", "line-separator"),
    Attack("paragraph-separator", _FC + "# " + chr(0x2029) + "blocks: {}\n", "line-separator"),
    Attack("next-line", _FC + "# " + chr(0x85) + "blocks: {}\n", "line-separator"),
    Attack("lone-carriage-return", _FC + "# \rblocks: {}\n", "lone-carriage-return"),
    Attack("escaped-next-line", _INPUTS + 'layers: {fc: "Linear(8,\\x85 8)"}\n', "control-character"),
    Attack("right-to-left", _FC + "# \u202e\n", "bidirectional-character"),
    Attack("terminal-escape", _FC + "# \x1b[2J\n", "control-character"),
    layer("folded-identifier", "'\uff2cinear(8, 8)'", "not-ascii"),
    statement("folded-attribute", "y = x.\ufb02atten(1)", "not-ascii"),
    Attack("folded-key", _INPUTS + "layers: {'\ufb01c': 'Linear(8, 8)'}\n", "bad-name"),
    Attack("anchors", "a: &a [x, x]\nb: &b [*a, *a]\n" + _FC, "yaml-anchor"),
    Attack("merge-keys", _INPUTS + "layers: {fc: 'Linear(8, 8)', <<: {a: 'ReLU()'}}\n", "yaml-merge"),
    Attack("documents", _FC + "---\n" + _FC, "yaml-documents"),
    Attack("doubled-key", _FC + "layers: {fc: 'Linear(8, 9)'}\n", "yaml-duplicate-key"),
    Attack("nul", _FC + "# \0\n", "control-character"),
)

CODE = (
    statement("module-of-functional", "F.importlib.import_module('os').system('{PWN}')", "unknown-function"),
    statement("torch-of-functional", "F.torch.load('net.yaml')", "unknown-function"),
    statement("handle-torch-function", "F.handle_torch_function(print, (x,), x)", "refused-name"),
    layer("module-of-utils", "torch.nn.utils.rnn.torch.os.system('{PWN}')", "unknown-layer"),
    layer("module-of-nn", "nn.modules.os.system('{PWN}')", "unknown-layer"),
    layer("hub", "torch.hub.load('a/b', 'c')", "unknown-function refused-name"),
    statement("load", "torch.load('net.yaml')", "refused-name"),
    statement("from-file", "torch.from_file('/etc/passwd', size=10)", "refused-name"),
    statement("compile", "torch.compile(fc)", "refused-name unknown-function"),
    statement("ops", "torch.ops.aten.empty(3)", "unknown-function refused-name"),
    statement("classes", "torch.classes.load_library('a.so')", "unknown-function refused-name"),
    statement("load-library", "torch._C._jit_set_profiling_mode(True)", "unknown-function refused-name"),
    layer("activation-builtin", "TransformerEncoderLayer(8, 1, activation=print)", "unknown-name"),
    layer("activation-file", "TransformerEncoderLayer(8, 1, activation=torch.load)", "refused-name"),
    layer("activation-text", "TransformerEncoderLayer(8, 1, activation='os.system')", "invalid-argument"),
    layer("distance-builtin", "TripletMarginWithDistanceLoss(distance_function=eval)", "unknown-name"),
    layer("distance-state", "TripletMarginWithDistanceLoss(distance_function=torch.set_default_dtype)", "refused-name"),
    layer("distance-creates", "TripletMarginWithDistanceLoss(distance_function=torch.zeros)", "refused-argument"),
    layer("device", "Linear(8, 8, device='hpu')", "refused-argument"),
    statement("device-of-function", "y = torch.zeros(3, device='privateuseone')", "refused-argument"),
    statement("device-of-to", "y = x.to('xla')", "refused-argument"),
    statement("default-tensor-type", "torch.set_default_tensor_type('torch.DoubleTensor')", "refused-name"),
    statement("default-device", "torch.set_default_device('cuda')", "refused-name"),
    statement("threads", "torch.set_num_threads(1000)", "refused-name"),
    statement("seed", "torch.manual_seed(0)", "refused-name"),
    Attack("named-modules", _INPUTS + "layers: {_modules: 'Linear(8, 8)'}\n", "bad-name"),
    Attack("named-forward", _INPUTS + "layers: {forward: 'Linear(8, 8)'}\n", "bad-name"),
    Attack("named-class", _INPUTS + "layers: {__class__: 'Linear(8, 8)'}\n", "bad-name"),
    layer("named-in-dict", "\"ModuleDict({'_modules': Linear(8, 8)})\"", "bad-name"),
    Attack("named-by-block", _INPUTS + "blocks: {B: {inputs: [x], layers: {__init__: 'ReLU()'}}}\nlayers: {b: B()}\n", "bad-name"),
    statement("dunder", "y = x.__class__.__init__.__globals__", "unknown-method"),
    statement("dunder-of-text", "y = ''.__class__", "unknown-method"),
    statement("dunder-of-self", "y = self.__class__", "unknown-name"),
    statement("format", "y = '{0.__class__}'.format(x)", "unknown-method"),
    statement("f-string", "y = f'{x.__class__}'", "not-in-language"),
    statement("hook", "fc.register_forward_hook(relu)", "unknown-name"),
    statement("apply", "fc.apply(relu)", "unknown-name"),
    statement("map", "x.map_(x, relu)", "refused-name"),
    statement("tensor-hook", "x.register_hook(relu)", "refused-name"),
    statement("numpy", "y = x.numpy()", "refused-name"),
    statement("pointer", "y = x.data_ptr()", "refused-name"),
    statement("import", "import os", "not-in-language"),
    statement("eval", "eval('1')", "unknown-function"),
    statement("open", "open('/etc/passwd')", "unknown-function"),
    statement("builtins", "__builtins__", "unknown-name bad-name"),
    statement("lambda", "(lambda: x)()", "not-in-language"),
    statement("walrus", "(y := x)", "not-in-language"),
    statement("global", "global x", "not-in-language"),
    statement("delete", "del x", "not-in-language"),
    statement("class", "class A: pass", "not-in-language"),
    statement("with", "with torch.enable_grad(): pass", "not-in-language"),
)  # fmt: skip

MEMORY = (
    *(
        statement(f"memory-{name}", f"y = {text}", "refused-name unknown-function unknown-method")
        for name, text in {
            "empty": "torch.empty(100)",
            "empty-like": "torch.empty_like(x)",
            "empty-strided": "torch.empty_strided((3,), (1,))",
            "empty-permuted": "torch.empty_permuted((3,), (0,))",
            "new-empty": "x.new_empty(3)",
            "new-empty-strided": "x.new_empty_strided((3,), (1,))",
            "resize": "x.resize_(100)",
            "resize-as": "x.resize_as_(x)",
            "set": "x.set_(x)",
            "as-strided": "x.as_strided((100,), (1,))",
            "as-strided-scatter": "torch.as_strided_scatter(x, x, (1,), (1,))",
            "native-dropout": "torch.native_dropout(x, 0.5, True)",
            "native-batch-norm": "torch.native_batch_norm(x, x, x, x, x, True, 0.1, 1e-5)",
            "data": "x.data",
            "storage": "x.untyped_storage()",
            "frombuffer": "torch.frombuffer(x)",
            "sparse": "torch.sparse_coo_tensor(x, x)",
            "segment-reduce": "torch.segment_reduce(x, 'sum')",
            "quantized": "torch.quantize_per_tensor(x, 1.0, 0, float32)",
            "module-tensor": "torch.Tensor(100)",
            "float-tensor": "torch.FloatTensor(100)",
        }.items()
    ),
    layer("memory-parameter", "Parameter(torch.empty(3))", "refused-name"),
)

_CTC = "x: 'rand(5, 2, 3).log_softmax(2)'"
KERNELS = (
    call("ctc-labels", _CTC, "F.ctc_loss(x, full((2, 2), 2 ** 40, dtype=int64), tensor([5, 5]), tensor([2, 2]))", "invalid-argument"),
    call("ctc-label-one-past", _CTC, "F.ctc_loss(x, full((2, 2), 3), tensor([5, 5]), tensor([2, 2]))", "invalid-argument"),
    call("ctc-label-negative", _CTC, "F.ctc_loss(x, full((4,), -1), tensor([5, 5]), tensor([2, 2]))", "invalid-argument"),
    call("ctc-by-name", _CTC, "F.ctc_loss(target_lengths=(2, 2), input_lengths=(5, 5), targets=full((2, 2), 9), log_probs=x)", "invalid-argument"),
    Attack("ctc-layer", f"inputs: {{{_CTC}}}\nlayers: {{loss: CTCLoss()}}\nforward:\n  - loss(x, full((2, 2), 2 ** 40, dtype=int64), tensor([5, 5]), tensor([2, 2]))\n", "invalid-argument", RUN),
    call("div-least", "x: 'full((4,), -(2 ** 63))'", "div(x, -1, rounding_mode='trunc')", "invalid-argument"),
    call("div-least-method", "x: 'full((4,), -(2 ** 31), dtype=int32)'", "x.div(x // x - 2, rounding_mode='trunc')", "invalid-argument"),
    call("div-least-in-place", "x: 'full((4,), -(2 ** 63))'", "x.clone().divide_(tensor(-1), rounding_mode='trunc')", "invalid-argument"),
    call("div-least-numpy-words", "x: 'full((4,), -(2 ** 63))'", "torch.div(x1=x, x2=tensor([-1]), rounding_mode='trunc')", "invalid-argument unknown-argument"),
    call("average-least", "x: 'full((1, 2, 5, 5, 5), -(2 ** 63))'", "avg_pool3d(x, 3, divisor_override=-1)", "invalid-argument"),
    call("average-least-sum", "x: 'full((1, 2, 5, 5), -(2 ** 62))'", "avg_pool2d(x, (1, 2), 1, 0, False, True, -1)", "invalid-argument"),
    Attack("average-least-layer", "inputs: {x: 'full((1, 2, 5, 5, 5), -(2 ** 63))'}\nlayers: {pool: 'AvgPool3d(3, divisor_override=-1)'}\n", "invalid-argument", RUN),
    Attack("endless-iterations", "inputs: {x: [1, 8]}\nlayers: {fc: 'spectral_norm(Linear(8, 8), n_power_iterations=2 ** 62)'}\n", "invalid-argument", RUN),
    call("lcm-least", "x: 'full((4,), -(2 ** 63))'", "torch.lcm(x, full((4,), 2 ** 63 - 1))", "invalid-argument"),
    call("heads-of-none", "q: [1, 2, 3, 4], k: [1, 0, 3, 4], v: [1, 1, 3, 4]", "scaled_dot_product_attention(q, k, v, enable_gqa=True)", "shape-mismatch"),
    Attack("gru-cell-state", "inputs: {x: [8], h: [4, 4]}\nlayers: {cell: 'GRUCell(8, 4)'}\nforward: ['cell(x, h)']\n", "invalid-argument shape-mismatch", RUN),
    Attack("lstm-cell-state", "inputs: {x: [8], h: [5, 5]}\nlayers: {cell: 'LSTMCell(8, 5)'}\nforward: ['cell(x, (h, h))']\n", "invalid-argument shape-mismatch", RUN),
    call("fold-padding", "x: [1, 8, 25]", "fold(x, (6, 6), 2, padding=2 ** 31)", "invalid-argument"),
    call("pool-window", "x: [1, 2, 6]", "max_pool1d(x, 2 ** 63 - 1)", "invalid-argument"),
    Attack("pool-window-layer", "inputs: {x: [1, 2, 6]}\nlayers: {pool: 'MaxPool1d(2 ** 63 - 1)'}\n", "invalid-argument", RUN),
    call("endless-power", "x: [3, 3]", "torch.matrix_power(x, -(2 ** 63))", "invalid-argument"),
    call("endless-draw", "x: 'full((4,), math.inf - math.inf)'", "torch.binomial(x, x)", "invalid-argument"),
    call("index-past-the-end", "x: [4, 4]", "x.gather(1, full((4, 2), 2 ** 40))", "operation-failed"),
    call("index-negative", "x: [4, 4]", "x.take(full((2,), -(2 ** 40)))", "operation-failed"),
    call("scatter-past-the-end", "x: [4, 4]", "x.scatter_add(1, full((4, 2), 2 ** 40), x)", "operation-failed"),
    call("unpool-past-the-end", "x: [1, 2, 3, 3]", "max_unpool2d(x, full((1, 2, 3, 3), 2 ** 40), 2)", "operation-failed"),
    call("embedding-past-the-end", "x: [4, 4]", "F.embedding(full((2,), 2 ** 40), x)", "operation-failed index-range"),
    call("bag-offsets", "x: [4, 4]", "F.embedding_bag(tensor([1, 2, 3]), x, tensor([0, 2 ** 40, 2]))", "operation-failed"),
    call("nll-past-the-classes", "x: [4, 5]", "nll_loss(x, full((4,), 2 ** 40))", "operation-failed index-range"),
    call("margin-past-the-classes", "x: [4, 5]", "multi_margin_loss(x, full((4,), 2 ** 40))", "operation-failed"),
    call("sorter-past-the-end", "x: [6]", "searchsorted(x, x, sorter=full((6,), 2 ** 40))", "operation-failed"),
    call("repeats-of-a-tensor", "x: [6]", "torch.repeat_interleave(x, full((6,), -1), output_size=3)", "value-dependent"),
)  # fmt: skip

SIZE = (
    *(
        Attack(f"{name}-{engine}", f"{_FC}forward: |\n  {text}\n  return fc(x)\n", "tensor-too-large too-long", command)
        for name, text in {
            "unbind": "y = x[0, 0].expand(10 ** 7).unbind()",
            "split": "y = x[0, 0].expand(10 ** 7).split(1)",
            "chunk": "y = x[0, 0].expand(10 ** 7).chunk(10 ** 7)",
            "tensor-split": "y = x[0, 0].expand(10 ** 7).tensor_split(10 ** 7)",
            "iteration": "for t in x[0, 0].expand(10 ** 7): y = t",
            "star": "y = [*x[0, 0].expand(10 ** 7)]",
            "list": "y = list(x[0, 0].expand(10 ** 7))",
            "unpacking": "y, z = x[0, 0].expand(10 ** 7)",
        }.items()
        for engine, command in (("run", RUN), ("derive", DERIVE))
    ),
    statement("expand-sum", "y = x[0, 0].expand(10 ** 12).sum()", "tensor-too-large", RUN),
    statement("one-hot", "y = one_hot(x.long(), 10 ** 12)", "tensor-too-large", RUN),
    statement("repeat", "y = x.repeat(10 ** 12, 1)", "tensor-too-large", RUN),
    statement("tile", "y = x.tile((10 ** 12,))", "tensor-too-large", RUN),
    statement("pad", "y = pad(x, (10 ** 9, 10 ** 9, 10 ** 6, 0))", "tensor-too-large", RUN),
    statement("interpolate", "y = interpolate(x[None], scale_factor=1e12)", "tensor-too-large", RUN),
    statement("zeros", "y = zeros(10 ** 12)", "tensor-too-large", RUN),
    statement("outer", "y = torch.outer(arange(10 ** 6), arange(10 ** 6))", "tensor-too-large", RUN),
    statement("combinations", "y = torch.combinations(arange(12), 12)", "tensor-too-large", RUN),
    statement("broadcast", "y = zeros(10 ** 6, 1) + zeros(10 ** 6)", "out-of-memory tensor-too-large", RUN),
    statement("window", "y = torch.hann_window(10 ** 12)", "tensor-too-large", RUN),
    Attack("upsample-layer", "inputs: {x: [1, 1, 8, 8]}\nlayers: {up: 'Upsample(scale_factor=10 ** 6)'}\n", "out-of-memory tensor-too-large", RUN),
    layer("lstm-layers", "LSTM(8, 8, num_layers=10 ** 6)", "too-many-modules", DERIVE),
    layer("transformer-layers", "Transformer(8, 1, 10 ** 5)", "too-many-modules", DERIVE),
    layer("encoder-layers", "TransformerEncoder(TransformerEncoderLayer(8, 1), 10 ** 5)", "too-many-modules", DERIVE),
    layer("product", "10 ** 9 * Linear(8, 8)", "too-many-modules too-long", DERIVE),
    layer("wide", "Linear(8, 2 ** 40)", "out-of-memory", RUN),
    Attack("sequence", "inputs: {x: [1, 1, 1]}\nlayers: {rnn: 'LSTM(1, 1)'}\nforward: ['rnn(x.expand(10 ** 9, 1, 1))']\n", "tensor-too-large", RUN),
    Attack("nested-blocks-run", blocks(40, "layers: {{b: {below}}}, forward: ['b(x)', 'b']"), "too-many-steps", f"{RUN} --limit steps=20000"),
    Attack("nested-blocks-derive", blocks(40, "layers: {{b: {below}}}, forward: ['b(x)', 'b']"), "too-many-steps", f"{DERIVE} --limit steps=20000"),
    Attack("doubling-blocks", blocks(40, "layers: {{b: {below}, c: {below}}}, forward: ['b(x)', 'c']"), "too-many-modules", DERIVE),
    Attack(
        "sequential-many-times",
        _INPUTS + "layers: {s: 'Sequential(100 * Identity())'}\nforward: |\n  for i in range(10 ** 4): x = s(x)\n  return x\n",
        "too-many-steps",
        f"{DERIVE} --limit steps=50000",
    ),
    statement("nested-loops", "for i in range(10 ** 4):\n  for j in range(10 ** 4):\n    y = j", "too-many-steps", f"{DERIVE} --limit steps=20000"),
    # Lists are copied in one step each, and a list of them is no longer than a list may be.
    Attack("list-of-lists", "params: {a: '[[0] * 99999 for i in range(99999)]'}\n" + _FC, "too-many-steps", FEW),
    statement("list-of-lists-in-forward", "a = [[0] * 99999 for i in range(99999)]", "too-many-steps", FEW),
    statement("list-of-slices", "b = list(range(99999))\na = [b[1:] for i in range(99999)]", "too-many-steps", FEW),
    statement("list-of-sums", "b = [0] * 50000\na = [b + b for i in range(99999)]", "too-many-steps", FEW),
    statement("list-of-stars", "b = [0] * 50000\na = [[*b] for i in range(99999)]", "too-many-steps", FEW),
    statement("list-of-dicts", "b = {i: 0 for i in range(99999)}\na = [{**b} for i in range(99999)]", "too-many-steps", FEW),
    statement("list-of-texts", "b = 'a' * 9999\na = [b[1:] for i in range(99999)]", "too-many-steps", FEW),
    statement("list-of-items", "b = {i: 0 for i in range(99999)}\na = [b.items() for i in range(99999)]", "too-many-steps", FEW),
    # Each is gone through as a whole.
    statement("many-appends", "a = []\nfor i in range(99999): a.append(i)", "too-many-steps", FEW),
    statement("many-comparisons", "a = [0] * 99999\nb = [0] * 99999\nfor i in range(99999): c = a == b", "too-many-steps", FEW),
    statement("many-searches", "a = [0] * 99999\nfor i in range(99999): c = 1 in a", "too-many-steps", FEW),
    Attack("many-layers-of-a-list", _INPUTS + "layers: {s: 'ModuleList(Identity() for i in range(3000))'}\nforward: |\n  for i in range(99999):\n    if s[7] is None: return x\n  return x\n", "too-many-steps", FEW),
    statement("list-in-itself", "a = []\nfor i in range(1000): a.append(a)", "too-deep", DERIVE),
    statement("doubling-list", "a = [1]\nfor i in range(60): a = a + a", "too-long", DERIVE),
    statement("doubling-text", "a = 'a'\nfor i in range(60): a = a + a", "too-long", DERIVE),
    statement("squaring", "a = 10\nfor i in range(60): a = a * a", "number-too-large", DERIVE),
    layer("comprehension", "'Linear(8, sum([1 for i in range(99999) for j in range(99999)]))'", "too-long"),
    Attack(
        "eight-dims",
        "dims: {A: 3, B: 4, C: 5, D: 6, E: 7, G: 8, H: 9, I: 10}\ninputs: {x: [A, B, C, D]}\nlayers: {keep: Identity()}\nforward: |\n"
        "  m = A\n  for i in range(30): m = (m + B) * (C + D) * (E + G) * (H + I) + m * A\n  return keep(x)\n",
        "number-too-large",
        f"{DERIVE} --symbolic",
    ),
)  # fmt: skip

#: What lies in a bundle beside its config, and is read with it.
_BUNDLE = (
    (
        "configs/logging.conf",
        "[loggers]\nkeys=root\n[handlers]\nkeys=h\n[formatters]\nkeys=\n[logger_root]\nhandlers=h\n"
        "[handler_h]\nclass=__import__('os').system('{PWN}')\nargs=(__import__('os').system('{PWN}'),)\n",
    ),
    ("configs/train.json", "{\"initialize\": [\"$__import__('os').system('{PWN}')\"]}"),
    ("configs/metadata.json", "{\"spatial_shape\": [\"__import__('os').system('{PWN}')\"]}"),
    ("logging.conf", "[handler_h]\nclass=__import__('os').system('{PWN}')\n"),
    ("net.json", '{"_target_": "os.system", "command": "{PWN}"}'),
    ("net.py", "import os\nos.system('{PWN}')\n"),
    ("scripts/__init__.py", "import os\nos.system('{PWN}')\n"),
    *(
        (f"{name}.py", "open('PWNED', 'w').close()\n")
        for name in ("torch", "yaml", "logging", "json", "sitecustomize")
    ),
)

#: Published attacks on programs that read models or configuration from files, in the words of a spec.
KNOWN = (
    # Hydra instantiates whatever _target_ names, also under the name that another module has for it.
    layer("hydra-GHSA-37p2-j732-x8pj-target", "{_target_: os.system, command: '{PWN}'}", "unknown-key"),
    layer("hydra-GHSA-37p2-j732-x8pj-alias", "{_target_: logging.os.system, _args_: ['{PWN}']}", "unknown-key"),
    layer("hydra-GHSA-37p2-j732-x8pj-type", "{type: logging.os.system, command: '{PWN}'}", "unknown-layer unknown-name"),
    layer("hydra-GHSA-37p2-j732-x8pj-exec", "{type: builtins.exec, source: '{PWN}'}", "unknown-layer unknown-name"),
    Attack("hydra-interpolation", "params: {a: '${oc.env:HOME}'}\n" + _FC, "syntax"),
    # A bundle of MONAI is run as it is loaded: _target_ names anything that can be imported, and what begins with $ is evaluated.
    layer("monai-GHSA-873f-pvrv-4x83-target", "{_target_: os.system, command: '{PWN}'}", "unknown-key"),
    layer("monai-GHSA-873f-pvrv-4x83-callable", "{_target_: '$os.system', _mode_: callable, command: '{PWN}'}", "unknown-key"),
    layer("monai-GHSA-873f-pvrv-4x83-debug", "{_target_: Linear, _mode_: debug, _requires_: \"$__import__('os').system('{PWN}')\"}", "unknown-key"),
    layer("monai-GHSA-873f-pvrv-4x83-expression", "\"$__import__('os').system('{PWN}')\"", "syntax"),
    layer("monai-GHSA-873f-pvrv-4x83-argument", "{type: Linear, in_features: \"$__import__('os').system('{PWN}')\", out_features: 8}", "syntax"),
    Attack("monai-GHSA-873f-pvrv-4x83-param", "params: {a: \"$__import__('os').system('{PWN}')\"}\n" + _FC, "syntax"),
    Attack("monai-GHSA-873f-pvrv-4x83-input", "inputs: {x: \"$__import__('os').system('{PWN}')\"}\nlayers: {fc: 'Linear(8, 8)'}\n", "syntax"),
    Attack("monai-GHSA-873f-pvrv-4x83-imports", "imports: [$import os, $from os import system]\n" + _FC, "wrong-kind"),
    Attack("monai-GHSA-873f-pvrv-4x83-import", "imports: {os: $import os}\n" + _FC, "import-path"),
    Attack("monai-GHSA-873f-pvrv-4x83-initialize", "initialize: [$import os, \"$os.system('{PWN}')\"]\nrun: ['$@trainer.run()']\n" + _FC, "unknown-key"),
    Attack(
        "monai-GHSA-873f-pvrv-4x83-bundle",
        '{"imports": ["$import os"], "network_def": {"_target_": "os.system", "command": "{PWN}"}, "network": "$@network_def.to(@device)"}',
        "unknown-key",
    ),
    # References to other entries, and macros that take an entry of another file.
    layer("monai-reference", "'@network_def#fc#0'", "syntax"),
    layer("monai-reference-of-a-file", "'@../../.env::SECRET'", "syntax", files=((".env", "SECRET=1\n"),)),
    layer("monai-macro", "'%other.yaml::layers::fc'", "syntax", files=(("other.yaml", _FC),)),
    layer("monai-macro-without-quotes", "%other.yaml::layers::fc", "syntax", files=(("other.yaml", _FC),)),
    layer("monai-macro-of-a-file", "'%/etc/passwd'", "syntax"),
    # The sizes in a bundle's metadata are evaluated: by names that are not there, without any name, and without an end.
    Attack("monai-GHSA-h89g-r5pc-wxfm-name", "inputs: {x: [1, \"__import__('os').system('{PWN}')\"]}\nlayers: {fc: 'Linear(8, 8)'}\n", "unknown-function"),
    Attack("monai-GHSA-h89g-r5pc-wxfm-nameless", "inputs: {x: [1, \"().__class__.__base__.__subclasses__()[0]('{PWN}')\"]}\nlayers: {fc: 'Linear(8, 8)'}\n", "unknown-method"),
    Attack("monai-GHSA-h89g-r5pc-wxfm-comprehension", "inputs: {x: [1, \"[n for n in (1).__class__.__mro__][0]\"]}\nlayers: {fc: 'Linear(8, 8)'}\n", "unknown-method wrong-kind unknown-name"),
    Attack("monai-GHSA-h89g-r5pc-wxfm-dim", "dims: {N: \"__import__('os').system('{PWN}')\"}\n" + _FC, "unknown-function"),
    Attack("monai-GHSA-h89g-r5pc-wxfm-endless", "inputs: {x: [1, 9**9**9**9**9**9**9]}\nlayers: {fc: 'Linear(8, 8)'}\n", "number-too-large"),
    Attack("monai-GHSA-h89g-r5pc-wxfm-any", "inputs: {x: [1, '*']}\nlayers: {fc: 'Linear(8, 8)'}\n", "syntax"),
    # Files of the folder are taken up without a word: what logging is configured by is evaluated, and so is the folder's own config.
    Attack("monai-GHSA-wvpx-5qmp-46g3-logging", _INPUTS + "layers: {fc: 'Linear(8, '}\n", "unbalanced-brackets", files=_BUNDLE),
    Attack("monai-GHSA-x6pr-233j-x5cw-folder", _INPUTS + "layers: {fc: 'Linear(9, 8)'}\n", "shape-mismatch", RUN, _BUNDLE),
    # Keras: Lambda layers hold code; a config names any module and class.
    layer("keras-CVE-2024-3660-lambda", "\"Lambda(lambda x: __import__('os').system('{PWN}'))\"", "not-in-language"),
    layer("keras-CVE-2024-3660-text", "\"Lambda('__import__(1)')\"", "unknown-layer"),
    layer("keras-CVE-2025-1550-module", "{module: os, class_name: system, config: {command: '{PWN}'}, registered_name: system}", "unknown-key"),
    layer("keras-CVE-2025-1550-function", "\"TripletMarginWithDistanceLoss(distance_function={'class_name': 'function', 'config': 'system', 'module': 'os'})\"", "wrong-kind"),
    # NeMo's checkpoints hold a configuration whose targets are instantiated.
    Attack("nemo-CVE-2025-23304-target", _INPUTS + "target: subprocess.run\nlayers:\n  encoder:\n    _target_: subprocess.run\n    args: '{PWN}'\n", "unknown-key"),
    layer("nemo-CVE-2025-23304-optimiser", "{_target_: torch.utils.data.dataloader.os.system, command: '{PWN}'}", "unknown-key"),
    # YOLO's model files: rows of [from, number, module, arguments], whose texts are evaluated.
    Attack("yolo-backbone", "nc: 80\nbackbone:\n  - [-1, 1, \"__import__('os').system('{PWN}')\", [64]]\n" + _FC, "unknown-key"),
    Attack("yolo-activation", "activation: \"__import__('os').system('{PWN}')\"\n" + _FC, "unknown-key"),
    Attack("yolo-rows", _INPUTS + "layers:\n  - [-1, 1, nn.Conv2d, [eval('1')]]\n", "not-a-layer layer-not-called"),
    layer("yolo-argument", "\"Linear(8, eval('8'))\"", "unknown-function unknown-name"),
    # PyYAML's tags of Python.
    layer("pyyaml-apply", "!!python/object/apply:os.system ['{PWN}']", "yaml-tag"),
    layer("pyyaml-new", "!!python/object/new:os.system ['{PWN}']", "yaml-tag"),
    layer("pyyaml-name", "!!python/name:os.system ''", "yaml-tag"),
    layer("pyyaml-module", "!!python/module:os ''", "yaml-tag"),
    layer("pyyaml-object", "!!python/object:subprocess.Popen {args: '{PWN}'}", "yaml-tag"),
    layer("pyyaml-tuple", "!!python/tuple [1, 2]", "yaml-tag"),
    layer("pyyaml-verbatim", "!<tag:yaml.org,2002:python/object/apply:os.system> ['{PWN}']", "yaml-tag"),
    Attack("pyyaml-directive", "%TAG ! tag:yaml.org,2002:python/\n---\n" + _INPUTS + "layers: !object/apply:os.system ['{PWN}']\n", "yaml-directive yaml-tag"),
    layer("jinja", "\"{{ ''.__class__.__mro__ }}\"", "syntax not-a-layer wrong-kind unknown-method unknown-name yaml-key not-in-language"),
)  # fmt: skip

ATTACKS: tuple[Attack, ...] = (*PARSING, *CODE, *MEMORY, *KERNELS, *SIZE, *KNOWN)
