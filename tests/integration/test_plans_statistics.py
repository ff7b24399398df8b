"""Columns that depend on each other: what is proposed ends the misestimate."""

from __future__ import annotations

import ast

import pytest
from django.db import connection

import queryaudit
from queryaudit.records.findings import Finding
from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Shipment

TITLE = "Let the planner know that lane and region and zone depend on each other"


def ask() -> int:
    return Shipment.objects.filter(zone=1, region=1, lane=1, depot__name__gte="D").count()


def misestimates() -> list[Finding]:
    with queryaudit.audit(explain="analyze", select=["QA405"], test_files=[]) as audited:
        ask()
    return [*audited.findings]


@pytest.fixture
def shipments(db: None) -> None:
    fill_shipping(30_000, depots=500, scans=100)
    connection.check_constraints()


def test_statistics_of_them_together_are_proposed_and_help(shipments: None) -> None:
    (finding,) = misestimates()
    assert finding.fix is not None
    assert finding.fix.title == TITLE
    call = ast.parse(finding.fix.code).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    made, undone = map(ast.literal_eval, call.value.args)
    with connection.cursor() as cursor:
        for statement in made:
            cursor.execute(statement)
    assert misestimates() == []
    with connection.cursor() as cursor:
        for statement in undone:
            cursor.execute(statement)
    assert len(misestimates()) == 1


def test_where_there_are_such_statistics_they_are_brought_up_to_date(shipments: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE STATISTICS known ON zone, region, lane FROM shop_shipment")
    (finding,) = misestimates()
    assert finding.fix is not None
    assert finding.fix.title == "Bring the statistics of shop_shipment up to date"
