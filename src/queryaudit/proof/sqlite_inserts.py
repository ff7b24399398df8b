"""What an index adds to inserting a row: the last rows of a copy are deleted and inserted again,
with the index and without it, and all of that is rolled back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from queryaudit.proof.sqlite_bench import SqliteBench, now
from queryaudit.sql.quoting import identifier

_ROWS, _TURNS = 1_000, 3
#: The next ones will be as they are, and at the same end of the table.
_LAST = """
CREATE TEMP TABLE queryaudit_rows AS SELECT rowid AS queryaudit_row, {columns} FROM main.{table}
ORDER BY rowid DESC LIMIT {rows}
"""
_DELETE = "DELETE FROM main.{table} WHERE rowid IN (SELECT queryaudit_row FROM queryaudit_rows)"
_INSERT = """
INSERT INTO main.{table} ({columns}) SELECT {columns} FROM queryaudit_rows ORDER BY queryaudit_row
"""


def insert_ns(copy: sqlite3.Connection, table: str, index: str) -> int | None:
    """The processor's time for a row; None for a table of whose rows that can't be said."""
    bench = SqliteBench(copy)
    known = copy.execute(f"PRAGMA main.table_info({identifier(table)})").fetchall()
    words = {  # generated columns are not among them
        "columns": ", ".join(identifier(column[1]) for column in known),
        "table": identifier(table),
    }
    try:
        copy.execute(_LAST.format(**words, rows=_ROWS))
        try:
            turns = [
                [_inserting(bench, copy, words, names) for names in ([], [index])]
                for _ in range(_TURNS)
            ]
            there = copy.execute("SELECT count(*) FROM queryaudit_rows").fetchone()[0]
        finally:
            copy.execute("DROP TABLE temp.queryaudit_rows")
    except sqlite3.Error:  # it has no rowid, or a trigger of its own refuses
        return None
    with_it, without = (min(times) for times in zip(*turns, strict=True))
    return max(0, with_it - without) // there if there else None


def _inserting(
    bench: SqliteBench, copy: sqlite3.Connection, words: dict[str, str], without: Sequence[str]
) -> int:
    with bench.without(without):
        copy.execute(_DELETE.format(**words))
        start = now()
        copy.execute(_INSERT.format(**words))
        return now() - start
