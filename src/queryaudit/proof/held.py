"""The locks that a session holds, as the server tells: of tables by ``pg_locks``, of rows by the
extension ``pgrowlocks``, as rows' locks are kept in the rows themselves."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from queryaudit.locking.modes import TableLockMode
from queryaudit.plans.server import Server, first_line
from queryaudit.sql.locks import RowLockMode

_TABLES = """
SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.locktype = 'relation' AND l.granted AND c.relkind IN ('r', 'p')
AND c.relnamespace <> 'pg_catalog'::regnamespace AND l.pid = %s
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_BY_NAME = {mode.value.replace(" ", "").casefold() + "lock": mode for mode in TableLockMode}
_ROWS = {
    "Key Share": RowLockMode.KEY_SHARE,
    "Share": RowLockMode.SHARE,
    "No Key Update": RowLockMode.NO_KEY_UPDATE,
    "Update": RowLockMode.UPDATE,
}


class Held(NamedTuple):
    """Tables and modes. ``reason`` says why rows could not be looked at."""

    tables: frozenset[tuple[str, TableLockMode]]
    rows: frozenset[tuple[str, RowLockMode]]
    reason: str = ""


def held(server: Server, pid: int, tables: Collection[str]) -> Held:
    """What the session ``pid`` holds; ``tables`` are those whose rows are looked at."""
    found = server.run(_TABLES, (pid,))
    by_table = frozenset((str(name), _BY_NAME[str(mode).casefold()]) for name, mode in found)
    try:
        rows = frozenset(
            (table, mode) for table in sorted(tables) for mode in _modes(server, pid, table)
        )
    except Exception as error:  # noqa: BLE001 - whatever a driver raises
        reason = f"locks of rows were not compared: pgrowlocks answers {first_line(error)}"
        return Held(by_table, frozenset(), reason)
    return Held(by_table, rows)


def _modes(server: Server, pid: int, table: str) -> frozenset[RowLockMode]:
    name = '"' + table.replace('"', '""') + '"'
    answers = server.run("SELECT modes FROM pgrowlocks(%s) WHERE %s = ANY(pids)", (name, pid))
    return frozenset(_ROWS[str(mode).removeprefix("For ")] for [modes] in answers for mode in modes)
