"""QA603: rows deleted one at a time."""

from __future__ import annotations

from django.db import connection

from sample_app.cases.undoing import undone
from sample_app.shop.models import Book, Category, Comment, Customer, Order, OrderLine, Review, Tag

BATCH = 2


@undone
def bad() -> int:
    """What refers to an order is asked for and deleted order by order."""
    for order in Order.objects.filter(status=Order.Status.OPEN):
        order.delete()
    return Order.objects.count()


@undone
def good() -> int:
    """The same for all orders at once."""
    Order.objects.filter(status=Order.Status.OPEN).delete()
    return Order.objects.count()


@undone
def bad_condition() -> int:
    """Some of the rows."""
    for review in Review.objects.all():
        if _is_dull(review):
            review.delete()
    return Review.objects.count()


def _is_dull(review: Review) -> bool:
    return len(set(review.text.split())) < 50


@undone
def bad_filter() -> int:
    """What belongs to one value after the other."""
    book_ids = list(Book.objects.values_list("pk", flat=True))
    for book_id in book_ids:
        Review.objects.filter(book_id=book_id).delete()
    return Review.objects.count()


@undone
def bad_with_cascades() -> int:
    """Rows on which many others hang."""
    for customer in list(Customer.objects.all()):
        customer.delete()
    return Customer.objects.count()


@undone
def bad_by_cursor() -> int:
    """SQL by hand."""
    with connection.cursor() as cursor:
        for comment_id in list(Comment.objects.values_list("pk", flat=True)):
            cursor.execute("DELETE FROM shop_comment WHERE id = %s", [comment_id])
    return Comment.objects.count()


@undone
def bad_function() -> int:
    """The loop is here, the deletion in a function."""
    for review in Review.objects.all():
        _drop(review)
    return Review.objects.count()


def _drop(review: Review) -> None:
    review.delete()


@undone
def bad_remove() -> int:
    """A relation's rows, one at a time."""
    book = Book.objects.filter(tags__isnull=False).distinct()[0]
    book.tags.add(*Tag.objects.all())
    for tag in list(book.tags.all()):
        book.tags.remove(tag)
    return book.tags.count()


@undone
def good_keys() -> int:
    """Rows that Python chose."""
    dull = [review.pk for review in Review.objects.all() if _is_dull(review)]
    Review.objects.filter(pk__in=dull).delete()
    return Review.objects.count()


@undone
def good_batches() -> int:
    """So many rows at a time keep locks short."""
    while True:
        keys = list(Review.objects.values_list("pk", flat=True)[:BATCH])
        if not keys:
            return Review.objects.count()
        Review.objects.filter(pk__in=keys).delete()


@undone
def good_batches_of_list() -> int:
    """The same with a list that is cut."""
    keys = list(Review.objects.values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        Review.objects.filter(pk__in=keys[start : start + BATCH]).delete()
    return Review.objects.count()


@undone
def good_batches_of_what_python_chose() -> int:
    """Of each batch one row is left to delete, which makes no loop over rows of it."""
    last = 0
    while batch := list(Review.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = batch[-1].pk
        chosen = [review.pk for review in batch][:1]
        Review.objects.filter(pk__in=chosen).delete()
    return Review.objects.count()


def good_one_row() -> int:
    """One row with all that hangs on it."""
    Customer.objects.order_by("pk")[0].delete()
    return Customer.objects.count()


@undone
def good_tree() -> int:
    """A tree goes level by level."""
    Book.objects.update(category=None)
    Category.objects.filter(parent=None).delete()
    return Category.objects.count()


@undone
def good_models() -> int:
    """A loop over models deletes from a table once."""
    for model in (OrderLine, Review, Comment):
        model.objects.all().delete()
    return Review.objects.count()


@undone
def good_one_turn() -> int:
    """A loop that turns once."""
    for review in Review.objects.all()[:1]:
        review.delete()
    return Review.objects.count()


@undone
def good_remove_all() -> int:
    """``remove()`` takes any number of rows."""
    book = Book.objects.filter(tags__isnull=False).distinct()[0]
    book.tags.remove(*book.tags.all())
    return book.tags.count()


@undone
def good_clear() -> int:
    """One DELETE for all rows of the relation."""
    book = Book.objects.filter(tags__isnull=False).distinct()[0]
    book.tags.clear()
    return book.tags.count()
