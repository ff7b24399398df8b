"""What was tried is told by the findings on the same statements."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from queryaudit.analysis.advised import with_tried
from queryaudit.records.advised import AdvisedIndex, Outcome, Served, Tried, TriedDrop
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Evidence, Finding, Grade, Location
from queryaudit.records.report import Report
from queryaudit.records.workload import Workload
from queryaudit.reports.base import Options
from queryaudit.reports.json_ import dump, load
from queryaudit.reports.registry import get
from tests.golden.sample import sample

ASKED = "SELECT id FROM shop_parcel WHERE code = ?"
WORKLOAD = Workload(statements=())


def finding(rule: str = "QA401", statement: str = ASKED) -> Finding:
    base = sample().findings[0]
    return replace(
        base,
        rule=rule,
        source="",
        causes=(replace(base.causes[0], statement=statement),),
        evidence=Evidence(grade=Grade.ESTIMATED, text="Seq Scan of shop_parcel would read 9 rows"),
        fingerprint=f"{rule}-{statement}",
    )


def index(outcome: Outcome, statement: str = ASKED, table: str = "shop_parcel") -> AdvisedIndex:
    timed = outcome is Outcome.PROVED
    return AdvisedIndex(
        title=f"Index({outcome.value})",
        model=table,
        outcome=outcome,
        reason="the planner does not use it",
        code="models.Index()",
        bytes=22_000_000,
        build_ns=5,
        value_sets=0 if outcome in (Outcome.IDEA, Outcome.UNKNOWN) else 3,
        served=(
            Served(
                statement=statement,
                calls=7,
                locations=(),
                before_ns=40_000_000 if timed else None,
                after_ns=1_000_000 if timed else None,
                at_least=31.5 if timed else None,
                at_most=80.0 if timed else None,
            ),
        ),
    )


def judged(*indexes: AdvisedIndex, rule: str = "QA401") -> Report:
    report = replace(sample(), findings=(finding(rule),), suppressed=())
    return with_tried(report, Tried(indexes), WORKLOAD, lambda model: None)


@pytest.mark.parametrize("rule", ["QA401", "QA402", "QA403", "QA404"])
def test_a_finding_is_proved_by_an_index_for_its_statement(rule: str) -> None:
    report = judged(index(Outcome.REFUTED), index(Outcome.PROVED), rule=rule)
    [told] = report.findings
    assert told.evidence.grade is Grade.PROVED
    assert "Index(proved) was built on a copy and used" in told.evidence.text
    assert "40.000 ms before, 1.000 ms after, 40.0 times faster, at least 31.5" in (
        told.evidence.text
    )
    assert report.suppressed == ()
    assert [i.outcome for i in report.indexes] == [Outcome.REFUTED, Outcome.PROVED]
    assert load(dump(report)) == report


@pytest.mark.parametrize("name", ["terminal", "html", "json", "markdown", "sarif", "junit"])
def test_every_report_has_the_proof(name: str) -> None:
    stream = io.StringIO()
    get(name, Options(verbose=True)).render(judged(index(Outcome.PROVED)), stream)
    assert "40.0 times" in " ".join(stream.getvalue().split())


def test_what_was_refuted_by_execution_fails_nothing() -> None:
    report = judged(index(Outcome.REFUTED))
    assert report.findings == ()
    [told] = report.suppressed
    assert told.reason == "refuted: the planner does not use it"
    assert "Index(refuted) was tried and refuted" in told.finding.evidence.text


def test_what_a_planner_alone_refuted_stays_and_says_so() -> None:
    report = judged(replace(index(Outcome.REFUTED), value_sets=0))
    [told] = report.findings
    assert told.evidence.grade is Grade.ESTIMATED
    assert "was tried and refuted: the planner does not use it" in told.evidence.text


def test_what_another_index_of_the_table_may_serve_is_not_suppressed() -> None:
    report = judged(index(Outcome.REFUTED), index(Outcome.PROVED, "SELECT another"))
    assert [f.evidence.grade for f in report.findings] == [Grade.MEASURED]
    assert report.suppressed == ()


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.IDEA])
def test_what_was_not_tried_proves_and_refutes_nothing(outcome: Outcome) -> None:
    report = judged(index(outcome))
    [told] = report.findings
    assert told.evidence.grade is Grade.ESTIMATED
    assert "was not tried" in told.evidence.text


@pytest.mark.parametrize(
    ("rule", "tried"),
    [
        ("QA101", index(Outcome.PROVED)),
        ("QA405", index(Outcome.PROVED)),
        ("QA401", index(Outcome.PROVED, "SELECT another")),
        ("QA401", index(Outcome.PROVED, table="shop_par")),
        ("QA401", index(Outcome.REFUTED, "SELECT another")),
    ],
)
def test_other_findings_are_left_alone(rule: str, tried: AdvisedIndex) -> None:
    assert judged(tried, rule=rule).findings == (finding(rule),)


def test_an_index_has_the_place_of_its_model_and_the_rule_of_its_statement() -> None:
    model = Model("shop.Parcel", "shop_parcel", (), (), (), None, None, (), ())
    workload = Workload(statements=(), models={"shop_parcel": model})
    report = replace(sample(), findings=(finding("QA404"),), suppressed=())
    tried = replace(index(Outcome.PROVED), model="shop.Parcel")
    place = Location(path="shop/models.py", line=3)
    [told] = with_tried(report, Tried((tried,)), workload, {model: place}.get).indexes
    assert (told.location, told.rule, told.table) == (place, "QA404", "shop_parcel")


def dropped(*outcomes: Outcome) -> Report:
    told = replace(finding("QA407"), message="The index a of shop_shipment is the beginning of b.")
    report = replace(sample(), findings=(told,), suppressed=())
    drops = tuple(
        TriedDrop(table="shop_shipment", index="a", outcome=outcome, reason=outcome.value)
        for outcome in outcomes
    )
    return with_tried(report, Tried((), drops), WORKLOAD, lambda model: None)


def test_a_redundant_index_that_one_database_misses_stays() -> None:
    assert [f.evidence.grade for f in dropped(Outcome.PROVED).findings] == [Grade.PROVED]
    report = dropped(Outcome.PROVED, Outcome.REFUTED, Outcome.UNKNOWN)
    assert report.findings == ()
    assert [each.reason for each in report.suppressed] == ["refuted: refuted"]


def test_one_that_could_not_be_dropped_everywhere_is_not_proved() -> None:
    [told] = dropped(Outcome.PROVED, Outcome.UNKNOWN).findings
    assert told.evidence.grade is not Grade.PROVED
    assert "Not tried: unknown" in told.evidence.text


def test_a_trial_of_another_index_says_nothing() -> None:
    report = replace(sample(), findings=(finding("QA407"),), suppressed=())
    drop = TriedDrop(table="t", index="z", outcome=Outcome.REFUTED, reason="x")
    kept = with_tried(report, Tried((), (drop,)), WORKLOAD, lambda model: None)
    assert kept.findings == report.findings
