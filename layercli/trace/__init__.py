"""The records of a trace. They know nothing of torch, of specs or of drawing."""

from layercli.trace.records import (
    DictType,
    PlainType,
    Requirement,
    Row,
    Statistics,
    TensorRecord,
    TensorType,
    Tie,
    Totals,
    Trace,
    Type,
    Uncalled,
    Values,
    ValueText,
    format_type,
    iterate_tensor_types,
)

__all__ = [
    "DictType",
    "PlainType",
    "Requirement",
    "Row",
    "Statistics",
    "TensorRecord",
    "TensorType",
    "Tie",
    "Totals",
    "Trace",
    "Type",
    "Uncalled",
    "ValueText",
    "Values",
    "format_type",
    "iterate_tensor_types",
]
