"""The subset of Python inside a spec's strings: parsed with ``ast``, checked node by node, never executed."""

from __future__ import annotations

import ast
import re
from dataclasses import field
from functools import cached_property

from layercli.errors import Position, Problem, SpecError
from layercli.record import record
from layercli.spec.accidents import INSTEAD_OF_LAMBDA, explain_mark, explain_python
from layercli.spec.document import Text
from layercli.spec.limits import allow_more, current_limits

#: A whole ``forward`` block may have so many times the characters of one statement.
BLOCK_STATEMENTS = 10
#: Levels of brackets, and of the syntax tree (a chain ``a + b + c`` has one for each term).
MAX_BRACKETS = 60
MAX_DEPTH = 150

#: Whole scalars that YAML 1.2 gives a meaning which Python writes otherwise.
YAML_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None}


@record
class Code:
    """A checked piece of the language: ``tree`` is an expression or the statements of a body."""

    text: Text
    start: int = field(repr=False)
    shown: str
    tree: ast.AST = field(compare=False, repr=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        for index, character in enumerate(self.shown):
            if character == "\n":
                starts.append(index + 1)
        return starts

    def offset(self, line: int, column: int) -> int:
        """The offset in ``shown`` of ast's line (from 1) and column (from 0, in UTF-8 bytes)."""
        start = self._line_starts[min(line, len(self._line_starts)) - 1]
        if self.shown.isascii():
            return start + column
        rest = self.shown[start:].split("\n", 1)[0]
        return start + len(rest.encode()[:column].decode(errors="ignore"))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where ``node`` begins and ends in ``shown``; the whole where ast doesn't say."""
        line = getattr(node, "lineno", None)
        if line is None:
            return 0, len(self.shown)
        end_line = getattr(node, "end_lineno", None) or line
        end_column = getattr(node, "end_col_offset", None) or 0
        return self.offset(line, node.col_offset), self.offset(end_line, end_column)  # type: ignore[attr-defined]

    def position(self, node: ast.AST | None = None) -> Position:
        """Where ``node`` stands in the file; the whole text without one."""
        begin, end = (0, len(self.shown)) if node is None else self.span(node)
        return self.text.position(self.start + begin, max(1, end - begin))

    def segment(self, node: ast.AST) -> str:
        """The text of ``node`` as it was written, on one line."""
        begin, end = self.span(node)
        return " ".join(self.shown[begin:end].split())

    def problem(
        self, code: str, message: str, node: ast.AST | None = None, hint: str = "", label: str = ""
    ) -> SpecError:
        """An error at ``node``."""
        return SpecError(Problem(code, message, self.position(node), label=label, hint=hint))


@record
class Expression(Code):
    """One expression."""

    tree: ast.expr = field(compare=False, repr=False)


@record
class Body(Code):
    """Statements: one item of a ``forward`` list, or a whole literal block."""

    tree: ast.Module = field(compare=False, repr=False)

    @property
    def statements(self) -> list[ast.stmt]:
        return self.tree.body


def _list_kinds(*classes: type[ast.AST]) -> frozenset[type[ast.AST]]:
    """The classes and those that are made of them, such as ``ast.Add`` of ``ast.operator``."""
    return frozenset(kind for made in classes for kind in (made, *made.__subclasses__()))


_EXPRESSIONS = _list_kinds(
    ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Tuple, ast.List,
    ast.Dict, ast.Subscript, ast.Slice, ast.Attribute, ast.Call, ast.keyword, ast.Starred, ast.ListComp,
    ast.GeneratorExp, ast.DictComp, ast.comprehension, ast.expr_context, ast.operator, ast.unaryop, ast.boolop,
    ast.cmpop, ast.Expression,
)  # fmt: skip
_STATEMENTS = _list_kinds(
    ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.For, ast.If, ast.Assert, ast.Pass,
    ast.Break, ast.Continue,
)  # fmt: skip

#: What Python has and the language hasn't, as the beginning of a sentence, with what to write instead.
_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.While: ("while is", "write a for loop over range(...)"),
    ast.Lambda: ("lambda is", INSTEAD_OF_LAMBDA),
    ast.FunctionDef: ("def is", "of forward write the body alone, without its def; of a class make a block"),
    ast.AsyncFunctionDef: ("async def is", "write the body alone"),
    ast.ClassDef: ("class is", "write a block in `blocks`"),
    ast.Import: ("import is", "leave the line out; functions are used by name: relu, F.relu, torch.cat"),
    ast.ImportFrom: ("import is", "leave the line out; functions are used by name: relu, F.relu, torch.cat"),
    ast.JoinedStr: ("f-strings are", "write plain text; layers by number are a ModuleList: layers[i](x)"),
    ast.NamedExpr: (":= is", "assign in a statement of its own"),
    ast.Await: ("await is", "leave it out"),
    ast.Yield: ("yield is", "collect in a list with .append and return it"),
    ast.YieldFrom: ("yield is", "collect in a list with .append and return it"),
    ast.Try: ("try is", "write the statements alone"),
    ast.With: ("with is", "leave the line out and write the statements alone"),
    ast.Raise: ("raise is", "write assert condition, 'text'"),
    ast.Global: ("global is", "leave it out; the names of `params` and `layers` are known here"),
    ast.Nonlocal: ("nonlocal is", "leave it out"),
    ast.Delete: ("del is", "leave it out; nothing is kept after forward"),
    ast.SetComp: ("sets are", "write a list"),
    ast.Set: ("sets are", "write a list [a, b] or a tuple (a, b)"),
    ast.AnnAssign: ("annotations are", "write name = value"),
    ast.Match: ("match is", "write if and elif"),
}


