"""``--queryaudit-advise`` in a project's own test run: indexes that a database with data needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.plugin_project import Project, Run
from tests.integration.test_pytest_plugin_plans import TESTS, XDIST, library
from tests.twin.conftest import address

__all__ = ["library"]

NAME = "library_with_data"
SCHEMA = """
CREATE TABLE library_city (id bigserial PRIMARY KEY, name varchar(100) NOT NULL);
CREATE TABLE library_writer (id bigserial PRIMARY KEY, name varchar(100) NOT NULL, city_id bigint);
"""
FILLED = """
INSERT INTO library_writer (name) SELECT 'Writer ' || i FROM generate_series(1, %s) i;
"""
TEN_ROWS = TESTS.replace("5000", "10")


@pytest.fixture
def data() -> Iterator[str]:
    """The URL of a database as the application's, with 50,000 writers."""
    yield from database(50_000)


@pytest.fixture
def small() -> Iterator[str]:
    yield from database(10)


def database(rows: int) -> Iterator[str]:
    with psycopg.connect(address("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME}")
        server.execute(f"CREATE DATABASE {NAME}")
    with psycopg.connect(address(NAME), autocommit=True) as server:
        server.execute(SCHEMA)
        server.execute(FILLED.replace("%s", str(rows)))
        server.execute("VACUUM ANALYZE library_writer")
    yield address(NAME)
    with psycopg.connect(address("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def indexes(run: Run) -> list[tuple[str, str]]:
    found: list[dict[str, Any]] = run.report["indexes"]
    return [(index["outcome"], index["title"]) for index in found]


EXPECTED = ("proved", 'models.Index(fields=["name"], name="library_writer_name_idx")')


def test_a_run_of_ten_rows_speaks_of_a_database_with_data(library: Project, data: str) -> None:
    library.only_test(TEN_ROWS)
    for place, more in ((data, ()), (f"default={data}", (*XDIST, "-n2"))):
        run = library.pytest(f"--queryaudit-advise={place}", *more)
        assert "3 passed" in run.out
        assert EXPECTED in indexes(run)
        [finding] = [f for f in run.findings if f["rule"] == "QA401"]
        assert "50,000 rows of library_writer would be read" in finding["message"]
        assert finding["evidence"]["grade"] == "proved"
        assert "was built on a copy and used" in finding["evidence"]["text"]
        assert "index to add, proved by execution" in run.out
        assert "AddIndexConcurrently" in run.out


def test_unittest_runs_are_advised_as_well(library: Project, data: str) -> None:
    case = TEN_ROWS.partition("@pytest.mark")[0].replace("import pytest", "")
    library.write("library/test_cases.py", case)
    settings = (library.folder / "project" / "settings.py").read_text("utf-8")
    library.append(
        "project/settings.py",
        "\nTEST_RUNNER = 'queryaudit.integrations.unittest_runner.QueryAuditRunner'\n",
    )
    flags = (f"--queryaudit-advise={data}", "--queryaudit-output=json:report.json")
    run = library.manage("test", "library.test_cases", *flags)
    library.write("project/settings.py", settings)
    (library.folder / "library" / "test_cases.py").unlink()
    assert EXPECTED in indexes(run), run.text


def test_ten_rows_are_no_reason_for_an_index(library: Project, small: str) -> None:
    library.only_test(TEN_ROWS)
    run = library.pytest(f"--queryaudit-advise={small}")
    assert indexes(run) == []
    assert run.findings == []


def test_a_place_of_another_database_says_nothing_of_this_one(library: Project, data: str) -> None:
    library.only_test(TEN_ROWS)
    run = library.pytest(f"--queryaudit-advise=replica={data}")
    assert indexes(run) == []
    [told] = [d for d in run.report["diagnostics"] if d["slug"] == "no-place-for-alias"]
    assert "default (" in told["message"]


def test_nothing_is_tried_unless_a_place_is_named(library: Project, data: str) -> None:
    library.only_test(TESTS)
    run = library.pytest("--queryaudit-explain=plan")
    assert indexes(run) == []


@pytest.mark.parametrize("place", ["postgresql:///gone?host=/nowhere", "no/twin"])
def test_a_place_that_can_not_be_used_is_told(library: Project, place: str) -> None:
    library.only_test(TESTS)
    run = library.pytest(f"--queryaudit-advise={place}")
    assert "3 passed" in run.out
    assert indexes(run) == []
    assert "not-advised" in [d["slug"] for d in run.report["diagnostics"]]
