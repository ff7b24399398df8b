"""What became of proposed indexes, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from queryaudit.records.advised import AdvisedIndex, Outcome
from queryaudit.records.findings import Finding
from queryaudit.reports.clean import clean, clean_lines
from queryaudit.reports.index_words import gain, microseconds, size
from queryaudit.reports.plan_text import milliseconds
from queryaudit.reports.sqltext import one_line
from queryaudit.reports.wording import count

_LISTED = {
    Outcome.REFUTED: "Tried, and not recommended",
    Outcome.UNKNOWN: "Not tried: nothing is known of these",
    Outcome.IDEA: "Ideas from plans, not tried: --scratch allows to",
}
#: Characters of what others wrote.
_NAME, _PLACES, _REASON, _CODE = 200, 1_000, 1_000, 20_000
_NEVER = "Ideas from plans, not tried"


class AdviceLine(NamedTuple):
    """A line, and whether it is code, which is copied and so never broken."""

    text: str
    is_code: bool = False


def advice_lines(indexes: Sequence[AdvisedIndex]) -> Iterator[AdviceLine]:
    """The recommendations in full, the rest in a line each."""
    for heading, chosen in _recommended(indexes):
        yield AdviceLine(heading)
        yield AdviceLine("")
        for number, index in enumerate(chosen, 1):
            yield from map(AdviceLine, _told(number, index))
            code = clean_lines(index.code, _CODE)
            yield from (AdviceLine(f"   {line}".rstrip(), is_code=True) for line in code)
            yield AdviceLine("")
    yield from map(AdviceLine, _others(indexes))


def _recommended(
    indexes: Sequence[AdvisedIndex],
) -> Iterator[tuple[str, list[AdvisedIndex]]]:
    proved = [index for index in indexes if index.outcome is Outcome.PROVED]
    if proved:
        yield f"{count(len(proved), 'index', 'indexes')} to add, proved by execution", proved
    estimated = [index for index in indexes if index.outcome is Outcome.ESTIMATED]
    if estimated:
        number = count(len(estimated), "index", "indexes")
        yield f"{number} to add, ESTIMATED by the planner alone", estimated


def _others(indexes: Sequence[AdvisedIndex]) -> Iterator[str]:
    for outcome, title in _LISTED.items():
        rest = [index for index in indexes if index.outcome is outcome]
        if rest:
            # What has a reason is not for --scratch to change.
            is_idea = outcome is Outcome.IDEA
            yield _NEVER if is_idea and all(index.reason for index in rest) else title
            yield from (_short(index) for index in rest)
            yield ""
    if not indexes:
        yield "No statement of these traces would be served by a further index."


def drop_lines(finding: Finding) -> Iterator[str]:
    """A redundant index, what was found out about doing without it, and how to."""
    evidence = finding.evidence
    yield clean(finding.message, _REASON)
    yield f"   {evidence.grade.name}: {clean(evidence.text, _REASON)}"
    if finding.fix is not None:
        yield f"   {clean(finding.fix.title, _REASON)}"
        yield from (f"     {line}".rstrip() for line in clean_lines(finding.fix.code, _CODE))


def _told(number: int, index: AdvisedIndex) -> Iterator[str]:
    yield f"{number}. {clean(index.owner, _NAME)}: {clean(index.title, _NAME)}"
    if index.location is not None:
        yield f"   {clean(str(index.location), _PLACES)}"
    for served in index.served:
        yield f"   {gain(served)}"
        yield f"     {clean(one_line(served.statement, 200))}"
        if served.locations:
            places = clean(", ".join(served.locations), _PLACES)
            yield f"     asked {count(served.calls, 'time')}, at {places}"
    cost = []
    if index.bytes is not None:
        cost.append(size(index.bytes))
    if index.build_ns is not None:
        cost.append(f"built in {milliseconds(index.build_ns)}")
    if index.insert_ns is not None:
        cost.append(f"{microseconds(index.insert_ns)} more for an inserted row")
    if index.outcome is Outcome.PROVED:
        cost.append(f"{count(index.value_sets, 'set')} of values")
    yield f"   {clean(index.reason, _REASON)}; {', '.join(cost)}; each write maintains it"
    yield ""


def _short(index: AdvisedIndex) -> str:
    reason = f": {clean(index.reason, _REASON)}" if index.reason else ""
    return f"  {clean(index.owner, _NAME)}: {clean(index.title, _NAME)}{reason}"
