"""Columns that depend on each other: what is proposed ends the misestimate."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Lower

import queryaudit
from queryaudit.records.findings import Finding
from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Shipment

TITLE = "Let the planner know that lane and region and zone depend on each other"


def ask() -> int:
    return Shipment.objects.filter(zone=1, region=1, lane=1, depot__name__gte="D").count()


def of_any_case() -> int:
    return Shipment.objects.filter(carrier__iexact="DOVE", depot__name__gte="D").count()


def of_lower_case() -> int:
    rows = Shipment.objects.annotate(by=Lower("carrier")).filter(by="dove")
    return rows.filter(depot__name__gte="D").count()


def of_a_month() -> int:
    return Shipment.objects.filter(sent_at__month=1, depot__name__gte="D").count()


def since_a_day() -> int:
    day = date(2024, 4, 13)
    return Shipment.objects.filter(sent_at__date__gte=day, depot__name__gte="D").count()


def by_a_key() -> int:
    return Shipment.objects.filter(details__kept="cool", depot__name__gte="D").count()


def misestimates(ask: Callable[[], int] = ask) -> list[Finding]:
    with queryaudit.audit(explain="analyze", select=["QA405"], test_files=[]) as audited:
        ask()
    return [*audited.findings]


def execute(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def estimated(ask: Callable[[], int]) -> tuple[float, float | None]:
    """How many rows the planner expects of the scan, and how many there are."""
    with queryaudit.audit(explain="analyze", test_files=[]) as audited:
        ask()
    [plan] = audited.report.plans
    [scan] = [step for step in plan.steps if step.target == "shop_shipment"]
    return scan.estimated_rows, scan.rows


def proposed(finding: Finding) -> tuple[list[str], list[str]]:
    """The statements of the migration: there and back."""
    assert finding.fix is not None
    call = ast.parse(finding.fix.code).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    names: dict[str, Any] = {"settings": settings}
    made, undone = (eval(ast.unparse(a), names) for a in call.value.args)
    return made, undone


@pytest.fixture
def shipments(db: None) -> None:
    fill_shipping(30_000, depots=500, scans=100)
    connection.check_constraints()


def test_statistics_of_them_together_are_proposed_and_help(shipments: None) -> None:
    (finding,) = misestimates()
    assert finding.fix is not None
    assert finding.fix.title == TITLE
    made, undone = proposed(finding)
    execute(made)
    assert misestimates() == []
    execute(undone)
    assert len(misestimates()) == 1


def test_statistics_of_an_expression_are_proposed_and_make_the_estimate_right(
    shipments: None,
) -> None:
    Shipment.objects.filter(zone=1).update(details={"kept": "cool"})
    execute(["ANALYZE shop_shipment"])
    asking = (of_any_case, of_lower_case, of_a_month, since_a_day, by_a_key)
    expressions = ("upper((carrier))", "lower((carrier))", "EXTRACT(month FROM", "sent_at", "kept")
    for ask, expression in zip(asking, expressions, strict=True):
        (finding,) = misestimates(ask)
        assert finding.fix is not None
        assert finding.fix.title.startswith("Let the planner know the values of ")
        assert expression in finding.fix.title + finding.fix.code
        made, undone = proposed(finding)
        execute(made)
        expected, actual = estimated(ask)
        assert actual is not None
        assert actual / 2 < expected < actual * 2
        assert misestimates(ask) == []
        execute(undone)
        assert len(misestimates(ask)) == 1


def test_an_index_on_an_expression_has_statistics_of_it(shipments: None) -> None:
    execute(["CREATE INDEX by_carrier ON shop_shipment (upper(carrier))", "ANALYZE shop_shipment"])
    assert misestimates(of_any_case) == []


def test_where_there_are_such_statistics_they_are_brought_up_to_date(shipments: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE STATISTICS known ON zone, region, lane FROM shop_shipment")
    (finding,) = misestimates()
    assert finding.fix is not None
    assert finding.fix.title == "Bring the statistics of shop_shipment up to date"
