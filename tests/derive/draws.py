"""Calls of every entry of the catalogue, drawn by Hypothesis: a sample call, and changes of it, legal or not.

A call is drawn as text of the spec language. ``gentle`` draws change sizes and dtypes of all tensors alike and give
further arguments, so that most of what comes is legal; the others break things on purpose: a size off by one, a dimension
too few or too many, none at all, size 0, another dtype, another kind of argument, a dim out of range, an argument left out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

from layercli.catalogue.entries import Form
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.operations import FAMILIES
from layercli.catalogue.signature import Signature
from layercli.catalogue.wrappers import WRAPPERS
from tests.catalogue.samples import OPERATOR_SAMPLES, iterate_calls
from tests.derive.layer_samples import LAYER_SAMPLES

T = TypeVar("T")

Chooser = st.DrawFn

#: What makes the tensors of sample calls.
FACTORIES = ("rand", "randn", "randint", "zeros", "ones")
_DTYPES = (
    "float64",
    "float16",
    "bfloat16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "torch.bool",
    "complex64",
)
_SIZES = (0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
#: Values of all kinds, alone and in tuples and lists: arguments of another kind than is asked for.
_VALUES = (
    "None", "True", "False", "0", "1", "2", "3", "-1", "1.5", "-2.5", "'a'", "'mean'", "float64", "torch.bool", "relu",
    "rand(2)", "rand(())", "rand(0)", "rand(2, 3)", "tensor(1)", "tensor(1.5)", "zeros(2, dtype=int64)", "rand(2).shape",
)  # fmt: skip
_NUMBERS = (0, 1, 2, 3, 4, 5, 6, 8, -1, -2, -3)
_REALS = (0.0, 1.0, 0.5, -0.5, 1.5, 2.0)


@dataclass(frozen=True)
class Sample:
    """One legal call: of an operation under one of its names, an operator, or a layer.

    ``kind`` is the namespace of an operation, ``operator``, or ``layer``. ``arguments`` is the text of what the call is
    given, the tensor first, ``constructor`` that of a layer's arguments. An operator is an expression or, where
    it writes in place, a call by its name.
    """

    name: str
    kind: str
    arguments: str
    constructor: str = ""

    @property
    def signature(self) -> Signature | None:
        """The parameters of the call without ``self``, or of a layer's constructor."""
        if self.kind == "operator":
            return None
        if self.kind == "layer":
            return LAYERS[self.name].signature if self.name in LAYERS else WRAPPERS[self.name].signature
        return find_form(self.kind, self.name).signature_in(self.kind)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Drawn:
    """A drawn call as text; ``constructor`` is empty but for layers, ``callee`` is the operation's name in errors."""

    callee: str
    text: str
    constructor: str = ""
    train: bool = False

    def __str__(self) -> str:
        if not self.constructor:
            return self.text
        return f"{self.constructor} on ({self.text}){' in train mode' if self.train else ''}"


def read_drawn(text: str, name: str) -> Drawn:
    """The call that a text is of (``str(drawn)``)."""
    constructor, among, inputs = text.partition(" on (")
    if not among:
        return Drawn(name, text)
    rest = inputs.removesuffix(" in train mode")
    return Drawn(name, rest[:-1], constructor, rest != inputs)


def find_form(namespace: str, name: str) -> Form:
    """An operation under one of its names."""
    table: Mapping[str, Form] = METHODS if namespace == "Tensor" else FUNCTIONS
    return table[name]


@cache
def list_entries() -> Mapping[str, tuple[Sample, ...]]:
    """Every entry of the catalogue, ``layer Linear``, ``relu``, ``operator add``, with the samples of all its names and namespaces."""
    entries: dict[str, tuple[Sample, ...]] = {}
    for name in (*(name for name, layer in LAYERS.items() if not layer.refused), *WRAPPERS):
        entries[f"layer {name}"] = tuple(
            Sample(name, "layer", inputs, constructor)
            for constructor, calls in LAYER_SAMPLES
            if constructor.partition("(")[0] == name
            for inputs in calls
        )
    for operations in FAMILIES.values():
        for operation in operations:
            forms = [
                form
                for table in (FUNCTIONS, METHODS)
                for form in table.values()
                if form.operation is operation
            ]
            # Two operations may have one name, as the function ``unfold`` and the method do.
            entries[operation.name] = entries.get(operation.name, ()) + tuple(
                Sample(form.name, namespace, arguments)
                for form in forms
                for namespace in form.namespaces
                for arguments in iterate_calls(form, namespace)
            )
    for name, texts in OPERATOR_SAMPLES.items():
        entries[f"operator {name}"] = tuple(Sample(name, "operator", text) for text in texts)
    return entries


