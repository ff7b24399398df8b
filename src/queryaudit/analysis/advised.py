"""Findings about scans, with what became of the indexes that were tried for their statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from queryaudit.records.advised import AdvisedIndex, Outcome, Served, Tried, TriedDrop
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Evidence, Finding, Grade, Location, Suppression
from queryaudit.records.report import Report
from queryaudit.records.workload import Workload

#: The rules whose fix is an index.
RULES = frozenset({"QA401", "QA402", "QA403", "QA404"})
#: WAL of a row that goes into an inverted index, as measured (trigrams of 60 letters).
_TRIGRAM_WAL, _INVERTED_WAL = 2_400, 250
#: Head of a B-tree's record, and what an entry of a value that repeats takes.
_RECORD, _LEAST_ENTRY = 44, 6


#: Says where a model stands.
Place = Callable[[Model], Location | None]


def with_tried(report: Report, tried: Tried, workload: Workload, place: Place) -> Report:
    """``report`` with the indexes, and with their proof in the findings on the same statements.

    What was executed and refuted is listed as suppressed, so that it fails nothing, unless
    another index of the table pays; so is a redundant index that a statement misses.
    """
    rules = {
        cause.statement: finding.rule
        for finding in report.findings
        if finding.rule in RULES
        for cause in finding.causes
    }
    known = tuple(_mends(_costed(index, workload, place), rules) for index in tried.indexes)
    kept: list[Finding] = []
    refuted: list[Suppression] = []
    for finding in report.findings:
        dropped = _dropped(finding, tried.drops)
        if dropped is not None:
            judged, is_refuted = _spared(finding, dropped), dropped.outcome is Outcome.REFUTED
            reason = f"refuted: {dropped.reason}"
        else:
            theirs = [*_tried_for(finding, known)] if finding.rule in RULES else []
            judged, is_refuted = _judged(finding, theirs), _is_refuted(theirs, known)
            reason = f"refuted: {theirs[0][0].reason}" if theirs else ""
        if is_refuted:
            where = str(finding.location)
            refuted.append(
                Suppression(rule=finding.rule, reason=reason, place=where, finding=judged)
            )
        else:
            kept.append(judged)
    return replace(
        report,
        findings=tuple(kept),
        suppressed=(*report.suppressed, *refuted),
        indexes=known,
    )


def _dropped(finding: Finding, drops: Sequence[TriedDrop]) -> TriedDrop | None:
    """What became of doing without the index that a finding is about; on several databases, where
    it is missed."""
    theirs = [
        drop
        for drop in drops
        if finding.rule == "QA407"
        and finding.message.startswith(f"The index {drop.index} of {drop.table} is ")
    ]
    ranks = [Outcome.REFUTED, Outcome.UNKNOWN, Outcome.PROVED]
    return min(theirs, key=lambda drop: ranks.index(drop.outcome), default=None)


def _spared(finding: Finding, drop: TriedDrop) -> Finding:
    """The finding with what was found out about its fix."""
    is_known = drop.outcome is not Outcome.UNKNOWN
    told = drop.reason[:1].upper() + drop.reason[1:] if is_known else f"Not tried: {drop.reason}"
    grade = Grade.PROVED if drop.outcome is Outcome.PROVED else finding.evidence.grade
    evidence = replace(finding.evidence, grade=grade, text=f"{finding.evidence.text}. {told}")
    return replace(finding, evidence=evidence)


_Pair = tuple[AdvisedIndex, Served]


def _tried_for(finding: Finding, indexes: Sequence[AdvisedIndex]) -> Iterator[_Pair]:
    """The indexes of the finding's table that were meant for its statements, the best first."""
    statements = {cause.statement for cause in finding.causes}
    found = [
        (index, served)
        for index in indexes
        if _is_about(finding, index)
        for served in index.served
        if served.statement in statements
    ]
    ranks = [Outcome.PROVED, Outcome.ESTIMATED, Outcome.REFUTED, Outcome.UNKNOWN, Outcome.IDEA]
    yield from sorted(
        found, key=lambda t: (ranks.index(t[0].outcome), -(t[1].at_least or 0), t[0].title)
    )


def _is_about(finding: Finding, index: AdvisedIndex) -> bool:
    return finding.source == index.model or f" of {index.table} " in finding.evidence.text


def _is_refuted(tried: Sequence[_Pair], indexes: Sequence[AdvisedIndex]) -> bool:
    """Every index for it was executed in vain, and the table gets no other one."""
    tables = {index.table for index, _ in tried}
    return (
        bool(tried)
        and all(i.outcome is Outcome.REFUTED and i.value_sets for i, _ in tried)
        and not any(i.outcome is Outcome.PROVED and i.table in tables for i in indexes)
    )


def _judged(finding: Finding, tried: Sequence[_Pair]) -> Finding:
    if not tried:
        return finding
    index, served = tried[0]
    evidence = finding.evidence
    grade, seen = evidence.grade, evidence.text
    if index.outcome is Outcome.PROVED:
        grade, told = Grade.PROVED, f"{index.title} was built on a copy and used: {_times(served)}"
    elif index.outcome is Outcome.ESTIMATED:
        told = f"With {index.title} the planner expects {_costs(served)}"
    elif index.outcome is Outcome.REFUTED:
        grade = max(grade, Grade.MEASURED) if index.value_sets else grade
        told = f"{index.title} was tried and refuted: {index.reason}"
    else:
        told = f"{index.title} was not tried: {index.reason or 'nothing may be built there'}"
    text = f"{seen}. {told}"
    return replace(finding, evidence=Evidence(grade=grade, text=text, reproduce=evidence.reproduce))


def _times(served: Served) -> str:
    if served.before_ns is None or served.after_ns is None:
        return "another statement is faster, this one was not timed"
    times = served.before_ns / max(served.after_ns, 1)
    return (
        f"{served.before_ns / 1e6:,.3f} ms before, {served.after_ns / 1e6:,.3f} ms after, "
        f"{times:,.1f} times faster{served.bounds}; the same rows"
    )


def _costs(served: Served) -> str:
    if served.before_cost is None or served.after_cost is None:
        return "less work"
    return f"a cost of {served.after_cost:,.0f} in place of {served.before_cost:,.0f}"


def _mends(index: AdvisedIndex, rules: Mapping[str, str]) -> AdvisedIndex:
    """The rule that told a statement of it."""
    told = (rules[served.statement] for served in index.served if served.statement in rules)
    return replace(index, rule=min(told, default=index.rule))


def _costed(index: AdvisedIndex, workload: Workload, place: Place) -> AdvisedIndex:
    table, model = next(
        ((table, model) for table, model in workload.models.items() if model.label == index.model),
        (index.model, None),
    )
    rows = max(
        (
            r.rows
            for known in workload.relations.values()
            for r in known.values()
            if r.name == table and r.vendor == "postgresql"
        ),
        default=0,
    )
    location = place(model) if model is not None else None
    return replace(index, table=table, wal_bytes=_wal(index, rows), location=location)


def _wal(index: AdvisedIndex, rows: int) -> int | None:
    """What a row that is inserted adds to the log, page images apart."""
    if "gin_trgm_ops" in index.code:
        return _TRIGRAM_WAL
    if "GinIndex" in index.code:
        return _INVERTED_WAL
    if "BrinIndex" in index.code:
        return 0
    if index.bytes is None or rows < 1:
        return None
    # A partial index has an entry for some of the rows only.
    entry = index.bytes / rows
    return round((_RECORD + entry) * min(1.0, entry / _LEAST_ENTRY))
