"""One report with something of everything, for the golden files of all reporters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from queryaudit.records.advised import AdvisedIndex, Outcome, Served
from queryaudit.records.findings import (
    Applicability,
    Cause,
    Diagnostic,
    Edit,
    Evidence,
    Finding,
    Fix,
    Grade,
    Location,
    Saving,
    Sighting,
    Snippet,
    Suppression,
    UnusedIgnore,
)
from queryaudit.records.report import (
    Audited,
    GateResult,
    Report,
    ScopeSummary,
    StatementSummary,
)
from queryaudit.records.rules import Rule, Severity

MS = 1_000_000

AUTHOR_SQL = (
    'SELECT "shop_author"."id", "shop_author"."name", "shop_author"."publisher_id" '
    'FROM "shop_author" WHERE "shop_author"."id" = %s LIMIT 21'
)
PUBLISHER_SQL = (
    'SELECT "shop_publisher"."id", "shop_publisher"."name" FROM "shop_publisher" '
    'WHERE "shop_publisher"."id" = %s LIMIT 21'
)
REVIEW_SQL = (
    'SELECT "shop_review"."id", "shop_review"."book_id", "shop_review"."stars" '
    'FROM "shop_review" WHERE "shop_review"."book_id" = %s ORDER BY "shop_review"."id" ASC'
)
BOOK_SQL = (
    'SELECT "shop_book"."id", "shop_book"."title", "shop_book"."author_id" FROM "shop_book" '
    'INNER JOIN "shop_shelf" ON ("shop_book"."shelf_id" = "shop_shelf"."id") '
    'WHERE ("shop_book"."published" AND "shop_shelf"."code" = %s) '
    'ORDER BY "shop_book"."title" ASC'
)
STOCK_SQL = 'SELECT COUNT(*) AS "__count" FROM "shop_stock" WHERE "shop_stock"."sku" = %s'

RULE_DOC = """Rows are loaded one at a time.

What it detects
---------------
A relation of rows already loaded is read inside a loop, and each read is a query.

Why it matters
--------------
The number of queries grows with the number of rows.

