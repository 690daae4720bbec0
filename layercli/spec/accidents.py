"""What goes wrong when an expression meets YAML's own syntax, and the line that mends it.

Everything here looks at text only: it is asked once YAML has failed, or has split what was meant as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from layercli.errors import Label, Position, Problem, Source
from layercli.record import record

# Longer texts are no accident of a person, and the scans below needn't be fast on them.
EXPLAINED_LENGTH = 10_000
EXPLAINED_DEPTH = 40
EXPLAINED_LINES = 400
#: So many lines with one mistake are shown.
SHOWN_LINES = 12

# Texts, so that each pattern is compiled when it is first used.
_BRACKET = r"[()\[\]{}]"
_PARTNERS = {"(": ")", "[": "]", "{": "}"}
# Bounded, so that a row of quotes without partners is not searched to its end from each of them.
_STRING = r"'(?:[^'\\\n]|\\.){0,500}'|\"(?:[^\"\\\n]|\\.){0,500}\""
_YAML_STRING = r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\""
_ENTRY = r"""[ ]*(?:-[ ]+)*(?:(?:"[^"]*"|'[^']*'|[\w.*-]+)[ ]*:[ ]+)?"""
_FLOW_KEY = r"""(?:"[^"]*"|'[^']*'|[\w.*-]+)\s*:(?=[\s\[\]{},])"""
_COMMENTS = r"(?:^|(?<=\S))[ \t]*(?<![^ \t])#"
_FLOW_SPLITS = r"[,\[\]{}]|:(?=\s|$)|\s#"

#: ``x = `` or ``self.fc = `` at the start of a line, and a layer that is made after it.
_MADE = r"(?:self\.)?([A-Za-z_]\w*)[ ]*=[ ]*((?:(?:torch\.)?nn\.)?[A-Z]\w*\(.*)"
_LAMBDA = r"(?<![\w.'\"])lambda\b[^:()\[\]{}'\"]{0,200}:"
_KEYWORD_COLON = r"([(,]\s*)([A-Za-z_]\w*)\s*:\s*(?=[^\s,)])"

#: Marks that other programs know before a value, the sentence for them, and what to write instead.
_MARKS = (
    (r"\$\{(?![\w.\s]*\})[^{}]*\}", "nothing from outside is put into a value", "write a param's name, and --set name=... to change it"),
    (r"\$@?(?=[A-Za-z_(\[])", "a value is an expression, with no mark before it", "remove it"),
    (r"@([A-Za-z_]\w*)(?:$|::|#).*", "a param, or a layer, stands by its name alone", "write {0}; a product has two sides: x @ {0}"),
    (r"[@%][\w-]*(?:::|[./]).*", "no value is read from another file", "import a block: imports: {{Block: blocks.yaml}}"),
    (r"\*$", "a size that may be any is a dim", "write N, with dims: {{N: 1}} above"),
)  # fmt: skip

#: What to write where Python has ``lambda``.
INSTEAD_OF_LAMBDA = "name a listed function, or write the expression where it is needed"

INDICATORS = {
    "@": "is reserved in YAML",
    "`": "is reserved in YAML",
    "%": "starts a directive in YAML",
    "*": "starts an alias in YAML",
    "&": "starts an anchor in YAML",
    "!": "starts a tag in YAML",
    "|": "starts a literal block in YAML, whose text begins on the next line",
    ">": "starts a folded block in YAML, whose text begins on the next line",
    ",": "separates entries in YAML",
    "]": "closes a list in YAML, and none is open",
    "}": "closes a mapping in YAML, and none is open",
}


def quote(text: str) -> str:
    """``text`` as a quoted YAML scalar, in whichever quotes leave it as it is."""
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def find_unbalanced(text: str) -> int | None:
    """The offset of the first bracket in an expression that has no partner, or None.

    Brackets inside closed strings don't count; a quote without a partner is read as an apostrophe.
    """
    if len(text) > EXPLAINED_LENGTH or re.search(_BRACKET, text) is None:
        return None
    opened: list[int] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character in "'\"" and (string := re.compile(_STRING).match(text, at)):
            at = string.end()
            continue
        if character in _PARTNERS:
            opened.append(at)
        elif character in ")]}":
            if not opened or _PARTNERS[text[opened[-1]]] != character:
                return at
            opened.pop()
        at += 1
    return opened[0] if opened else None


def _is_cut(text: str, at: int) -> bool:
    """Whether the expression in ``text`` isn't over at ``at``: a bracket or string is open there."""
    inside = any(
        string.start() < at < string.end() for string in re.finditer(_STRING, text[:EXPLAINED_LENGTH])
    )
    return inside or find_unbalanced(text[:at]) is not None


def explain_python(text: str, position: Position) -> Problem | None:
    """Quotes wouldn't help an expression with ``lambda x: ...`` or ``Linear(3, 4, bias: False)`` in it.

    ``position`` is where the text stands. None where there is no such thing in it.
    """
    text = text[:EXPLAINED_LENGTH].split("\n")[0]
    found = re.search(_LAMBDA, text)
    if found is not None:
        at = Position(position.source, position.line, position.column + found.start(), len("lambda"))
        message = "lambda is not in the spec language, version 1"
        return Problem("not-in-language", message, at, hint=INSTEAD_OF_LAMBDA)
    for found in islice(re.finditer(_KEYWORD_COLON, text), EXPLAINED_DEPTH):
        opened = _innermost_bracket(text[: found.start() + 1])
        if opened != "(":
            continue
        name = found[2]
        start = found.end(1)
        at = Position(position.source, position.line, position.column + start, found.end() - start)
        rest = re.match(r"'[^']*'|\"[^\"]*\"|[\w.+-]+", text[found.end() :])
        shown = f"{name}={rest[0]}" if rest is not None else f"{name}=..."
        return Problem(
            "syntax", "an argument's name is followed by =, not by a colon", at, hint=f"write {shown}"
        )
    return None


def explain_mark(text: str, position: Position) -> Problem | None:
    """What configurations put before a value, ``$``, ``@`` and ``%``, and ``*`` for any size. None where there is none."""
    for pattern, message, hint in _MARKS:
        found = re.match(pattern, text[:EXPLAINED_LENGTH].strip())
        if found is not None:
            start = position.column + len(text) - len(text.lstrip())
            at = Position(position.source, position.line, start, len(found[0]))
            return Problem("syntax", message, at, hint=hint.format(*found.groups()))
    return None


def _innermost_bracket(text: str) -> str:
    """The bracket that is open at the end of ``text``, outside of strings; empty where none is."""
    opened: list[str] = []
    at = 0
    while at < len(text):
        if text[at] in "'\"" and (string := re.compile(_STRING).match(text, at)):
            at = string.end()
            continue
        if text[at] in _PARTNERS:
            opened.append(text[at])
        elif text[at] in ")]}" and opened:
            opened.pop()
        at += 1
    return opened[-1] if opened else ""


def explain_unmarked_block(source: Source, line: int) -> Problem | None:
    """Statements under ``forward:`` without ``|``; ``line`` is that of one of them.

    None where it doesn't stand under a ``forward`` that is empty on its own line, or where the statements have dashes.
    """
    indentation = len(source.line(line)) - len(source.line(line).lstrip(" "))
    first = line
    for number in range(line - 1, max(0, line - EXPLAINED_LINES), -1):
        text = source.line(number)
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        before = len(text) - len(text.lstrip(" "))
        found = re.match(r"([ ]*)forward[ ]*:[ ]*(?:#.*)?$", text)
        if found is None or before >= indentation:
            indentation, first = min(indentation, before), number
            if before == 0:
                return None
            continue
        if source.line(first).lstrip().startswith("-"):
            return None
        place = Position(source, number, before + 1, len(text[before:].rstrip()))
        message = "without a | after forward:, YAML takes the statements below it apart"
        return Problem("wrong-kind", message, place, hint="write forward: |")
    return None


def find_comment(text: str) -> int:
    """Where the comment at the end of a value starts, blanks before it included; its length if none.

    A ``#`` inside a string, or between brackets that close after it, is taken for a part of the expression.
    """
    for found in islice(re.finditer(_COMMENTS, text), EXPLAINED_DEPTH):
        if not _is_cut(text, found.start()) or find_unbalanced(text) is not None:
            return found.start()
    return len(text)


def split_entry(line: str) -> tuple[str, str, str]:
    """A line as indentation with dashes and key, the value, and the comment."""
    entry = re.match(_ENTRY, line)
    start = entry.end() if entry else 0
    value = line[start:].rstrip()
    end = find_comment(value)
    return line[:start], value[:end], line[start + end :]


def _needs_quotes(piece: str) -> bool:
    whole = re.match(_YAML_STRING, piece)
    if whole and whole.end() == len(piece):
        return False
    return bool(piece) and (
        piece[0] in "'\"#:"
        or piece[0] in INDICATORS
        or re.match(r"[-?](\s|$)", piece) is not None
        or re.search(_FLOW_SPLITS, piece) is not None
    )


class _Unclosed(Exception):
    pass


def mend_flow(text: str) -> tuple[list[tuple[int, int]], int] | None:
    """The stretches that need quotes in a flow collection, and where the collection ends.

    ``text`` begins with ``{`` or ``[``. It is read as it was meant: a comma between the brackets of a call
    belongs to the call. None where the brackets don't close.
    """
    text = text[:EXPLAINED_LENGTH]
    stretches: list[tuple[int, int]] = []

    def skip(at: int) -> int:
        while at < len(text) and (text[at].isspace() or text[at] == "#"):
            if text[at] == "#":
                newline = text.find("\n", at)
                at = len(text) if newline < 0 else newline
            else:
                at += 1
        if at >= len(text):
            raise _Unclosed
        return at

    def expression(at: int, closing: str) -> int:
        opened: list[str] = []
        while at < len(text):
            character = text[at]
            if character in "'\"" and (string := re.compile(_STRING).match(text, at)):
                at = string.end()
                continue
            if not opened and character in (",", closing):
                return at
            if character in _PARTNERS:
                opened.append(_PARTNERS[character])
            elif opened and character == opened[-1]:
                opened.pop()
            at += 1
        raise _Unclosed

    def collection(at: int, depth: int) -> int:
        if depth > EXPLAINED_DEPTH or text[at] not in _PARTNERS:
            raise _Unclosed
        closing = _PARTNERS[text[at]]
        at = skip(at + 1)
        while text[at] != closing:
            if key := re.compile(_FLOW_KEY).match(text, at):
                at = skip(key.end())
            start = at
            if text[at] in "{[":
                before = len(stretches)
                end = skip(collection(at, depth + 1))
                if text[end] in (",", closing):
                    at = end
                else:
                    del stretches[before:]
            if at == start:
                at = expression(at, closing)
                piece = text[start:at].rstrip()
                if _needs_quotes(piece):
                    stretches.append((start, start + len(piece)))
            if text[at] == ",":
                at = skip(at + 1)
        return at + 1

    try:
        end = collection(0, 0)
    except _Unclosed:
        return None
    return stretches, end


def quote_line(source: Source, line: int) -> str:
    """Line ``line`` with its value in quotes, without indentation and comment."""
    prefix, value, _ = split_entry(source.line(line))
    return (prefix + quote(value)).strip()


def hint_quoted(shown: str, prefix: str) -> str:
    """The hint that shows a line with quotes; ``prefix`` is what stands before the value."""
    block = ", or in forward: write the statements as in Python, under forward: |"
    return f"write {shown}" + (block if prefix.strip() == "-" else "")


def explain_line(source: Source, line: int, column: int, width: int, message: str) -> Problem:
    """A value on one line that needs quotes: the problem that shows the line with them."""
    prefix, _, _ = split_entry(source.line(line))
    return Problem(
        "yaml-quote-needed",
        message,
        Position(source, line, column, width),
        hint=hint_quoted(quote_line(source, line), prefix),
    )


def _flow_text(source: Source, line: int, column: int) -> str:
    """The text from a bracket on, as much of it as is looked at."""
    rest = "\n".join([source.line(line)[column - 1 :], *source.lines[line : line + EXPLAINED_LINES]])
    return rest[:EXPLAINED_LENGTH]


def explain_flow(source: Source, line: int, column: int, listed: bool) -> Problem | None:
    """A flow collection that starts at ``line`` and ``column`` and holds expressions which YAML splits.

    ``listed``: it stands as an item of a block list, where a dict with quoted keys is meant as a statement.
    None where it holds none.
    """
    text = _flow_text(source, line, column)
    mended = mend_flow(text)
    if mended is None or not mended[0]:
        return None
    stretches, end = mended
    first, last = stretches[0]
    newline = text.rfind("\n", 0, first)
    place = Position(
        source,
        line + text.count("\n", 0, first),
        column + first if newline < 0 else first - newline,
        len(text[first:last].split("\n")[0]),
    )
    piece = " ".join(text[first:last].split())
    python = explain_python(text[first:last], place)
    if python is not None:
        return python
    if "\n" in text[:end]:
        hint = f"write {quote(piece)}"
    elif listed and text[1:2] in ("'", '"'):
        hint = hint_quoted(quote_line(source, line), "-")
    else:
        shown = source.line(line)[: column - 1]
        at = 0
        for start, stop in stretches:
            shown += text[at:start] + quote(text[start:stop])
            at = stop
        rest = source.line(line)[column - 1 + end :]
        hint = f"write {(shown + text[at:end] + rest[: find_comment(rest)]).strip()}"
    if piece[0] in INDICATORS:
        message = f"a value can't start with {piece[0]}, which {INDICATORS[piece[0]]}"
    else:
        opening = text[0] + _PARTNERS[text[0]]
        message = f"{piece} needs quotes inside {opening}, where YAML has its own use for commas and brackets"
    return Problem("yaml-quote-needed", message, place, hint=hint)


@record
class Trouble:
    """Where and why YAML stopped. ``columns``: where the entries of each open block start.

    ``flow``: line and column of the outermost open ``{`` or ``[``; ``quoted``: first and last line of the
    last text in quotes; ``context``: line and column where the part that YAML was reading starts.
    """

    source: Source
    line: int
    column: int
    message: str
    doing: str
    context: tuple[int, int] | None
    columns: tuple[tuple[int, bool], ...]
    flow: tuple[int, int, bool] | None
    quoted: tuple[int, int, int] | None

    @property
    def text(self) -> str:
        return self.source.line(self.line)

    def here(self, width: int = 1) -> Position:
        return Position(self.source, self.line, self.column, width)


def _directive(trouble: Trouble) -> Problem | None:
    if not trouble.text.startswith("%"):
        return None
    return explain_directive(trouble.source, trouble.line)


def explain_directive(source: Source, line: int) -> Problem:
    return Problem(
        "yaml-directive",
        "a spec has no YAML directives",
        Position(source, line, 1, len(source.line(line))),
        hint="remove this line",
    )


def _escape(trouble: Trouble) -> Problem | None:
    if "escape" not in trouble.message and "hexdecimal" not in trouble.message:
        return None
    if "quoted" not in trouble.doing and "double-quoted" not in trouble.doing:
        return None
    column = trouble.text.rfind("\\", 0, trouble.column + 1) + 1 or trouble.column
    shown = trouble.text[column - 1 : column + 1]
    return Problem(
        "yaml-escape",
        f"{shown} is no escape that YAML knows in double quotes",
        Position(trouble.source, trouble.line, column, 2),
        hint="write the text in single quotes, where a backslash is just a backslash",
    )


def _unclosed_quote(trouble: Trouble) -> Problem | None:
    if "quoted scalar" not in trouble.doing or trouble.context is None or "escape" in trouble.message:
        return None
    line, column = trouble.context
    character = trouble.source.line(line)[column - 1 : column]
    return Problem(
        "yaml-unclosed",
        f"the text that starts with {character} here has no closing {character}",
        Position(trouble.source, line, column),
        hint=f"close it with {character}, or put the whole value in the other kind of quotes",
    )


def _missing_entry(trouble: Trouble) -> Problem | None:
    if trouble.flow is None or trouble.text[trouble.column - 1 : trouble.column] != ",":
        return None
    before = trouble.text[: trouble.column - 1].rstrip()
    if not before.endswith((",", "[", "{")):
        return None
    return Problem(
        "yaml-missing-entry",
        "there is nothing before this comma",
        trouble.here(),
        hint="remove the comma, or write an entry before it",
    )


def _tight_key(trouble: Trouble) -> Problem | None:
    """``{x:[1, 8]}``: a key without a blank in a flow mapping."""
    if trouble.flow is None:
        return None
    line, column, _ = trouble.flow
    text = trouble.source.line(line)
    found = re.compile(r"(?<=[{,\s])([A-Za-z_]\w*):(?=[\[{])").search(text, column - 1)
    if found is None or trouble.line != line:
        return None
    shown = (text[: found.end()] + " " + text[found.end() :]).strip()
    place = Position(trouble.source, line, found.start() + 1, found.end() - found.start())
    message = "a key is followed by a colon and a blank"
    return Problem("yaml-missing-blank", message, place, hint=f"write {shown}")


def _flow(trouble: Trouble) -> Problem | None:
    if trouble.flow is None:
        return None
    line, column, listed = trouble.flow
    found = explain_flow(trouble.source, line, column, listed)
    if found is not None:
        return found
    text = _flow_text(trouble.source, line, column)
    if mend_flow(text) is not None or len(text) == EXPLAINED_LENGTH:
        return None
    if trouble.context is not None and trouble.doing.startswith("while parsing a flow"):
        line, column = trouble.context
    opening = trouble.source.line(line)[column - 1 : column]
    if opening not in _PARTNERS:
        return None
    return Problem(
        "yaml-unclosed",
        f"the {opening} here has no closing {_PARTNERS[opening]}",
        Position(trouble.source, line, column),
        labels=(Label(trouble.here(), "it should be closed before this"),) if trouble.line != line else (),
        hint=f"close it with {_PARTNERS[opening]}",
    )


def _ended_quote(trouble: Trouble) -> Problem | None:
    if trouble.quoted is None or trouble.quoted[0] == trouble.line or trouble.quoted[2] != trouble.line:
        return None
    line, column, _ = trouble.quoted
    character = trouble.source.line(line)[column - 1 : column]
    return Problem(
        "yaml-unclosed",
        f"the text that starts with {character} here ends only at line {trouble.line}",
        Position(trouble.source, line, column),
        labels=(Label(trouble.here(), "what follows is outside the quotes"),),
        hint=f"close it with {character} on its own line",
    )


def _leading(trouble: Trouble) -> Problem | None:
    prefix, value, _ = split_entry(trouble.text)
    if not value or trouble.column <= len(prefix) - 1:
        return None
    column, width, first = len(prefix) + 1, len(value), value[0]
    message = ""
    marked = explain_mark(value, Position(trouble.source, trouble.line, column, width))
    if marked is not None:
        return marked
    if first in INDICATORS:
        header = re.fullmatch(r"[|>][+\-0-9]*", value)
        message = "" if header else f"a value can't start with {first}, which {INDICATORS[first]}"
    elif re.match(r"[-?:](\s|$)", value):
        message = f"a value can't start with {first} and a blank, which YAML reads as the start of an entry"
    elif first in "'\"":
        whole = re.match(_YAML_STRING, value)
        if whole and whole.end() < len(value):
            message = f"a text that starts with {first} ends at the next {first} for YAML, and more follows"
    elif first in "[{":
        mended = mend_flow(value)
        if mended and mended[1] < len(value):
            after = _explain_after(trouble, column + mended[1], value[mended[1] :])
            if after is not None:
                return after
            what = "list" if first == "[" else "mapping"
            message = f"a value that starts with {first} is a {what} for YAML, and more follows it"
            times = re.fullmatch(r"\[((?:nn\.)?[A-Z]\w*\(.*\))\] *\* *(\w+)", value)
            if times is not None and find_unbalanced(times[1]) is None:
                place = Position(trouble.source, trouble.line, column, width)
                shown = f"{prefix.strip()} {times[2]} * {times[1]}"
                hint = f"write {shown} for layers that run in order"
                return Problem("yaml-quote-needed", message, place, hint=hint)
    return explain_line(trouble.source, trouble.line, column, width, message) if message else None


def _explain_after(trouble: Trouble, column: int, rest: str) -> Problem | None:
    """A comma after a list, or a comment of another language."""
    start = column + len(rest) - len(rest.lstrip())
    place = Position(trouble.source, trouble.line, start, max(1, len(rest.strip())))
    if rest.strip() in (",", ";"):
        message = f"nothing follows a value on its line, and here stands {rest.strip()}"
        return Problem(
            "yaml-syntax", message, place, hint=f"remove the {rest.strip()} here and on other lines"
        )
    if rest.strip().startswith("//"):
        hint = f"write # {rest.strip().removeprefix('//').strip()}"
        return Problem("yaml-comment", "a comment begins with a blank and #", place, hint=hint)
    return None


def _colon(trouble: Trouble) -> Problem | None:
    prefix, value, _ = split_entry(trouble.text)
    above = _line_above(trouble)
    if above and re.match(r" *[A-Za-z_]\w*:[^\s:]", trouble.source.line(above)):
        return explain_keyless(trouble.source, above)
    named = re.fullmatch(r"[A-Z]\w*:", value)
    if named is not None and prefix.strip().endswith(":"):
        place = Position(trouble.source, trouble.line, len(prefix) + 1, len(value))
        message = f"{prefix.strip()} has a value, and {value} is a key"
        hint = f"write {prefix.strip()} alone; layers that stand below it run in order, as in Sequential"
        return Problem("yaml-mixed", message, place, hint=hint)
    inside = trouble.column > len(prefix)
    refused = "mapping values are not allowed" in trouble.message
    if not refused and not (inside and re.search(r":\s", value[: trouble.column - len(prefix)])):
        return None
    if not inside:
        return Problem(
            "yaml-indentation",
            "this line is indented as if it went on with the value above it, yet has a key of its own",
            Position(
                trouble.source, trouble.line, 1 + len(prefix) - len(prefix.lstrip()), len(prefix.strip())
            ),
            hint="give it the same indentation as its neighbours, or remove the value from the line above",
        )
    place = Position(trouble.source, trouble.line, len(prefix) + 1, len(value))
    python = explain_python(value, place)
    if python is not None:
        return python
    message = "YAML takes a colon and a blank for the end of a key, so this value needs quotes"
    return explain_line(trouble.source, trouble.line, len(prefix) + 1, len(value), message)


def _line_above(trouble: Trouble) -> int:
    """The nearest line above with anything on it that is indented as much; 0 where there is none."""
    own = len(trouble.text) - len(trouble.text.lstrip(" "))
    for line in range(trouble.line - 1, max(0, trouble.line - EXPLAINED_LINES), -1):
        text = trouble.source.line(line)
        if text.strip() and not text.lstrip().startswith("#"):
            return line if len(text) - len(text.lstrip(" ")) == own else 0
    return 0


def explain_cut(source: Source, line: int, column: int) -> Problem | None:
    """An expression that starts at ``column`` and that YAML cut off at a ``#``, which starts a comment."""
    text = source.line(line)[column - 1 :]
    for found in islice(re.finditer(_COMMENTS, text), EXPLAINED_DEPTH):
        if not _is_cut(text, found.start()):
            continue
        whole = text.rstrip()
        start = found.end()
        closed = find_unbalanced(whole) is None
        return Problem(
            "yaml-comment",
            "YAML takes a blank and # for the start of a comment, which cuts this value off",
            Position(source, line, column + start - 1, max(1, len(whole) - start + 1)),
            labels=(Label(Position(source, line, column, max(1, found.start())), "all that is left of it"),),
            hint=f"write {(source.line(line)[: column - 1] + quote(whole)).strip()}"
            if closed
            else "move the comment to a line of its own",
        )
    return None


def _comment(trouble: Trouble) -> Problem | None:
    for line in range(trouble.line, max(0, trouble.line - 3), -1):
        prefix, _, _ = split_entry(trouble.source.line(line))
        found = explain_cut(trouble.source, line, len(prefix) + 1)
        if found is not None:
            return found
    return None


def _missing_colon(trouble: Trouble) -> Problem | None:
    if "could not find expected ':'" not in trouble.message:
        return None
    line = trouble.context[0] if trouble.context is not None else trouble.line
    text = trouble.source.line(line)
    start = len(text) - len(text.lstrip(" ")) + 1
    return _indentation(replace(trouble, line=line, column=start)) or explain_keyless(trouble.source, line)


def explain_tight_dash(position: Position) -> Problem | None:
    """``-x = pool(x)`` in a list: a dash without a blank. ``position`` is where the dash stands, None for no dash."""
    text = position.source.line(position.line)[position.column - 1 :].rstrip()
    if re.match(r"-[^\s-]", text) is None:
        return None
    message = "a dash is followed by a blank where it starts an item of a list"
    return Problem("yaml-missing-blank", message, position, hint=f"write - {text[1:]}")


def explain_keyless(source: Source, line: int) -> Problem:
    """A line that has no key where one is needed."""
    text = source.line(line)
    shown = text.strip()
    start = len(text) - len(text.lstrip())
    place = Position(source, line, start + 1, max(1, len(shown)))
    if shown.startswith(":"):
        return Problem("yaml-key", "there is no key before this colon", place, hint="write key: value")
    tight = re.match(r"([A-Za-z_][\w.]*):(?=\S)", shown)
    if tight is not None:
        return Problem(
            "yaml-missing-blank",
            "a key is followed by a colon and a blank",
            place,
            hint=f"write {tight.group(1)}: {shown[tight.end() :]}",
        )
    made = re.match(_MADE, shown)
    if made is not None:
        more = _label_more(source, line)
        hidden = len(more) - (SHOWN_LINES - 1)
        return Problem(
            "yaml-missing-colon",
            "a layer's name is followed by a colon, not by =",
            place,
            hint=f"write {made[1]}: {made[2]}",
            labels=more[: SHOWN_LINES - 1],
            notes=(f"{hidden} more of the lines below are written so, too",) if hidden > 0 else (),
        )
    return Problem(
        "yaml-missing-colon",
        "a key and a colon are expected on this line",
        place,
        hint="write key: value, or indent the line so that it goes on with the value above it",
    )


def _label_more(source: Source, line: int) -> tuple[Label, ...]:
    """What to write for each layer that is written with = on the lines below."""
    labels: list[Label] = []
    for number in range(line + 1, min(len(source.lines), line + EXPLAINED_LINES) + 1):
        text = source.line(number)
        made = re.match(_MADE, text.strip())
        if text.strip() and made is None:
            break
        if made is not None:
            start = len(text) - len(text.lstrip())
            place = Position(source, number, start + 1, len(text.strip()))
            labels.append(Label(place, f"write {made[1]}: {made[2]}"))
    return tuple(labels)


def explain_listed(text: str, position: Position) -> Problem | None:
    """``- conv1 = nn.Conv2d(1, 6, 5)``: a named layer as an item of a list."""
    made = re.match(_MADE, text.strip())
    if made is None:
        return None
    message = "a layer with a name is no item of a list: its name is followed by a colon"
    return Problem(
        "yaml-missing-colon", message, position, hint=f"write {made[1]}: {made[2]}, without the dash"
    )


def _unmarked_block(trouble: Trouble) -> Problem | None:
    text = trouble.text
    return None if text.lstrip().startswith("-") else explain_unmarked_block(trouble.source, trouble.line)


def _indentation(trouble: Trouble) -> Problem | None:
    text = trouble.text
    start = len(text) - len(text.lstrip(" ")) + 1
    if trouble.column != start or not trouble.columns or not text.strip():
        return None
    known = sorted({column for column, _ in trouble.columns})
    place = Position(trouble.source, trouble.line, start, len(text.strip()))
    if start not in known:
        above = next(
            (above for above in reversed(trouble.source.lines[: trouble.line - 1]) if above.strip()), ""
        )
        known = sorted({*known, len(above) - len(above.lstrip(" ")) + 1})
        expected = " and ".join(str(column - 1) for column in known)
        return Problem(
            "yaml-indentation",
            f"this line is indented by {start - 1}, and no entry around it is",
            place,
            notes=(f"the entries around it are indented by {expected}",),
            hint="give it the same indentation as its neighbours",
        )
    if text[start - 1 :].startswith(("- ", "-\n")) or text.strip() == "-":
        return Problem(
            "yaml-mixed",
            "a list item stands where a key is expected",
            place,
            hint="write key: value, or indent the list under its key",
        )
    if trouble.columns[-1] == (start, True):
        tight = explain_tight_dash(place)
        if tight is not None:
            return tight
        hint = f"write - {text.strip()}, or give it the indentation of the key that the list belongs to"
        named = re.match(r"[A-Za-z_]\w*:(?:\s|$)", text.strip())
        before = trouble.source.lines[max(0, trouble.line - EXPLAINED_LINES) : trouble.line - 1]
        listed = [line[start + 1 :] for line in before if line[: start + 1] == " " * (start - 1) + "- "]
        if named is not None and listed and re.match(r"[A-Za-z_]\w*:(?:\s|$)", listed[-1]):
            hint = f"leave out the dash of the items above and below, too, as in {listed[-1].strip()}"
        return Problem(
            "yaml-mixed",
            "this line has no dash, and stands between items of a list",
            place,
            hint=hint,
        )
    return explain_keyless(trouble.source, trouble.line)


def _tab(trouble: Trouble) -> Problem | None:
    at = trouble.text.find("\t")
    if at < 0 or trouble.text[trouble.column - 1 : trouble.column] != "\t":
        return None
    return Problem(
        "yaml-tab",
        "a tab stands where YAML needs a blank",
        Position(trouble.source, trouble.line, trouble.column),
        hint="write blanks instead of the tab",
    )


_EXPLANATIONS: tuple[Callable[[Trouble], Problem | None], ...] = (
    _directive,
    _tab,
    _escape,
    _unclosed_quote,
    _missing_entry,
    _tight_key,
    _flow,
    _ended_quote,
    _unmarked_block,
    _leading,
    _colon,
    _comment,
    _missing_colon,
    _indentation,
)


def explain(trouble: Trouble) -> Problem:
    """Why YAML stopped, in words that need no knowledge of YAML's grammar."""
    for explanation in _EXPLANATIONS if len(trouble.text) <= EXPLAINED_LENGTH else ():
        found = explanation(trouble)
        if found is not None:
            return found
    return Problem(
        "yaml-syntax",
        "this line can't be read as YAML",
        trouble.here(),
        notes=(f"the YAML reader says: {trouble.message}",) if trouble.message else (),
        hint="put the value in quotes, or look for a bracket, quote or colon left open above",
    )
