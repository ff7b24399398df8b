"""``manage.py test`` under audit: the verdict, and the same report whatever the processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.plugin_project import (
    ForkServer,
    Project,
    Run,
    clean_environment,
    without_times,
)

RUNNER = "queryaudit.integrations.unittest_runner.QueryAuditRunner"
JSON = "--queryaudit-output=json:report.json"
TESTS = """
import unittest

from django.test import TestCase
from library.models import Book, City, Writer


class Base(TestCase):
    @classmethod
    def setUpTestData(cls):
        city = City.objects.create(name="Graz")
        for number in range(3):
            writer = Writer.objects.create(name=f"Writer {number}", city=city)
            Book.objects.create(title=f"Book {number}", writer=writer)

    def setUp(self):
        self.names = [book.writer.name for book in Book.objects.all()]


class ListTests(Base):
    def test_the_list(self):
        self.assertContains(self.client.get("/books/"), "Graz", count=3)

    async def test_the_live_list(self):
        response = await self.async_client.get("/live/books/")
        self.assertEqual(len(response.json()["titles"]), 3)


class ExportTests(Base):
    def test_the_export(self):
        self.assertEqual(len(list(self.client.get("/books/export/"))), 3)

    @unittest.skip("not today")
    def test_that_is_skipped(self):
        raise ZeroDivisionError

    @unittest.expectedFailure
    def test_that_is_expected_to_fail(self):
        self.assertEqual(Book.objects.count(), 4)


class LoopTests(Base):
    def test_with_a_loop_of_its_own(self):
        for title in [book.writer.name for book in Book.objects.all()]:
            with self.subTest(title):
                self.assertIn(title, self.names)
"""
FAST = """
from django.test import TestCase
from library.models import City


class Tests(TestCase):
    def test_one_query(self):
        self.assertEqual(City.objects.count(), 0)
"""


def prepared(project: Project, tests: str) -> Project:
    project.append("project/settings.py", f'TEST_RUNNER = "{RUNNER}"\n')
    (project.folder / "tests" / "conftest.py").unlink()
    project.write("tests/__init__.py", "")
    project.only_test(tests)
    return project


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Project:
    folder = tmp_path_factory.mktemp("unittest") / "project"
    return prepared(Project(folder, fork_server), TESTS)


@pytest.fixture(scope="module")
def alone(shared: Project) -> Run:
    return shared.manage("test", JSON)


@pytest.fixture
def lean(project: Project) -> Project:
    return prepared(project, FAST)


def same(report: dict[str, Any], other: dict[str, Any]) -> None:
    assert without_times(report) == without_times(other)


def test_new_findings_fail_a_run_whose_tests_pass(alone: Run) -> None:
    assert alone.code == 1
    assert "OK (skipped=1, expected failures=1)" in alone.err
    assert alone.places == ["QA101 book_export", "QA101 book_list"]
    assert "Failed: 3 causes at or above warning." in alone.out


def test_tests_and_requests_are_units_of_work(alone: Run) -> None:
    audited = alone.report["audited"]
    assert (audited["tests"], audited["requests"]) == (5, 3)
    assert audited["setup_queries"] == 5 * 4
    names = [scope["name"] for scope in alone.report["scopes"] if scope["kind"] == "test"]
    assert "tests.test_only.LoopTests.test_with_a_loop_of_its_own" in names


def test_a_loop_of_a_test_is_a_note(alone: Run) -> None:
    notes = [f for f in alone.findings if f["severity"] == "note" and f["rule"] == "QA101"]
    assert [note["location"]["function"].rpartition(".")[2] for note in notes] == [
        "test_with_a_loop_of_its_own"
    ]


def test_parallel_processes_report_what_one_reports(shared: Project, alone: Run) -> None:
    parallel = shared.manage("test", "--parallel=2", JSON)
    assert parallel.code == 1
    same(parallel.report, alone.report)


def test_spawned_processes_report_what_one_reports(shared: Project, alone: Run) -> None:
    shared.write(
        "spawned.py",
        "import multiprocessing, sys\n"
        "from django.core.management import execute_from_command_line\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_start_method('spawn')\n"
        "    execute_from_command_line(sys.argv)\n",
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "spawned.py", "test", "--parallel=2", JSON],
        cwd=shared.folder,
        env=clean_environment()
        | {"DJANGO_SETTINGS_MODULE": "project.settings", "PYTHONPATH": f"{root}/src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    same(json.loads((shared.folder / "report.json").read_text()), alone.report)


def test_a_trace_gives_the_same_report(shared: Project, alone: Run) -> None:
    shared.manage("test", "--parallel=2", "--queryaudit-trace=traces")
    assert len(list((shared.folder / "traces").iterdir())) == 2
    replayed = shared.command("report", "traces", "--output=json:report.json")
    same(replayed.report, alone.report)


@pytest.mark.parametrize("processes", ["--parallel=1", "--parallel=2"])
def test_statements_are_explained_if_asked_for(shared: Project, processes: str) -> None:
    folder = f"plans{processes[-1]}"
    flags = ("--queryaudit-explain=plan", f"--queryaudit-trace={folder}")
    assert shared.manage("test", processes, *flags).code == 1
    traces = (shared.folder / folder).iterdir()
    assert all('"Plan"' in trace.read_text() for trace in traces)


def test_failing_tests_say_more_than_findings(project: Project) -> None:
    broken = prepared(project, FAST.replace(", 0)", ", 1)")).manage("test", JSON)
    assert broken.code == 1
    assert "FAILED (failures=1)" in broken.err
    assert broken.report["audited"]["tests"] == 1


def test_a_clean_run_passes(lean: Project) -> None:
    run = lean.manage("test")
    assert run.code == 0, run.text
    assert "no findings" in run.out


def test_known_findings_do_not_fail_a_run(project: Project) -> None:
    known = prepared(project, TESTS)
    known.manage("test", "--queryaudit-accept-new")
    assert known.manage("test").code == 0


def test_the_audit_can_be_left_out(shared: Project) -> None:
    run = shared.manage("test", "--no-queryaudit")
    assert run.code == 0
    assert "Audited" not in run.text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--queryaudit-fail-on=sometimes",), 4, "fail-on must be one of"),
        (("--queryaudit-output=manage.py/report.json",), 4, "manage.py/report.json"),
        (("-k", "nothing"), 5, "nothing was audited"),
    ],
)
def test_what_is_wrong_is_said(
    lean: Project, arguments: tuple[str, ...], code: int, said: str
) -> None:
    run = lean.manage("test", *arguments)
    assert run.code == code, run.text
    assert said in run.err


def test_workers_cannot_share_one_trace_file(shared: Project) -> None:
    run = shared.manage("test", "--parallel=2", "--queryaudit-trace=one.qatrace")
    assert run.code == 4
    assert "several processes can't write one trace" in run.err