def parse_expression(text: Text) -> Expression:
    """Read one expression. Raises SpecError at the fault."""
    start, shown = _strip(text)
    if not shown:
        raise SpecError(Problem("empty-value", "a value is missing here", text.position(0, 1)))
    if shown in YAML_WORDS:
        constant = ast.Constant(
            YAML_WORDS[shown], lineno=1, col_offset=0, end_lineno=1, end_col_offset=len(shown)
        )
        return Expression(text, start, shown, constant)
    tree = _parse(text, start, shown, "eval", current_limits().characters)
    assert isinstance(tree, ast.Expression)
    code = Expression(text, start, shown, tree.body)
    check_grammar(code, statements=False)
    return code


def parse_body(text: Text, *, block: bool) -> Body:
    """Read statements: one item of a ``forward`` list, or with ``block`` the whole of a literal block."""
    start, shown = (0, text.text) if block else _strip(text)
    if not shown.strip():
        raise SpecError(Problem("empty-value", "a statement is missing here", text.position(0, 1)))
    tree = _parse(
        text, start, shown, "exec", current_limits().characters * (BLOCK_STATEMENTS if block else 1)
    )
    assert isinstance(tree, ast.Module)
    code = Body(text, start, shown, tree)
    check_grammar(code, statements=True)
    return code


def _strip(text: Text) -> tuple[int, str]:
    shown = text.text.strip()
    return len(text.text) - len(text.text.lstrip()), shown


def _parse(text: Text, start: int, shown: str, mode: str, limit: int) -> ast.AST:
    _check_size(text, start, shown, limit)
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(shown, mode=mode)
    except SyntaxError as error:
        raise SpecError(_explain_syntax(text, start, shown, error)) from None
    except (RecursionError, MemoryError):
        raise SpecError(_too_deep(text.position(start, 1))) from None
    except ValueError as error:
        raise SpecError(_explain_syntax(text, start, shown, SyntaxError(str(error)))) from None


def _too_deep(position: Position) -> Problem:
    return Problem(
        "too-deep",
        "this expression is nested too deeply",
        position,
        hint="give a part of it a name, in `params` or by an assignment in `forward`",
    )


def _check_size(text: Text, start: int, shown: str, limit: int) -> None:
    """Bound what ast.parse is given, since the parser itself has no bound on memory."""
    if len(shown) > limit:
        raise SpecError(
            Problem(
                "too-long",
                f"this text has {len(shown):,} characters, more than {limit:,}",
                text.position(start, 1),
                hint="write it in parts: params, blocks or further statements",
            )
        )
    most = current_limits().characters
    depth = line_start = 0
    for index, character in enumerate(shown):
        if character in "([{":
            depth += 1
            if depth > MAX_BRACKETS:
                raise SpecError(_too_deep(text.position(start + index, 1)))
        elif character in ")]}":
            depth = max(0, depth - 1)
        elif character == "\n" and depth == 0:
            line_start = index + 1
        if index - line_start > most:
            raise SpecError(
                Problem(
                    "too-long",
                    f"a statement has more than {most:,} characters",
                    text.position(start + line_start, 1),
                    hint=allow_more("characters"),
                )
            )


#: What Python's parser says of a text, in its words and in those of a person.
_PLAINER = (
    (r" \(detected at line \d+\)", ""),
    (r"unterminated (?:triple-quoted )?string literal", "the text that starts here has no closing quote"),
)


