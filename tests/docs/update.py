"""Write the real outputs into README and docs: ``python -m tests.docs.update [FILE...]``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.codes.document import DOCUMENT
from tests.codes.document import update as update_errors
from tests.docs.documents import list_documents, run_document, write_outputs


def main(names: Sequence[str]) -> None:
    """Run the documents named, or all of them, and write down what comes back."""
    for path in [Path(name).resolve() for name in names] or list_documents():
        text = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            steps = run_document(text, Path(folder))
        new = write_outputs(text, steps)
        if new != text:
            path.write_text(new, encoding="utf-8")
        changed = sum(not step.agrees for block in steps for step in block)
        print(f"{path.name}: {sum(map(len, steps))} steps, {changed} outputs written")
    if not names:
        print(f"{DOCUMENT.name}: {update_errors()} examples")


if __name__ == "__main__":
    main(sys.argv[1:])
