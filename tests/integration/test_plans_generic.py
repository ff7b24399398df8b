"""The two ways to a plan for any values say the same, on a server that has both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import connection

from queryaudit.plans.generic import explained, prepared
from queryaudit.plans.url_server import UrlServer
from tests.integration.test_cli_explain import url

_TABLES = """
BEGIN;
CREATE TEMP TABLE parcel (id serial PRIMARY KEY, code text, weight int, sent timestamptz);
INSERT INTO parcel (code, weight, sent)
SELECT 'C' || i, i % 50, timestamptz '2024-01-01' + i * interval '1 hour'
FROM generate_series(1, 3000) i;
CREATE INDEX by_code ON parcel (code);
CREATE TEMP TABLE leg (id int, year int) PARTITION BY LIST (year);
CREATE TEMP TABLE leg_2024 PARTITION OF leg FOR VALUES IN (2024);
CREATE TEMP TABLE leg_2025 PARTITION OF leg FOR VALUES IN (2025);
ANALYZE parcel;
ANALYZE leg;
"""
_STATEMENTS = [
    "SELECT * FROM parcel",
    "SELECT * FROM parcel WHERE code = $1",
    "SELECT * FROM parcel WHERE code = $1 AND weight > $2 ORDER BY sent DESC LIMIT $3 OFFSET $4",
    "SELECT * FROM parcel WHERE code LIKE $1 AND sent BETWEEN $2 AND $3 -- as it was written",
    "SELECT * FROM parcel WHERE id = ANY($1) OR weight IN ($2, $3, 7);",
    "SELECT date_trunc($1, sent), count(*) FROM parcel GROUP BY 1",
    "SELECT * FROM parcel WHERE id = $1 FOR UPDATE",
    "SELECT * FROM parcel p WHERE EXISTS (SELECT FROM parcel q WHERE q.id = p.id AND code = $1)",
    "WITH heavy AS MATERIALIZED (SELECT * FROM parcel WHERE weight > $1) SELECT * FROM heavy",
    "(SELECT id FROM parcel WHERE id = $1) UNION (SELECT id FROM leg)",
    "UPDATE parcel SET weight = $1 WHERE code = $2",
    "DELETE FROM parcel WHERE weight = $1",
    "SELECT * FROM leg WHERE year = $1 AND id = $2",
    "SELECT * FROM leg WHERE year = 2024 AND id = $1",
    "UPDATE leg SET id = $1 WHERE year = $2",
]


@pytest.fixture
def server(transactional_db: None) -> Iterator[UrlServer]:
    if connection.vendor != "postgresql" or connection.pg_version < 160_000:
        pytest.skip("PostgreSQL 16 or later only")
    with closing(UrlServer.connect(url())) as found:
        found.run(_TABLES)
        yield found


def test_a_prepared_statement_has_the_plan_that_explain_has(server: UrlServer) -> None:
    for sql in _STATEMENTS:
        for options in ("VERBOSE", "COSTS"):
            assert prepared(server, sql, options) == explained(server, sql, options), sql
    assert server.run("SELECT name FROM pg_prepared_statements") == []
    assert server.run("SHOW enable_partition_pruning") == [("on",)]


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM nowhere WHERE id = $1", "SELECT $1 + $2", "SELECT FROM WHERE"]
)
def test_what_can_not_be_prepared_is_the_callers_to_undo(server: UrlServer, sql: str) -> None:
    server.run("SAVEPOINT ours")
    with pytest.raises(Exception, match=r"does not exist|not unique|syntax error"):
        prepared(server, sql, "VERBOSE")
    server.run("ROLLBACK TO ours")
    assert server.run("SELECT name FROM pg_prepared_statements") == []
    assert prepared(server, "SELECT * FROM parcel WHERE id = $1", "VERBOSE")["Plan"]
