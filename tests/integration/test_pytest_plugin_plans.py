"""``--queryaudit-explain`` in a project's own test run, whatever runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from tests.integration.plugin_project import ForkServer, Project, Run

EXPLAIN = "--queryaudit-explain=analyze"
XDIST = ("-p", "xdist.plugin")
TESTS = """
from django.db import connection
from django.test import TestCase
from library.models import City, Writer
import pytest

def fill():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO library_city (name) SELECT i FROM generate_series(1, 50) i")
        cursor.execute(
            "INSERT INTO library_writer (name, city_id) SELECT 'Writer ' || i, c.id"
            " FROM generate_series(1, 5000) i, LATERAL (SELECT min(id) AS id FROM library_city) c"
        )

class TestWriters(TestCase):
    @classmethod
    def setUpTestData(cls):
        fill()

    def test_by_name(self):
        self.assertEqual(self.client.get("/writer/").content, b"1")

@pytest.mark.django_db
def test_by_name_in_a_function(client, django_assert_num_queries):
    fill()
    with django_assert_num_queries(1):
        assert client.get("/writer/").content == b"1"

@pytest.mark.django_db
def test_nothing_there(client):
    assert client.get("/writer/").content == b"0"
"""
VIEW = """

def writer(request):
    return HttpResponse(str(Writer.objects.filter(name="Writer 7").count()))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Project:
    """The library on PostgreSQL."""
    project = Project(tmp_path_factory.mktemp("plans") / "project", fork_server)
    project.only_test(TESTS)
    project.append("library/views.py", VIEW)
    views = project.folder / "library" / "views.py"
    views.write_text(
        views.read_text("utf-8").replace("import Book\n", "import Book, Writer\n"), "utf-8"
    )
    project.append(
        "project/urls.py",
        "\nfrom library.views import writer\nurlpatterns += [path('writer/', writer)]\n",
    )
    settings = connection.settings_dict
    database = {name: settings[name] for name in ("ENGINE", "USER", "HOST", "PORT")}
    database |= {"NAME": "postgres", "TEST": {"NAME": "test_library_plans"}}
    project.append("project/settings.py", f"\nDATABASES = {{'default': {database!r}}}\n")
    return project


def found(run: Run) -> list[tuple[str, str, str]]:
    return [(f["rule"], f["location"]["function"], f["message"]) for f in run.findings]


EXPECTED = [
    (
        "QA401",
        "writer",
        "5,000 rows of library_writer are read to find 1: no index leads there by name.",
    )
]


def test_the_rows_of_a_test_are_there_when_its_queries_are_explained(library: Project) -> None:
    run = library.pytest(EXPLAIN, "--queryaudit-trace=traces")
    assert "3 passed" in run.out
    assert found(run) == EXPECTED
    [finding] = run.findings
    assert finding["evidence"]["grade"] == "measured"
    assert finding["queries"] == 3
    replayed = library.command("report", "traces", "--output=json:report.json")
    assert found(replayed) == EXPECTED
    assert replayed.report["plans"] == run.report["plans"]
    drawn = library.command("explain", "traces", "--no-color")
    assert "Seq Scan library_writer" in drawn.out


#: Slower than the others, dearer by the planner's guess, and without a row.
EMPTIED = """
@pytest.mark.django_db
def test_nothing_left(client):
    for _ in range(9):
        fill()
    Writer.objects.all()._raw_delete("default")
    assert client.get("/writer/").content == b"0"
"""


def test_a_look_at_an_empty_table_takes_nothing_back(library: Project) -> None:
    head, mark, rest = TESTS.partition("class TestWriters")
    for text in (TESTS + EMPTIED, head + EMPTIED + mark + rest):
        library.only_test(text)
        run = library.pytest(EXPLAIN)
        library.only_test(TESTS)
        assert "4 passed" in run.out
        assert found(run) == EXPECTED


def test_processes_find_the_same(library: Project) -> None:
    run = library.pytest(EXPLAIN, *XDIST, "-n2")
    assert found(run) == EXPECTED


def test_unittest_runs_find_the_same(library: Project) -> None:
    case = TESTS.partition("@pytest.mark")[0].replace("import pytest", "")
    library.write("library/test_cases.py", case)
    library.append(
        "project/settings.py",
        "\nTEST_RUNNER = 'queryaudit.integrations.unittest_runner.QueryAuditRunner'\n",
    )
    run = library.manage(
        "test", "library.test_cases", EXPLAIN, "--queryaudit-output=json:report.json"
    )
    assert found(run) == EXPECTED, run.text
    (library.folder / "library" / "test_cases.py").unlink()


def test_nothing_is_explained_unless_it_is_asked_for(library: Project, tmp_path: Path) -> None:
    run = library.pytest()
    assert run.findings == []
    assert run.report["plans"] == []


def test_plans_of_sqlite_are_drawn_and_judged_by_nobody(project: Project) -> None:
    run = project.pytest(EXPLAIN, "--queryaudit-trace=traces")
    assert {plan["mode"] for plan in run.report["plans"]} == {"planned"}
    kinds = {step["kind"] for plan in run.report["plans"] for step in plan["steps"]}
    assert {"Scan", "Index Search"} <= kinds
    assert [d for d in run.report["diagnostics"] if d["slug"] == "capture-failed"] == []
    assert not [f for f in run.findings if f["rule"].startswith("QA4")]
