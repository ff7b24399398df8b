"""QA701: what was asked before is asked again, and nothing has changed in between."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Field
from django.forms import (
    BaseModelFormSet,
    Form,
    ModelChoiceField,
    ModelForm,
    modelformset_factory,
)
from django.http import HttpRequest
from django.template import Context, Engine
from django.test import RequestFactory
from django.utils.functional import cached_property

from sample_app.shop.models import (
    Author,
    Book,
    Customer,
    Order,
    OrderLine,
    Publisher,
    Review,
    Tag,
)

ATTEMPTS = 3


def bad() -> list[str]:
    """The newest book is loaded for its title, and once more for its price."""
    title = Book.objects.order_by("-published_on", "-pk").first().title
    price = Book.objects.order_by("-published_on", "-pk").first().price
    return [title, str(price)]


def good() -> list[str]:
    """One object has both."""
    newest = Book.objects.order_by("-published_on", "-pk").first()
    return [newest.title, str(newest.price)]


def bad_helper_called_twice() -> str:
    """Both callers of the helper want the same customer."""
    return f"{_greeting()}, {_farewell()}"


def _first_customer() -> Customer:
    return Customer.objects.order_by("pk")[0]


def _greeting() -> str:
    return f"Hello {_first_customer().name}"


def _farewell() -> str:
    return f"bye {_first_customer().name}"


def bad_loop_invariant() -> list[str]:
    """What the loop asks has nothing to do with its rounds."""
    lines = []
    for book in Book.objects.all():
        cheapest = Book.objects.order_by("price", "pk").first()
        lines.append(f"{book.title}: {book.price - cheapest.price}")
    return lines


def bad_property_read_twice() -> Decimal:
    """A property looks like a value, and asks each time."""
    shelf = _Shelf()
    return shelf.total / max(1, len(str(shelf.total)))


class _Shelf:
    @property
    def total(self) -> Decimal:
        return sum(Book.objects.values_list("price", flat=True), Decimal(0))


def bad_related_rows_asked_twice() -> tuple[int, list[int]]:
    """``all()`` of a related manager asks each time."""
    order = Order.objects.filter(lines__isnull=False).order_by("pk")[0]
    copies = sum(line.quantity for line in order.lines.all())
    return copies, [line.book_id for line in order.lines.all()]


def bad_cursor() -> list[object]:
    """The same statement by hand."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(price) FROM shop_book WHERE stock > %s", [0])
        found += cursor.fetchone()
        found.append(Tag.objects.count())
        cursor.execute("SELECT max(price) FROM shop_book WHERE stock > %s", [0])
        found += cursor.fetchone()
    return found


def bad_counted_twice() -> str:
    """The number is asked for the test and again for the text."""
    if Author.objects.count() > 1:
        return f"{Author.objects.count()} authors"
    return "nobody"


class _Moved(ModelForm):  # type: ignore[type-arg]
    book = ModelChoiceField(Book.objects.order_by("pk"))

    class Meta:
        model = Review
        fields = ("book", "rating")


def _moves() -> BaseModelFormSet[Any, Any]:
    formset = modelformset_factory(Review, form=_Moved, extra=0)
    return formset(queryset=Review.objects.order_by("pk")[:4])


_FORMS = "{% for form in formset %}{{ form.as_p }}{% endfor %}"


def bad_choices_of_formset() -> str:
    """Each form asks what its field can be."""
    return Engine().from_string(_FORMS).render(Context({"formset": _moves()}))


def good_choices_of_formset() -> str:
    """One form asks for all."""
    formset = _moves()
    choices = list(formset.empty_form.fields["book"].choices)
    for form in formset.forms:
        form.fields["book"].choices = choices
    return Engine().from_string(_FORMS).render(Context({"formset": formset}))


class _Lines(admin.TabularInline):  # type: ignore[type-arg]
    model = OrderLine
    fields = ("book", "quantity")


class _Searched(_Lines):
    raw_id_fields = ("book",)


class _AskedOnce(_Lines):
    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest | None, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "book":
            field.choices = list(field.choices)
        return field


class _Titles(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "author")
    list_editable = ("author",)


def _changed(inline: type[_Lines]) -> bytes:
    """The admin's page of an order with its lines."""

    class Orders(admin.ModelAdmin):  # type: ignore[type-arg]
        inlines = (inline,)

    order = Order.objects.filter(lines__isnull=False).order_by("pk")[0]
    page = Orders(Order, admin.site).change_view(_opened(), str(order.pk))
    return page.render().content  # type: ignore[attr-defined,no-any-return]


def _opened() -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = User(is_active=True, is_staff=True, is_superuser=True)
    return request


def bad_choices_of_inline() -> bytes:
    """Each line of an inline asks for all books, and so do three empty ones."""
    return _changed(_Lines)


def bad_choices_of_list() -> bytes:
    """Each row of a list that can be edited asks for all authors."""
    page = _Titles(Book, admin.site).changelist_view(_opened())
    return page.render().content  # type: ignore[attr-defined,no-any-return]


def good_choices_asked_once() -> bytes:
    """The field of all lines has asked."""
    return _changed(_AskedOnce)


def good_choices_searched() -> bytes:
    """A key is typed in."""
    return _changed(_Searched)


class _Pair(Form):
    first = ModelChoiceField(Book.objects.order_by("pk"))
    second = ModelChoiceField(Book.objects.order_by("pk"))


