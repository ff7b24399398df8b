"""What the HTML page shows, worked out from a report before any markup is written."""

from __future__ import annotations

from dataclasses import dataclass

from queryaudit.records.findings import Finding, Grade
from queryaudit.records.report import Report, ScopeSummary, StatementSummary
from queryaudit.records.rules import Rule, Severity
from queryaudit.reports import wording
from queryaudit.reports.base import Options
from queryaudit.reports.diff import FileDiff, code_lines, diffs
from queryaudit.reports.html_indexes import IndexPage, index_page
from queryaudit.reports.source import SourceLine, source_lines

_MOST_ROWS = 100
_MOST_OPEN = 10
_MOST_CARDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A location to show in full: its role, and its source."""

    title: str
    path: str
    function: str
    kind: str
    lines: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A finding with what is derived from it. ``number`` counts from 1 in the order of impact."""

    number: int
    finding: Finding
    known: bool
    open: bool
    places: tuple[Place, ...]
    diffs: tuple[FileDiff, ...]
    code: str
    saving: str | None
    new: frozenset[str]  #: fingerprints of the causes to mark, if only some are new


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The heaviest rows in one order. ``total`` rows exist, ``top`` is the first one's value."""

    slug: str
    title: str
    scopes: tuple[ScopeSummary, ...] = ()
    statements: tuple[StatementSummary, ...] = ()
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number that sums up the audit."""

    value: str
    label: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    title: str
    nothing: str | None
    verdict: str | None
    tone: str  #: good, bad, warn or plain
    tiles: tuple[Tile, ...]
    cards: tuple[Card, ...]
    left_out: int
    severities: tuple[tuple[str, int], ...]
    rules: tuple[tuple[str, str, int], ...]  #: code, name, findings
    known: int
    scopes: tuple[Ranking, ...]
    statements: tuple[Ranking, ...]
    indexes: IndexPage | None
    catalogue: tuple[tuple[Rule, tuple[tuple[str, str], ...]], ...]


def share(value: int, total: int) -> str:
    """``37.5%``, of ``total``; for widths and for people."""
    return f"{min(100.0, 100 * value / total):.1f}%" if total > 0 else "0.0%"


def page(report: Report, options: Options) -> Page:
    """Everything the template needs that is not in the report as it stands."""
    cards = _cards(report, options)
    return Page(
        title=wording.headline(report),
        nothing=wording.nothing_audited(report.audited),
        verdict=wording.verdict(report),
        tone=_tone(report),
        tiles=_tiles(report),
        cards=cards,
        left_out=len(report.findings) - len(cards),
        severities=tuple(
            (severity.label, number)
            for severity in sorted(Severity, reverse=True)
            if (number := sum(card.finding.severity is severity for card in cards))
        ),
        rules=_rules(cards),
        known=sum(card.known for card in cards),
        scopes=_scopes(report),
        statements=_statements(report),
        indexes=index_page(report.indexes),
        catalogue=tuple((rule, tuple(rule.sections().items())) for rule in report.rules),
    )


def _cards(report: Report, options: Options) -> tuple[Card, ...]:
    cards: list[Card] = []
    opened = 0
    limit = _MOST_CARDS if options.limit is None else options.limit
    for number, finding in enumerate(report.findings[:limit], 1):
        known = wording.is_known(finding, report.gate)
        matters = finding.severity > Severity.NOTE and not known
        opened += matters
        fix = finding.fix
        cards.append(
            Card(
                number=number,
                finding=finding,
                known=known,
                open=options.verbose or (matters and opened <= _MOST_OPEN),
                places=_places(finding),
                diffs=diffs(fix) if fix else (),
                code="\n".join(code_lines(fix)) if fix else "",
                saving=wording.saving(finding),
                new=wording.new_causes(finding, report.gate),
            )
        )
    return tuple(cards)


def _places(finding: Finding) -> tuple[Place, ...]:
    """Where to edit, then each other place that has source to show, once."""
    chosen = [("Where to edit", finding.location)]
    if finding.evaluated is not None:
        chosen.append(("Where its rows are fetched", finding.evaluated))
    chosen += [("Where it is asked again", cause.location) for cause in finding.causes]
    places: dict[str, Place] = {}
    for title, location in chosen:
        lines = source_lines(location)
        if str(location) in places or (places and not lines):
            continue
        places[str(location)] = Place(
            title=title,
            path=str(location),
            function=location.function,
            kind=location.kind,
            lines=lines,
        )
    return tuple(places.values())[:4]


def _rules(cards: tuple[Card, ...]) -> tuple[tuple[str, str, int], ...]:
    names = {card.finding.rule: card.finding.name for card in cards}
    counts = {code: sum(card.finding.rule == code for card in cards) for code in names}
    return tuple((code, names[code], counts[code]) for code in sorted(names))


def _tone(report: Report) -> str:
    if wording.nothing_audited(report.audited) is not None:
        return "bad"
    if report.gate is not None:
        return "bad" if report.gate.failed else "good"
    return "warn" if report.at_least(Severity.WARNING) else "good"


def _tiles(report: Report) -> tuple[Tile, ...]:
    audited = report.audited
    errors = sum(f.severity is Severity.ERROR for f in report.findings)
    fixed = [(f.fix.saving, f.evidence.grade) for f in report.findings if f.fix and f.fix.saving]
    saved = sum(saving.queries for saving, _ in fixed)
    proved = sum(saving.queries for saving, grade in fixed if grade is Grade.PROVED)
    repeated = sum(f.queries for f in report.findings)
    units = [
        wording.count(number, noun)
        for number, noun in ((audited.tests, "test"), (audited.requests, "request"))
        if number
    ]
    return (
        Tile(
            value=f"{len(report.findings):,}",
            label="finding" if len(report.findings) == 1 else "findings",
            note=wording.tally(report.findings).partition("(")[2].rstrip(")"),
            tone="bad" if errors else "",
        ),
        Tile(
            value=f"{audited.queries:,}",
            label="queries audited",
            note=f"{wording.duration(audited.duration_ns)} in the database"
            + (
                f", {audited.rows:,} rows made objects in {wording.duration(audited.hydration_ns)}"
                if audited.rows
                else ""
            ),
        ),
        Tile(
            value=share(repeated, audited.queries),
            label="of queries in findings",
            note=f"{repeated:,} of {audited.queries:,}",
        ),
        Tile(
            value=f"{saved:,}",
            label="queries that fixes save",
            note=f"{proved:,} of them proved" if saved else "",
            tone="good" if saved else "",
        ),
        Tile(
            value=f"{audited.scopes:,}",
            label="unit of work" if audited.scopes == 1 else "units of work",
            note=", ".join(units),
        ),
    )


def _scopes(report: Report) -> tuple[Ranking, ...]:
    rows = report.scopes
    by_queries = sorted(rows, key=lambda row: (-row.queries, row.kind, row.name))
    by_time = sorted(rows, key=lambda row: (-row.duration_ns, row.kind, row.name))
    return tuple(
        Ranking(slug=slug, title=title, scopes=tuple(order[:_MOST_ROWS]), total=len(rows))
        for slug, title, order in (
            ("queries", "by queries", by_queries),
            ("time", "by time", by_time),
        )
    )


def _statements(report: Report) -> tuple[Ranking, ...]:
    rows = report.statements
    by_calls = sorted(rows, key=lambda row: (-row.calls, row.fingerprint, row.statement))
    by_time = sorted(rows, key=lambda row: (-row.duration_ns, row.fingerprint, row.statement))
    return tuple(
        Ranking(slug=slug, title=title, statements=tuple(order[:_MOST_ROWS]), total=len(rows))
        for slug, title, order in (
            ("calls", "by calls", by_calls),
            ("time", "by time", by_time),
        )
    )
