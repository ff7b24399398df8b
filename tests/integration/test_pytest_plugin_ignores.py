"""Every way to say that a finding is meant, and what becomes of an ignore that ignores nothing."""

from __future__ import annotations

import pytest

from tests.integration.plugin_project import Project, Run

NAMES = """
import queryaudit
from library.models import Book


def plain():
    return [book.writer.name for book in Book.objects.all()]


def inline():
    return [book.writer.name for book in Book.objects.all()]  # queryaudit: ignore[QA101] on purpose


def above():
    # queryaudit: ignore[QA101] on purpose
    return [book.writer.name for book in Book.objects.all()]


def at_the_access():
    names = []
    for book in Book.objects.all():
        names.append(book.writer.name)  # queryaudit: ignore on purpose
    return names


def at_the_loop():
    books = Book.objects.all()
    for book in books:  # queryaudit: ignore[QA1] on purpose
        book.writer


def wrong_code():
    return [book.writer.name for book in Book.objects.all()]  # queryaudit: ignore[QA102] not this


def block():
    with queryaudit.ignore("QA101", reason="on purpose"):
        return [book.writer.name for book in Book.objects.all()]


@queryaudit.ignore("QA101", reason="on purpose")
def decorated():
    return [book.writer.name for book in Book.objects.all()]


@queryaudit.ignore("QA1", reason="on purpose")
async def awaited():
    names = []
    async for book in Book.objects.all():
        names.append(await book.writers_name())
    return names


async def async_block():
    names = []
    async with queryaudit.ignore("QA101", reason="on purpose"):
        async for book in Book.objects.all():
            names.append(await book.writers_name())
    return names
"""

METHOD = """
    async def writers_name(self):
        from asgiref.sync import sync_to_async

        return await sync_to_async(lambda: self.writer.name)()
"""


def audited(project: Project, body: str, *arguments: str, head: str = "") -> Run:
    project.write("library/names.py", NAMES)
    models = (project.folder / "library/models.py").read_text(encoding="utf-8")
    project.write("library/models.py", models.rstrip() + "\n" + METHOD)
    project.only_test(
        "import pytest\nimport queryaudit as qa\nfrom asgiref.sync import async_to_sync\n"
        f"from library import names\nfrom library.models import Book\n\n{head}\n"
        f"def test_it(books, client, queryaudit):\n    {body}\n"
    )
    return project.pytest(*arguments)


def reasons(run: Run) -> list[str]:
    return [entry["reason"] for entry in run.report["suppressed"]]


def unused(run: Run) -> list[tuple[str, str]]:
    return [(entry["rule"], entry["reason"]) for entry in run.report["unused_ignores"]]


@pytest.mark.parametrize(
    "call",
    [
        "names.inline()",
        "names.above()",
        "names.at_the_access()",
        "names.at_the_loop()",
        "names.block()",
        "names.decorated()",
        "async_to_sync(names.awaited)()",
        "async_to_sync(names.async_block)()",
        "qa.ignore('QA101', reason='on purpose')(names.plain)()",
        "\n    with queryaudit.ignore('QA101', reason='on purpose'): names.plain()",
    ],
)
def test_an_ignored_finding_is_counted_and_fails_nothing(project: Project, call: str) -> None:
    run = audited(project, call)
    assert "1 passed" in run.out
    assert (run.code, run.findings) == (0, [])
    assert reasons(run) == ["on purpose"]
    assert run.report["suppressed"][0]["place"].startswith(("library/names.py:", "tests/test_only"))


def test_without_the_ignore_it_is_found(project: Project) -> None:
    run = audited(project, "names.plain()")
    assert run.places == ["QA101 plain"]
    assert reasons(run) == []


def test_comments_that_suppress_nothing_are_told(project: Project) -> None:
    run = audited(project, "names.wrong_code()")
    assert run.places == ["QA101 wrong_code"]
    assert ("QA102", "not this") in unused(run)
    assert "library/names.py" in run.out.partition("Ignores that ignore nothing")[2]


def test_codes_that_no_rule_has_are_told(project: Project) -> None:
    project.write("library/names.py", NAMES.replace("ignore[QA102]", "ignore[QA1O1]"))
    project.only_test(
        "from library import names\n\n\ndef test_it(books, queryaudit):\n"
        "    with queryaudit.ignore('QA199', reason='on purpose'):\n        names.wrong_code()\n"
    )
    run = project.pytest()
    assert "1 passed" in run.out
    told = run.report["diagnostics"]
    assert {each["slug"] for each in told} == {"unknown-rule"}
    assert [each["message"].partition(" ")[2] for each in told] == [
        "ignores QA1O1, and there is no such rule.",
        "ignores QA199, and there is no such rule.",
    ]
    assert told[0]["hint"].startswith("Did you mean QA1")


def test_a_block_that_suppresses_nothing_is_told(project: Project) -> None:
    run = audited(
        project,
        "with qa.ignore('QA102', reason='not this'): names.plain()",
    )
    assert run.places == ["QA101 plain"]
    assert ("QA102", "not this") in unused(run)


