"""The records of a trace. They know nothing of torch, of specs or of drawing."""

from layercli.trace.records import (
    DictType,
    PlainType,
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
    count_elements,
    format_type,
    iterate_tensor_types,
)

__all__ = [
    "DictType",
    "PlainType",
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
    "count_elements",
    "format_type",
    "iterate_tensor_types",
]