def _explain_syntax(text: Text, start: int, shown: str, error: SyntaxError) -> Problem:
    counted = re.match(r"(\d+) x (?=[A-Za-z_])", shown)
    if counted is not None:
        hint = f"write {counted[1]} * {' '.join(shown[counted.end() :].split())}"
        place = text.position(start + counted.end() - 2, 1)
        return Problem("syntax", "x is no sign for times", place, hint=hint)
    lines = shown.split("\n")
    line = min(max(error.lineno or 1, 1), len(lines))
    column = min(max((error.offset or 1) - 1, 0), max(len(lines[line - 1]) - 1, 0))
    begin = sum(len(part) + 1 for part in lines[: line - 1])
    offset = begin + column
    python = explain_python(lines[line - 1], text.position(start + begin))
    if python is not None:
        return python
    marked = explain_mark(lines[line - 1], text.position(start + begin))
    if marked is not None:
        return marked
    digits = re.search(r"\d{1000,}", shown) if "integer string conversion" in str(error.msg) else None
    slip = _explain_slip(text, start, shown, offset)
    if slip is not None:
        return slip
    if digits is not None:
        place = text.position(start + digits.start(), len(digits[0]))
        return Problem(
            "number-too-large", "this number is too large for any size", place, hint="write a smaller one"
        )
    message, _, rest = (error.msg or "invalid syntax").rstrip(".").partition(". ")
    hint = rest[:1].lower() + rest[1:]
    for words, plainer in _PLAINER:
        message = re.sub(words, plainer, message)
    # Python counts lines from the start of the text.
    starts = [sum(len(part) + 1 for part in lines[:number]) for number in range(len(lines))]
    message = re.sub(
        r"\bon line (\d+)",
        lambda found: f"on line {text.place(start + starts[min(int(found[1]), len(lines)) - 1])[0]}",
        message,
    )
    if "was never closed" in message or "unmatched" in message:
        hint = (
            "close every bracket; a comma or ' #' inside brackets may have cut the text: put quotes around it"
        )
    elif "leading zeros" in message:
        message = "a number may not begin with zeros"
    elif message == "expected ':'":
        hint = "end the line with a colon"
    elif "==" in rest:
        hint = "compare with =="
    elif "invalid character" in message:
        hint = "write plain quotes, ' or \", and plain signs: + - * /"
    elif "indent" in message:
        # ast points before or after the first word of the line.
        offset += len(lines[line - 1]) - len(lines[line - 1].lstrip()) - column
        hint = "lines of one level begin in one column; those below for, if and else are indented further"
    return Problem("syntax", f"this can't be read: {message}", text.position(start + offset, 1), hint=hint)


#: What other languages write, the sentence for it, and what to write: ``{0}`` is what stands before, ``{1}`` after it.
_SLIPS: tuple[tuple[str, str, str], ...] = (
    (r"\$\{{1,2}\s*([\w.]+)\s*\}{1,2}", "a param stands by its name alone", "write {0}"),
    (r"\{\{\s*([\w.]+)\s*\}\}", "a param stands by its name alone", "write {0}"),
    (r"\s*;\s*$", "a statement ends with its line", "remove the ;"),
    (r"\s*,\s*$", "a value ends with its line", "remove the comma"),
    (r"\s*//(?= )", "a comment begins with #", "write # for //, or remove the comment"),
    (
        r"([A-Za-z_]\w*)\s*(?:->|\|>|>>)\s*([A-Za-z_]\w*)",
        "a layer is called with its input in brackets",
        "write {1}({0})",
    ),
    (r"(?<=[(,= ])(\d+)x(\d+)\b", "sizes are a tuple", "write ({0}, {1})"),
    (r"\s+x\s+(\d+)$", "x is no sign for times", "write {0} * before the layer"),
)


def _explain_slip(text: Text, start: int, shown: str, offset: int) -> Problem | None:
    """Signs of other languages, on the line that Python can't read."""
    begin = shown.rfind("\n", 0, offset) + 1
    end = shown.find("\n", begin)
    line = shown[begin : end if end >= 0 else len(shown)]
    for pattern, message, hint in _SLIPS:
        found = re.search(pattern, line)
        if found is None or len(line) > MAX_SLIP:
            continue
        place = text.position(start + begin + found.start(), max(1, found.end() - found.start()))
        return Problem("syntax", message, place, hint=hint.format(*found.groups()))
    return None


#: Longer lines are no slips of a person.
MAX_SLIP = 500


