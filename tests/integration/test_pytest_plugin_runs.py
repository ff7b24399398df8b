"""``pytest --queryaudit`` in a project that knows nothing of it: what it finds and returns."""

from __future__ import annotations

import pytest

from tests.integration.plugin_project import ForkServer, Project, Run

CLEAN = """
def test_the_fast_list(client, books):
    assert b"Writer 3" in client.get("/books/fast/").content
"""

KINDS = """
import asyncio
import unittest

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import LiveServerTestCase, TestCase, TransactionTestCase
from library import names
from library.models import Book, City, Writer


def fill(number):
    city = City.objects.create(name="Graz")
    for n in range(number):
        writer = Writer.objects.create(name=f"Writer {n}", city=city)
        Book.objects.create(title=f"Book {n}", writer=writer)


class DjangoTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        fill(3)

    def setUp(self):
        names.in_set_up()

    def test_it(self):
        names.in_test_case()

    def tearDown(self):
        names.in_tear_down()


class TransactionTests(TransactionTestCase):
    def test_it(self):
        fill(3)
        names.in_transaction_test_case()


class LiveTests(LiveServerTestCase):
    def test_it(self):
        from urllib.request import urlopen

        fill(3)
        assert b"Writer 2" in urlopen(self.live_server_url + "/books/").read()


class PlainTests(unittest.TestCase):
    def test_it(self):
        names.nothing()


@pytest.mark.django_db(transaction=True)
def test_transactional():
    fill(3)
    names.in_transactional_test()


@pytest.fixture
def read_by_fixture(books):
    return names.in_fixture()


def test_fixtures(read_by_fixture):
    assert read_by_fixture


@pytest.mark.django_db
class TestGrouped:
    @pytest.mark.parametrize("count", [2, 3])
    def test_it(self, books, count):
        names.in_method()


def test_threads_of_async_code(books):
    async def both():
        return await sync_to_async(names.behind_sync_to_async)()

    assert async_to_sync(both)()


def test_a_loop_in_the_test_itself(books):
    assert [book.writer.name for book in Book.objects.all()]


def test_many_calls_of_the_code_under_test(books):
    for book in Book.objects.all():
        names.of_one(book.pk)
"""

NAMES = """
from library.models import Book


def _loop():
    return [book.writer.name for book in Book.objects.all()]


def nothing():
    return None


def of_one(pk):
    return Book.objects.get(pk=pk).writer.name
"""

FOUND_IN = (
    "in_test_case",
    "in_transaction_test_case",
    "in_transactional_test",
    "in_method",
    "behind_sync_to_async",
)
NOT_JUDGED = ("in_set_up", "in_tear_down", "in_fixture")


@pytest.fixture
def clean(project: Project) -> Project:
    project.only_test(CLEAN)
    return project


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Run:
    """One run of every kind of test that there is."""
    project = Project(tmp_path_factory.mktemp("kinds") / "project", fork_server)
    project.append("project/settings.py", 'STATIC_URL = "/static/"\n')
    functions = "".join(
        f"\n\ndef {name}():\n    return [book.writer.name for book in Book.objects.all()]\n"
        for name in FOUND_IN + NOT_JUDGED
    )
    project.write("library/names.py", NAMES + functions)
    project.only_test(KINDS)
    return project.pytest()


def test_findings_fail_the_run(project: Project) -> None:
    run = project.pytest()
    assert run.code == 1
    assert run.places == ["QA101 book_export", "QA101 book_list", "QA101 broken"]
    assert "11 passed" in run.out
    assert run.report["audited"]["tests"] == 11
    assert run.report["audited"]["requests"] == 8


def test_a_finding_names_view_template_line_and_fix(project: Project) -> None:
    run = project.pytest("-k", "names_every_writer")
    [finding] = run.findings
    assert (finding["location"]["path"], finding["location"]["line"]) == ("library/views.py", 8)
    assert {cause["path"] for cause in finding["causes"]} == {"writer", "writer__city"}
    template = "library/templates/library/book_list.html"
    assert {(c["location"]["path"], c["location"]["line"]) for c in finding["causes"]} == {
        (template, 3)
    }
    assert finding["fix"]["code"] == 'Book.objects.select_related("writer__city")'
    assert [scope["name"] for scope in finding["scopes"]] == ["GET /books/"]


