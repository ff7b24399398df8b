"""QA604: a row is saved as a whole for the sake of one column."""

from __future__ import annotations

from django import forms
from django.db.models import F
from django.shortcuts import get_object_or_404

from sample_app.cases.undoing import undone
from sample_app.shop.models import Book, Order, Tag


@undone
def bad() -> int:
    """Eleven columns are written back for the one that changed."""
    book = Book.objects.earliest("pk")
    book.stock = 7
    book.save()
    return book.stock


@undone
def good() -> int:
    """The column is named."""
    book = Book.objects.earliest("pk")
    book.stock = 7
    book.save(update_fields=["stock"])
    return book.stock


@undone
def bad_read_before() -> str:
    """What is read of the row before it is saved does not matter."""
    order = get_object_or_404(Order, pk=Order.objects.order_by("pk").values_list("pk")[0][0])
    if order.status is not None and order.customer_id:
        order.note = f"for {order.status}"
    order.save()
    return order.note


@undone
def bad_nothing_changed() -> int:
    """No column at all was given a value."""
    book = Book.objects.order_by("pk")[0]
    if book.stock < 0:
        return 0
    book.save()
    return book.stock


@undone
def bad_in_place() -> dict[str, object]:
    """A value that is changed in place is one column too."""
    book = Book.objects.filter(stock__gte=0).first()
    assert book is not None
    book.metadata["seen"] = True
    book.save()
    return book.metadata


@undone
def good_several_columns() -> str:
    """With several columns the list is long, and the gain small."""
    book = Book.objects.earliest("pk")
    book.title = "another title"
    book.pages = 12
    book.stock = 3
    book.save()
    return book.title


@undone
def good_handed_on() -> int:
    """What a function does with the row is its own affair."""
    book = Book.objects.earliest("pk")
    book.stock = 7
    _priced(book)
    book.save()
    return book.stock


def _priced(book: Book) -> None:
    book.price += 1


@undone
def good_given_row() -> int:
    """A row that came from elsewhere may have been changed there."""
    book = Book.objects.earliest("pk")
    book.pages = 100
    _sold_out(book)
    return book.pages


def _sold_out(book: Book) -> None:
    book.stock = 0
    book.save()


class _StockForm(forms.ModelForm):
    class Meta:
        model = Book
        fields = ("stock",)


@undone
def good_form() -> bool:
    """A form saves the row that it was given."""
    form = _StockForm({"stock": 5}, instance=Book.objects.earliest("pk"))
    valid = form.is_valid()
    form.save()
    return valid


@undone
def good_new_row() -> str:
    """An INSERT has all columns."""
    tag = Tag(name="not there yet")
    tag.name = "new"
    tag.save()
    return tag.name


@undone
def good_update() -> int:
    """A queryset's update names its columns."""
    return Book.objects.filter(pk=Book.objects.earliest("pk").pk).update(stock=F("stock") + 1)


@undone
def good_one_column() -> str:
    """A row that has no other column."""
    tag = Tag.objects.earliest("pk")
    tag.name = "renamed"
    tag.save()
    return tag.name


@undone
def good_left_out_columns() -> int:
    """Columns that were not loaded are not saved."""
    book = Book.objects.only("stock").earliest("pk")
    book.stock = 7
    book.save()
    return book.stock


@undone
def good_setattr() -> int:
    """Names that are known at run time only."""
    book = Book.objects.earliest("pk")
    for name, value in {"stock": 1, "pages": 2}.items():
        setattr(book, name, value)
    book.save()
    return book.stock
