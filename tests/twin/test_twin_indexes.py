"""An index that is tried on the twin: planned with as production plans with a real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from queryaudit.advice.candidates import Candidate, Key
from queryaudit.advice.conditions import Compared
from queryaudit.advice.index_code import ddl
from queryaudit.plans import catalogue
from queryaudit.plans.url_server import UrlServer
from queryaudit.records.plans import Relation
from queryaudit.twin import files
from queryaudit.twin.session import Twin
from queryaudit.twin.what_if import TwinWhatIf
from tests.twin.conftest import plan, shape
from tests.twin.production import QUERIES

ORDER, LINE = ("public", "Order"), ("public", "line")
CANDIDATES = {
    "equality": Candidate(*ORDER, "btree", (Key("code"),), 1),
    "order": Candidate(*ORDER, "btree", (Key("status"), Key("placed_at", "", True)), 1),
    "foreign key and order": Candidate(
        *ORDER, "btree", (Key("customer_id"), Key("placed_at", "", True)), 1
    ),
    "few values": Candidate(*LINE, "btree", (Key("quantity"), Key("order_id")), 1),
    "function": Candidate(*ORDER, "btree", (Key("note", "upper"),), 1),
    "pattern": Candidate(*ORDER, "btree", (Key("note", opclass="text_pattern_ops"),), 0),
    "partial": Candidate(*ORDER, "btree", (Key("total"),), 0, ("shipped_at", Compared.IS_NULL)),
    "number": Candidate(*ORDER, "btree", (Key("total"),), 0),
}
MORE = [
    'SELECT * FROM "Order" WHERE shipped_at IS NULL ORDER BY total LIMIT 5',
    """SELECT * FROM "Order" WHERE upper(note) = 'X'""",
    "SELECT count(*) FROM line WHERE quantity = 8",
]


@pytest.fixture(scope="module")
def what_if(twin: Path) -> Iterator[TwinWhatIf]:
    with Twin(twin, alone=True) as found:
        yield TwinWhatIf(found)


@pytest.fixture(scope="module")
def real(production: str) -> Iterator[UrlServer]:
    with closing(UrlServer.connect(production)) as server:
        yield server


def relation(what_if: TwinWhatIf, candidate: Candidate) -> Relation:
    name = (candidate.schema, candidate.table)
    [found] = catalogue.relations(what_if.server, [name], "default")
    return found


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_planner_takes_an_index_as_it_would_in_production(
    what_if: TwinWhatIf, real: UrlServer, name: str
) -> None:
    candidate = CANDIDATES[name]
    # An expression's statistics come with an ANALYZE, which takes another sample of all columns.
    queries = MORE[1:2] if name == "function" else [*QUERIES, *MORE]
    real.run("BEGIN")
    try:
        table = f'{candidate.schema}."{candidate.table}"'
        real.run(ddl(candidate, table))
        if name == "function":
            real.run(f"ANALYZE {table}")
        [[size]] = real.run(
            "SELECT sum(pg_relation_size(indexrelid))::float8 FROM pg_index"
            " WHERE indrelid = %s::regclass AND indexrelid ="
            " (SELECT max(indexrelid) FROM pg_index WHERE indrelid = %s::regclass)",
            (table, table),
        )
        there = [plan(real, sql) for sql in queries]
    finally:
        real.run("ROLLBACK")
    with what_if.trying():
        built = what_if.add(candidate, relation(what_if, candidate))
        here = [plan(what_if.server, sql) for sql in queries]
    pairs = list(zip(queries, there, here, strict=True))
    off = [
        sql for sql, a, b in pairs if abs(a["Total Cost"] - b["Total Cost"]) > 0.1 * a["Total Cost"]
    ]
    assert off == []
    # The statistics are of a random sample: where two plans cost about the same, either may win.
    assert len([sql for sql, a, b in pairs if shape(a) != shape(b)]) <= 1
    assert any(built.name in str(shape(found)) for found in here)
    assert abs(built.bytes - size) < 0.25 * size


def test_a_trial_leaves_nothing_behind(what_if: TwinWhatIf, twin: Path) -> None:
    candidate = CANDIDATES["equality"]
    before = shape(plan(what_if.server, QUERIES[3]))
    sizes = [path for path in (twin / "postgresql").rglob("base/*/*") if path.stat().st_size]
    with what_if.trying():
        built = what_if.add(candidate, relation(what_if, candidate))
        assert shape(plan(what_if.server, QUERIES[3])) != before
        what_if.remove(built)
        assert shape(plan(what_if.server, QUERIES[3])) == before
        what_if.add(candidate, relation(what_if, candidate))
    assert shape(plan(what_if.server, QUERIES[3])) == before
    after = [path for path in (twin / "postgresql").rglob("base/*/*") if path.stat().st_size]
    assert sorted(after) == sorted(sizes)
    [[path]] = what_if.server.run("SELECT pg_relation_filepath('\"Order\"'::regclass)")
    assert files.blocks_of(twin / "postgresql" / path) > 1000
