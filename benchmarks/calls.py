"""Comparisons of calls inside this process, where torch is loaded and the model is made."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.pairs import Comparison, time_call

MODEL = "resnet50"


def compare_calls() -> Iterator[Comparison]:
    """Tracing ResNet-50 beside its forward alone and beside torchinfo's summary, all on the same input."""
    import torch
    import torchinfo

    import layercli

    model = layercli.build(MODEL, seed=0)
    image = torch.rand(1, 3, 224, 224)

    def forward() -> None:
        with torch.no_grad():
            model(image)

    def summarise() -> None:
        torchinfo.summary(model, input_data=image, mode="eval", verbose=0)

    def trace() -> None:
        layercli.trace(model, image)

    for against, run_against in ((f"{MODEL}'s forward alone", forward), ("torchinfo.summary", summarise)):
        yield Comparison(
            name=f"trace {MODEL} in process",
            against=against,
            run=lambda: time_call(trace),
            run_against=lambda work=run_against: time_call(work),  # type: ignore[misc]
        )
