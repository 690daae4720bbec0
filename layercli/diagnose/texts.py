"""Changes of arguments that are texts, and of those that exclude each other: ``mode='bilinear'``, size or scale_factor."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from layercli.diagnose.candidates import Candidate, propose
from layercli.diagnose.editing import Change, replace_node
from layercli.diagnose.scene import Scene
from layercli.errors import suggest
from layercli.spec.values import Site


def list_text_candidates(scene: Scene) -> Iterator[Candidate]:
    """One of the texts that a refusal names, and a call without one of two arguments that it doesn't take together."""
    for site in _list_calls(scene):
        yield from _name_choice(scene, site)
        yield from _leave_out(scene, site)


def _list_calls(scene: Scene) -> Iterator[Site]:
    """The call that failed, and the one that made its layer."""
    row = scene.failed
    if row is None:
        return
    site = scene.find_call(row)
    plan = scene.plans.get(row.path)
    making = (
        None
        if plan is None or plan.block is not None
        else scene.find_making(plan, scene.find_owner(row.path))
    )
    yield from (item for item in (site, making) if item is not None and isinstance(item.node, ast.Call))


def _name_choice(scene: Scene, site: Site) -> Iterator[Candidate]:
    found = re.search(r"can't be '([\w-]+)'; it is one of ([\w, -]+)", scene.problem.message)
    assert isinstance(site.node, ast.Call)
    for node in [] if found is None else ast.walk(site.node):
        if found is None or not isinstance(node, ast.Constant) or node.value != found[1]:
            continue
        choices = found[2].split(", ")
        quote = '"' if site.code.segment(node).startswith('"') else "'"
        for rank, word in enumerate(suggest(found[1], choices) or choices):
            change = replace_node(site.code, node, f"{quote}{word}{quote}")
            yield from propose(scene, f"choice {rank}", rank, [change])


def _leave_out(scene: Scene, site: Site) -> Iterator[Candidate]:
    found = re.search(r"takes (\w+) or (\w+), not both", scene.problem.message)
    assert isinstance(site.node, ast.Call)
    given = [*site.node.args, *site.node.keywords]
    for rank, name in enumerate(() if found is None else (found[2], found[1])):
        keyword = next((item for item in site.node.keywords if item.arg == name), None)
        if keyword is None:
            continue
        place = given.index(keyword)
        begin, end = site.code.span(keyword)
        if place:
            begin = site.code.span(given[place - 1])[1]
        elif len(given) > 1:
            end = site.code.span(given[1])[0]
        yield from propose(scene, f"without {name}", rank, [Change(site.code, begin, end, "")])
