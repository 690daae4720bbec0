"""Where a finding stands, as platforms want to know it."""

from __future__ import annotations

import posixpath

from layercli.report.options import CheckOptions


def find_in_repository(path: str, options: CheckOptions) -> str:
    """A path from the root of the repository, whose folder ``options.folder`` is worked in; others as they are."""
    return posixpath.normpath(posixpath.join(options.folder, path)) if path else path
