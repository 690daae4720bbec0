"""The language server: what an editor asks, over standard input and output."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import unquote

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from layercli import __version__
from layercli.errors import Position, Problem, escape_controls
from layercli.server.actions import Change, list_actions, text_of
from layercli.server.analysis import Analysis, Bound, analyse, may_become_spec
from layercli.server.completion import find_signature, list_offers
from layercli.server.hover import tell_place, write_markdown, write_plain
from layercli.server.names import Kind
from layercli.server.outline import Outline, Place, find_place, read_outline
from layercli.server.texts import Lines
from layercli.spec.limits import raise_elsewhere, set_limits

#: What one text may take: an editor waits for it.
LIMITS: Final = {"seconds": 10, "steps": 1_000_000, "memory": 4_096}
#: How long nothing may be typed before the text is looked at.
PAUSE: Final = 0.15
#: Larger messages and longer lines of headers are no editor's.
MAX_MESSAGE: Final = 64 << 20
MAX_HEADER: Final = 1 << 16
#: So many files are looked at once more when one changes that they may import.
MAX_AGAIN: Final = 20

SOURCE: Final = "layercli"

_SEVERITIES: Final = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
}
_KINDS: Final[dict[Kind, types.CompletionItemKind]] = {
    "class": types.CompletionItemKind.Class,
    "function": types.CompletionItemKind.Function,
    "method": types.CompletionItemKind.Method,
    "attribute": types.CompletionItemKind.Field,
    "layer": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.Variable,
    "argument": types.CompletionItemKind.Field,
    "key": types.CompletionItemKind.Keyword,
    "module": types.CompletionItemKind.Module,
}
#: Problems of what has no effect, which editors grey out.
_UNUSED: Final = "unused-"


class Server(LanguageServer):
    """The open files, each with what is known of its text.

    ``bound`` holds the work on one text to its limits.
    """

    def __init__(self, bound: Bound) -> None:
        super().__init__(
            SOURCE, __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full, max_workers=1
        )
        self.bound = bound
        self.known: dict[str, Analysis] = {}
        self.outlines: dict[str, Outline] = {}
        self.waiting: dict[str, asyncio.TimerHandle] = {}
        self.ended = False

    # Texts -----------------------------------------------------------------------------------------------

    @property
    def encoding(self) -> str:
        """In whose units the editor counts columns."""
        return types.PositionEncodingKind(self.workspace.position_encoding).value

    def texts(self) -> dict[Path, str]:
        """The texts of all open files by their paths."""
        documents = self.workspace.text_documents
        return {path: document.source for uri, document in documents.items() if (path := find_path(uri))}

    def analyse(self, uri: str) -> Analysis | None:
        """What is known of an open file; None where it isn't one."""
        path = find_path(uri)
        document = self.workspace.text_documents.get(unquote(uri))
        if path is None or document is None:
            return None
        known = self.known.get(uri)
        if known is None or known.text != document.source:
            known = self.known[uri] = analyse(path, self.texts(), self.bound)
        return known

    def find_outline(self, uri: str, text: str, line: int) -> Outline:
        """The names of a text, or of an earlier one where it can't be read."""
        found = read_outline(text, line)
        if found is not None:
            self.outlines[uri] = found
        return self.outlines.get(uri, Outline())

    def find_place(self, uri: str, position: types.Position) -> tuple[Analysis, Outline, Place, str] | None:
        """What stands at a place of an open file that is a spec or may become one, and what comes after it."""
        analysis = self.analyse(uri)
        if analysis is None or analysis.is_too_large or not may_become_spec(analysis.text):
            return None
        lines = analysis.lines(self.encoding)
        column = lines.offset(position.line, position.character) - lines.offset(position.line, 0)
        shown = [lines.line(number) for number in range(position.line + 1)]
        outline = self.find_outline(uri, analysis.text, position.line)
        return analysis, outline, find_place(shown, position.line, column), shown[-1][column:]

    # Problems --------------------------------------------------------------------------------------------

    def look_later(self, uri: str) -> None:
        """Tell the problems of a file once nothing has been typed for a while."""
        handle = self.waiting.pop(uri, None)
        if handle is not None:
            handle.cancel()
        self.waiting[uri] = asyncio.get_running_loop().call_later(PAUSE, self.look, uri)

    def look(self, uri: str) -> None:
        """Tell the problems of a file, and of those that may import it."""
        self.waiting.pop(uri, None)
        self.tell(uri)
        others = [other for other in [*self.known] if other != uri and "imports" in self.known[other].text]
        for other in others[:MAX_AGAIN]:
            del self.known[other]
            self.tell(other)

    def tell(self, uri: str) -> None:
        """Send the problems of a file as it is."""
        analysis = self.analyse(uri)
        if analysis is None:
            return
        document = self.workspace.get_text_document(uri)
        found = [self.diagnose(analysis, problem) for problem in analysis.problems]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, found, version=document.version)
        )

    def diagnose(self, analysis: Analysis, problem: Problem) -> types.Diagnostic:
        """A problem as the editor shows it; one of an imported file where this file imports it."""
        lines = analysis.lines(self.encoding)
        own = [
            position
            for position in (problem.position, *(label.position for label in problem.labels))
            if position is not None and analysis.is_own(position.source)
        ]
        others = [(label.position, label.text) for label in problem.labels]
        if problem.position is not None and problem.position not in own:
            others.insert(0, (problem.position, problem.message))
        if not own and problem.position is not None:
            imported = analysis.find_import(problem.position)
            own += [imported] if imported is not None else []
        related = [self.relate(analysis, *other) for other in others]
        parts = [problem.message, *problem.notes]
        parts += [
            f"help: {text}" for text in (problem.hint, *(mend.message for mend in problem.mends)) if text
        ]
        return types.Diagnostic(
            range=_to_range(lines, *lines.span(own[0])) if own else _to_range(lines, 0, 0),
            message=escape_controls("\n".join(parts)),
            severity=_SEVERITIES.get(problem.severity, types.DiagnosticSeverity.Information),
            code=problem.code,
            source=SOURCE,
            tags=[types.DiagnosticTag.Unnecessary] if problem.code.startswith(_UNUSED) else None,
            related_information=[item for item in related if item is not None] or None,
            data={"help": f"layercli help {problem.code}"},
        )

    def relate(
        self, analysis: Analysis, position: Position, text: str
    ) -> types.DiagnosticRelatedInformation | None:
        """A second place of a problem; None where its file can't be told."""
        path = analysis.find_file(position)
        if path is None:
            return None
        lines = Lines(text_of(path, position, analysis), self.encoding)
        place = types.Location(self.find_uri(path), _to_range(lines, *lines.span(position)))
        return types.DiagnosticRelatedInformation(place, escape_controls(text))

    def find_uri(self, path: Path) -> str:
        """The address of a file: the editor's own for it where it is open."""
        documents = self.workspace.text_documents.values()
        opened = (str(document.uri) for document in documents if find_path(document.uri) == path)
        return next(opened, path.as_uri())

    def change(self, changes: Sequence[Change]) -> types.WorkspaceEdit:
        """Changes of files as the editor makes them."""
        edits: dict[str, list[types.TextEdit]] = {}
        for change in changes:
            place = _to_range(Lines(change.whole, self.encoding), change.begin, change.end)
            edits.setdefault(self.find_uri(change.path), []).append(types.TextEdit(place, change.text))
        return types.WorkspaceEdit(changes=dict(edits))


