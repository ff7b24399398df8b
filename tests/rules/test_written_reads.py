"""What is loaded for nothing is found without deep mode where the source shows every use of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import queryaudit
from queryaudit.records.findings import Finding
from queryaudit.records.rules import Severity
from sample_app.cases import qa202_unused_columns as columns
from sample_app.cases import qa203_unused_eager_load as relations
from sample_app.shop.models import Author, Book, Review, Tag

pytestmark = pytest.mark.usefixtures("shop")


def found(run: Callable[[], object], rule: str) -> list[Finding]:
    with queryaudit.audit() as audited:
        run()
    return [finding for finding in audited.findings if rule in finding.rules]


def counted_first() -> list[str]:
    books = Book.objects.select_related("publisher")
    if not books:
        return []
    return [f"{book.title} of {len(books)}" for book in books]


def of_two() -> list[str]:
    return [book.title for book in Book.objects.select_related("author", "publisher")]


def in_a_loop() -> list[str]:
    titles = []
    for book in Book.objects.filter(stock__gte=0).prefetch_related("tags").order_by("pk"):
        if book.stock:
            titles.append(book.title)
    return titles


def the_first_few() -> list[str]:
    books = Book.objects.select_related("publisher")[:3]
    return [book.title for book in books]


def one_of_two() -> list[str]:
    books = Book.objects.select_related("author", "publisher").order_by("pk")
    return [f"{book.title} by {named(book.author)}" for book in books]


def one_of_two_lists() -> list[str]:
    lines = []
    for book in Book.objects.prefetch_related("reviews", "tags"):
        lines.append(", ".join(named(tag) for tag in book.tags.all()))
    return lines


def columns_of_a_list() -> list[str]:
    authors = Author.objects.select_related("publisher").prefetch_related("books")
    return [book.title for author in authors for book in author.books.all()]


def named(row: Author | Tag) -> str:
    return row.name


FOUND = [
    (one_of_two, 'Book.objects.select_related("author").order_by("pk")'),
    (one_of_two_lists, 'Book.objects.prefetch_related("tags")'),
    (columns_of_a_list, 'Author.objects.prefetch_related("books")'),
    (the_first_few, "Book.objects.all()"),
    (relations.bad, "Book.objects.all()"),
    (relations.bad_prefetch, "Author.objects.all()"),
    (relations.bad_many_to_many, "Book.objects.all()"),
    (relations.bad_whole_path, "Book.objects.all()"),
    (relations.bad_key_is_enough, "Book.objects.all()"),
    (counted_first, "Book.objects.all()"),
    (of_two, "Book.objects.all()"),
    (in_a_loop, 'Book.objects.filter(stock__gte=0).order_by("pk")'),
]


@pytest.mark.parametrize(("run", "code"), FOUND, ids=lambda value: getattr(value, "__name__", ""))
def test_a_relation_that_no_use_of_the_rows_follows_is_found(
    run: Callable[[], object], code: str
) -> None:
    [finding] = found(run, "QA203")
    assert finding.severity is Severity.WARNING
    assert finding.fix is not None
    assert finding.fix.code == code


def of_all_and_of_the_first() -> list[str]:
    books = Book.objects.select_related("publisher").order_by("pk")
    titles = [book.title for book in books[:2]]
    return [*titles, *(book.publisher.name for book in books)]


def of_the_first_alone() -> str:
    return Book.objects.select_related("publisher").order_by("pk")[:3][0].publisher.name


def handed_on() -> list[Book]:
    return list(Book.objects.select_related("publisher"))


def through_a_method() -> list[str]:
    return [book.get_absolute_url() for book in Book.objects.select_related("publisher")]


def as_a_word() -> list[str]:
    return [f"{book}" for book in Book.objects.select_related("publisher")]


def in_a_branch_that_is_not_taken() -> list[str]:
    books = Book.objects.select_related("publisher")
    return [book.publisher.name if book.stock < 0 else book.title for book in books]


def one_of_them_handed_on() -> list[str]:
    books = list(Book.objects.select_related("publisher"))
    first = books[0]
    return [first.publisher.name, *(book.title for book in books)]


def by_name() -> list[object]:
    names = ("title", "publisher")
    books = Book.objects.select_related("publisher")
    return [getattr(book, name) for book in books for name in names]


def all_variables() -> list[str]:
    for book in Book.objects.select_related("publisher"):
        title = book.title
    return [title, *sorted(locals())]


def kept_in_the_loop() -> list[str]:
    titles, kept = [], {}
    for book in Book.objects.select_related("publisher"):
        kept[book.pk] = book
        titles.append(book.title)
    return [*titles, *(book.publisher.name for book in kept.values())]


def of_the_prefetched() -> list[int]:
    return [len(author.books.all()) for author in Author.objects.prefetch_related("books")]


def of_another_model() -> list[str]:
    reviews = [review.text for review in Review.objects.select_related("book")]
    return [*reviews, *(book.title for book in Book.objects.all())]


def back_from_a_list() -> list[str]:
    authors = Author.objects.select_related("publisher").prefetch_related("books")
    return [book.author.publisher.name for author in authors for book in author.books.all()]


def handed_on_from_a_list() -> list[str]:
    authors = Author.objects.select_related("publisher").prefetch_related("books")
    return [house_of(book) for author in authors for book in author.books.all()]


def house_of(book: Book) -> str:
    return book.author.publisher.name


def the_list_handed_on() -> list[str]:
    authors = Author.objects.select_related("publisher").prefetch_related("books")
    return [house_of(book) for author in authors for book in list(author.books.all())]


def both_of_two() -> list[str]:
    books = Book.objects.select_related("author", "publisher")
    return [f"{book.author.name}, {book.publisher.name}" for book in books]


SILENT = [
    back_from_a_list,
    handed_on_from_a_list,
    the_list_handed_on,
    both_of_two,
    of_all_and_of_the_first,
    of_the_first_alone,
    relations.bad_end_of_a_path,  # the source does not say which part of it
    *[run for name, run in vars(relations).items() if name.startswith("good")],
    handed_on,
    through_a_method,
    as_a_word,
    in_a_branch_that_is_not_taken,
    one_of_them_handed_on,
    by_name,
    all_variables,
    kept_in_the_loop,
    of_the_prefetched,
]


@pytest.mark.parametrize("run", SILENT, ids=lambda run: run.__name__)
def test_a_relation_that_may_be_of_use_is_not(run: Callable[[], object]) -> None:
    assert found(run, "QA203") == []


def test_the_relation_is_that_of_the_queryset_that_asks_for_it() -> None:
    [finding] = found(of_another_model, "QA203")
    assert "Review" in finding.message


def many_books(number: int) -> None:
    book = Book.objects.order_by("pk")[0]
    for at in range(number):
        book.pk, book.slug = None, f"book-{at}"
        book.save(force_insert=True)


def titles() -> list[str]:
    return [book.title for book in Book.objects.filter(stock__gte=0)]


def test_long_columns_of_many_rows_are_found() -> None:
    many_books(100)
    [finding] = found(titles, "QA202")
    assert finding.severity is Severity.NOTE
    assert finding.fix is not None
    assert finding.fix.code == (
        'Book.objects.filter(stock__gte=0).defer("description", "metadata")'
    )


@pytest.mark.parametrize(
    "run",
    [run for name, run in vars(columns).items() if name.startswith("good")],
    ids=lambda run: run.__name__,
)
def test_columns_that_may_be_of_use_are_not(run: Callable[[], object]) -> None:
    many_books(100)
    assert found(run, "QA202") == []


def test_long_columns_of_a_few_rows_are_not() -> None:
    assert found(titles, "QA202") == []
