"""``python -m layercli``."""

import sys

# Python puts the working folder first on the path here, and a yaml.py in it is not ours to import.
if sys.path and not sys.flags.safe_path:
    del sys.path[0]

from layercli.cli.program import run

run()
