"""QA104: a count, an existence test or a sum for row after row."""

from __future__ import annotations

from collections import Counter

from django.core.paginator import Paginator
from django.db.models import Avg, Count, Exists, OuterRef, Q, Subquery, Sum

from sample_app.shop.models import Author, Book, Category, Customer, Order, OrderLine, Review


def bad() -> list[str]:
    """One query for the authors, then a count for each."""
    lines = []
    for author in Author.objects.all():
        lines.append(f"{author.name} ({author.books.count()})")
    return lines


def good() -> list[str]:
    """The database counts for all; grouped, it forgets the model's own order."""
    lines = []
    for author in Author.objects.annotate(book_count=Count("books")).order_by("name", "pk"):
        lines.append(f"{author.name} ({author.book_count})")
    return lines


def bad_exists() -> list[str]:
    """Whether there is one, author by author."""
    return [author.name for author in Author.objects.all() if author.books.exists()]


def bad_average() -> list[float | None]:
    """The mean rating of each book, book by book."""
    return [book.reviews.aggregate(mean=Avg("rating"))["mean"] for book in Book.objects.all()]


def bad_filtered_count() -> list[int]:
    """A count of some of the related rows."""
    return [author.books.filter(stock__gt=0).count() for author in Author.objects.all()]


def bad_many_to_many_count() -> list[int]:
    """The number of tags of each book."""
    return [book.tags.count() for book in Book.objects.all()]


def bad_count_by_hand() -> list[int]:
    """What ``book.reviews.count()`` would do, written out."""
    return [Review.objects.filter(book=book).count() for book in Book.objects.all()]


def bad_count_beside_fixed_list() -> list[int]:
    """A list that is the same in each round makes no batch of it."""
    books = Book.objects.all()
    return [Review.objects.filter(book=book, rating__in=[4, 5]).count() for book in books]


def bad_exists_by_key() -> list[int]:
    """Which of these have been ordered, key by key."""
    book_ids = list(Book.objects.values_list("pk", flat=True))
    return [pk for pk in book_ids if OrderLine.objects.filter(book_id=pk).exists()]


def bad_sum_by_hand() -> list[int | None]:
    """The number of copies in each order, order by order."""
    totals = []
    for order in Order.objects.all():
        lines = OrderLine.objects.filter(order=order)
        totals.append(lines.aggregate(copies=Sum("quantity"))["copies"])
    return totals


def good_annotated_exists() -> list[str]:
    """The test is a column of the result."""
    has_books = Exists(Book.objects.filter(author=OuterRef("pk")))
    return [author.name for author in Author.objects.annotate(has=has_books) if author.has]


def good_filtered_by_exists() -> list[str]:
    """The test is part of the filter."""
    has_books = Exists(Book.objects.filter(author=OuterRef("pk")))
    return [author.name for author in Author.objects.filter(has_books)]


def good_annotated_average() -> list[float | None]:
    """The mean is a column of the result."""
    return [book.mean for book in Book.objects.annotate(mean=Avg("reviews__rating"))]


def good_annotated_filtered_count() -> list[int]:
    """``filter=`` counts some of the related rows."""
    in_stock = Count("books", filter=Q(books__stock__gt=0))
    return [author.in_stock for author in Author.objects.annotate(in_stock=in_stock)]


def good_annotated_subquery() -> list[int | None]:
    """A subquery sums without multiplying the rows of other joins."""
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    copies = Subquery(lines.annotate(copies=Sum("quantity")).values("copies"))
    return [order.copies for order in Order.objects.annotate(copies=copies)]


def good_grouped() -> dict[int, int]:
    """One grouped query, looked up by key."""
    counts = Review.objects.order_by().values_list("book_id").annotate(Count("pk"))
    return dict(counts)


def good_one_row() -> int:
    """A detail page shows one count."""
    return Author.objects.first().books.count()


def good_one_row_three_counts() -> list[int]:
    """Three counts of one row are three questions."""
    book = Book.objects.first()
    return [book.tags.count(), book.reviews.count(), book.order_lines.count()]


def good_one_of_many_rows() -> int:
    """Many authors are looked at, the books of one are counted."""
    shortest = min(Author.objects.all(), key=lambda author: (len(author.name), author.pk))
    return shortest.books.count()


def good_dashboard() -> list[int]:
    """A few totals of different tables."""
    return [model.objects.count() for model in (Author, Book, Customer, Order)]


def good_statuses() -> dict[str, int]:
    """The loop is over the members of an enumeration: their number does not grow with the data."""
    counts = {}
    for status in Order.Status:
        counts[status.label] = Order.objects.filter(status=status).count()
    return counts


def good_choices_of_field() -> dict[str, int]:
    """The choices of a field stand in the source, wherever they are read."""
    counts = {}
    for status, _label in Order._meta.get_field("status").choices or ():
        counts[str(status)] = Order.objects.filter(status=status).count()
    return counts


def good_prefetched_count() -> list[int]:
    """A prefetched relation counts its list."""
    return [author.books.count() for author in Author.objects.prefetch_related("books")]


def good_prefetched_exists() -> list[bool]:
    """A prefetched relation looks whether its list is empty."""
    return [author.books.exists() for author in Author.objects.prefetch_related("books")]


def good_length_of_prefetched() -> list[int]:
    """``len`` of what is there."""
    return [len(book.tags.all()) for book in Book.objects.prefetch_related("tags")]


def good_counted_in_python() -> dict[int, int]:
    """One query for the keys, counted in Python."""
    return dict(Counter(Book.objects.values_list("author_id", flat=True)))


def good_paginator() -> list[int]:
    """A paginator counts once for all its pages."""
    pages = Paginator(Book.objects.order_by("pk"), per_page=3)
    return [len(page.object_list) for page in pages]


def good_several_in_one() -> dict[str, object]:
    """One query for several numbers."""
    return Book.objects.aggregate(Avg("price"), Sum("stock"), Count("author", distinct=True))


def good_checked_once() -> list[str]:
    """The test stands before the loop."""
    if not Category.objects.exists():
        return []
    return [category.name for category in Category.objects.filter(parent=None)]


def good_customer_of_the_month() -> str:
    """Sorted and cut by the database."""
    return Customer.objects.alias(n=Count("orders")).order_by("-n", "pk").first().name


def bad_months() -> list[int]:
    """Twelve numbers that one grouped query gives."""
    first = Book.objects.earliest("published_on").published_on.month
    months = [Book.objects.filter(published_on__month=month).count() for month in range(1, 13)]
    return months[first - 1 :]


def good_days() -> list[int]:
    """So few that they could stand one below the other."""
    return [Book.objects.filter(published_on__week_day=day).count() for day in range(1, 8)]


def bad_condition_of_the_row() -> list[int]:
    """A count that depends on the row itself: no one condition says it for all."""
    authors = Author.objects.order_by("pk")
    return [author.books.filter(title__startswith=author.name[:1]).count() for author in authors]
