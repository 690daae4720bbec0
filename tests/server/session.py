"""An editor for tests: it starts the server as a process and speaks the protocol with it."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

#: Seconds after which an answer won't come any more.
PATIENCE = 60


class Session:
    """One server process. Messages that it sends by itself are kept in ``received``."""

    def __init__(
        self, folder: Path, options: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *options, "-m", "layercli", "server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment,
        )
        self.folder = folder
        self.number = 0
        self.received: list[dict[str, Any]] = []
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.errors: list[bytes] = []
        self.threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                length = int(value) if name == b"Content-Length" else length
            body = stream.read(length) if line else b""
            if not body:
                self.messages.put(None)
                return
            self.messages.put(json.loads(body))

    def _read_errors(self) -> None:
        stream = self.process.stderr
        assert stream is not None
        for line in stream:
            self.errors.append(line)

    # Speaking --------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode("ascii")
        self.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def notify(self, method: str, params: Any) -> None:
        """Tell the server something."""
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Any = None) -> Any:
        """The answer to a request; what the server says meanwhile is kept."""
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        answer = self.wait(lambda message: message.get("id") == self.number and "method" not in message)
        assert "error" not in answer, answer
        return answer["result"]

    def wait(self, fits: Any) -> dict[str, Any]:
        """The next message that fits; those before it are kept."""
        while True:
            message = self.messages.get(timeout=PATIENCE)
            assert message is not None, b"".join(self.errors).decode()
            if fits(message):
                return message
            self.received.append(message)

    # What an editor does ---------------------------------------------------------------------------------

    def initialise(
        self, encodings: Sequence[str] = (), *, snippets: bool = True, markdown: bool = True
    ) -> Any:
        """Begin the session; the server's capabilities."""
        hover = {"contentFormat": ["markdown", "plaintext"] if markdown else ["plaintext"]}
        completion = {"completionItem": {"snippetSupport": snippets}}
        capabilities: dict[str, Any] = {"textDocument": {"hover": hover, "completion": completion}}
        if encodings:
            capabilities["general"] = {"positionEncodings": [*encodings]}
        answer = self.ask(
            "initialize",
            {"processId": None, "rootUri": self.folder.as_uri(), "capabilities": capabilities},
        )
        self.notify("initialized", {})
        return answer["capabilities"]

    def uri(self, name: str) -> str:
        """The address of a file, or of one that was never saved."""
        return name if name.startswith("untitled:") else (self.folder / name).as_uri()

    def open(self, text: str, name: str = "net.yaml") -> list[dict[str, Any]]:
        """Open a file; its problems."""
        document = {"uri": self.uri(name), "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return self.problems(name, 1)

    def change(self, text: str, version: int, name: str = "net.yaml") -> None:
        """Write another text into a file."""
        document = {"uri": self.uri(name), "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def problems(self, name: str = "net.yaml", version: int | None = None) -> list[dict[str, Any]]:
        """The next problems of a version of a file."""

        def fits(message: dict[str, Any]) -> bool:
            params = message.get("params") or {}
            return (
                message.get("method") == "textDocument/publishDiagnostics"
                and params["uri"] == self.uri(name)
                and params.get("version") == version
            )

        found: list[dict[str, Any]] = self.wait(fits)["params"]["diagnostics"]
        return found

    def at(self, method: str, line: int, column: int, name: str = "net.yaml") -> Any:
        """The answer to a request about a place."""
        place = {"line": line, "character": column}
        return self.ask(
            f"textDocument/{method}", {"textDocument": {"uri": self.uri(name)}, "position": place}
        )

    def actions(self, line: int, first: int, last: int, name: str = "net.yaml") -> Any:
        """What can be done about a stretch of a line."""
        place = {"start": {"line": line, "character": first}, "end": {"line": line, "character": last}}
        return self.ask(
            "textDocument/codeAction",
            {"textDocument": {"uri": self.uri(name)}, "range": place, "context": {"diagnostics": []}},
        )

    def end(self) -> int:
        """End the session in order; the exit code."""
        assert self.ask("shutdown") is None
        self.notify("exit", None)
        return self.process.wait(PATIENCE)


def apply(text: str, edits: Sequence[Mapping[str, Any]], encoding: str = "utf-16-le", unit: int = 2) -> str:
    """A text with edits made as an editor makes them."""
    lines = text.splitlines(keepends=True)

    def offset(place: Mapping[str, int]) -> int:
        before = sum(map(len, lines[: place["line"]]))
        line = lines[place["line"]] if place["line"] < len(lines) else ""
        return before + len(line.encode(encoding)[: place["character"] * unit].decode(encoding))

    for edit in sorted(edits, key=lambda edit: -offset(edit["range"]["start"])):
        begin, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:begin] + edit["newText"] + text[end:]
    return text
