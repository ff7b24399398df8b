"""QA207: pages of rows that stand in no certain order."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count

from sample_app.shop.models import Author, Book, Order, OrderLine, Review

PAGE = 3


def bad() -> list[int]:
    """A second page without an order: of rows that nobody knows."""
    return [line.quantity for line in OrderLine.objects.order_by()[PAGE : 2 * PAGE]]


def good() -> list[int]:
    """A unique column ends the order."""
    return [line.quantity for line in OrderLine.objects.order_by("pk")[PAGE : 2 * PAGE]]


def bad_paginator() -> list[int]:
    """A paginator's first page comes without an offset, and is a page all the same."""
    page = Paginator(OrderLine.objects.order_by(), PAGE).get_page(1)
    return [line.quantity for line in page]


def bad_values() -> list[object]:
    """Plain values, cut the same way."""
    return list(Review.objects.order_by().values_list("rating", "text")[2:5])


def bad_ties() -> list[int]:
    """Lines of the same quantity may come in any order, and change pages."""
    page = Paginator(OrderLine.objects.order_by("quantity"), PAGE).get_page(2)
    return [line.pk for line in page]


def bad_ties_of_another_table() -> list[str]:
    """Authors of one name are told apart by nothing, nor are books of one author."""
    books = Book.objects.order_by("author__name", "published_on")
    return [book.title for book in Paginator(books, PAGE).get_page(1)]


def bad_shuffled() -> list[str]:
    """Each page is cut from another order."""
    return [book.title for book in Paginator(Book.objects.order_by("?"), PAGE).get_page(2)]


def bad_grouped() -> list[int]:
    """Counting groups the rows, which drops the order of the model."""
    authors = Author.objects.annotate(size=Count("books"))
    return [author.size for author in Paginator(authors, PAGE).get_page(1)]


def bad_chunks() -> int:
    """A command goes through a table in parts, which may have rows in common."""
    done = 0
    while rows := list(OrderLine.objects.order_by()[done : done + PAGE]):
        done += len(rows)
        if done > 2 * PAGE:
            break
    return done


def bad_streamed_chunks() -> int:
    """The rows of a part come one after the other."""
    done = 0
    for start in range(PAGE, 3 * PAGE, PAGE):
        lines = OrderLine.objects.order_by()[start : start + PAGE]
        done += sum(line.quantity for line in lines.iterator())
    return done


def good_chunks() -> int:
    """The parts of an order have no row in common."""
    done = 0
    while rows := list(OrderLine.objects.order_by("pk")[done : done + PAGE]):
        done += len(rows)
        if done > 2 * PAGE:
            break
    return done


def good_queue() -> int:
    """What is left is taken until nothing is."""
    done = 0
    while keys := OrderLine.objects.order_by().values_list("pk", flat=True)[:PAGE]:
        done += OrderLine.objects.filter(pk__in=list(keys)).delete()[0]
    return done


def good_grouped() -> list[int]:
    """Groups in the order of their keys."""
    authors = Author.objects.annotate(size=Count("books")).order_by("name", "pk")
    return [author.size for author in Paginator(authors, PAGE).get_page(1)]


def good_ordered_by_the_model() -> list[str]:
    """``Meta.ordering`` is an order, if it ends in a unique column."""
    return [book.title for book in Paginator(Book.objects.all(), PAGE).get_page(1)]


def good_unique_column() -> list[str]:
    """Any unique column will do."""
    return [book.title for book in Book.objects.order_by("slug")[PAGE : 2 * PAGE]]


def good_unique_together() -> list[int]:
    """So will columns that are unique together."""
    lines = OrderLine.objects.order_by("order_id", "book_id")[PAGE : 2 * PAGE]
    return [line.quantity for line in lines]


def good_one() -> OrderLine | None:
    """One row is no page."""
    return OrderLine.objects.order_by().first()


def good_get() -> OrderLine:
    """``get()`` asks for more than one row to make sure that there is one."""
    return OrderLine.objects.order_by().get(pk=OrderLine.objects.order_by("pk")[0].pk)


def good_ordered_by_another_table() -> list[int]:
    """Orders and books are in orders of their own, and no book is twice in an order."""
    return [line.quantity for line in OrderLine.objects.order_by("order", "book")[2:4]]


def good_any_rows() -> int:
    """The first few of them, to look at in a shell."""
    return len(OrderLine.objects.order_by()[:PAGE])


def good_random() -> int:
    """Chance is an order that was asked for."""
    return len(Book.objects.order_by("?")[:PAGE])


def good_newest() -> list[int]:
    """The first few in an order that may leave ties."""
    return [review.rating for review in Review.objects.order_by("-created_at")[:PAGE]]


def good_largest() -> list[object]:
    """Groups in the order of their size."""
    sizes = Order.objects.order_by().values("status").annotate(size=Count("pk"))
    return list(sizes.order_by("-size", "status")[:PAGE])


def good_all() -> list[int]:
    """Nothing is cut."""
    return [line.quantity for line in OrderLine.objects.order_by()]
