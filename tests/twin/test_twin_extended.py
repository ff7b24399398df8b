"""What production knows of columns that depend on each other, its twin knows, too."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from queryaudit.cli import main
from queryaudit.plans.server import Server
from queryaudit.plans.url_server import UrlServer
from queryaudit.twin import extended
from queryaudit.twin.session import Twin
from tests.twin.conftest import plan

DEPENDENT = "SELECT * FROM place WHERE city = 'City 7' AND country = 'Country 0'"
GROUPED = "SELECT city, country FROM place GROUP BY city, country"
COMBINED = "SELECT * FROM place WHERE country = 'Country 3' AND size = 0"


@pytest.fixture(scope="module")
def real(production: str) -> Iterator[UrlServer]:
    with closing(UrlServer.connect(production)) as server:
        yield server


def expected(server: Server, sql: str) -> int:
    rows: int = plan(server, sql)["Plan Rows"]
    return rows


@pytest.mark.parametrize("sql", [DEPENDENT, GROUPED, COMBINED])
def test_rows_of_dependent_columns_are_expected_as_in_production(
    twin: Path, real: UrlServer, sql: str
) -> None:
    with Twin(twin) as found:
        here = expected(found.server, sql)
    there = expected(real, sql)
    real.run("BEGIN")
    try:
        real.run("DROP STATISTICS place_city, place_size")
        blind = expected(real, sql)
    finally:
        real.run("ROLLBACK")
    assert abs(here - there) <= 0.05 * there + 1
    assert abs(blind - there) > 0.2 * there  # else the test would show nothing


def test_the_numbers_of_columns_are_those_of_the_twin(twin: Path, real: UrlServer) -> None:
    numbers = "SELECT attnum FROM pg_attribute WHERE attrelid = 'place'::regclass AND attname = %s"
    with Twin(twin) as found:
        [[here]] = found.server.run(numbers, ("city",))
    [[there]] = real.run(numbers, ("city",))
    assert here != there  # one column was dropped there


def test_combinations_of_values_stay_out_where_values_do(
    production: str, outer_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = outer_path / "twin"
    options = ["--from", production, "--to", str(directory), "--without-values"]
    assert main(["twin", "create", *options]) == 0
    assert "Extended statistics without their data: public.place_size." in capsys.readouterr().out
    with Twin(directory) as found:
        rows = found.server.run(
            "SELECT s.stxname::text, d.stxdmcv IS NULL, d.stxddependencies IS NULL"
            " FROM pg_statistic_ext s JOIN pg_statistic_ext_data d ON d.stxoid = s.oid"
        )
        [[casts]] = found.server.run(
            "SELECT count(*) FROM pg_cast WHERE castsource = 'bytea'::regtype"
            " AND casttarget IN ('pg_ndistinct'::regtype, 'pg_mcv_list'::regtype)"
        )
    assert rows == [("place_city", True, False)]
    assert casts == 0


def test_an_owner_who_is_no_superuser_reads_what_holds_no_values(real: UrlServer) -> None:
    [[version]] = real.run("SHOW server_version_num")
    everything = extended.read(real, int(version))
    real.run("BEGIN")
    try:
        real.run("CREATE ROLE qa_owner")
        real.run("SET LOCAL ROLE qa_owner")
        assert extended.read(real, int(version)) == ()  # the server shows them to owners
        real.run("RESET ROLE")
        real.run("ALTER TABLE place OWNER TO qa_owner")
        real.run("SET LOCAL ROLE qa_owner")
        seen = extended.read(real, int(version))
    finally:
        real.run("ROLLBACK")
    assert [found.name for found in seen] == ["place_city", "place_size"]
    assert [found.common is None for found in everything] == [True, False]
    assert [found.common for found in seen] == [None, None]
    assert seen[0] == everything[0]
    assert extended.read(real, 130_000) == ()  # another format


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        struct.pack("=III", 1, 1, 0),
        struct.pack("=III", 0xA352BFA4, 2, 0),
        struct.pack("=IIIdihh", 0xA352BFA4, 1, 1, 5.0, 2, 1, 9),
        struct.pack("=IIIdihh", 0xA352BFA4, 1, 2, 5.0, 2, 1, 2),
        struct.pack("=IIIdihhh", 0xA352BFA4, 1, 1, 5.0, 2, 1, 2, 3),
    ],
)
def test_what_is_not_understood_is_left_out(data: bytes) -> None:
    found = extended.Extended("public", "s", False, {"a": 1, "b": 2}, data, None, data)
    assert extended._moved(found, {"a": 2, "b": 3}, values=True) == (None, None, None)


def test_items_name_columns_by_their_new_numbers_and_expressions_as_before() -> None:
    data = struct.pack("=IIIdihhh", 0xA352BFA4, 1, 1, 5.0, 3, 1, 2, -1)
    moved = struct.pack("=IIIdihhh", 0xA352BFA4, 1, 1, 5.0, 3, 4, 3, -1)
    found = extended.Extended("public", "s", False, {"a": 1, "b": 2}, data, None, None)
    assert extended._moved(found, {"b": 3, "a": 4}, values=True) == (moved, None, None)
    assert extended._moved(found, {"b": 3}, values=True) == (None, None, None)
