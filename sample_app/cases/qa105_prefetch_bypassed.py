"""QA105: a relation was prefetched and then narrowed row by row, which asks the database again."""

from __future__ import annotations

from django.db.models import Avg, Count, Prefetch

from sample_app.shop.models import Author, Book, Order, Publisher, Review


def bad() -> list[str]:
    """``filter`` can't use the prefetched books: the prefetch is wasted."""
    lines = []
    for author in Author.objects.prefetch_related("books"):
        for book in author.books.filter(stock__gt=0):
            lines.append(f"{author.name}: {book.title}")
    return lines


def good() -> list[str]:
    """The prefetch itself is narrowed."""
    in_stock = Prefetch("books", Book.objects.filter(stock__gt=0), to_attr="books_in_stock")
    lines = []
    for author in Author.objects.prefetch_related(in_stock):
        for book in author.books_in_stock:
            lines.append(f"{author.name}: {book.title}")
    return lines


def bad_in_a_variable() -> list[str]:
    """The books of each author are asked for where they are gone through."""
    lines = []
    for author in Author.objects.prefetch_related("books"):
        in_stock = author.books.filter(stock__gt=0).order_by("price")
        if len(in_stock) > 0:
            lines += [f"{author.name}: {book.title}" for book in in_stock]
    return lines


def bad_order_by() -> list[list[str]]:
    """Another order is another query."""
    return [
        [book.title for book in author.books.order_by("-price", "pk")]
        for author in Author.objects.prefetch_related("books")
    ]


def bad_latest() -> list[Review]:
    """``latest`` is a query of its own."""
    books = Book.objects.prefetch_related("reviews").filter(reviews__isnull=False).distinct()
    return [book.reviews.latest("created_at") for book in books]


def bad_values_list() -> list[list[str]]:
    """``values_list`` does not read the prefetched instances."""
    return [
        list(book.tags.values_list("name", flat=True))
        for book in Book.objects.prefetch_related("tags")
    ]


def bad_many_to_many() -> list[bool]:
    """The tags were fetched, and are asked for again one by one."""
    return [
        book.tags.filter(name="classic").exists() for book in Book.objects.prefetch_related("tags")
    ]


def bad_aggregate() -> list[float | None]:
    """``aggregate`` does not read the prefetched instances."""
    return [
        book.reviews.aggregate(mean=Avg("rating"))["mean"]
        for book in Book.objects.prefetch_related("reviews")
    ]


def bad_second_level() -> list[str]:
    """Prefetched over two levels, narrowed on the second."""
    titles = []
    for publisher in Publisher.objects.prefetch_related("authors__books"):
        for author in publisher.authors.all():
            titles += [book.title for book in author.books.exclude(stock=0)]
    return titles


def good_all() -> list[list[str]]:
    """``all()`` reads what was fetched."""
    return [
        [book.title for book in author.books.all()]
        for author in Author.objects.prefetch_related("books")
    ]


def good_filtered_in_python() -> list[str]:
    """The fetched list is filtered in Python."""
    return [
        f"{author.name}: {book.title}"
        for author in Author.objects.prefetch_related("books")
        for book in author.books.all()
        if book.stock > 0
    ]


def good_sorted_in_python() -> list[list[str]]:
    """The fetched list is sorted in Python."""
    return [
        [book.title for book in sorted(author.books.all(), key=lambda book: (-book.price, book.pk))]
        for author in Author.objects.prefetch_related("books")
    ]


def good_prefetched_in_order() -> list[list[str]]:
    """The prefetch sorts."""
    by_price = Prefetch("books", Book.objects.order_by("-price", "pk"))
    return [
        [book.title for book in author.books.all()]
        for author in Author.objects.prefetch_related(by_price)
    ]


def good_count() -> list[int]:
    """``count`` of a prefetched relation is the length of its list."""
    return [author.books.count() for author in Author.objects.prefetch_related("books")]


def good_exists() -> list[bool]:
    """``exists`` looks whether the list is empty."""
    return [author.books.exists() for author in Author.objects.prefetch_related("books")]


def good_first() -> list[Book | None]:
    """``first`` of an ordered model takes the head of the list."""
    return [author.books.first() for author in Author.objects.prefetch_related("books")]


def good_slice() -> list[list[Book]]:
    """A slice is cut from the list."""
    return [list(author.books.all()[:2]) for author in Author.objects.prefetch_related("books")]


def good_contains() -> list[bool]:
    """``in`` looks into the list."""
    favourite = Book.objects.first()
    return [favourite in author.books.all() for author in Author.objects.prefetch_related("books")]


def good_narrowed_once() -> list[str]:
    """One author: all books for the page, a narrower query on purpose for its side bar."""
    author = Author.objects.prefetch_related("books").first()
    titles = [book.title for book in author.books.all()]
    return titles + [book.title for book in author.books.filter(stock=0)]


def good_narrowed_for_one_of_many() -> list[str]:
    """All are listed, the one that is open is asked for more."""
    authors = list(Author.objects.prefetch_related("books"))
    titles = [book.title for author in authors for book in author.books.all()]
    return titles + [book.title for book in authors[0].books.order_by("-price")[:3]]


def good_two_prefetches_of_one_relation() -> list[tuple[int, int]]:
    """All of them, and some of them in a list of their own."""
    sold_out = Prefetch("books", Book.objects.filter(stock=0), to_attr="sold_out_books")
    authors = Author.objects.prefetch_related("books", sold_out)
    return [(len(author.books.all()), len(author.sold_out_books)) for author in authors]


def good_prefetch_and_annotation() -> list[tuple[int, int]]:
    """The list by prefetch, the number by annotation."""
    orders = Order.objects.prefetch_related("lines").annotate(line_count=Count("lines"))
    return [(len(order.lines.all()), order.line_count) for order in orders]


def good_prefetched_in_chunks() -> list[int]:
    """One prefetch for each chunk of rows is what ``chunk_size`` asks for."""
    authors = Author.objects.prefetch_related("books").iterator(chunk_size=2)
    return [len(author.books.all()) for author in authors]


def good_answered_without_rows() -> list[int]:
    """``none()`` asks nobody."""
    return [len(author.books.none()) for author in Author.objects.prefetch_related("books")]
