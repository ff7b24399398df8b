"""Collections of a single row: asked in a loop, or narrowed on the way to more rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User

import queryaudit
from queryaudit.blocks import Audit
from queryaudit.records.findings import Finding
from sample_app.shop.models import Author, Book, Customer, Publisher, Review, Tag
from tests.rules.written_modules import WrittenModule, visiting

pytestmark = pytest.mark.usefixtures("shop")


def audited(work: Callable[[], object]) -> Audit:
    with queryaudit.audit() as block:
        work()
    return block


def the_finding(work: Callable[[], object]) -> Finding:
    [finding] = audited(work).findings
    return finding


def house() -> Publisher:
    found = Publisher.objects.filter(books__isnull=False).order_by("pk").first()
    assert found is not None
    Book.objects.update(publisher=found)
    return found


def test_a_related_manager_that_is_asked_in_a_loop_is_a_query_in_a_loop() -> None:
    key = house().pk
    ids = list(Book.objects.values_list("pk", flat=True)[:4])

    def work() -> None:
        publisher = Publisher.objects.get(pk=key)
        for pk in ids:
            publisher.books.get(pk=pk)

    finding = the_finding(work)
    assert finding.rule == "QA103"
    assert finding.location.source == "publisher.books.get(pk=pk)"
    assert finding.causes[0].loop == "for pk in ids"
    assert finding.fix is not None
    assert "Book.objects.filter(pk__in=pks)" in finding.fix.code


def test_what_is_read_of_each_of_these_rows_belongs_to_the_same_cause() -> None:
    key = house().pk
    ids = list(Book.objects.values_list("pk", flat=True)[:4])

    def work() -> None:
        publisher = Publisher.objects.get(pk=key)
        for pk in ids:
            str(publisher.books.get(pk=pk).author)

    finding = the_finding(work)
    assert finding.rule == "QA103"
    assert finding.queries == 2 * len(ids)


def test_a_count_of_one_row_in_a_loop_is_an_aggregate_in_a_loop() -> None:
    key = house().pk
    tags = list(Tag.objects.all())

    def work() -> None:
        publisher = Publisher.objects.get(pk=key)
        for tag in tags:
            publisher.books.filter(tags=tag).count()

    assert the_finding(work).rule == "QA104"


def test_relations_of_a_narrowed_collection_are_loaded_there() -> None:
    key = house().pk

    def work() -> None:
        publisher = Publisher.objects.get(pk=key)
        recent = publisher.books.filter(pages__gte=1)
        for book in recent:
            str(book.author)

    finding = the_finding(work)
    assert finding.rule == "QA101"
    assert finding.source == "shop.Book"
    assert finding.location.source == "for book in recent:"
    assert finding.causes[0].path == "author"
    assert finding.message.startswith("author is loaded once per Book row")
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.select_related("author")'


def test_relations_behind_one_row_of_a_collection_are_loaded_with_that_row() -> None:
    key = house().pk
    first = Book.objects.order_by("pk")[0]
    Review.objects.exclude(book=first).delete()
    for customer in Customer.objects.exclude(reviews__book=first)[:3]:
        Review.objects.create(
            book=first, customer=customer, rating=3, created_at="2024-01-01T00:00Z"
        )

    def work() -> None:
        publisher = Publisher.objects.get(pk=key)
        book = publisher.books.order_by("pk").first()
        assert book is not None
        for review in book.reviews.all():
            str(review.customer)

    finding = the_finding(work)
    assert finding.source == "shop.Book"
    assert finding.causes[0].path == "reviews__customer"
    assert finding.location.source == 'book = publisher.books.order_by("pk").first()'
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.prefetch_related("reviews__customer")'


def test_collections_of_many_rows_are_still_one_finding_at_their_source() -> None:
    def work() -> None:
        for author in Author.objects.all():
            for book in author.books.filter(pages__gte=1):
                str(book.publisher)

    finding = the_finding(work)
    assert finding.source == "shop.Author"
    assert sorted(cause.path for cause in finding.causes) == ["books", "books__publisher"]


# Silent


def test_one_row_that_is_asked_twice_for_the_same_is_no_loop() -> None:
    key = house().pk

    def work() -> None:
        publisher = Publisher.objects.get(pk=key)
        for _ in range(4):
            publisher.books.filter(pages__gte=1).count()

    assert audited(work).findings == ()


def test_one_row_that_is_asked_at_two_places_is_no_loop() -> None:
    key = house().pk

    def work() -> None:
        publisher = Publisher.objects.get(pk=key)
        publisher.books.filter(pages__gte=1).first()
        publisher.books.filter(pages__gte=2).first()

    assert audited(work).findings == ()


def test_a_loop_over_querysets_made_elsewhere_is_no_query_in_a_loop() -> None:
    def context() -> dict[str, object]:
        return {
            "thin": Book.objects.filter(pages__lt=200),
            "thick": Book.objects.filter(pages__lt=900),
        }

    def work() -> None:
        found = context()
        for _name, rows in found.items():
            next(iter(rows), None)  # type: ignore[call-overload]

    assert audited(work).findings == ()


ACCOUNT = """
from django.http import HttpResponse
from django.urls import path


def show(request):
    if not request.user.is_authenticated:
        return HttpResponse("")
    groups = request.user.groups.all()
    return HttpResponse(str([group.permissions.count() for group in groups]))


urlpatterns = [path("", show)]
"""


def test_relations_of_what_belongs_to_the_user_are_loaded_there() -> None:
    """Django finds who is logged in, wherever that was asked for first."""
    clerk = User.objects.create(username="clerk", is_superuser=True, is_staff=True)
    clerk.groups.set([Group.objects.create(name=name) for name in ("sales", "stock")])
    finding = WrittenModule(ACCOUNT).run(visiting("/")).of("QA104")
    assert finding.location.source == (
        "return HttpResponse(str([group.permissions.count() for group in groups]))"
    )
    assert finding.fix is not None
    assert finding.fix.code.splitlines()[-1] == (
        'Group.objects.annotate(permissions_count=Count("permissions"))'
    )