def test_a_partial_run_does_not_call_ignores_unused(project: Project) -> None:
    run = audited(project, "names.wrong_code()", "-k", "test_it")
    assert unused(run) == []


def test_a_comment_in_a_template_counts_on_its_line(project: Project) -> None:
    template = "library/templates/library/book_list.html"
    text = (project.folder / template).read_text(encoding="utf-8")
    ignored = text.replace(
        "{{ book.writer.city.name }}</li>",
        "{{ book.writer.city.name }}</li>{# queryaudit: ignore[QA101] on purpose #}",
    )
    assert ignored != text
    project.write(template, ignored)
    run = audited(project, "client.get('/books/')")
    assert run.findings == []
    assert reasons(run) == ["on purpose"]
    assert run.report["suppressed"][0]["place"] == f"{template}:3"


@pytest.mark.parametrize(
    "marker",
    [
        "ignore=['QA101'], reason='on purpose'",
        "ignore='QA102,QA101', reason='on purpose'",
        "allow=['QA1'], reason='on purpose'",
    ],
)
def test_a_marker_silences_rules_for_its_test(project: Project, marker: str) -> None:
    run = audited(project, "names.plain()", head=f"@pytest.mark.queryaudit({marker})")
    assert (run.code, run.findings, reasons(run)) == (0, [], ["on purpose"])


def test_a_marker_that_ignores_nothing_is_told_one_that_allows_is_not(project: Project) -> None:
    head = "@pytest.mark.queryaudit(ignore=['QA102'], allow=['QA103'], reason='not this')"
    run = audited(project, "names.plain()", head=head)
    assert run.places == ["QA101 plain"]
    assert ("QA102", "not this") in unused(run)
    assert "QA103" not in [rule for rule, _ in unused(run)]


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ("ignore=['QA101']", 'ignores QA101 without a reason; add reason="...".'),
        ("ignore=101, reason='x'", 'takes rule codes, not 101; write ignore=["QA101"].'),
        ("ignore=['nonsense'], reason='x'", "is no rule code"),
        ("max_queries='many'", "write a whole number, as in max_queries=10."),
        ("max_queries=-1", "write a whole number, as in max_queries=10."),
        ("'QA101'", "has no option 'QA101'. It has ignore, reason, allow, max_queries."),
        ("max_querys=3", "has no option max_querys. Did you mean max_queries?"),
    ],
)
def test_a_wrong_marker_is_an_error_that_says_so(
    project: Project, marker: str, sentence: str
) -> None:
    run = audited(project, "names.plain()", head=f"@pytest.mark.queryaudit({marker})")
    assert run.code != 0
    assert sentence in run.out
    assert "1 passed" not in run.out
    assert "pytest_fixture.py" not in run.out, "our code says nothing to whoever wrote the marker"


@pytest.mark.parametrize("with_audit", [True, False], ids=["--queryaudit", "without"])
def test_max_queries_fails_the_test_beyond_it(project: Project, with_audit: bool) -> None:
    project.write("library/names.py", NAMES)
    project.only_test(
        "import pytest\nfrom library import names\n\n\n"
        "@pytest.mark.queryaudit(max_queries=5)\ndef test_just(books):\n    names.plain()\n\n\n"
        "@pytest.mark.queryaudit(max_queries=4)\ndef test_over(books):\n    names.plain()\n"
    )
    run = project.pytest(audit=with_audit)
    assert "1 failed, 1 passed" in run.out
    assert "5 queries ran where at most 4 are allowed" in run.out
    assert "4 x SELECT" in run.out
    assert "QA101" in run.out


def test_the_fixture_audits_a_block(project: Project) -> None:
    project.write("library/names.py", NAMES)
    project.only_test(
        "import pytest\nfrom library import names\n\n\n"
        "def test_clean(queryaudit, books):\n"
        "    with queryaudit.audit() as audited:\n        list(names.Book.objects.all())\n"
        "    queryaudit.assert_clean(audited)\n    queryaudit.assert_max_queries(audited, 1)\n\n\n"
        "def test_found(queryaudit, books):\n"
        "    with queryaudit.audit() as audited:\n        names.plain()\n"
        "    assert [f.rule for f in audited.findings] == ['QA101']\n"
        "    queryaudit.assert_clean(audited)\n\n\n"
        "def test_many(queryaudit, books):\n"
        "    with queryaudit.audit() as audited:\n        names.plain()\n"
        "    queryaudit.assert_max_queries(audited, 2)\n"
    )
    run = project.pytest(audit=False)
    assert "2 failed, 1 passed" in run.out
    assert "select_related" in run.out
    assert "5 queries ran where at most 2 are allowed" in run.out
    assert "pytest_fixture.py" not in run.out


def test_a_block_inside_an_audited_run_is_part_of_both(project: Project) -> None:
    run = audited(
        project,
        "\n    with queryaudit.audit() as inner: names.plain()"
        "\n    assert [f.rule for f in inner.findings] == ['QA101']",
    )
    assert "1 passed" in run.out
    assert run.places == ["QA101 plain"]
    assert run.findings[0]["queries"] == 4