When it is fine
---------------
A loop that can never see more than a handful of rows.
"""

VIEW = Snippet(
    first_line=28,
    lines=(
        "class BookList(View):",
        "    def get(self, request):",
        '        shelf = request.GET.get("hylle", "sjøfart")',
        '        books = ("ø", Book.objects.filter(published=True, shelf__code=shelf))[1]',
        "        rows = []",
        "        for book in books:",
        "            rows.append((book.title, book.author.publisher.name))",
        '        return render(request, "books.html", {"rows": rows})',
    ),
)


def _n_plus_one() -> Finding:
    row = Location(
        path="shop/views.py",
        line=34,
        column=37,
        end_column=58,
        function="BookList.get",
        snippet=VIEW,
    )
    template = Location(
        path="shop/templates/books.html",
        line=12,
        function="{% for review in book.reviews.all %}",
        kind="template",
    )
    return Finding(
        rule="QA101",
        name="lazy-relation-in-loop",
        severity=Severity.ERROR,
        message="Each shop.Book loads author, author.publisher and reviews with its own query.",
        location=Location(
            path="shop/views.py",
            line=31,
            end_line=31,
            column=23,
            end_column=77,
            function="BookList.get",
            snippet=VIEW,
        ),
        evaluated=Location(path="shop/views.py", line=33, function="BookList.get"),
        source="shop.Book queryset",
        causes=(
            Cause(
                rule="QA101",
                path="author",
                description="book.author",
                location=row,
                loop="for book in books",
                loop_line=33,
                statement=AUTHOR_SQL,
                queries=120,
                worst=20,
                duration_ns=61_400_000,
                fingerprint="c-author-9a41",
            ),
            Cause(
                rule="QA101",
                path="author__publisher",
                description="book.author.publisher",
                location=row,
                loop="for book in books",
                loop_line=33,
                statement=PUBLISHER_SQL,
                queries=120,
                worst=20,
                duration_ns=48_100_000,
                fingerprint="c-publisher-77b0",
            ),
            Cause(
                rule="QA102",
                path="reviews",
                description="book.reviews.all()",
                location=template,
                loop=None,
                loop_line=None,
                statement=REVIEW_SQL,
                queries=120,
                worst=20,
                duration_ns=83 * MS,
                fingerprint="c-reviews-03fe",
            ),
        ),
        queries=360,
        duration_ns=192_500_000,
        scopes=(
            Sighting(
                kind="test",
                name="tests/test_books.py::test_list_by_shelf",
                queries=60,
                duration_ns=32 * MS,
            ),
            Sighting(kind="request", name="GET /books/", queries=60, duration_ns=31_500_000),
        ),
        scope_count=6,
        evidence=Evidence(
            grade=Grade.PROVED,
            text="Re-run with the fix: 61 queries became 2, with equal rows in equal order.",
            reproduce="pytest tests/test_books.py::test_list_by_shelf --queryaudit-prove",
        ),
        fix=Fix(
            title='Add select_related("author__publisher") and prefetch_related("reviews")',
            applicability=Applicability.SAFE,
            code='.select_related("author__publisher").prefetch_related("reviews")',
            edits=(
                Edit(
                    path="shop/views.py",
                    first_line=31,
                    last_line=31,
                    before=(VIEW.lines[3],),
                    after=(
                        "        books = (",
                        '            "ø",',
                        "            Book.objects.filter(published=True, shelf__code=shelf)",
                        '            .select_related("author__publisher")',
                        '            .prefetch_related("reviews"),',
                        "        )[1]",
                    ),
                ),
            ),
            note="The queryset is used nowhere else.",
            saving=Saving(queries=354, duration_ns=171 * MS),
        ),
        fingerprint="f-books-5c2d91aa",
    )


def _query_in_loop() -> Finding:
    place = Location(
        path="shop/stock.py",
        line=58,
        end_line=60,
        column=16,
        end_column=9,
        function="refresh_levels",
        snippet=Snippet(
            first_line=56,
            lines=(
                "def refresh_levels(skus):",
                "    for sku in skus:",
                "        level = Stock.objects.filter(",
                "            sku=sku,",
                "        ).count()",
                "        cache.set(sku, level)",
            ),
        ),
    )
    return Finding(
        rule="QA103",
        name="query-in-loop",
        severity=Severity.WARNING,
        message="The same count runs once for each sku of a loop.",
        location=place,
        evaluated=None,
        source="",
        causes=(
            Cause(
                rule="QA103",
                path="",
                description="Stock.objects.filter(sku=...).count()",
                location=place,
                loop="for sku in skus",
                loop_line=57,
                statement=STOCK_SQL,
                queries=42,
                worst=14,
                duration_ns=9_870_000,
                fingerprint="c-stock-1be7",
            ),
        ),
        queries=42,
        duration_ns=9_870_000,
        scopes=(Sighting(kind="task", name="shop.tasks.refresh", queries=14, duration_ns=3 * MS),),
        scope_count=3,
        evidence=Evidence(grade=Grade.OBSERVED, text="14 executions in one run of the task."),
        fix=Fix(
            title="Count all at once, before the loop",
            applicability=Applicability.DISPLAY_ONLY,
            code=(
                "levels = dict(\n"
                "    Stock.objects.filter(sku__in=skus)\n"
                '    .values_list("sku")\n'
                '    .annotate(Count("pk"))\n'
                ")"
            ),
        ),
        fingerprint="f-stock-88d0f3b1",
    )


def _simple(
    fingerprint: str, path: str, line: int, function: str, severity: Severity, kind: str
) -> Finding:
    place = Location(path=path, line=line, function=function, kind=kind)
    return Finding(
        rule="QA101",
        name="lazy-relation-in-loop",
        severity=severity,
        message="Each shop.Order loads customer with its own query.",
        location=place,
        evaluated=None,
        source="shop.Order queryset",
        causes=(
            Cause(
                rule="QA101",
                path="customer",
                description="order.customer",
                location=place,
                loop="for order in orders",
                loop_line=line - 1,
                statement='SELECT "shop_customer"."id" FROM "shop_customer" WHERE "id" = %s',
                queries=9,
                worst=9,
                duration_ns=1_250_000,
                fingerprint=fingerprint.replace("f-", "c-"),
            ),
        ),
        queries=9,
        duration_ns=1_250_000,
        scopes=(Sighting(kind="request", name="GET /orders/", queries=9, duration_ns=1_250_000),),
        scope_count=1,
        evidence=Evidence(grade=Grade.OBSERVED, text="9 executions in one request."),
        fix=Fix(
            title='Add select_related("customer")',
            applicability=Applicability.UNSAFE,
            code='.select_related("customer")',
            note="Other callers share this queryset.",
        ),
        fingerprint=fingerprint,
    )


def sample() -> Report:
    """The sample: new and known findings, a note, a suppression, diagnostics and a verdict."""
    known = _simple(
        "f-export-20cc", "shop/export.py", 77, "export_orders", Severity.WARNING, "project"
    )
    note = _simple("f-test-4410", "tests/test_orders.py", 19, "test_totals", Severity.NOTE, "test")
    ignored = _simple(
        "f-admin-9e02", "shop/admin.py", 12, "OrderAdmin.total", Severity.WARNING, "project"
    )
    return Report(
        tool="0.1.0",
        audited=Audited(
            tests=12,
            requests=34,
            scopes=49,
            queries=1_410,
            setup_queries=230,
            duration_ns=734 * MS,
            dropped=3,
            databases=("default (postgresql)", "replica (postgresql)"),
        ),
        findings=(_n_plus_one(), _query_in_loop(), known, note),
        suppressed=(
            Suppression(
                rule="QA101",
                reason="at most three rows, see the admin's page size",
                place="shop/admin.py:11",
                finding=ignored,
            ),
        ),
        unused_ignores=(
            UnusedIgnore(rule="QA103", reason="legacy import", place="shop/imports.py:8"),
        ),
        indexes=(_proved_index(), _refuted_index()),
        scopes=(
            ScopeSummary(
                kind="request",
                name="GET /books/",
                runs=6,
                queries=366,
                worst=61,
                duration_ns=201 * MS,
                findings=1,
                rows=72_000,
                hydration_ns=1_480 * MS,
                elapsed_ns=1_850 * MS,
            ),
            ScopeSummary(
                kind="test",
                name="tests/test_books.py::test_list_by_shelf",
                runs=1,
                queries=61,
                worst=61,
                duration_ns=34 * MS,
                findings=1,
            ),
            ScopeSummary(
                kind="task",
                name="shop.tasks.refresh",
                runs=3,
                queries=51,
                worst=17,
                duration_ns=412 * MS,
                findings=1,
            ),
            ScopeSummary(
                kind="request",
                name="POST /cart/",
                runs=25,
                queries=175,
                worst=7,
                duration_ns=51 * MS,
                findings=0,
            ),
        ),
        statements=(
            StatementSummary(
                fingerprint="s-author",
                statement=AUTHOR_SQL,
                calls=120,
                duration_ns=61_400_000,
                scopes=6,
                locations=("shop/views.py:34",),
            ),
            StatementSummary(
                fingerprint="s-review",
                statement=REVIEW_SQL,
                calls=120,
                duration_ns=83 * MS,
                scopes=6,
                locations=("shop/templates/books.html:12", "shop/api.py:40"),
            ),
            StatementSummary(
                fingerprint="s-book",
                statement=BOOK_SQL,
                calls=6,
                duration_ns=310 * MS,
                scopes=6,
                locations=("shop/views.py:33",),
                rows=72_000,
                hydration_ns=1_480 * MS,
            ),
        ),
        rules=(
            Rule(
                code="QA101",
                name="lazy-relation-in-loop",
                severity=Severity.ERROR,
                summary="A relation of loaded rows is read in a loop, one query for each row.",
                doc=RULE_DOC,
            ),
            Rule(
                code="QA103",
                name="query-in-loop",
                severity=Severity.WARNING,
                summary="A query written inside a loop runs once for each turn.",
                doc=RULE_DOC,
            ),
            Rule(
                code="QA401",
                name="missing-index",
                severity=Severity.WARNING,
                summary="A table is read to find few of its rows, as no index leads to them.",
                doc=RULE_DOC,
            ),
        ),
        diagnostics=(
            Diagnostic(
                slug="wrapper-lost",
                message="A connection was opened without the audit on it.",
                hint="Another tool replaced its execute wrappers; put queryaudit first.",
                count=2,
            ),
        ),
        gate=GateResult(
            fail_on=Severity.WARNING,
            failed=True,
            new=("c-author-9a41", "c-publisher-77b0", "c-reviews-03fe", "c-stock-1be7"),
            known=("c-export-20cc",),
            stale=("QA101 shop/old.py list_books author (fixed or gone)",),
            baseline="queryaudit-baseline.txt",
        ),
    )


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """``value`` (a record) with ``change`` applied to every text in it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(with_texts(item, change) for item in value)
    if is_dataclass(value):
        changed = {f.name: with_texts(getattr(value, f.name), change) for f in fields(value)}
        return type(value)(**changed)
    return value


