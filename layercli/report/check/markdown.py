"""The result of a check as Markdown: for a comment on a pull request, and for the summary of a workflow run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from layercli.errors import draw_problems
from layercli.lock.comparison import mask_numbers
from layercli.lock.differences import CLASSES, PREFIXES
from layercli.lock.findings import Finding, list_findings
from layercli.lock.result import CheckResult, SpecResult
from layercli.report.layout import clean
from layercli.report.logs import break_commands
from layercli.report.markdown import escape_text, quote_code
from layercli.report.options import CheckOptions

#: By this line a program finds a comment that it wrote before.
MARKER = "<!-- layercli check -->"

#: GitHub takes no longer comment than 65,536 characters.
MAX_CHARACTERS = 60_000

#: How many differences the tables of one spec show.
MAX_ROWS = 40

#: What is told beneath, since it follows from what is told first.
CONSEQUENCES = ("inside", "cost")


def format_check(result: CheckResult, options: CheckOptions) -> str:
    """The counts, the command that accepts what changed, and each spec that doesn't hold, as many as fit."""
    found: dict[str, list[Finding]] = {}
    for finding in list_findings(result):
        found.setdefault(finding.spec, []).append(finding)
    blocks = [MARKER, "### layercli check", result.summary]
    if result.accept:
        blocks += ["Accept what changed with", _fence(result.accept)]
    if result.problems:
        blocks += ["#### Configuration", _fence(draw_problems(result.problems))]
    told = [spec for spec in result.specs if spec.path in found]
    blocks += _draw_brief([spec for spec in told if _is_brief(spec)])
    told = [spec for spec in told if not _is_brief(spec)]
    length = sum(map(len, blocks))
    for number, spec in enumerate(told):
        section = list(_draw_spec(spec, found[spec.path]))
        length += sum(map(len, section)) + 2 * len(section)
        if length > MAX_CHARACTERS:
            blocks.append(f"And {len(told) - number:,} more.")
            break
        blocks += section
    return break_commands("\n\n".join(blocks) + "\n")


_HEADINGS = {
    "ok": "{path} holds",
    "differs": "{path} differs from {lock}",
    "missing": "{path} has no lock",
    "orphaned": "{lock} has no spec",
    "deleted": "{path} is gone",
    "error": "{path} couldn't be checked",
}


def _is_brief(spec: SpecResult) -> bool:
    """Whether there is no more to say of a spec than its heading does."""
    return spec.status in ("missing", "orphaned") and not spec.problems


def _draw_brief(specs: Sequence[SpecResult]) -> Iterator[str]:
    lines = [f"- {_head(spec)}" for spec in specs[:MAX_ROWS]]
    if len(specs) > MAX_ROWS:
        lines.append(f"- and {len(specs) - MAX_ROWS:,} more")
    if lines:
        yield "#### Specs and locks without the other"
        yield "\n".join(lines)


def _head(spec: SpecResult) -> str:
    return _HEADINGS[spec.status].format(path=_quote(spec.path), lock=_quote(spec.lock))


def _draw_spec(spec: SpecResult, findings: Sequence[Finding]) -> Iterator[str]:
    yield f"#### {_head(spec)}"
    if spec.verdicts:
        yield "\n".join(
            f"- {verdict.kind}{_emphasise(verdict.word, verdict.holds)}: {escape_text(verdict.text)}"
            for verdict in spec.verdicts
        )
    if spec.problems:
        yield _fence(draw_problems(spec.problems))
    differences = [finding for finding in findings if finding.kind in CLASSES]
    causes = [finding for finding in differences if finding.kind not in CONSEQUENCES or finding.follows]
    rest = [finding for finding in differences if finding.kind in CONSEQUENCES and not finding.follows]
    rest += [consequence for finding in causes for consequence in finding.follows]
    if causes:
        yield _draw_table(causes)
    if rest and not causes:
        yield _draw_table(rest)
    elif rest:
        count = f"{len(rest):,} consequence{'s' * (len(rest) > 1)}"
        yield f"<details>\n<summary>{count}</summary>"
        yield _draw_table(rest)
        yield "</details>"


def _emphasise(word: str, holds: bool) -> str:
    return "" if not word else f" {word}" if holds else f" **{word}**"


def _draw_table(findings: Iterable[Finding]) -> str:
    """A row for each difference; those that differ only in the numbers of their paths share one."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.code, mask_numbers(finding.path), finding.old, finding.new, finding.ignored)
        groups.setdefault(key, []).append(finding)
    lines = ["| class | where | before | now | line |", "| --- | --- | --- | --- | --- |"]
    for group in list(groups.values())[:MAX_ROWS]:
        first = group[0]
        place = "" if first.position is None else f"{first.position.file}:{first.position.line}"
        name = _name_group(group)
        if first.ignored:
            name += f" (ignored: {quote_code(first.ignored)})"
        cells = (first.gravest, name, *map(quote_code, (first.old, first.new, place)))
        lines.append(f"| {' | '.join(cells)} |")
    left = sum(map(len, list(groups.values())[MAX_ROWS:]))
    return "\n".join(lines) + (f"\n\nAnd {left:,} more." if left else "")


def _name_group(group: Sequence[Finding]) -> str:
    first = group[0]
    if not first.old and not first.new:
        return escape_text(first.message)
    if len(group) > 1:
        return f"{PREFIXES.get(first.code, '')}{quote_code(mask_numbers(first.path))} ({len(group):,})"
    return (PREFIXES.get(first.code, "") + quote_code(first.path)).strip() or first.code


def _fence(text: str) -> str:
    """A text of several lines as a code block that nothing in it can end, also behind a list."""
    shown = "\n".join(map(clean, text.split("\n")))
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def _quote(text: str) -> str:
    """A text as code outside of a table, where a bar needs no backslash."""
    return quote_code(text, in_table=False)
