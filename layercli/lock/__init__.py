"""The committed record of a model, and what changed since it was written."""

from layercli.lock.comparison import compare_locks
from layercli.lock.differences import CLASSES, CODES, Difference, DifferenceClass, flatten_differences
from layercli.lock.file import format_lock, load_lock, parse_lock
from layercli.lock.records import (
    LOCK_VERSION,
    NUMBERS_VERSION,
    Lock,
    LockEntry,
    LockRow,
    LockUncalled,
    collect_facts,
    collect_positions,
    lock_from_trace,
)
from layercli.lock.result import CheckResult, SpecResult
from layercli.lock.store import check_lock_names, lock_path, remove_lock, write_lock
from layercli.lock.verdicts import Verdict, judge_differences

__all__ = [
    "CLASSES",
    "CODES",
    "LOCK_VERSION",
    "NUMBERS_VERSION",
    "CheckResult",
    "Difference",
    "DifferenceClass",
    "Lock",
    "LockEntry",
    "LockRow",
    "LockUncalled",
    "SpecResult",
    "Verdict",
    "check_lock_names",
    "collect_facts",
    "collect_positions",
    "compare_locks",
    "flatten_differences",
    "format_lock",
    "judge_differences",
    "load_lock",
    "lock_from_trace",
    "lock_path",
    "parse_lock",
    "remove_lock",
    "write_lock",
]
