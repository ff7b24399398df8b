"""QA101: a foreign key or one-to-one read on row after row, each time with a query of its own."""

from __future__ import annotations

import django
from django.core.paginator import Paginator
from django.db import models
from django.db.models import F, Prefetch, prefetch_related_objects

from sample_app.shop.models import Audiobook, Author, Book, Customer, OrderLine, Publisher, Review


def bad() -> list[str]:
    """One query for the books, then one for the author of each."""
    titles = []
    for book in Book.objects.all():
        titles.append(f"{book.title} by {book.author.name}")
    return titles


def good() -> list[str]:
    """The authors come with the books in one join."""
    titles = []
    for book in Book.objects.select_related("author"):
        titles.append(f"{book.title} by {book.author.name}")
    return titles


def bad_three_levels() -> list[str]:
    """Three queries a book: its author, the author's publisher, the publisher's country."""
    return [book.author.publisher.country.code for book in Book.objects.all()]


def bad_two_relations() -> list[tuple[str, str]]:
    """Two relations of the same rows: one root cause, two paths."""
    return [(book.author.name, book.publisher.name) for book in Book.objects.all()]


def bad_only_the_key() -> list[tuple[int, bool]]:
    """The row has the key of its author itself."""
    found = []
    for book in Book.objects.order_by("pk"):
        found.append((book.author.pk, book.author.pk > 0))
    return found


def bad_key_and_name() -> list[tuple[int, str]]:
    """The author is needed all the same."""
    return [(book.author.pk, book.author.name) for book in Book.objects.order_by("pk")]


def good_key_of_the_row() -> list[int]:
    """The key needs no author."""
    return [book.author_id for book in Book.objects.order_by("pk")]


def bad_reverse_one_to_one() -> list[str]:
    """The other side of a one-to-one is a query a row as well."""
    return [author.profile.website for author in Author.objects.all()]


def bad_access_in_function() -> list[str]:
    """The loop is here, the attribute is read in a function that it calls."""
    return [_byline(book) for book in Book.objects.all()]


def _byline(book: Book) -> str:
    return f"{book.title} by {book.author}"


def bad_rows_of_related_manager() -> list[str]:
    """The source is one publisher's books."""
    publisher = Publisher.objects.filter(books__isnull=False).first()
    return [book.author.name for book in publisher.books.all()]


def bad_rows_of_prefetch() -> list[str]:
    """The books were prefetched, the publisher of each was not."""
    authors = Author.objects.prefetch_related("books")
    return [book.publisher.name for author in authors for book in author.books.all()]


def bad_rows_of_named_prefetch() -> list[str]:
    """What is in a list of its own is prefetched further by the name of that list."""
    stocked = Prefetch("books", Book.objects.filter(stock__gte=0), to_attr="stocked")
    authors = Author.objects.prefetch_related(stocked)
    return [book.publisher.name for author in authors for book in author.stocked]


def bad_rows_of_join() -> list[str]:
    """The join stops at the book; its author is read beyond."""
    return [line.book.author.name for line in OrderLine.objects.select_related("book")]


def bad_iterator() -> list[str]:
    """Rows that arrive in chunks ask one by one all the same."""
    return [book.author.name for book in Book.objects.iterator(chunk_size=100)]


def bad_self_relation() -> list[str]:
    """Customers refer to customers; each referrer is fetched alone."""
    referred = Customer.objects.filter(referred_by__isnull=False)
    return [customer.referred_by.name for customer in referred]


def good_prefetched() -> list[str]:
    """Two queries, however many books."""
    return [book.author.name for book in Book.objects.prefetch_related("author")]


def good_joined_deeply() -> list[str]:
    """One join along the whole path."""
    books = Book.objects.select_related("author__publisher__country")
    return [book.author.publisher.country.code for book in books]


def good_joined_profile() -> list[str]:
    """``select_related`` follows a one-to-one from its other side too."""
    return [author.profile.website for author in Author.objects.select_related("profile")]


def good_fetch_peers() -> list[str]:
    """The first access fetches the authors of all books at once (Django 6.1 or later)."""
    if django.VERSION < (6, 1):
        return good_prefetched()
    return [book.author.name for book in Book.objects.fetch_mode(models.FETCH_PEERS)]


def good_one_row() -> str:
    """A detail page: one book, then its author."""
    book = Book.objects.first()
    return book.author.name


def good_one_row_three_relations() -> list[str]:
    """Three relations of one row are three questions, not one question three times."""
    book = Book.objects.filter(category__isnull=False).first()
    return [book.author.name, book.publisher.name, book.category.name]


