"""Rows of children that a library loads for a queryset of their parent."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db.models import QuerySet

import queryaudit
from queryaudit.records.findings import Applicability, Finding
from sample_app.shop.models import Audiobook, Book

pytestmark = pytest.mark.usefixtures("shop")

#: As django-polymorphic does: the rows, and then a query for those of each kind.
_LIBRARY = """
def rows_of(queryset):
    return list(queryset)


def of_kinds(queryset, child):
    rows = rows_of(queryset)
    children = child.objects.in_bulk([row.pk for row in rows])
    return [children.get(row.pk, row) for row in rows]
"""


@pytest.fixture
def of_kinds() -> Callable[[QuerySet[Book], type[Audiobook]], Iterable[Book]]:
    path = os.path.join(sysconfig.get_path("purelib"), "kinds", "query.py")
    library: dict[str, Any] = {"__name__": "kinds.query"}
    exec(compile(_LIBRARY, path, "exec"), library)
    function: Callable[[QuerySet[Book], type[Audiobook]], Iterable[Book]] = library["of_kinds"]
    return function


def the_finding(work: Callable[[], object]) -> Finding:
    assert Audiobook.objects.count() > 1
    assert Book.objects.count() > Audiobook.objects.count() + 1
    with queryaudit.audit() as audited:
        work()
    [finding] = [f for f in audited.findings if f.rule.startswith("QA1")]
    return finding


def test_a_relation_of_the_parent_is_joined_once_for_all_kinds(of_kinds: Any) -> None:
    def work() -> None:
        for book in of_kinds(Book.objects.all(), Audiobook):
            str(book.author.name)

    finding = the_finding(work)
    assert finding.rule == "QA101"
    assert finding.message.startswith("author is loaded once per Book row")
    assert finding.queries == Book.objects.count()
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.select_related("author")'


def test_a_collection_of_the_parent_is_prefetched_once_for_all_kinds(of_kinds: Any) -> None:
    def work() -> None:
        for book in of_kinds(Book.objects.all(), Audiobook):
            list(book.tags.all())

    finding = the_finding(work)
    assert finding.rule == "QA102"
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.prefetch_related("tags")'


def test_what_lies_behind_a_relation_of_the_parent_goes_with_it(of_kinds: Any) -> None:
    def work() -> None:
        for book in of_kinds(Book.objects.all(), Audiobook):
            str(book.author.publisher.name)

    finding = the_finding(work)
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.select_related("author__publisher")'


def test_querysets_of_the_child_stay_its_own() -> None:
    def work() -> None:
        for book in Audiobook.objects.all():
            str(book.author.name)

    finding = the_finding(work)
    assert finding.fix is not None
    assert finding.fix.code == 'Audiobook.objects.select_related("author")'
    assert finding.fix.applicability is Applicability.SAFE


def test_rows_that_are_loaded_whole_are_silent(of_kinds: Any) -> None:
    children = Audiobook.objects.select_related("author")
    with queryaudit.audit() as audited:
        for book in of_kinds(Book.objects.select_related("author"), Audiobook):
            if not isinstance(book, Audiobook):
                str(book.author.name)
        for book in children:
            str(book.author.name)
    assert not [f for f in audited.findings if f.rule.startswith("QA1")]