def finish_call(sample: Sample, call: ast.expr) -> str:
    """The expression that calls an operation: ``f(...)`` with the namespace and the name in place of ``f``."""
    if sample.kind == "operator":
        return ast.unparse(call)
    assert isinstance(call, ast.Call)
    if sample.kind != "Tensor":
        return f"{sample.kind}.{sample.name}{ast.unparse(call)[1:]}"
    tensor = ast.unparse(call.args[0])
    if find_form("Tensor", sample.name).attribute:
        return f"({tensor}).{sample.name}"
    rest = ast.Call(ast.Name("f"), call.args[1:], call.keywords)
    return f"({tensor}).{sample.name}{ast.unparse(rest)[1:]}"


def spell(sample: Sample) -> Drawn:
    """The sample itself, as if it had been drawn."""
    if sample.kind == "layer":
        return Drawn(sample.name, sample.arguments, sample.constructor)
    return Drawn(sample.name, finish_call(sample, _parse(sample)[1]))


def _parse(sample: Sample) -> list[ast.expr]:
    """The trees of the constructor, where there is one, and of the call."""
    call = sample.arguments if sample.kind == "operator" else f"f({sample.arguments})"
    return [ast.parse(text, mode="eval").body for text in (sample.constructor or "0", call)]


@dataclass
class Trees:
    """A call while it is changed."""

    sample: Sample
    constructor: ast.expr
    call: ast.expr

    @property
    def roots(self) -> list[ast.Call]:
        """The calls whose arguments are changed as arguments: seldom a constructor, whose words both engines check alike."""
        weighed = (self.constructor, self.call, self.call, self.call)
        return [root for root in weighed if isinstance(root, ast.Call)]

    def walk(self) -> Iterator[ast.AST]:
        yield from ast.walk(self.constructor)
        yield from ast.walk(self.call)

    def factories(self) -> list[ast.Call]:
        """The calls that make tensors, but for a call of an operation that makes one."""
        return [
            node
            for node in self.walk()
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FACTORIES
        ]

    def constants(self, *kinds: type) -> list[ast.Constant]:
        return [node for node in self.walk() if isinstance(node, ast.Constant) and type(node.value) in kinds]

    def replace(self, old: ast.AST, new: ast.expr) -> None:
        """Put a tree where another one stands."""

        class Replace(ast.NodeTransformer):
            def visit(self, node: ast.AST) -> Any:
                return new if node is old else self.generic_visit(node)

        self.constructor = Replace().visit(self.constructor)
        self.call = Replace().visit(self.call)


