"""The part of a comment that is about indexes: those to add in full, the others in a line each."""

from __future__ import annotations

from collections.abc import Iterator

from queryaudit.records.advised import AdvisedIndex, Outcome, Served
from queryaudit.records.report import Report
from queryaudit.reports.clean import clean_lines
from queryaudit.reports.index_words import Recommended, costs, gain, recommended
from queryaudit.reports.markdown_text import code, details, fence, prose, row
from queryaudit.reports.sqltext import one_line
from queryaudit.reports.wording import count

_MOST_SERVED, _MOST_REST = 10, 30
_LONGEST_CODE = 8_000
_RESTS = {
    Outcome.REFUTED: "tried, and not recommended",
    Outcome.UNKNOWN: "not tried, which is not useless",
    Outcome.IDEA: "an idea from plans",
}


def index_blocks(report: Report) -> Iterator[str]:
    """A block for each part, each of which stands for itself; none without indexes."""
    chosen = recommended(report)
    if chosen:
        yield "\n".join(_title(chosen))
        for each in chosen:
            yield "\n".join(_full(each))
    rest = [index for index in report.indexes if not index.is_recommended]
    if rest:
        title = f"{count(len(rest), 'further index', 'further indexes')}, not recommended"
        yield "\n".join(details(title, _rest(rest)))


def _title(chosen: tuple[Recommended, ...]) -> Iterator[str]:
    proved = sum(each.index.outcome is Outcome.PROVED for each in chosen)
    told = []
    if proved:
        told.append(f"{proved:,} proved by execution")
    if proved < len(chosen):
        told.append(f"{len(chosen) - proved:,} estimated by the planner alone")
    yield f"### {count(len(chosen), 'index', 'indexes')} to add: {', '.join(told)}"
    yield ""


def _full(each: Recommended) -> Iterator[str]:
    index = each.index
    place = f", {code(str(index.location), 300)}" if index.location is not None else ""
    yield f"**{code(index.title, 600)}** for {code(index.owner, 200)}{place}"
    yield ""
    yield row("Calls", "Gain", "Where", "Statement")
    yield row("---:", "---", "---", "---")
    for served in index.served[:_MOST_SERVED]:
        yield _served(served)
    if len(index.served) > _MOST_SERVED:
        yield row("", f"and {len(index.served) - _MOST_SERVED:,} more", "", "")
    yield ""
    yield f"{each.grade.capitalize()}: {prose('; '.join((index.reason, *costs(index))))}."
    yield ""
    yield from details(
        "The model's <code>Meta</code>, and a migration",
        fence(clean_lines(index.code, _LONGEST_CODE), "python"),
    )


def _served(served: Served) -> str:
    return row(
        f"{served.calls:,}",
        prose(gain(served), 200),
        ", ".join(code(place, 200) for place in served.locations),
        code(one_line(served.statement, 200)),
    )


def _rest(rest: list[AdvisedIndex]) -> Iterator[str]:
    rest = sorted(rest, key=lambda index: [*_RESTS].index(index.outcome))
    for index in rest[:_MOST_REST]:
        told = _RESTS[index.outcome] + (f", {prose(index.reason, 300)}" if index.reason else "")
        yield f"- {code(index.title, 300)} for {code(index.owner, 200)}: {told}"
    if len(rest) > _MOST_REST:
        yield f"- and {len(rest) - _MOST_REST:,} more"