def find_path(uri: str) -> Path | None:
    """The path of a file, or of a text that isn't saved yet, in the working folder; None for what else an editor opens."""
    scheme, _, rest = uri.partition(":")
    if scheme == "untitled":
        name = "".join(character if character.isalnum() else "-" for character in rest)
        return Path(os.path.abspath(f"{name or 'untitled'}.yaml"))
    found = to_fs_path(uri) if scheme == "file" else None
    return Path(os.path.abspath(found)) if found and "\0" not in found else None


def _to_range(lines: Lines, begin: int, end: int) -> types.Range:
    return types.Range(types.Position(*lines.place(begin)), types.Position(*lines.place(end)))


# What an editor asks --------------------------------------------------------------------------------------


def _open(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    server.look(params.text_document.uri)


def _change(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    server.look_later(params.text_document.uri)


def _save(server: Server, params: types.DidSaveTextDocumentParams) -> None:
    server.known.pop(params.text_document.uri, None)
    server.look(params.text_document.uri)


def _close(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    for kept in (server.known, server.outlines):
        kept.pop(uri, None)
    handle = server.waiting.pop(uri, None)
    if handle is not None:
        handle.cancel()
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


def _hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    uri = params.text_document.uri
    found = server.find_place(uri, params.position)
    if found is None:
        return None
    analysis, outline, _, _ = found
    lines = analysis.lines(server.encoding)
    offset = lines.offset(params.position.line, params.position.character)
    pieces = tell_place(analysis, outline, min(params.position.line, len(lines.starts) - 1), offset, lines)
    if not pieces:
        return None
    asked = server.client_capabilities.text_document
    formats = asked.hover.content_format if asked is not None and asked.hover is not None else None
    if formats and types.MarkupKind.Markdown not in formats:
        return types.Hover(types.MarkupContent(types.MarkupKind.PlainText, write_plain(pieces)))
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, write_markdown(pieces)))


def _complete(server: Server, params: types.CompletionParams) -> types.CompletionList | None:
    found = server.find_place(params.text_document.uri, params.position)
    if found is None:
        return None
    analysis, outline, place, after = found
    asked = server.client_capabilities.text_document
    item = asked.completion.completion_item if asked is not None and asked.completion is not None else None
    snippets = bool(item is not None and item.snippet_support)
    items = [
        types.CompletionItem(
            label=offer.label,
            kind=_KINDS[offer.kind],
            detail=offer.detail or None,
            documentation=types.MarkupContent(types.MarkupKind.PlainText, offer.doc) if offer.doc else None,
            insert_text=offer.text if snippets else offer.plain,
            insert_text_format=types.InsertTextFormat.Snippet
            if snippets
            else types.InsertTextFormat.PlainText,
            sort_text=f"{offer.rank}{number:04}",
        )
        for number, offer in enumerate(list_offers(place, outline, analysis, after))
    ]
    return types.CompletionList(is_incomplete=False, items=items)


def _sign(server: Server, params: types.SignatureHelpParams) -> types.SignatureHelp | None:
    found = server.find_place(params.text_document.uri, params.position)
    told = None if found is None else find_signature(found[2], found[1])
    if told is None:
        return None
    parameters = [types.ParameterInformation(text) for text in told.parameters]
    signature = types.SignatureInformation(told.label, told.doc or None, parameters, told.active)
    return types.SignatureHelp([signature], active_signature=0, active_parameter=told.active)


def _act(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    analysis = server.analyse(params.text_document.uri)
    wanted = params.context.only
    if analysis is None or (wanted and types.CodeActionKind.QuickFix not in wanted):
        return []
    lines = analysis.lines(server.encoding)
    begin = lines.offset(params.range.start.line, params.range.start.character)
    end = lines.offset(params.range.end.line, params.range.end.character)
    return [
        types.CodeAction(
            title=escape_controls(action.title[:1].upper() + action.title[1:]),
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[server.diagnose(analysis, action.problem)],
            is_preferred=action.preferred,
            edit=server.change(action.changes),
        )
        for action in list_actions(analysis, begin, end)
    ]


def _end(server: Server, params: Any) -> None:
    server.ended = True


def make_server(bound: Bound) -> Server:
    """A server that isn't running yet."""
    server = Server(bound)
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(_open)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(_change)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(_save)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(_close)
    server.feature(types.TEXT_DOCUMENT_HOVER)(_hover)
    triggers = types.CompletionOptions(trigger_characters=[".", "(", ","])
    server.feature(types.TEXT_DOCUMENT_COMPLETION, triggers)(_complete)
    server.feature(types.TEXT_DOCUMENT_SIGNATURE_HELP, types.SignatureHelpOptions(["(", ","]))(_sign)
    kinds = types.CodeActionOptions([types.CodeActionKind.QuickFix])
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)(_act)
    server.feature(types.SHUTDOWN)(_end)
    return server


class Input:
    """Standard input that takes no endless header and no message larger than an editor sends."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def readline(self) -> bytes:
        """The next line, or as much of it as a header may have."""
        return self.stream.readline(MAX_HEADER)

    def read(self, size: int) -> bytes:
        """So many bytes; none, as at the end, where they are too many."""
        return self.stream.read(size) if 0 <= size <= MAX_MESSAGE else b""


def serve(bound: Bound) -> int:
    """Answer an editor until it ends the session: 0 where it did so in order, else 1."""
    gc.enable()
    set_limits(LIMITS)
    raise_elsewhere()
    server = make_server(bound)
    # pygls declares BinaryIO, and calls nothing of it but what Input has.
    server.start_io(stdin=Input(sys.stdin.buffer), stdout=sys.stdout.buffer)  # type: ignore[arg-type]
    return 0 if server.ended else 1
