"""QA204: rows that are loaded to be counted."""

from __future__ import annotations

from sample_app.shop.models import Author, Book


def bad() -> int:
    """Every book is made into an object to be counted."""
    return len(Book.objects.all())


def good() -> int:
    """The database counts."""
    return Book.objects.count()


def bad_condition() -> str:
    """All rows, to learn that there is one."""
    if Book.objects.filter(stock__gte=0):
        return "in stock"
    return "sold out"


def good_condition() -> str:
    """The database stops at the first row."""
    if Book.objects.filter(stock__gte=0).exists():
        return "in stock"
    return "sold out"


def bad_named_queryset() -> bool:
    """The queryset has a name, and this is all that it is for."""
    authors = Author.objects.order_by("pk")
    return bool(authors)


def bad_negated() -> str:
    """Whether there is none."""
    return "none" if not Author.objects.all() else "some"


def good_used_afterwards() -> tuple[int, list[str]]:
    """The rows are there anyway."""
    books = Book.objects.all()
    return len(books), [book.title for book in books]


def good_condition_used_afterwards() -> list[str]:
    """What is asked for first is shown then."""
    books = Book.objects.order_by("pk")
    if books:
        return [book.title for book in books]
    return []


def good_returned() -> tuple[bool, list[Book]]:
    """Who gets the rows may need them."""
    books = list(Book.objects.all())
    return bool(books), books


def good_prefetched() -> list[int]:
    """The books were loaded with their authors."""
    return [len(author.books.all()) for author in Author.objects.prefetch_related("books")]


def good_first_rows() -> int:
    """Of no more than three."""
    return len(Book.objects.order_by("pk")[:3])


def good_list_of_something_else() -> int:
    """The length of a name."""
    return sum(len(book.title) for book in Book.objects.all() if book.get_absolute_url())


def bad_returned_negation() -> bool:
    """``not`` asks for a truth value wherever it stands."""
    return not Book.objects.filter(stock__gte=0)


def good_list_used_afterwards() -> tuple[int, list[str]]:
    """The list is read, too."""
    books = list(Book.objects.filter(stock__gte=0))
    return len(books), [book.title for book in books]


def good_negated_rows_used() -> list[str]:
    """Whether there are any is asked of rows that are shown."""
    books = Book.objects.filter(stock__gte=0)
    return [] if not books else [book.title for book in books]
