"""A git repository, read only."""

from layercli.git.repository import Repository, find_repository
from layercli.git.revision import Revision, read_revision

__all__ = ["Repository", "Revision", "find_repository", "read_revision"]