def good_two_fields() -> str:
    """Two fields of a form ask for the same choices, however many rows there are."""
    return Engine().from_string("{{ form.as_p }}").render(Context({"form": _Pair()}))


def good_one_queryset() -> tuple[int, list[str]]:
    """A queryset that was evaluated keeps its rows."""
    books = Book.objects.all()
    return len(books), [book.title for book in books]


def good_kept_list() -> tuple[int, list[int]]:
    """A list of the related rows serves both."""
    order = Order.objects.filter(lines__isnull=False).order_by("pk")[0]
    lines = list(order.lines.all())
    return sum(line.quantity for line in lines), [line.book_id for line in lines]


def good_cached_property() -> Decimal:
    """The property asks once and keeps the answer."""
    shelf = _CachedShelf()
    return shelf.total / max(1, len(str(shelf.total)))


class _CachedShelf:
    @cached_property
    def total(self) -> Decimal:
        return sum(Book.objects.values_list("price", flat=True), Decimal(0))


def good_other_parameters() -> list[str]:
    """The same text with another value is another question."""
    cheap = Book.objects.filter(price__lt=10).count()
    dear = Book.objects.filter(price__lt=1000).count()
    return [str(cheap), str(dear)]


def good_polling() -> list[bool]:
    """A loop that waits for a change asks the same on purpose."""
    return [Order.objects.filter(status=Order.Status.OPEN).exists() for _ in range(ATTEMPTS)]


def good_polling_until() -> int:
    """So does one that goes on until something holds."""
    tried = 0
    while Order.objects.filter(status="lost").exists() or tried < ATTEMPTS:
        tried += 1
    return tried


def good_refreshed() -> str:
    """``refresh_from_db`` says that the row may have changed elsewhere."""
    book = Book.objects.get(slug=Book.objects.order_by("pk").values_list("slug", flat=True)[0])
    book.refresh_from_db()
    book.refresh_from_db()
    return book.title


def good_random() -> list[int]:
    """Chance gives another row each time."""
    return [
        Book.objects.order_by("?").values_list("pk", flat=True)[0],
        Book.objects.order_by("?").values_list("pk", flat=True)[0],
    ]


def good_content_types() -> int:
    """Django keeps its content types, and clears them on its own terms."""
    ContentType.objects.clear_cache()
    first = ContentType.objects.get_for_model(Book).pk
    ContentType.objects.clear_cache()
    return first + ContentType.objects.get_for_model(Book).pk


def good_two_databases_in_mind() -> list[int]:
    """Different tables, counted the same way."""
    return [Book.objects.count(), Tag.objects.count(), Publisher.objects.count()]


def good_paginator() -> list[str]:
    """The paginator counts once and asks a page at a time."""
    pages = Paginator(Book.objects.order_by("pk"), 2)
    return [book.title for number in pages.page_range for book in pages.page(number)]


def good_template() -> str:
    """A template reads the rows of one queryset twice."""
    text = "{% for book in books %}{{ book.title }}{% endfor %}{{ books|length }}"
    return Engine().from_string(text).render(Context({"books": Book.objects.all()}))


def good_constant() -> list[object]:
    """Statements that name no table ask nothing of the data."""
    found = []
    with connection.cursor() as cursor:
        for _ in Book.objects.all():
            cursor.execute("SELECT 1")
            found += cursor.fetchone()
    return found


def good_two_relations_to_one_row() -> list[str]:
    """Who wrote the review and who placed the order need not be the same customer."""
    review = Review.objects.select_related(None).order_by("pk")[0]
    order = Order.objects.filter(customer_id=review.customer_id).order_by("pk").first()
    order = order or Order(customer_id=review.customer_id)
    return [review.customer.name, order.customer.name]


def good_who_is_logged_in() -> list[str]:
    """Whoever looks at a page may be the one whom it is about."""
    pk = 0  # nobody's
    visitor = ModelBackend().get_user(pk)
    try:
        shown = User.objects.get(pk=pk).username
    except User.DoesNotExist:
        shown = ""
    return [str(visitor), shown]


def good_two_rounds_alike() -> list[str]:
    """Two rounds that ask for what the loop's variable says can be alike by chance."""
    tags = Tag.objects.order_by("pk")[:2]
    return [str(Book.objects.filter(price__gt=len(tag.name) * 0).count()) for tag in tags]


def good_two_rounds_alike_by_a_name() -> list[str]:
    """So can what a round makes of the variable first."""
    found = []
    for tag in Tag.objects.order_by("pk")[:2]:
        price = len(tag.name) * 0
        found.append(str(Book.objects.filter(price__gt=price).count()))
    return found


def bad_rows_of_two_functions() -> int:
    """Each goes over a queryset of its own."""
    return _letters() + _words()


def _letters() -> int:
    count = 0
    tags = Tag.objects.order_by("name")
    for tag in tags:
        count += len(tag.name)
    return count


def _words() -> int:
    count = 0
    tags = Tag.objects.order_by("name")
    for tag in tags:
        count += len(tag.name.split())
    return count


def good_validated_twice() -> tuple[str, str]:
    """Models look themselves whether what they refer to is there, and whether they are unique."""
    customer = Customer.objects.order_by("pk")[0]
    first = Order(customer=customer, placed_at=datetime(2026, 1, 1, tzinfo=timezone.utc))
    second = Order(customer=customer, placed_at=datetime(2026, 1, 2, tzinfo=timezone.utc))
    first.full_clean()
    second.full_clean()
    return first.status, second.status
