"""What may be planned, and what may be executed again."""

from __future__ import annotations

import pytest

from queryaudit.plans.policy import after_functions, called, permission
from queryaudit.records.plans import PlanMode

ANALYZED = [
    'SELECT "a"."id" FROM "a" WHERE "a"."n" = %s',
    "WITH x AS (SELECT 1 AS n) SELECT n FROM x",
    "SELECT 'DELETE; UPDATE' AS words",
    "(SELECT 1) UNION (SELECT 2)",
]
PLANNED = [
    "SELECT id FROM a FOR UPDATE",
    "SELECT id FROM a FOR NO KEY UPDATE SKIP LOCKED",
    "SELECT id FROM a FOR SHARE",
    "SELECT id INTO b FROM a",
    "WITH gone AS (DELETE FROM a RETURNING id) SELECT id FROM gone",
    "UPDATE a SET n = 1 WHERE id = %s",
    "DELETE FROM a WHERE id = %s",
]
REFUSED = [
    "SELECT 1; DROP TABLE a",
    "INSERT INTO a VALUES (1)",
    "SAVEPOINT x",
    "SET work_mem = '1GB'",
    "CREATE TABLE a (id int)",
    "TRUNCATE a",
    "CALL p()",
    "COPY a TO STDOUT",
    "LOCK TABLE a",
    "EXPLAIN ANALYZE DELETE FROM a",
    "",
]


@pytest.mark.parametrize("sql", ANALYZED)
def test_what_only_reads_may_be_executed_again(sql: str) -> None:
    assert permission(sql, PlanMode.ANALYZED, "postgresql").mode is PlanMode.ANALYZED


@pytest.mark.parametrize("sql", PLANNED)
def test_what_may_write_or_lock_is_planned_only(sql: str) -> None:
    permitted = permission(sql, PlanMode.ANALYZED, "postgresql")
    assert permitted.mode is PlanMode.PLANNED
    assert permitted.reason


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_single_query_is_not_even_planned(sql: str) -> None:
    assert permission(sql, PlanMode.ANALYZED, "postgresql").mode is PlanMode.REFUSED


def test_nothing_goes_further_than_was_asked_for() -> None:
    assert permission("SELECT 1", PlanMode.PLANNED, "postgresql").mode is PlanMode.PLANNED
    assert permission("SELECT 1", PlanMode.ANALYZED, "sqlite").mode is PlanMode.PLANNED


def test_other_databases_are_named() -> None:
    permitted = permission("SELECT 1", PlanMode.ANALYZED, "mysql")
    assert permitted == (PlanMode.REFUSED, "plans of mysql are not read")


def test_a_volatile_function_is_not_executed_again() -> None:
    permitted = permission("SELECT nextval('s')", PlanMode.ANALYZED, "postgresql")
    assert after_functions(permitted, {"nextval"}).mode is PlanMode.PLANNED
    assert after_functions(permitted, {"random"}).mode is PlanMode.ANALYZED
    assert "nextval()" in after_functions(permitted, {"nextval"}).reason


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT pg_advisory_lock(1)", {"pg_advisory_lock"}),
        ('SELECT "Odd Name"(1)', {"Odd Name"}),
        ("SELECT pg_catalog.pg_notify ('a', 'b')", {"pg_notify"}),
        ("SELECT 'setval(' WHERE a IN (1) AND b = ANY (ARRAY[1])", set()),
    ],
)
def test_called_functions_are_found(text: str, names: set[str]) -> None:
    assert called(text) == names