def good_one_row_three_levels() -> str:
    """One row all the way up."""
    book = Book.objects.first()
    return book.author.publisher.country.name


def good_same_row_twice() -> list[str]:
    """The author of one book, again after a refresh."""
    book = Book.objects.first()
    names = [book.author.name]
    book.refresh_from_db()
    names.append(book.author.name)
    return names


def good_one_of_many_rows() -> str:
    """Many books are looked at, the author of one is read."""
    shortest = min(Book.objects.all(), key=lambda book: (len(book.title), book.pk))
    return shortest.author.name


def good_loop_left_at_first_match() -> str:
    """The loop ends with the first access."""
    for book in Book.objects.all():
        if book.pages:
            return book.author.name
    return ""


def good_key_only() -> list[int]:
    """``author_id`` is a column of the book."""
    return [book.author_id for book in Book.objects.all()]


def good_parent_already_known() -> list[str]:
    """Rows of a related manager know their parent."""
    author = Author.objects.filter(books__isnull=False).first()
    return [book.author.name for book in author.books.all()]


def good_prefetched_child_knows_parent() -> list[str]:
    """Prefetched children point back to the row that they were fetched for."""
    authors = Author.objects.prefetch_related("books")
    return [book.author.name for author in authors for book in author.books.all()]


def good_prefetch_with_join() -> list[str]:
    """The prefetch has a join of its own."""
    books = Book.objects.select_related("publisher")
    authors = Author.objects.prefetch_related(Prefetch("books", books))
    return [book.publisher.name for author in authors for book in author.books.all()]


def good_assigned_by_hand() -> list[str]:
    """Two queries, joined in Python."""
    books = list(Book.objects.all())
    authors = Author.objects.in_bulk({book.author_id for book in books})
    for book in books:
        book.author = authors[book.author_id]
    return [book.author.name for book in books]


def good_values() -> list[str]:
    """Columns of the related row, no instances."""
    return list(Book.objects.values_list("author__name", flat=True))


def good_annotated() -> list[str]:
    """The name is a column of the result."""
    return [book.author_name for book in Book.objects.annotate(author_name=F("author__name"))]


def good_empty_relation() -> list[str]:
    """An empty foreign key is answered without a query."""
    customers = Customer.objects.filter(referred_by=None)
    return [customer.name for customer in customers if customer.referred_by is None]


def good_parent_link() -> list[str]:
    """A child of multi-table inheritance has its parent's columns already."""
    return [audiobook.book_ptr.title for audiobook in Audiobook.objects.all()]


def good_pages() -> list[str]:
    """One joined query a page."""
    pages = Paginator(Review.objects.select_related("customer"), per_page=4)
    return [review.customer.name for page in pages for review in page]


def good_one_row_each_of_two_queries() -> list[str]:
    """Two queries that return one row each, at two places."""
    newest = Book.objects.order_by("-published_on", "pk").first()
    oldest = Book.objects.order_by("published_on", "pk").first()
    return [newest.author.name, oldest.author.name]


class _OnShelf(models.Manager[Book]):
    """What many parts of an application share: it is no place for what one of them needs."""

    def get_queryset(self) -> models.QuerySet[Book]:
        return super().get_queryset().filter(pages__gt=0)

    def thick(self) -> models.QuerySet[Book]:
        return self.filter(pages__gt=1)

    def authors(self) -> list[str]:
        return [book.author.name for book in self.filter(pages__gt=2)]


ON_SHELF = _OnShelf()
ON_SHELF.model = Book


def bad_custom_manager() -> list[str]:
    """A manager's ``get_queryset()`` makes the queryset for whoever asks it."""
    return [book.author.name for book in ON_SHELF.all()]


def bad_method_of_manager() -> list[str]:
    """A manager's method returns the queryset, and does not go through it."""
    books = ON_SHELF.thick()
    return [book.author.name for book in books]


def bad_loop_in_manager() -> list[str]:
    """A manager's method that goes through the rows itself is the place."""
    return ON_SHELF.authors()


def good_custom_manager() -> list[str]:
    """The caller says what it needs."""
    return [book.author.name for book in ON_SHELF.thick().select_related("author")]


def bad_prefetched_row_by_row() -> list[str]:
    """A prefetch of one row at a time is a query a row all the same."""
    names = []
    for book in Book.objects.order_by("pk"):
        prefetch_related_objects([book], "author")
        names.append(book.author.name)
    return names


def good_prefetched_for_all_rows() -> list[str]:
    """Rows that are there already are given their authors together."""
    books = list(Book.objects.order_by("pk"))
    prefetch_related_objects([*books], "author")
    return [book.author.name for book in books]
