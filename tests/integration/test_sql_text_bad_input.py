"""Texts and parameters that nobody expects: the host gets its answer, and time stays in bounds."""

from __future__ import annotations

from time import perf_counter

import pytest
from django.db import DatabaseError, connection, transaction

import queryaudit
from queryaudit.capture import statements
from queryaudit.composition.matching import filled, squeezed
from queryaudit.composition.values import Gap, Text
from queryaudit.records.texts import HoleKind
from queryaudit.sql.statement import parse

pytestmark = pytest.mark.django_db

TEXTS = {
    "empty": "",
    "blank": " \n\t ",
    "comment alone": "-- nothing",
    "open comment": "/* never closed",
    "open quote": "SELECT 'never closed",
    "dollar quoting": "SELECT $tag$ it's %s $tag$",
    "several statements": "SELECT 1; SELECT 2",
    "percent without parameters": "SELECT '100%', 5 % 2",
    "other scripts": "SELECT 'žluťoučký кůň 馬', 'é'",
    "lone surrogate": "SELECT '\ud800'",
    "null character": "SELECT '\0'",
    "brackets": "SELECT " + "(" * 500 + "1" + ")" * 500,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("params", [None, [], [b"\x00\xff"]], ids=["none", "empty", "binary"])
def test_a_strange_text_ends_as_it_would_without_us(text: str, params: list[object] | None) -> None:
    def run() -> str:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(text + "", params)
                return str(cursor.fetchall())
        except (DatabaseError, UnicodeError, ValueError, TypeError) as error:
            return type(error).__name__

    without = run()
    with queryaudit.audit(strict=True) as audited:
        assert run() == without
    assert audited.report.diagnostics == ()


def test_a_large_text_is_recorded_in_part_and_in_time() -> None:
    value = "x" * 10_000_000
    with queryaudit.audit(strict=True) as audited, connection.cursor() as cursor:
        start = perf_counter()
        cursor.execute(f"SELECT LENGTH('{value}')")
        taken = perf_counter() - start
        assert cursor.fetchone() == (10_000_000,)
    assert taken < 5
    assert audited.queries == 1


def test_many_parameters_are_digested_in_time() -> None:
    values = list(range(60_000))
    marks = ", ".join(["%s"] * len(values))
    with queryaudit.audit(strict=True) as audited, connection.cursor() as cursor:
        start = perf_counter()
        cursor.execute(f"SELECT COUNT(*) FROM shop_book WHERE id IN ({marks})", values)
        assert perf_counter() - start < 10
    assert [finding.rule for finding in audited.findings] == ["QA209"]


def test_literal_variants_share_a_text_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MANY", 10)
    monkeypatch.setattr(statements, "MAX_VARIANTS", 5)
    with queryaudit.audit(strict=True) as audited, connection.cursor() as cursor:
        for number in range(200):
            cursor.execute(f"SELECT title FROM shop_book WHERE id = {int(number)}")
    assert audited.queries == 200
    [finding] = [f for f in audited.findings if "QA303" in f.rules]
    assert finding.queries == 200


def test_parsing_and_fitting_are_linear() -> None:
    def seconds(size: int) -> float:
        text = "SELECT a FROM b WHERE c IN (" + ", ".join(["'x''y'"] * size) + ") -- end\n"
        start = perf_counter()
        parse(text)
        parts = (Text("SELECT a FROM b WHERE c IN ("), Gap(HoleKind.UNKNOWN, "x"), Text(")--end"))
        assert filled(parts, squeezed(text)) is not None
        return perf_counter() - start

    seconds(1000)
    assert seconds(80_000) < 40 * max(seconds(8_000), 0.01)
