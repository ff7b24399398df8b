"""The ratchet: known findings pass, new ones fail, what is gone is told, nothing is forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.plugin_project import ForkServer, Project

BASELINE = "queryaudit-baseline.json"


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> str:
    """The baseline after everything was accepted."""
    project = Project(tmp_path_factory.mktemp("accepted") / "project", fork_server)
    assert project.pytest("--queryaudit-accept-new").code == 0
    return (project.folder / BASELINE).read_text(encoding="utf-8")


@pytest.fixture
def known(project: Project, accepted: str) -> Project:
    """A project whose findings are all in its baseline."""
    project.write(BASELINE, accepted)
    return project


def fix_export(project: Project) -> None:
    views = (project.folder / "library/views.py").read_text(encoding="utf-8")
    old = 'f"{book.writer.name}\\n" for book in Book.objects.all()'
    assert old in views
    new = old.replace("objects.all()", 'objects.select_related("writer")')
    project.write("library/views.py", views.replace(old, new))


def entries(project: Project) -> list[dict[str, str]]:
    return json.loads((project.folder / BASELINE).read_text(encoding="utf-8"))[1:]


def functions(project: Project) -> set[str]:
    return {entry["function"] for entry in entries(project)}


def test_accepted_findings_are_words_and_fingerprints_on_a_line_each(known: Project) -> None:
    rows = entries(known)
    assert {(row["path"], row["what"]) for row in rows} >= {
        ("library/templates/library/book_list.html", "writer"),
        ("library/templates/library/book_list.html", "writer.city"),
        ("library/views.py", "writer"),
    }
    assert all(set(row) == {"path", "rule", "function", "what", "fingerprint"} for row in rows)
    text = (known.folder / BASELINE).read_text(encoding="utf-8")
    assert len(text.splitlines()) == len(rows) + 2
    assert not (known.folder / f".{BASELINE}").exists()


def test_known_findings_do_not_fail(known: Project) -> None:
    run = known.pytest()
    assert run.code == 0
    assert run.report["gate"]["new"] == []
    assert len(run.findings) == 4
    assert run.report["gate"]["baseline"] == BASELINE


def test_accepting_twice_changes_nothing(known: Project) -> None:
    before = (known.folder / BASELINE).read_bytes()
    known.pytest("--queryaudit-accept-new", "--queryaudit-baseline-update")
    assert (known.folder / BASELINE).read_bytes() == before


def test_moved_lines_and_more_rows_stay_known(known: Project) -> None:
    views = (known.folder / "library/views.py").read_text(encoding="utf-8")
    known.write("library/views.py", "# one\n# two\n" + views)
    conftest = (known.folder / "tests/conftest.py").read_text(encoding="utf-8")
    known.write(
        "tests/conftest.py", conftest.replace("range(4)", "range(9)").replace("== 4", "== 9")
    )
    known.only_test("def test_it(client, books):\n    client.get('/books/')\n")
    run = known.pytest()
    assert (run.code, len(run.findings)) == (0, 1)


def test_a_new_finding_fails(known: Project) -> None:
    known.write(
        "tests/test_more.py", "from library.more import f\n\n\ndef test_it(books):\n    f()\n"
    )
    known.write(
        "library/more.py",
        "from library.models import Book\n\n\n"
        "def f():\n    return [book.writer.name for book in Book.objects.all()]\n",
    )
    run = known.pytest()
    assert run.code == 1
    assert len(run.report["gate"]["new"]) == 1
    assert "library/more.py" in run.out


def test_a_new_path_of_a_known_queryset_fails(known: Project) -> None:
    known.append(
        "library/models.py",
        "\n\nclass Shelf(models.Model):\n    book = models.OneToOneField(Book, models.CASCADE)\n",
    )
    template = "library/templates/library/book_list.html"
    text = (known.folder / template).read_text(encoding="utf-8")
    known.write(template, text.replace("{{ book.title }}", "{{ book.title }}{{ book.shelf }}"))
    run = known.pytest("-k", "names_every_writer and not fast")
    assert run.code == 1
    assert len(run.report["gate"]["new"]) == 1
    # Two relations; the note that the table is loaded whole gives way to them.
    assert len(run.report["gate"]["known"]) == 2


def test_what_is_gone_is_reported_and_does_not_fail(known: Project) -> None:
    fix_export(known)
    run = known.pytest()
    assert run.code == 0
    assert run.report["gate"]["stale"] == ["QA101 library/views.py in book_export: writer"]
    assert "book_export" in run.out


def test_an_update_drops_what_is_gone_and_adds_nothing(known: Project) -> None:
    fix_export(known)
    known.write(
        "tests/test_more.py", "from library.more import f\n\n\ndef test_it(books):\n    f()\n"
    )
    known.write(
        "library/more.py",
        "from library.models import Book\n\n\n"
        "def f():\n    return [book.writer.name for book in Book.objects.all()]\n",
    )
    run = known.pytest("--queryaudit-baseline-update")
    assert run.code == 1, "the new one is still new"
    assert "book_export" not in functions(known)
    assert "f" not in functions(known)
    assert "broken" in functions(known)


@pytest.mark.parametrize(
    "partial",
    [
        ("-k", "streamed or live"),
        ("tests/test_library.py::test_the_export_is_streamed",),
        ("--deselect", "tests/test_library.py::test_an_error_of_the_view_is_the_same_error"),
        ("--queryaudit-select=QA102",),
        ("--maxfail=1", "-p", "no:warnings", "tests/test_failing.py"),
    ],
    ids=["-k", "one test", "--deselect", "--queryaudit-select", "broken off"],
)
def test_a_partial_run_forgets_nothing(known: Project, partial: tuple[str, ...]) -> None:
    known.write("tests/test_failing.py", "def test_one(books):\n    assert False\n")
    fix_export(known)
    before = functions(known)
    run = known.pytest(*partial, "--queryaudit-baseline-update")
    assert run.report["gate"]["stale"] == []
    assert functions(known) == before


def test_the_whole_suite_by_name_is_not_partial(known: Project) -> None:
    fix_export(known)
    assert known.pytest("tests").report["gate"]["stale"] != []


def test_parallel_runs_prune_alike_and_leave_nothing_behind(known: Project, tmp_path: Path) -> None:
    fix_export(known)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    arguments = ("-p", "xdist.plugin", "-n2", "--queryaudit-baseline-update")
    known.pytest(*arguments, TMPDIR=str(temporary))
    assert list(temporary.glob("queryaudit-*")) == []
    assert "book_export" not in functions(known)
    assert "broken" in functions(known)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[{", "is not valid JSON (line 1). Restore it from version control."),
        ("{}", "is not a queryaudit baseline."),
        ('[{"queryaudit-baseline": 99}]', "was written by a newer queryaudit"),
        ("<<<<<<< HEAD\n[]\n=======\n", "has conflict markers of a merge."),
    ],
)
def test_a_broken_baseline_is_one_sentence(project: Project, text: str, sentence: str) -> None:
    project.write(BASELINE, text)
    project.only_test("def test_it(client, books):\n    client.get('/books/')\n")
    run = project.pytest("--queryaudit-accept-new")
    assert run.code == 4
    assert "1 passed" in run.out
    assert sentence in run.out
    assert "Traceback" not in run.text
    assert "writer and writer.city are loaded once per Book row" in run.out
    assert run.places == ["QA101 book_list"], "what was found is not lost"
    assert (project.folder / BASELINE).read_text(encoding="utf-8") == text


def test_an_unwritable_baseline_is_one_sentence(project: Project) -> None:
    project.write("folder", "a file")
    run = project.pytest("--queryaudit-baseline=folder/b.json", "--queryaudit-accept-new")
    assert run.code == 4
    assert "folder/b.json" in run.out
    assert "Traceback" not in run.text
    assert run.places != [], "what was found is not lost"
