"""``--queryaudit-prove``: deadlocks are replayed when a project's own tests have run."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.integration.plugin_project import ForkServer, Project, Run

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="about PostgreSQL's locks"
)
PROVE = "--queryaudit-prove"
WORK = """
from django.db import transaction
from django.db.models import F
from library.models import Book, City, Writer

def rename(city, writer):
    with transaction.atomic():
        City.objects.filter(pk=city).update(name="Rome")
        Writer.objects.filter(pk=writer).update(name="Ovid")

def exile(city, writer):
    with transaction.atomic():
        Writer.objects.filter(pk=writer).update(name="Naso")
        City.objects.filter(pk=city).update(name="Tomis")
"""
TESTS = """
from django.test import TestCase
from library.models import City, Writer
from library.work import exile, rename

class TestExile(TestCase):
    def setUp(self):
        self.city = City.objects.create(name="Rome")
        self.writer = Writer.objects.create(name="Ovid", city=self.city)

    def test_rename(self):
        rename(self.city.pk, self.writer.pk)

    def test_exile(self):
        exile(self.city.pk, self.writer.pk)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Project:
    """The library on PostgreSQL."""
    project = Project(tmp_path_factory.mktemp("prove") / "project", fork_server)
    project.only_test(TESTS)
    project.write("library/work.py", WORK)
    settings = connection.settings_dict
    database = {name: settings[name] for name in ("ENGINE", "USER", "HOST", "PORT")}
    database |= {"NAME": "postgres", "TEST": {"NAME": "test_library_prove"}}
    project.append("project/settings.py", f"\nDATABASES = {{'default': {database!r}}}\n")
    return project


def grades(run: Run) -> list[tuple[str, str]]:
    return [(f["rule"], f["evidence"]["grade"]) for f in run.findings]


def test_a_deadlock_between_two_tests_is_proved(library: Project) -> None:
    run = library.pytest(PROVE)
    assert grades(run) == [("QA503", "proved")], run.text
    [finding] = run.findings
    assert "-- library/work.py:" in finding["evidence"]["reproduce"]
    assert "Ovid" not in finding["evidence"]["reproduce"]


def test_processes_find_the_same(library: Project) -> None:
    run = library.pytest(PROVE, "-p", "xdist.plugin", "-n2")
    assert grades(run) == [("QA503", "proved")], run.text


def test_it_is_only_observed_unless_proof_is_asked_for(library: Project) -> None:
    assert grades(library.pytest()) == [("QA503", "observed")]


def test_a_note_that_is_proved_fails_the_run(library: Project) -> None:
    by_key = 'City.objects.filter(pk=city).update(name="Rome")'
    assert by_key in WORK
    library.write("library/work.py", WORK.replace(by_key, by_key.replace("pk=city", "name=city")))
    try:
        assert library.pytest().code == 0
        run = library.pytest(PROVE)
    finally:
        library.write("library/work.py", WORK)
    assert run.code == 1, run.text
    assert [(f["severity"], f["evidence"]["grade"]) for f in run.findings] == [
        ("warning", "proved")
    ]
    assert "-- Session 1" in run.text


def test_unittest_runs_find_the_same(library: Project) -> None:
    library.write("library/test_cases.py", TESTS)
    library.append(
        "project/settings.py",
        "\nTEST_RUNNER = 'queryaudit.integrations.unittest_runner.QueryAuditRunner'\n",
    )
    run = library.manage(
        "test", "library.test_cases", PROVE, "--queryaudit-output=json:report.json"
    )
    (library.folder / "library" / "test_cases.py").unlink()
    assert grades(run) == [("QA503", "proved")], run.text


def test_what_can_not_be_replayed_stays_and_says_why(
    library: Project,
) -> None:
    """A server that is gone by the end of the run."""
    conftest = library.folder / "tests" / "conftest.py"
    before = conftest.read_text("utf-8")
    library.append(
        "tests/conftest.py",
        """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish():
    from django.db import connections
    connections["default"].settings_dict["PORT"] = "1"
""",
    )
    try:
        run = library.pytest(PROVE)
    finally:
        conftest.write_text(before, "utf-8")
    assert grades(run) == [("QA503", "observed")]
    assert "No deadlock was replayed: The database can't be reached" in run.text
