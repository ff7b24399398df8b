"""What an index costs an insert is measured on rows that stay as they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from queryaudit.proof.sqlite_inserts import insert_ns

ROWS = 3_000


@pytest.fixture
def copy() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def filled(copy: sqlite3.Connection, columns: str) -> list[object]:
    copy.execute(f'CREATE TABLE "the order" {columns}')
    numbers = ((number, f"{number * 7919 % ROWS}") for number in range(ROWS))
    copy.executemany('INSERT INTO "the order" (id, "a ""b") VALUES (?, ?)', numbers)
    copy.execute('CREATE INDEX a_idx ON "the order" ("a ""b")')
    return state(copy)


def state(copy: sqlite3.Connection) -> list[object]:
    """Its rows, and all that there is; read by the index too."""
    [check] = copy.execute("PRAGMA integrity_check").fetchall()
    schema = copy.execute(
        "SELECT name FROM sqlite_master UNION SELECT name FROM temp.sqlite_master"
    )
    return [check, schema.fetchall(), copy.execute('SELECT * FROM "the order"').fetchall()]


@pytest.mark.parametrize(
    "columns",
    [
        '(id integer PRIMARY KEY, "a ""b" text)',
        '(id text, "a ""b" text)',
        '(id integer PRIMARY KEY, "a ""b" text, c AS (id + 1), d AS (id + 2) STORED)',
        '(id integer PRIMARY KEY, "a ""b" text UNIQUE)',
    ],
)
def test_it_is_measured_and_nothing_is_changed(copy: sqlite3.Connection, columns: str) -> None:
    before = filled(copy, columns)
    assert insert_ns(copy, "the order", "a_idx") is not None
    assert state(copy) == before


def test_nothing_is_said_where_rows_have_no_number_or_may_not_be_deleted(
    copy: sqlite3.Connection,
) -> None:
    before = filled(copy, '(id integer PRIMARY KEY, "a ""b" text) WITHOUT ROWID')
    assert insert_ns(copy, "the order", "a_idx") is None
    assert state(copy) == before
    copy.execute('DROP TABLE "the order"')
    filled(copy, '(id integer PRIMARY KEY, "a ""b" text)')
    for does in ("ABORT", "ROLLBACK"):
        refusing = f"SELECT RAISE({does}, 'no')"
        copy.execute(f'CREATE TRIGGER kept BEFORE DELETE ON "the order" BEGIN {refusing}; END')
        before = state(copy)
        assert insert_ns(copy, "the order", "a_idx") is None
        assert state(copy) == before
        copy.execute("DROP TRIGGER kept")


def test_an_empty_table_has_no_rows_to_insert(copy: sqlite3.Connection) -> None:
    copy.execute("CREATE TABLE a (id integer PRIMARY KEY)")
    copy.execute("CREATE INDEX a_idx ON a (id)")
    assert insert_ns(copy, "a", "a_idx") is None
