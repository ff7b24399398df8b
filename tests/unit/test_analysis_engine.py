"""The engine: scopes, phases, crashing rules, and what of a scope is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from queryaudit.analysis.engine import Engine
from queryaudit.analysis.ledger import Ledger
from queryaudit.analysis.pipeline import build_report
from queryaudit.analysis.settings import Settings, Unused
from queryaudit.detectors.base import Detector, Limits, Sighting, View
from queryaudit.detectors.n_plus_one.qa101_lazy_relation_in_loop import LazyRelationInLoop
from queryaudit.records.definitions import (
    Access,
    Frame,
    Ignored,
    Origin,
    SqlText,
    Stack,
    Step,
)
from queryaudit.records.events import (
    Header,
    Query,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.records.kinds import (
    AccessKind,
    FrameKind,
    Phase,
    ScopeKind,
)
from queryaudit.records.report import Report
from queryaudit.records.rules import HEADINGS, Severity
from queryaudit.trace.tables import Tables

SECTIONS = "\n\n".join(f"{heading}\n{'-' * len(heading)}\nText." for heading in HEADINGS)
FRAME = Frame(
    FrameKind.PROJECT, "shop/views.py", 12, 12, 4, 20, "f", 11, "for b in books", 12, ("x",)
)


class Seen:
    def __init__(self) -> None:
        self.queries = 0

    def add(self, query: Query) -> None:
        self.queries += 1


class Crashing(Detector):
    code = "QA199"
    name = "crashing"
    summary = "Crashes."
    fold = Seen

    def judge(self, fold: Seen, view: View) -> Iterable[Sighting]:
        raise ZeroDivisionError("on purpose")


Crashing.__doc__ = SECTIONS


HEADER = Header(1, "run", "p", "0.1.0", "3.12", "6.1", (("default", "sqlite3"),))
DEFINITIONS = (
    SqlText(1, "SELECT id FROM shop_book"),
    SqlText(2, "SELECT id FROM shop_author WHERE id = %s"),
    Stack(1, (FRAME,), 1),
    Origin(1, "shop.Book", 1, 1, FRAME),
    Access(
        1,
        1,
        "shop.Book",
        (Step("author", AccessKind.FORWARD, False),),
        None,
        False,
        False,
        "shop.Author",
    ),
    Ignored(1, None, ("QA101",), "known", "shop/views.py", 3),
    Ignored(2, 1, ("QA102",), "other", "shop/views.py", 4),
    Ignored(3, None, ("QA105",), "optional", "shop/views.py", 5, True),
)


def lazy(scope: int, number: int, **changes: object) -> Query:
    query = Query(scope, number, 0, 100, "default", 2, 1, 1, 1, number, number, None, None, None)
    return query._replace(**changes)  # type: ignore[arg-type]


class Run:
    """An engine with the rules that a test wants."""

    def __init__(self, *detectors: Detector, **options: object) -> None:
        self.detectors = detectors or (LazyRelationInLoop(),)
        self.ledger = Ledger()
        options.setdefault("strict", True)
        tables = Tables(HEADER)
        self.engine = Engine(tables, self.detectors, self.ledger, **options)  # type: ignore[arg-type]
        # An engine tells of ignores that it saw defined: earlier ones are somebody else's.
        for event in DEFINITIONS:
            tables.add(event)

    def scope(
        self,
        id: int,
        queries: Iterable[Query],
        *,
        kind: ScopeKind = ScopeKind.REQUEST,
        phase: Phase = Phase.CALL,
        name: str = "GET /",
        end: ScopeEnd | None = None,
    ) -> None:
        self.engine.start(ScopeStart(id, None, kind, name, phase))
        self.engine.record(list(queries))
        self.engine.end(end or ScopeEnd(id, 1000, 0, 0, None))

    def report(self) -> Report:
        self.engine.finish()
        rules = {detector.code: detector for detector in self.detectors}
        return build_report(self.ledger, Settings(tool="test", rules=rules, unused=Unused.ALL))


def test_rows_of_one_evaluation_are_a_finding() -> None:
    run = Run()
    run.scope(1, [lazy(1, row) for row in (1, 2, 3)])
    [finding] = run.report().findings
    assert (finding.rule, finding.queries) == ("QA101", 3)
    assert finding.causes[0].path == "author"
    assert str(finding.location) == "shop/views.py:12"


@pytest.mark.parametrize(
    "queries",
    [
        [lazy(1, 1)],
        [lazy(1, 1), lazy(1, 1)],
        [lazy(1, 1), lazy(1, 2, evaluation=2)],
        [lazy(1, 1, row=None), lazy(1, 2, row=None)],
    ],
    ids=["one row", "one row twice", "a row of each of two evaluations", "rows unknown"],
)
def test_single_rows_are_none(queries: list[Query]) -> None:
    run = Run()
    run.scope(1, queries)
    assert run.report().findings == ()


def test_the_threshold_is_the_number_of_rows() -> None:
    run = Run(limits=Limits(n_plus_one_threshold=4))
    run.scope(1, [lazy(1, row) for row in (1, 2, 3)])
    assert run.report().findings == ()
    run.scope(2, [lazy(2, row) for row in (1, 2, 3, 4)])
    [finding] = run.report().findings
    assert finding.queries == 4


def test_interleaved_scopes_are_told_apart() -> None:
    run = Run()
    for id in (1, 2):
        run.engine.start(ScopeStart(id, None, ScopeKind.REQUEST, f"GET /{id}", Phase.CALL))
    run.engine.record([lazy(1 + n % 2, n) for n in range(2)])
    for id in (1, 2):
        run.engine.end(ScopeEnd(id, 0, 0, 0, None))
    report = run.report()
    assert report.findings == ()
    assert [scope.queries for scope in report.scopes] == [1, 1]


@pytest.mark.parametrize("phase", [Phase.SETUP, Phase.TEARDOWN])
def test_what_is_set_up_is_counted_and_not_judged(phase: Phase) -> None:
    run = Run()
    run.scope(1, [lazy(1, row) for row in (1, 2)], phase=phase, end=ScopeEnd(1, 0, 0, 5, None))
    report = run.report()
    assert (report.findings, report.audited.setup_queries) == ((), 7)
    assert report.audited.scopes == 0


def test_queries_of_an_unknown_scope_are_left_alone() -> None:
    run = Run()
    run.engine.record([lazy(99, 1)])
    run.engine.end(ScopeEnd(99, 0, 0, 0, None))
    assert run.report().audited.queries == 0


def test_a_scope_that_never_ended_is_judged_at_the_end() -> None:
    run = Run()
    run.engine.start(ScopeStart(1, None, ScopeKind.TASK, "job", Phase.CALL))
    run.engine.record([lazy(1, row) for row in (1, 2)])
    [finding] = run.report().findings
    assert finding.scopes[0].name == "job"


def test_a_name_that_became_known_late_is_the_name() -> None:
    run = Run()
    run.scope(1, [lazy(1, 1), lazy(1, 2)], end=ScopeEnd(1, 0, 0, 0, "GET /<slug>/"))
    assert run.report().findings[0].scopes[0].name == "GET /<slug>/"


def test_dropped_queries_are_told() -> None:
    run = Run()
    run.scope(1, [lazy(1, 1)], end=ScopeEnd(1, 0, 17, 0, None))
    assert run.report().audited.dropped == 17


def test_a_crashing_rule_is_switched_off_and_told_once() -> None:
    run = Run(Crashing(), LazyRelationInLoop(), strict=False)
    for id in (1, 2, 3):
        run.scope(id, [lazy(id, row) for row in (1, 2)])
    report = run.report()
    [diagnostic] = report.diagnostics
    assert diagnostic.slug == "rule-crashed"
    assert diagnostic.message == (
        "QA199 failed and was switched off: ZeroDivisionError: on purpose."
    )
    assert diagnostic.count == 1
    assert [finding.queries for finding in report.findings] == [6]


class Failing(Seen):
    """Fails at the second of what it hears."""

    def add(self, query: Query) -> None:
        super().add(query)
        if self.queries > 1:
            raise ZeroDivisionError("on purpose")


class NeverBegun(Seen):
    def begin(self, view: View) -> None:
        raise ZeroDivisionError("on purpose")


class NeverMade(Seen):
    def __init__(self) -> None:
        raise ZeroDivisionError("on purpose")


class OfAFold(Detector):
    code = "QA198"
    name = "of-a-fold"
    summary = "Has nothing to say."

    def judge(self, fold: Seen, view: View) -> Iterable[Sighting]:
        return ()


OfAFold.__doc__ = SECTIONS
FAILING = [Failing, NeverBegun, NeverMade]


def of(fold: type[Seen], code: str = "QA198") -> Detector:
    return type("Of", (OfAFold,), {"fold": fold, "code": code, "__doc__": SECTIONS})()


@pytest.mark.parametrize("fold", FAILING)
def test_a_fold_that_fails_switches_off_its_rules_and_no_others(fold: type[Seen]) -> None:
    # Whoever hears of things behind the one that fails hears of them all the same.
    rules = (of(fold), of(fold, "QA197"), LazyRelationInLoop(), of(Seen, "QA196"))
    run = Run(*rules, strict=False)
    run.engine.start(ScopeStart(9, None, ScopeKind.REQUEST, "GET /", Phase.CALL))
    run.engine.record([lazy(9, 1)])
    for id in (1, 2, 3):
        run.scope(id, [lazy(id, row) for row in (1, 2, 3)])
    run.engine.record([lazy(9, row) for row in (2, 3)])
    run.engine.end(ScopeEnd(9, 1000, 0, 0, None))
    report = run.report()
    assert [(d.slug, d.message, d.count) for d in report.diagnostics] == [
        ("rule-crashed", f"{code} failed and was switched off: ZeroDivisionError: on purpose.", 1)
        for code in ("QA197", "QA198")
    ]
    assert [finding.queries for finding in report.findings] == [12]


def fail(self: Detector, *arguments: object) -> Any:
    raise ZeroDivisionError("on purpose")


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("message", "what it found"),
        ("evidence", "how it knows"),
        ("advise", "what to write"),
        ("saved", "what is saved"),
        ("confirm", "what stands of it"),
    ],
)
def test_a_rule_that_fails_to_tell_of_its_finding_still_has_it(method: str, what: str) -> None:
    rule = type("Mute", (LazyRelationInLoop,), {method: fail, "__doc__": SECTIONS})()
    run = Run(rule)
    run.scope(1, [lazy(1, row) for row in (1, 2, 3)])
    run.engine.finish()
    settings = Settings(tool="test", rules={"QA101": rule}, unused=Unused.ALL)
    report = build_report(run.ledger, settings)
    [finding] = report.findings
    assert (finding.rule, finding.queries) == ("QA101", 3)
    assert finding.message
    assert [(d.slug, d.message) for d in report.diagnostics] == [
        ("advice-failed", f"QA101 could not say {what}: ZeroDivisionError: on purpose.")
    ]
    with pytest.raises(ZeroDivisionError):
        build_report(run.ledger, replace(settings, strict=True))


@pytest.mark.parametrize("detector", [Crashing(), *map(of, FAILING)])
def test_a_strict_run_raises_what_a_rule_raises(detector: Detector) -> None:
    run = Run(detector)
    with pytest.raises(ZeroDivisionError):
        run.scope(1, [lazy(1, 1), lazy(1, 2)])


def test_the_innermost_ignore_that_covers_the_rule_suppresses() -> None:
    run = Run()
    run.scope(1, [lazy(1, row, ignored=2) for row in (1, 2)])
    report = run.report()
    assert report.findings == ()
    [suppression] = report.suppressed
    assert (suppression.reason, suppression.place) == ("known", "shop/views.py:3")


def test_ignores_that_suppressed_nothing_are_told_but_optional_ones() -> None:
    run = Run()
    run.scope(1, [lazy(1, row, ignored=2) for row in (1, 2)])
    assert [unused.rule for unused in run.report().unused_ignores] == ["QA102"]


def test_part_of_a_finding_can_be_ignored() -> None:
    run = Run()
    run.scope(1, [lazy(1, row, ignored=1) for row in (1, 2)])
    run.scope(2, [lazy(2, row) for row in (1, 2, 3)])
    report = run.report()
    assert [finding.queries for finding in report.findings] == [3]
    assert [suppression.finding.queries for suppression in report.suppressed] == [2]


def test_scopes_add_up_and_the_worst_is_kept() -> None:
    run = Run()
    run.scope(1, [lazy(1, row) for row in (1, 2)])
    run.scope(2, [lazy(2, row) for row in (1, 2, 3, 4)])
    run.scope(3, [lazy(3, row) for row in (1, 2, 3)], name="GET /other/")
    report = run.report()
    [finding] = report.findings
    assert (finding.queries, finding.causes[0].worst, finding.scope_count) == (9, 4, 2)
    assert [(scope.name, scope.queries) for scope in finding.scopes] == [
        ("GET /", 6),
        ("GET /other/", 3),
    ]
    assert [(s.name, s.runs, s.worst) for s in report.scopes] == [
        ("GET /", 2, 4),
        ("GET /other/", 1, 3),
    ]


def test_a_severity_can_be_set_but_not_for_test_code() -> None:
    run = Run()
    run.scope(1, [lazy(1, row) for row in (1, 2)])
    rules = {"QA101": LazyRelationInLoop()}
    settings = Settings(tool="test", rules=rules, severities={"QA101": Severity.ERROR})
    assert build_report(run.ledger, settings).findings[0].severity is Severity.ERROR

    tested = Run()
    test_frame = FRAME._replace(kind=FrameKind.TEST)
    tested.engine._tables.stacks[1] = Stack(1, (test_frame,), 1)
    tested.engine._tables.origins[1] = Origin(1, "shop.Book", 1, 1, test_frame)
    tested.scope(1, [lazy(1, row) for row in (1, 2)])
    assert build_report(tested.ledger, settings).findings[0].severity is Severity.NOTE


def test_a_scope_without_a_query_has_no_folds_made_for_it() -> None:
    run = Run()
    run.engine.start(ScopeStart(1, None, ScopeKind.TEST, "test", Phase.CALL))
    run.engine.start(ScopeStart(2, 1, ScopeKind.TEST, "test", Phase.TEARDOWN))
    run.engine.record([lazy(2, 1)])
    assert not any(running.folds for running in run.engine._running.values())
    run.engine.record([lazy(1, 1)])
    assert [bool(running.folds) for running in run.engine._running.values()] == [True, False]


def test_memory_is_bounded_by_statements_and_places_not_by_queries() -> None:
    run = Run()
    run.engine.start(ScopeStart(1, None, ScopeKind.COMMAND, "import", Phase.CALL))
    run.engine.record([lazy(1, row % 5000) for row in range(20_000)])
    [running] = run.engine._running.values()
    assert len(running.statements) == 1
    [fold] = running.folds.values()
    [tally] = fold._tallies.values()
    assert len(tally.params) <= 64
    assert all(len(rows) <= 64 for rows in tally.evaluations.values())
    run.engine.end(ScopeEnd(1, 0, 0, 0, None))
    assert run.report().findings[0].queries == 20_000