def _proved_index() -> AdvisedIndex:
    return AdvisedIndex(
        title='models.Index(fields=["sku"], name="shop_stock_sku_idx")',
        model="shop.Stock",
        outcome=Outcome.PROVED,
        reason="used, faster beyond the noise, the same rows",
        code='class Meta:\n    indexes = [models.Index(fields=["sku"], name="shop_stock_sku_idx")]',
        bytes=6_400_000,
        build_ns=812 * MS,
        value_sets=3,
        served=(
            Served(
                statement=STOCK_SQL,
                calls=42,
                locations=("shop/stock.py:58",),
                before_ns=12 * MS,
                after_ns=210_000,
                at_least=41.5,
                at_most=212.0,
            ),
        ),
        table="shop_stock",
        wal_bytes=71,
        location=Location(path="shop/models.py", line=12, function="Stock"),
    )


def _refuted_index() -> AdvisedIndex:
    return AdvisedIndex(
        title='models.Index(fields=["level"], name="shop_stock_level_idx")',
        model="shop.Stock",
        outcome=Outcome.REFUTED,
        reason="the planner does not use it",
        code="",
        bytes=None,
        build_ns=None,
        value_sets=3,
        served=(
            Served(
                statement="SELECT sku FROM shop_stock WHERE level > ?",
                calls=1,
                locations=(),
                before_ns=None,
                after_ns=None,
                at_least=None,
                at_most=None,
            ),
        ),
        table="shop_stock",
    )


def empty() -> Report:
    """A run in which nothing was audited."""
    return Report(tool="0.1.0", audited=Audited(), findings=())


def clean_run() -> Report:
    """A run in which nothing was found."""
    audited = Audited(tests=3, scopes=3, queries=11, databases=("default (sqlite)",))
    return Report(tool="0.1.0", audited=audited, findings=())


def many(number: int) -> Report:
    """A report with ``number`` findings in full, none known."""
    base = sample()
    findings = tuple(
        replace(base.findings[0], fingerprint=f"f-{index:06}") for index in range(number)
    )
    return replace(base, findings=findings, indexes=(), gate=None)
