"""Containers: layers made of layers or parameters."""

from __future__ import annotations

from typing import Any

from layercli.catalogue import work
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module


def run_in_order(layer: Module, input: Any) -> Any:
    """Each layer on the output of the one before. Source: torch.nn.Sequential."""
    for child in layer.children.values():
        input = layer.call_module(child, input)
    return input


LAYERS: tuple[Layer, ...] = (
    Layer(
        "Sequential",
        "*args",
        "Runs its layers in order, each on the output of the one before.",
        rule=run_in_order,
        work=work.take_none,
    ),
    Layer(
        "ModuleList",
        "modules=None",
        "Holds layers under numbers, for a forward that calls them.",
        work=work.take_none,
    ),
    Layer(
        "ModuleDict",
        "modules=None",
        "Holds layers under names, for a forward that calls them.",
        work=work.take_none,
    ),
    Layer(
        "ParameterList",
        "values=None",
        "Holds parameters under numbers, for a forward that uses them.",
        work=work.take_none,
    ),
    Layer(
        "ParameterDict",
        "parameters=None",
        "Holds parameters under names, for a forward that uses them.",
        work=work.take_none,
    ),
    Layer(
        "Module",
        "",
        "Is the base class of every layer.",
        refused="it is the base class of all layers and computes nothing; a block takes its place",
    ),
    Layer(
        "Container",
        "**kwargs",
        "Is the deprecated base class of containers.",
        refused="it is deprecated and has no forward; Sequential, ModuleList or ModuleDict take its place",
    ),
    Layer(
        "DataParallel",
        "module, device_ids=None, output_device=None, dim=0",
        "Splits a batch over several GPUs, one copy of its layer on each.",
        refused="it spreads a running model over several GPUs, which is no part of a model's description",
    ),
)
