"""``layercli`` as a process: the command line, without work that is of no use to a process which ends soon."""

from __future__ import annotations

import gc
import os
from typing import NoReturn


def run() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    # The collector would go through the objects of torch again and again while they are made: a tenth of its
    # import. Models and traces are freed by their reference counts.
    gc.disable()

    try:
        from layercli.cli.main import main

        code = main()
    except KeyboardInterrupt:
        # While modules were imported, or at the very end.
        os.write(2, b"interrupted\n")
        code = 130
    # Taking torch apart takes 0.3 s, and the system frees all of it at once. main has flushed the output.
    os._exit(code)
