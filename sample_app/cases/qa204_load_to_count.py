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


def bad_before_a_write() -> int:
    """What is written asks by itself."""
    books = Book.objects.filter(stock=0)
    if not books:
        return 0
    return books.update(stock=1)


def good_before_a_write() -> list[str]:
    """The rows are shown, and changed after that."""
    books = Book.objects.order_by("pk")
    titles = [book.title for book in books] if books else []
    books.update(stock=1)
    return titles


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


def bad_first() -> str:
    """A list is made of all rows, for the first of them."""
    books = list(Book.objects.order_by("pk"))
    return books[0].title if books else ""


def bad_more_than_none() -> str:
    """Any number but none will do."""
    return "some" if len(Book.objects.filter(stock__gte=0)) > 0 else "none"


def bad_list() -> int:
    """``list()`` makes a list of what is counted."""
    return len(list(Author.objects.all()))


def bad_asked_twice() -> str:
    """The number is asked for twice, and nothing else."""
    books = Book.objects.filter(stock__gte=0)
    if len(books) > 1:
        return f"{len(books)} books"
    return "one book or none"


def bad_in_a_condition() -> str:
    """One of two conditions."""
    wanted = bool(Author.__name__)
    if wanted and Book.objects.filter(stock__gte=0):
        return "in stock"
    return "sold out"


def good_first() -> str:
    """One row."""
    book = Book.objects.order_by("pk").first()
    return book.title if book is not None else ""


def good_first_and_the_rest() -> list[str]:
    """The first is not the only one."""
    books = list(Book.objects.order_by("pk"))
    return [books[0].title, *(book.title for book in books)] if books else []


def good_first_and_last() -> list[str]:
    """Two rows of one query."""
    books = list(Book.objects.order_by("pk"))
    return [books[0].title, books[-1].title]


def good_number_in_a_loop() -> list[int]:
    """Loaded once; to count would be a query each time."""
    books = Book.objects.filter(stock__gte=0)
    return [len(books) - position for position in (1, 2, 3)]


def good_streamed() -> int:
    """Rows that come in chunks: somebody thought of how many there are."""
    return sum(1 for _ in Book.objects.all().iterator(chunk_size=100))


def good_mapping() -> int:
    """Not a queryset, but a dict of what was found."""
    return len(Book.objects.in_bulk([1, 2, 3]))
