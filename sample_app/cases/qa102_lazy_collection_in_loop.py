"""QA102: the children of row after row, each time with a query of its own."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

from django.db.models import Prefetch, prefetch_related_objects

from sample_app.shop.models import Author, Book, Category, Customer, Order, Publisher, Tag


def bad() -> list[str]:
    """One query for the authors, then one for the books of each."""
    lines = []
    for author in Author.objects.all():
        titles = [book.title for book in author.books.all()]
        lines.append(f"{author.name}: {', '.join(titles)}")
    return lines


def good() -> list[str]:
    """Two queries: the authors, and all their books."""
    lines = []
    for author in Author.objects.prefetch_related("books"):
        titles = [book.title for book in author.books.all()]
        lines.append(f"{author.name}: {', '.join(titles)}")
    return lines


def bad_many_to_many() -> list[list[str]]:
    """The tags of each book."""
    return [[tag.name for tag in book.tags.all()] for book in Book.objects.all()]


def bad_many_to_many_reversed() -> list[int]:
    """The books of each tag, from the other side of the relation."""
    return [len(tag.books.all()) for tag in Tag.objects.all()]


def bad_two_levels() -> list[str]:
    """The authors of each publisher and the books of each author."""
    titles = []
    for publisher in Publisher.objects.all():
        for author in publisher.authors.all():
            titles += [book.title for book in author.books.all()]
    return titles


def bad_filtered() -> list[list[str]]:
    """A filter on the relation makes it no less a query a row."""
    return [
        [book.title for book in author.books.filter(stock__gt=0)] for author in Author.objects.all()
    ]


def bad_sorted() -> list[list[str]]:
    """Another order makes it no less a query a row."""
    return [
        [book.title for book in author.books.order_by("price", "pk")]
        for author in Author.objects.all()
    ]


def bad_values() -> list[list[str]]:
    """A column instead of instances makes it no less a query a row."""
    return [list(book.tags.values_list("name", flat=True)) for book in Book.objects.all()]


def bad_through_lazy_parent() -> list[int]:
    """The customer of each order, then all orders of that customer."""
    return [len(order.customer.orders.all()) for order in Order.objects.all()]


def bad_access_in_function() -> list[str]:
    """The loop is here, the relation is read in a function that it calls."""
    return [_tag_line(book) for book in Book.objects.all()]


def _tag_line(book: Book) -> str:
    return ", ".join(tag.name for tag in book.tags.all())


def good_one_parent() -> list[str]:
    """A detail page: one author, then the books."""
    author = Author.objects.first()
    return [book.title for book in author.books.all()]


def good_one_parent_two_collections() -> int:
    """Two relations of one row."""
    book = Book.objects.first()
    return len(book.tags.all()) + len(book.reviews.all())


def good_one_of_many_parents() -> list[str]:
    """Many authors are looked at, the books of one are read."""
    shortest = min(Author.objects.all(), key=lambda author: (len(author.name), author.pk))
    return [book.title for book in shortest.books.all()]


def good_prefetched_two_levels() -> list[str]:
    """Three queries for three levels."""
    publishers = Publisher.objects.prefetch_related("authors__books")
    return [
        book.title
        for publisher in publishers
        for author in publisher.authors.all()
        for book in author.books.all()
    ]


def good_prefetched_behind_join() -> list[int]:
    """The customers by join, their orders by prefetch."""
    orders = Order.objects.select_related("customer").prefetch_related("customer__orders")
    return [len(order.customer.orders.all()) for order in orders]


def good_prefetched_with_filter() -> list[list[str]]:
    """The prefetch filters, the loop reads a list."""
    in_stock = Prefetch("books", Book.objects.filter(stock__gt=0), to_attr="books_in_stock")
    return [
        [book.title for book in author.books_in_stock]
        for author in Author.objects.prefetch_related(in_stock)
    ]


def good_prefetched_with_order() -> list[list[str]]:
    """The prefetch sorts, ``all()`` reads what it fetched."""
    by_price = Prefetch("books", Book.objects.order_by("price", "pk"))
    return [
        [book.title for book in author.books.all()]
        for author in Author.objects.prefetch_related(by_price)
    ]


def good_prefetched_later() -> list[int]:
    """Rows that are there already are given their children together."""
    authors = list(Author.objects.all())
    prefetch_related_objects(authors, "books")
    return [len(author.books.all()) for author in authors]


def good_prefetched_in_chunks() -> list[int]:
    """One query for each chunk of rows is what ``chunk_size`` asks for."""
    books = Book.objects.prefetch_related("tags").iterator(chunk_size=2)
    return [len(book.tags.all()) for book in books]


def good_first_of_prefetched() -> list[str]:
    """A slice of a prefetched relation is cut from the list."""
    authors = Author.objects.prefetch_related("books")
    return [book.title for author in authors for book in author.books.all()[:1]]


def good_grouped_in_python() -> dict[int, list[str]]:
    """All books in one query, sorted into lists by their author's key."""
    titles: dict[int, list[str]] = defaultdict(list)
    for book in Book.objects.all():
        titles[book.author_id].append(book.title)
    return dict(titles)


def good_grouped_rows() -> list[tuple[str, int]]:
    """One sorted query, cut where the author changes."""
    rows = Book.objects.order_by("author__name", "pk").values_list("author__name", "title")
    return [(name, len(list(group))) for name, group in groupby(rows, key=lambda row: row[0])]


def good_through_rows() -> list[tuple[int, str]]:
    """The rows of the many-to-many itself, one query."""
    return list(Book.tags.through.objects.values_list("book_id", "tag__name"))


def good_children_joined() -> list[str]:
    """One query over the children with a join to the parent."""
    return [f"{book.author.name}: {book}" for book in Book.objects.select_related("author")]


def good_collections_of_different_models() -> list[int]:
    """A loop over three relations of one row: three questions."""
    customer = Customer.objects.first()
    return [len(getattr(customer, name).all()) for name in ("orders", "reviews", "comments")]


def good_empty_source() -> list[int]:
    """No rows, no queries."""
    return [len(category.books.all()) for category in Category.objects.filter(name="Nothing")]


def bad_prefetched_row_by_row() -> list[int]:
    """A prefetch of one row at a time is a query a row all the same."""
    counts = []
    for author in Author.objects.order_by("pk"):
        prefetch_related_objects([author], "books")
        counts.append(len(author.books.all()))
    return counts


def bad_prefetched_row_by_row_in_a_way() -> list[int]:
    """So is one of a filtered relation, which the queryset must be told of with its filter."""
    counts = []
    for author in Author.objects.order_by("pk"):
        in_stock = Prefetch("books", Book.objects.filter(stock__gt=0), to_attr="in_stock")
        prefetch_related_objects([author], in_stock)
        counts.append(len(author.in_stock))  # type: ignore[attr-defined]
    return counts


def good_prefetched_by_hand_in_chunks() -> list[int]:
    """Chunks of rows share a query each."""
    counts = []
    authors = list(Author.objects.order_by("pk"))
    for start in range(0, len(authors), 2):
        chunk = authors[start : start + 2]
        prefetch_related_objects(chunk, "books")
        counts += [len(author.books.all()) for author in chunk]
    return counts


def good_prefetched_for_one_row() -> int:
    """One row, whose books are read more than once."""
    author = Author.objects.order_by("pk")[0]
    prefetch_related_objects([author], "books")
    return len(author.books.all()) + len(author.books.all())