def check_grammar(code: Code, *, statements: bool) -> None:
    """Refuse every node that the language hasn't, names that aren't ASCII, and trees that are too deep."""
    allowed = _EXPRESSIONS | _STATEMENTS if statements else _EXPRESSIONS
    stack: list[tuple[ast.AST, int]] = [(code.tree, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise SpecError(_too_deep(code.position(node)))
        if type(node) not in allowed:
            what, hint = _REFUSED.get(type(node), (f"{type(node).__name__} is", ""))
            if isinstance(node, ast.AnnAssign) and node.value is not None:
                hint = f"write {code.segment(node.target)} = {code.segment(node.value)}"
            raise code.problem("not-in-language", f"{what} not in the spec language, version 1", node, hint)
        _check_node(code, node)
        stack += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
    if not code.shown.isascii():
        _check_ascii(code)


def _check_node(code: Code, node: ast.AST) -> None:
    if isinstance(node, ast.Constant):
        value = node.value
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and abs(value) >= 10 ** current_limits().digits
        ):
            raise code.problem(
                "number-too-large", "this number is too large for any size", node, "write a smaller one"
            )
        if isinstance(value, (bytes, complex)):
            raise code.problem(
                "not-in-language", f"{type(value).__name__} values are not in the spec language", node
            )
    elif isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if len(targets) > 1:
            raise code.problem(
                "not-in-language",
                "a = b = ... is not in the spec language, version 1",
                node,
                "write two assignments",
            )
        _check_target(code, targets[0])
    elif isinstance(node, ast.For):
        _check_target(code, node.target)
        if node.orelse:
            raise code.problem(
                "not-in-language", "for ... else is not in the spec language, version 1", node.orelse[0]
            )
    elif isinstance(node, ast.comprehension):
        _check_target(code, node.target)
        if node.is_async:
            raise code.problem("not-in-language", "async is not in the spec language", node.target)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.LShift, ast.RShift)):
        raise code.problem(
            "not-in-language",
            "<< and >> are not in the spec language, version 1",
            node,
            "write * 2 ** n or // 2 ** n",
        )


def _hint_assigned(code: Code, target: ast.Attribute) -> str:
    """``self.decoder.weight = self.encoder.weight`` ties the two; anything else has a name of its own."""
    statements = code.tree.body if isinstance(code.tree, ast.Module) else []
    for statement in statements:
        if isinstance(statement, ast.Assign) and target in statement.targets:
            names = [code.segment(each).removeprefix("self.") for each in (target, statement.value)]
            if all(re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)*\.(?:weight|bias)\w*", name) for name in names):
                return f"write tie: {{{names[0]}: {names[1]}}} at the left margin, and leave this line out"
    return "assign to a plain name: y = ..."


def _check_target(code: Code, target: ast.expr) -> None:
    if isinstance(target, ast.Subscript):
        raise code.problem(
            "not-in-language",
            "item assignment is not in the spec language, version 1",
            target,
            "make a new tensor: where(mask, value, x), cat([...]) or x.masked_fill(mask, value)",
        )
    if isinstance(target, ast.Attribute):
        raise code.problem(
            "not-in-language", "attributes can't be assigned", target, _hint_assigned(code, target)
        )
    if isinstance(target, ast.Starred):
        raise code.problem(
            "not-in-language",
            "*name in an assignment is not in the spec language, version 1",
            target,
            "take the whole and then its parts: first = value[0], rest = value[1:]",
        )
    if isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            _check_target(code, item)
    elif isinstance(target, ast.Name):
        if target.id.startswith("__"):
            raise code.problem("bad-name", f"{target.id} begins with two underscores", target)
        if target.id in ("self", "F", "nn", "torch", "math"):
            raise code.problem(
                "bad-name", f"{target.id} has a meaning of its own here", target, "take another name"
            )


def _check_ascii(code: Code) -> None:
    """Python folds look-alike letters of identifiers into ASCII; a reviewer doesn't."""
    covered = [
        code.span(node)
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    comment = False
    for index, character in enumerate(code.shown):
        inside = any(begin <= index < end for begin, end in covered)
        if character == "\n":
            comment = False
        elif character == "#" and not inside:
            comment = True
        if ord(character) > 127 and not inside and not comment:
            raise SpecError(
                Problem(
                    "not-ascii",
                    f"{character!r} (U+{ord(character):04X}) is not allowed outside quoted text",
                    code.text.position(code.start + index, 1),
                    hint="names and operators are written in ASCII",
                )
            )


def name_after_dot(node: ast.Attribute) -> ast.Name:
    """The last name of ``value.name``, which is what an error about it points at."""
    line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
    start = end - len(node.attr)
    return ast.Name(node.attr, ast.Load(), lineno=line, col_offset=start, end_lineno=line, end_col_offset=end)
