"""Relations of rows that no queryset has loaded: nothing can bring them along."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import queryaudit
from queryaudit.records.findings import Applicability, Finding, Fix
from sample_app.shop.models import Book, Customer, Review, Tag

pytestmark = pytest.mark.usefixtures("no_reviews")


@pytest.fixture
def no_reviews(shop: None) -> None:
    Review.objects.all().delete()


def the_finding(work: Callable[[list[int], Customer], object]) -> Finding:
    keys = list(Book.objects.order_by("pk").values_list("pk", flat=True)[:4])
    customer = Customer.objects.earliest("pk")
    with queryaudit.audit() as audited:
        work(keys, customer)
    [finding] = [f for f in audited.findings if f.rule == "QA103"]
    return finding


def the_fix(work: Callable[[list[int], Customer], object]) -> Fix:
    fix = the_finding(work).fix
    assert fix is not None
    assert fix.applicability is Applicability.DISPLAY_ONLY
    assert not fix.edits
    assert "No queryset has loaded these" in fix.note
    return fix


def new(pk: int, customer: Customer) -> Review:
    return Review(book_id=pk, customer=customer, rating=3, created_at="2024-01-01T00:00Z")


def test_a_foreign_key_of_a_row_that_the_round_has_made_is_to_be_set_there() -> None:
    def work(keys: list[int], customer: Customer) -> None:
        for pk in keys:
            review = new(pk, customer)
            review.save()
            str(review.book.title)

    assert the_fix(work).code == (
        "books = Book.objects.in_bulk(book_ids)\n"
        "# then, where each row is made:\n"
        "review.book = books[review.book_id]"
    )


def test_what_lies_behind_it_counts_with_it() -> None:
    def work(keys: list[int], customer: Customer) -> None:
        for pk in keys:
            str(new(pk, customer).book.publisher.name)

    assert the_finding(work).queries == 8


def test_a_list_of_made_rows_gets_its_foreign_keys_at_once() -> None:
    def work(keys: list[int], customer: Customer) -> None:
        reviews = Review.objects.bulk_create([new(pk, customer) for pk in keys])
        for review in reviews:
            str(review.book.title)

    assert 'prefetch_related_objects(reviews, "book")' in the_fix(work).code


def test_a_list_of_made_rows_gets_its_collections_at_once() -> None:
    def work(keys: list[int], customer: Customer) -> None:
        tags = [Tag.objects.create(name=f"tag {pk}") for pk in keys]
        for tag in tags:
            list(tag.books.all())

    assert 'prefetch_related_objects(tags, "books")' in the_fix(work).code


def test_a_narrowed_collection_is_not_prefetched() -> None:
    def work(keys: list[int], customer: Customer) -> None:
        tags = [Tag.objects.create(name=f"tag {pk}") for pk in keys]
        for tag in tags:
            list(tag.books.filter(stock__gt=1))

    fix = the_finding(work).fix
    assert fix is not None
    assert "prefetch" not in fix.code


def test_rows_that_are_made_with_the_object_are_silent() -> None:
    books = list(Book.objects.order_by("pk")[:4])
    customer = Customer.objects.earliest("pk")
    with queryaudit.audit() as audited:
        for book in books:
            review = Review(book=book, customer=customer, rating=3, created_at="2024-01-01T00:00Z")
            review.save()
            str(review.book.title)
    assert not [f for f in audited.findings if f.rule.startswith("QA1")]