def test_a_project_without_findings_passes(clean: Project) -> None:
    run = clean.pytest()
    assert run.code == 0
    assert run.findings == []
    assert run.report["audited"]["queries"] == 1


def test_a_run_without_queries_is_not_a_clean_one(project: Project) -> None:
    project.only_test("def test_arithmetic():\n    assert 1 + 1 == 2\n")
    run = project.pytest()
    assert run.code == 5
    assert "nothing was audited" in run.out.lower()


def test_failing_tests_say_more_than_findings(project: Project) -> None:
    project.write("tests/test_failing.py", "def test_it():\n    assert False\n")
    run = project.pytest()
    assert run.code == 1
    assert "1 failed, 11 passed" in run.out
    assert len(run.places) == 3


def test_collection_errors_keep_their_exit_code(project: Project) -> None:
    project.write("tests/test_broken.py", "import nothing_of_this_name\n")
    assert project.pytest().code == 2


def test_findings_below_fail_on_do_not_fail(project: Project) -> None:
    assert project.pytest("--queryaudit-fail-on=error").code == 0
    assert project.pytest("--queryaudit-fail-on=never").code == 0


def test_a_rule_can_be_left_out(project: Project) -> None:
    run = project.pytest("--queryaudit-ignore=QA101")
    assert (run.code, run.findings) == (0, [])


def test_the_summary_is_short_with_q_and_long_without(project: Project) -> None:
    short, long = project.pytest("-q"), project.pytest()
    assert "select_related" not in short.out
    assert "library/views.py:8: warning QA101" in short.out
    assert 'select_related("writer__city")' in long.out


def test_without_the_flag_nothing_is_reported(project: Project) -> None:
    run = project.pytest(audit=False)
    assert run.code == 0
    assert "queryaudit" not in run.out.replace("queryaudit-0", "").partition("collected")[2]


def test_every_kind_of_test_is_audited(kinds: Run) -> None:
    assert "11 passed" in kinds.out
    found = {finding["location"]["function"] for finding in kinds.findings}
    assert set(FOUND_IN) <= found
    assert "book_list" in found, "the view behind a live server"


def test_what_fixtures_and_set_up_read_is_not_judged(kinds: Run) -> None:
    found = {finding["location"]["function"] for finding in kinds.findings}
    assert not found & set(NOT_JUDGED)
    assert kinds.report["audited"]["setup_queries"] > 30


def test_a_loop_in_test_code_is_a_note_and_fails_nothing(project: Project) -> None:
    project.only_test(
        "from library.models import Book\n\n\n"
        "def test_it(books):\n    assert [book.writer.name for book in Book.objects.all()]\n"
    )
    run = project.pytest()
    [finding] = run.findings
    assert finding["severity"] == "note"
    assert finding["location"]["path"] == "tests/test_only.py"
    assert run.code == 0


def test_the_loop_of_a_test_over_the_code_under_test_is_not_its_loop(kinds: Run) -> None:
    assert "of_one" not in {finding["location"]["function"] for finding in kinds.findings}


def test_pytest_asyncio_tests_are_audited(project: Project) -> None:
    pytest.importorskip("pytest_asyncio")
    project.write(
        "library/names.py",
        "from library.models import Book\n\n\n"
        "async def of_writers():\n"
        "    return [(await Writer.objects.aget(pk=b.writer_id)).name\n"
        "            async for b in Book.objects.all()]\n\n\n"
        "from library.models import Writer\n",
    )
    project.only_test(
        "import pytest\nfrom library import names\n\n\n"
        "@pytest.mark.asyncio\n@pytest.mark.django_db(transaction=True)\n"
        "async def test_it(books, async_client):\n"
        "    assert len(await names.of_writers()) == 4\n"
        "    assert (await async_client.get('/books/fast/')).status_code == 200\n"
    )
    run = project.pytest("-p", "pytest_asyncio.plugin")
    assert "1 passed" in run.out
    assert run.places == ["QA103 of_writers"]
    assert run.report["audited"]["requests"] == 1