def _read(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _choose(draw: Chooser, values: Sequence[T]) -> T:
    return values[draw(st.integers(0, len(values) - 1))]


def _draw_value(draw: Chooser) -> ast.expr:
    """A value of any kind, or several in a tuple or list."""
    shape = draw(st.integers(0, 5))
    if shape > 1:
        return _read(_choose(draw, _VALUES))
    items = [_read(_choose(draw, _VALUES)) for _ in range(draw(st.integers(0, 3)))]
    return ast.Tuple(items, ast.Load()) if shape else ast.List(items, ast.Load())


def _resize(draw: Chooser, trees: Trees) -> None:
    """Another number wherever this one stands, in all tensors and arguments."""
    constants = trees.constants(int)
    if constants:
        old, new = _choose(draw, constants).value, _choose(draw, _SIZES)
        for constant in constants:
            if constant.value == old:
                constant.value = new


def _sizes_of(factory: ast.Call) -> list[ast.expr] | None:
    """The list of sizes that a factory is given, to be changed in place."""
    place = 2 if isinstance(factory.func, ast.Name) and factory.func.id == "randint" else 0
    if len(factory.args) > place and isinstance(factory.args[place], (ast.Tuple, ast.List)):
        return factory.args[place].elts  # type: ignore[attr-defined]
    return None if place else factory.args


def _insert_size(factory: ast.Call, place: int, size: int) -> None:
    sizes = _sizes_of(factory)
    if sizes is not None:
        sizes.insert(place % (len(sizes) + 1), ast.Constant(size))


def _add_batch(draw: Chooser, trees: Trees) -> None:
    """One more dimension in front of, or behind, all tensors of a call."""
    size, place = _choose(draw, (1, 2, 3)), _choose(draw, (0, 0, -1))
    inputs = list(ast.walk(trees.call))
    for factory in trees.factories():
        if factory in inputs:
            _insert_size(factory, place, size)


def _cast(trees: Trees, factory: ast.Call, dtype: str) -> None:
    trees.replace(factory, ast.Call(ast.Attribute(factory, "to", ast.Load()), [_read(f"{dtype}")], []))


def _cast_all(draw: Chooser, trees: Trees) -> None:
    """The same dtype for all tensors, and for the layer where it may be given."""
    dtype = _choose(draw, ("float64", *_DTYPES))
    for factory in trees.factories():
        _cast(trees, factory, dtype)
    signature = trees.sample.signature
    if trees.sample.kind == "layer" and signature is not None and "dtype" in signature.by_name:
        assert isinstance(trees.constructor, ast.Call)
        keywords = [keyword for keyword in trees.constructor.keywords if keyword.arg != "dtype"]
        trees.constructor.keywords = [*keywords, ast.keyword("dtype", _read(dtype))]


def _give_argument(draw: Chooser, trees: Trees) -> None:
    """An argument that the sample leaves at its default, with a value that another sample gives it."""
    signature = trees.sample.signature
    root = trees.constructor if trees.sample.kind == "layer" else trees.call
    if signature is None or not isinstance(root, ast.Call):
        return
    shift = 1 if trees.sample.kind == "Tensor" else 0
    slots = [p.name for p in signature.parameters if p.kind in ("positional", "positional-only")]
    if any(isinstance(argument, ast.Starred) for argument in root.args):
        return
    given = {*slots[: len(root.args) - shift], *(keyword.arg for keyword in root.keywords)}
    free = [p for p in signature.parameters if p.kind in ("positional", "keyword") and p.name not in given]
    if not free:
        return
    parameter = _choose(draw, free)
    values = _list_values().get(parameter.name, ("None",))
    root.keywords.append(ast.keyword(parameter.name, _read(_choose(draw, values))))


@cache
def _list_values() -> Mapping[str, tuple[str, ...]]:
    """The values that the samples give to a parameter, by its name."""
    values: dict[str, dict[str, None]] = {}
    for samples in list_entries().values():
        for sample in samples:
            signature = sample.signature
            if signature is None:
                continue
            parsed = _parse(sample)
            root = parsed[0] if sample.kind == "layer" else parsed[1]
            assert isinstance(root, ast.Call)
            slots = [p.name for p in signature.parameters if p.kind in ("positional", "positional-only")]
            own = root.args[1:] if sample.kind == "Tensor" else root.args
            pairs = [*zip(slots, own, strict=False), *((k.arg or "", k.value) for k in root.keywords)]
            for parameter in signature.parameters:
                held = values.setdefault(parameter.name, {})
                if isinstance(parameter.default, (bool, int, float, str, type(None))):
                    held[parameter.text or repr(parameter.default)] = None
                if isinstance(parameter.default, bool):
                    held[repr(not parameter.default)] = None
            for name, node in pairs:
                values.setdefault(name, {})[ast.unparse(node)] = None
    values["dtype"] = {**values.get("dtype", {}), **dict.fromkeys(_DTYPES)}
    values["dim"] = {**values.get("dim", {}), **dict.fromkeys(("0", "-1", "1", "2", "-3", "(0, 1)", "()"))}
    return {name: tuple(held) for name, held in values.items()}


def _lay_out(draw: Chooser, trees: Trees) -> None:
    """A tensor in another layout: dimensions swapped, every second element, expanded, a view of a part."""
    factories = trees.factories()
    if not factories:
        return
    factory = _choose(draw, factories)
    sizes = _sizes_of(factory)
    dims = 0 if sizes is None else len(sizes)
    kind = draw(st.integers(0, 3))
    if dims > 1 and kind < 2:
        one, other = (draw(st.integers(0, dims - 1)) for _ in range(2))
        trees.replace(factory, _put(f"X.transpose({one}, {other})", factory))
    elif dims and kind == 2:
        trees.replace(factory, _put("X[::2]", factory))
    elif dims and sizes is not None:
        place = draw(st.integers(0, dims - 1))
        wide, sizes[place] = sizes[place], ast.Constant(1)
        targets = ", ".join(ast.unparse(wide) if at == place else "-1" for at in range(dims))
        trees.replace(factory, _put(f"X.expand({targets})", factory))


def _put(text: str, value: ast.expr) -> ast.expr:
    """The expression with a tree in place of ``X``."""

    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return value if node.id == "X" else node

    put: ast.expr = Put().visit(_read(text))
    return put


def _change_number(draw: Chooser, trees: Trees) -> None:
    """One number, off by one or another."""
    constants = trees.constants(int)
    if constants:
        constant = _choose(draw, constants)
        assert isinstance(constant.value, int)
        constant.value = _choose(
            draw, (constant.value + 1, constant.value - 1, constant.value * 2, *_NUMBERS)
        )


def _change_word(draw: Chooser, trees: Trees) -> None:
    """A truth value turned round, another real number or another text."""
    constants = trees.constants(bool, float, str)
    if constants:
        constant = _choose(draw, constants)
        if isinstance(constant.value, bool):
            constant.value = not constant.value
        elif isinstance(constant.value, float):
            constant.value = _choose(draw, _REALS)
        else:
            constant.value = _choose(draw, ("none", "sum", "mean", "nearest", "linear", "reflect", "other"))


def _change_dims(draw: Chooser, trees: Trees) -> None:
    """A dimension more or fewer in one tensor, or none at all."""
    factories = trees.factories()
    if not factories:
        return
    factory = _choose(draw, factories)
    sizes = _sizes_of(factory)
    kind = draw(st.integers(0, 4))
    if sizes is None or kind < 2 or not sizes:
        _insert_size(factory, draw(st.integers(0, 4)), _choose(draw, (1, 1, 2, 3, 0)))
        return
    if kind < 4:
        del sizes[draw(st.integers(0, len(sizes) - 1))]
    else:
        sizes.clear()
    if sizes is factory.args and not sizes:
        factory.args = [ast.Tuple([], ast.Load())]


def _cast_one(draw: Chooser, trees: Trees) -> None:
    """Another dtype for one tensor."""
    factories = trees.factories()
    if factories:
        _cast(trees, _choose(draw, factories), _choose(draw, _DTYPES))


def _change_kind(draw: Chooser, trees: Trees) -> None:
    """Another kind of value for one argument. What a method is called on stays a tensor."""
    root = _choose(draw, trees.roots or [ast.Call(ast.Name("f"), [], [])])
    keep = 1 if root is trees.call and trees.sample.kind == "Tensor" else 0
    count = len(root.args) - keep + len(root.keywords)
    if count <= 0:
        return
    place, value = draw(st.integers(0, count - 1)) + keep, _draw_value(draw)
    if place < len(root.args):
        root.args[place] = value
    else:
        root.keywords[place - len(root.args)].value = value


def _drop_argument(draw: Chooser, trees: Trees) -> None:
    """One argument fewer."""
    root = _choose(draw, trees.roots or [ast.Call(ast.Name("f"), [], [])])
    keep = 1 if root is trees.call and trees.sample.kind == "Tensor" else 0
    count = len(root.args) - keep + len(root.keywords)
    if count <= 0:
        return
    place = draw(st.integers(0, count - 1)) + keep
    if place < len(root.args):
        del root.args[place]
    else:
        del root.keywords[place - len(root.args)]


def _add_by_place(draw: Chooser, trees: Trees) -> None:
    """One argument more, by its place."""
    if trees.roots:
        _choose(draw, trees.roots).args.append(_draw_value(draw))


def _swap(draw: Chooser, trees: Trees) -> None:
    """Two arguments in each other's place."""
    root = _choose(draw, trees.roots or [ast.Call(ast.Name("f"), [], [])])
    if len(root.args) > 1:
        one, other = (draw(st.integers(0, len(root.args) - 1)) for _ in range(2))
        root.args[one], root.args[other] = root.args[other], root.args[one]


def _lengthen(draw: Chooser, trees: Trees) -> None:
    """A tuple for a number, or a tuple that is longer or shorter."""
    lists = [node.elts for node in trees.walk() if isinstance(node, (ast.Tuple, ast.List)) and node.elts]
    inside: bool = draw(st.booleans())
    if lists and inside:
        elements = _choose(draw, lists)
        if draw(st.booleans()):
            elements.append(deepcopy(elements[-1]))
        else:
            elements.pop()
        return
    places = [(root, at) for root in trees.roots for at in range(len(root.args))]
    places = [
        (root, at)
        for root, at in places
        if isinstance(root.args[at], ast.Constant) and type(root.args[at].value) is int  # type: ignore[attr-defined]
    ]
    if places:
        root, at = _choose(draw, places)
        count = draw(st.integers(1, 3))
        root.args[at] = ast.Tuple([deepcopy(root.args[at]) for _ in range(count)], ast.Load())


def _make_plain(draw: Chooser, trees: Trees) -> None:
    """A plain number or a tensor without dimensions in place of a tensor."""
    factories = trees.factories()
    keep = trees.call.args[:1] if isinstance(trees.call, ast.Call) and trees.sample.kind == "Tensor" else []
    factories = [factory for factory in factories if factory not in keep]
    if factories:
        text = _choose(
            draw, ("2", "1.5", "True", "tensor(2)", "tensor(1.5)", "rand(())", "ones(()).to(torch.bool)")
        )
        trees.replace(_choose(draw, factories), _read(text))


Change = Callable[[Chooser, Trees], None]
_GENTLE: tuple[Change, ...] = (
    _resize,
    _resize,
    _resize,
    _add_batch,
    _cast_all,
    _give_argument,
    _lay_out,
    _make_plain,
)
#: More dimensions are often too many for a layer, and a number in place of a tensor is no input.
_GENTLE_WITH_LAYERS: tuple[Change, ...] = (
    _resize, _resize, _resize, _resize, _cast_all, _give_argument, _give_argument, _lay_out, _add_batch,
)  # fmt: skip
_HARSH: tuple[Change, ...] = (
    _change_number, _change_number, _change_number, _change_dims, _change_dims, _cast_one, _change_kind, _change_kind,
    _drop_argument, _add_by_place, _swap, _lengthen, _make_plain, _give_argument, _change_word, _resize, _lay_out,
)  # fmt: skip


#: What most often breaks a call.
_BREAKING: tuple[Change, ...] = (
    _change_kind, _change_kind, _change_kind, _drop_argument, _cast_one, _change_dims, _change_dims, _change_number,
    _lay_out, _swap,
)  # fmt: skip


@st.composite
def draw_calls(draw: Chooser, entry: str, gentle: bool | None = None) -> Drawn:
    """A call of an entry (``list_entries``), changed up to four times; ``gentle`` is drawn where it isn't given."""
    sample = _choose(draw, list_entries()[entry])
    trees = Trees(sample, *_parse(sample))
    gentle = draw(st.booleans()) if gentle is None else gentle
    changes = _HARSH if not gentle else _GENTLE_WITH_LAYERS if sample.kind == "layer" else _GENTLE
    if not gentle:
        _choose(draw, _BREAKING)(draw, trees)
    for _ in range(draw(st.integers(int(gentle), 3 if gentle and sample.kind == "layer" else 4))):
        _choose(draw, changes)(draw, trees)
    if sample.kind == "layer":
        call = ast.unparse(ast.fix_missing_locations(trees.call))[2:-1]
        constructor = ast.unparse(ast.fix_missing_locations(trees.constructor))
        return Drawn(sample.name, call, constructor, draw(st.booleans()))
    return Drawn(sample.name, finish_call(sample, ast.fix_missing_locations(trees.call)))
