"""Where rows came from: source queryset and relation path of every lazy load.

The same tests run on every Django, though two mechanisms stand behind them.
"""

# ruff: noqa: B018 - reading attributes and iterating is what is tested

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db.models import Count, Prefetch

from sample_app.shop.models import (
    Audiobook,
    Author,
    AuthorProfile,
    Book,
    Category,
    Comment,
    Customer,
    Review,
)
from tests.integration.recording import Recording

pytestmark = pytest.mark.usefixtures("standing_shop")


def run(work: Callable[[], Any]) -> Recording:
    with Recording() as seen:
        work()
    return seen


def three_levels() -> None:
    [book.author.publisher.country.name for book in Book.objects.all()]


def reverse_then_forward() -> None:
    [book.category for author in Author.objects.all() for book in author.books.all()]


def many_to_many_then_back() -> None:
    [tag.books.count() for book in Book.objects.all() for tag in book.tags.all()]


def one_to_one_reverse_side() -> None:
    [author.profile.website for author in Author.objects.all()]


def one_to_one_forward_side() -> None:
    [profile.author.publisher for profile in AuthorProfile.objects.all()]


def generic_key() -> None:
    [comment.target for comment in Comment.objects.all()]


def generic_relation() -> None:
    [list(book.comments.all()) for book in Book.objects.all()]


def beyond_generic_relation() -> None:
    [note.customer.name for book in Book.objects.all() for note in book.comments.all()]


def deferred_column() -> None:
    [book.description for book in Book.objects.defer("description")]


def deferred_column_of_related_row() -> None:
    books = Book.objects.select_related("author").only("title", "author__name")
    [book.author.born for book in books]


def beyond_a_join() -> None:
    books = Book.objects.select_related("author__publisher")
    [book.author.publisher.country.name for book in books]


def beyond_a_reverse_join() -> None:
    [list(author.profile.author.books.all()) for author in Author.objects.select_related("profile")]


def beyond_a_prefetch() -> None:
    authors = Author.objects.prefetch_related("books")
    [book.publisher.name for author in authors for book in author.books.all()]


def beyond_two_prefetches() -> None:
    books = Book.objects.prefetch_related("reviews__customer")
    [list(r.customer.orders.all()) for book in books for r in book.reviews.all()]


def beyond_prefetch_to_attr() -> None:
    stocked = Prefetch("books", Book.objects.filter(stock__gte=0), to_attr="stocked")
    [book.publisher.name for a in Author.objects.prefetch_related(stocked) for book in a.stocked]


def beyond_a_join_inside_a_prefetch() -> None:
    joined = Prefetch("reviews", Review.objects.select_related("customer"))
    books = Book.objects.prefetch_related(joined)
    [r.customer.referred_by for book in books for r in book.reviews.all()]


def raw_queryset() -> None:
    [book.author.publisher.name for book in Book.objects.raw("SELECT * FROM shop_book")]


def iterator() -> None:
    [book.author.name for book in Book.objects.iterator(chunk_size=2)]


def inherited_relation() -> None:
    [audio.author.name for audio in Audiobook.objects.all()]


def down_to_the_child() -> None:
    audio = set(Audiobook.objects.values_list("pk", flat=True))
    [book.audiobook.author.name for book in Book.objects.filter(pk__in=audio)]


def tree() -> None:
    def walk(nodes: Iterable[Category]) -> None:
        for node in nodes:
            walk(node.children.all())

    walk(Category.objects.filter(parent=None))


def itself() -> None:
    [customer.referred_by for customer in Customer.objects.all()]


def rows_of_a_related_manager() -> None:
    author = Author.objects.annotate(n=Count("books")).order_by("-n")[0]
    [book.publisher.name for book in author.books.all()]


def slices_and_get() -> None:
    Book.objects.order_by("pk")[0].author
    Book.objects.get(pk=Book.objects.earliest("pk").pk).publisher


PATHS: list[tuple[Callable[[], None], set[str]]] = [
    (three_levels, {"Book.author", "Book.author__publisher", "Book.author__publisher__country"}),
    (reverse_then_forward, {"Author.books", "Author.books__category"}),
    (many_to_many_then_back, {"Book.tags", "Book.tags__books"}),
    (one_to_one_reverse_side, {"Author.profile"}),
    (one_to_one_forward_side, {"AuthorProfile.author", "AuthorProfile.author__publisher"}),
    (generic_key, {"Comment.target"}),
    (generic_relation, {"Book.comments"}),
    (beyond_generic_relation, {"Book.comments", "Book.comments__customer"}),
    (deferred_column, {"Book.description"}),
    (deferred_column_of_related_row, {"Book.+author__born"}),
    (beyond_a_join, {"Book.+author__+publisher__country"}),
    (beyond_a_reverse_join, {"Author.books"}),
    (beyond_a_prefetch, {"Author.+books", "Author.+books__publisher"}),
    (
        beyond_two_prefetches,
        {
            "Book.+reviews",
            "Book.+reviews__+customer",
            "Book.+reviews__+customer__orders",
        },
    ),
    (beyond_prefetch_to_attr, {"Author.+stocked", "Author.+stocked__publisher"}),
    (
        beyond_a_join_inside_a_prefetch,
        {"Book.+reviews", "Book.+reviews__+customer__referred_by"},
    ),
    (raw_queryset, {"Book.author", "Book.author__publisher"}),
    (iterator, {"Book.author"}),
    (inherited_relation, {"Audiobook.author"}),
    (down_to_the_child, {"Book.audiobook", "Book.audiobook__author"}),
    (itself, {"Customer.referred_by"}),
    (rows_of_a_related_manager, {"Author.books", "Author.books__publisher"}),
    (slices_and_get, {"Book.author", "Book.publisher"}),
]


@pytest.mark.parametrize(
    ("work", "expected"), PATHS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_lazy_load_knows_the_path_from_its_source(
    work: Callable[[], None], expected: set[str]
) -> None:
    seen = run(work)
    assert {path for path in seen.paths if path is not None} == expected
    assert not seen.errors
