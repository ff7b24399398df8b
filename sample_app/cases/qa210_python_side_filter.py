"""QA210: rows that are loaded to be thrown away."""

from __future__ import annotations

from sample_app.shop.models import Author, Book


def bad() -> list[str]:
    """The database could have left the others where they are."""
    return [book.title for book in Book.objects.all() if book.stock == 0]


def good() -> list[str]:
    """Only the rows that are wanted."""
    return [book.title for book in Book.objects.filter(stock=0)]


def bad_named_queryset() -> list[Book]:
    """The queryset has a name, and this is all that it is for."""
    books = Book.objects.order_by("title", "pk")
    return [book for book in books if book.pages > 100 and book.stock >= 1]


def bad_loop() -> list[str]:
    """The same, written as a loop."""
    titles = []
    for book in Book.objects.all():
        if book.pages > 100:
            titles.append(book.title)
    return titles


def bad_guard() -> list[str]:
    """The others are skipped before anything is done."""
    labels = []
    for book in Book.objects.all():
        if book.stock == 0:
            continue
        label = f"{book.title} ({book.stock})"
        labels.append(label)
    return labels


def bad_counted() -> int:
    """Rows are made into objects to be counted."""
    return len([book for book in Book.objects.all() if book.stock == 0])


def bad_any() -> bool:
    """One yes or no."""
    return any(author.born is None for author in Author.objects.all())


def good_any() -> bool:
    """The database says yes or no."""
    return Author.objects.filter(born__isnull=True).exists()


def good_two_lists() -> tuple[list[str], list[str]]:
    """All rows are used, in one list or the other."""
    books = Book.objects.all()
    sold_out = [book.title for book in books if book.stock == 0]
    return sold_out, [book.title for book in books if book.stock > 0]


def good_else() -> list[str]:
    """Every row has its line."""
    lines = []
    for book in Book.objects.all():
        if book.stock == 0:
            lines.append(f"{book.title}: sold out")
        else:
            lines.append(book.title)
    return lines


def good_method() -> list[str]:
    """A condition that the database does not know."""
    return [book.title for book in Book.objects.all() if book.get_absolute_url().endswith("s/")]


def good_property_of_other_row() -> list[str]:
    """Compared with another column of the row: not by a value."""
    return [book.title for book in Book.objects.all() if len(book.title) > book.pages]


def good_handed_on() -> list[Book]:
    """Who gets the rows may need them all."""
    books = Book.objects.all()
    scarce = [book for book in books if book.stock < 3]
    return scarce or list(books)


def good_prefetched() -> list[list[str]]:
    """The books were loaded for other reasons; nothing is asked here."""
    return [
        [book.title for book in author.books.all() if book.stock == 0]
        for author in Author.objects.prefetch_related("books")
    ]


def good_first_rows() -> list[str]:
    """Of ten rows."""
    return [book.title for book in Book.objects.order_by("pk")[:10] if book.stock == 0]


def bad_search() -> bool:
    """All books, to see whether one is among them."""
    book = Book.objects.order_by("pk")[0]
    return book in Book.objects.filter(stock__gte=0)


def bad_search_of_a_value() -> bool:
    """All titles, to see whether one is taken."""
    title = "Dune"
    return title in Book.objects.values_list("title", flat=True)


def bad_three_cheapest() -> list[Book]:
    """Sorted in Python, for three of them."""
    return sorted(Book.objects.all(), key=lambda book: book.price, reverse=True)[:3]


def bad_thickest() -> Book:
    """All rows, for one of them."""
    return max(Book.objects.filter(stock__gte=0), key=lambda book: book.pages)


def bad_cut() -> list[Book]:
    """A list is made of all rows, and cut."""
    return list(Book.objects.order_by("pk"))[:2]


def bad_key_of_a_relation() -> list[str]:
    """The key of the author is a column as well."""
    return [b.title for b in Book.objects.all() if b.author_id == 1 and b.stock > 0]


def good_search() -> bool:
    """The database looks."""
    book = Book.objects.order_by("pk")[0]
    return Book.objects.filter(stock__gte=0).contains(book)


def good_three_cheapest() -> list[Book]:
    """The database sorts, and stops."""
    return list(Book.objects.order_by("-price")[:3])


def good_sorted_all() -> list[Book]:
    """All rows are used, in an order."""
    return sorted(Book.objects.all(), key=lambda book: book.price)


def good_sorted_by_text() -> list[Book]:
    """The database sorts text by a collation of its own."""
    return sorted(Book.objects.all(), key=lambda book: book.title)[:3]


def good_sorted_by_method() -> list[Book]:
    """By what the database does not know."""
    return sorted(Book.objects.all(), key=lambda book: book.get_absolute_url())[:3]


def good_many_searches() -> list[bool]:
    """Loaded once, for all that is looked for."""
    known = Book.objects.filter(stock__gte=0)
    return [book in known for book in Book.objects.order_by("pk")[:3]]


def good_searched_and_shown() -> list[str]:
    """The rows are shown as well."""
    books = Book.objects.filter(stock__gte=0)
    return [book.title for book in books] if Book.objects.order_by("pk")[0] in books else []


def good_rows_by_parts() -> list[list[Book]]:
    """A list is cut into all of its parts."""
    books = list(Book.objects.order_by("pk"))
    return [books[:2], books[2:]]
