"""A request that loads a table whole is told so, even if the table is small in a test."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest
from django import forms
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import Context, Engine
from django.test import RequestFactory, override_settings
from django.views.generic import ListView
from rest_framework.serializers import ModelSerializer

import queryaudit
from queryaudit.middleware import QueryAuditMiddleware
from queryaudit.records.findings import Finding
from queryaudit.records.rules import Severity
from sample_app.shop.models import Author, Book, Country, Customer, Order, OrderLine, Tag

pytestmark = pytest.mark.usefixtures("shop")

View = Callable[[HttpRequest], HttpResponse]


def all_of(view: View) -> tuple[Finding, ...]:
    """What is found in a request that the view answers."""
    options = {"enabled": True, "log": False, "server-timing": False, "strict": True}
    with override_settings(QUERYAUDIT=options):
        middleware = QueryAuditMiddleware(view)
        with queryaudit.audit() as audited:
            assert middleware(RequestFactory().get("/")).status_code == 200
    assert audited.queries
    return audited.findings


def findings_of(view: View) -> list[Finding]:
    return [finding for finding in all_of(view) if "QA201" in finding.rules]


# Found


def a_loop(request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(book.title for book in Book.objects.all()))


def a_template(request: HttpRequest) -> HttpResponse:
    text = Engine().from_string("{% for book in books %}{{ book.title }}{% endfor %}")
    return HttpResponse(text.render(Context({"books": Book.objects.all()})))


def a_json_response(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"customers": list(Customer.objects.values("name", "email"))})


class Names(ModelSerializer):
    class Meta:
        model = Book
        fields = ["title", "price"]


def a_serializer(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"books": Names(Book.objects.all(), many=True).data})


class Books(ListView):
    model = Book

    def render_to_response(self, context: dict[str, object], **kwargs: object) -> HttpResponse:
        return HttpResponse("".join(book.title for book in context["object_list"]))


def counted_for_each(request: HttpRequest) -> HttpResponse:
    authors = Author.objects.annotate(count=Count("books"))
    return HttpResponse("".join(f"{author.name} {author.count}" for author in authors))


def joined(request: HttpRequest) -> HttpResponse:
    books = Book.objects.select_related("author").order_by("-published_on")
    return HttpResponse("".join(book.author.name for book in books))


def a_cursor(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM shop_book")
        return HttpResponse("".join(title for (title,) in cursor.fetchall()))


FOUND: list[View] = [
    a_loop,
    a_template,
    a_json_response,
    a_serializer,
    Books.as_view(),
    counted_for_each,
    joined,
    a_cursor,
]


@pytest.mark.parametrize("view", FOUND, ids=lambda view: view.__name__)
def test_a_request_that_loads_a_table_whole_is_a_note(view: View) -> None:
    [finding] = findings_of(view)
    assert finding.severity is Severity.NOTE
    assert finding.rows > 1
    assert "as many as there will be" in finding.message
    assert finding.fix is not None
    assert finding.fix.code


# Silent


def some_rows(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(Book.objects.filter(price__gt=1))))


def of_one_author(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(Author.objects.order_by("pk")[0].books.all())))


def a_page(request: HttpRequest) -> HttpResponse:
    page = Paginator(Book.objects.order_by("pk"), 2).get_page(1)
    return HttpResponse("".join(book.title for book in page))


class Pages(ListView):
    model = Book
    paginate_by = 2

    def render_to_response(self, context: dict[str, object], **kwargs: object) -> HttpResponse:
        return HttpResponse("".join(book.title for book in context["object_list"]))


def streamed(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(content_type="text/csv")
    writer = csv.writer(response)
    for book in Book.objects.values_list("title").iterator():
        writer.writerow(book)
    return response


def small_tables(request: HttpRequest) -> HttpResponse:
    names = [country.name for country in Country.objects.all()]
    return JsonResponse({"countries": names, "tags": [tag.name for tag in Tag.objects.all()]})


def kinds(request: HttpRequest) -> HttpResponse:
    found = Order.objects.order_by("status").values_list("status", flat=True).distinct()
    return JsonResponse({"kinds": list(found)})


def sums(request: HttpRequest) -> HttpResponse:
    rows = Order.objects.order_by().values("status").annotate(count=Count("pk"))
    return JsonResponse({"sums": list(rows)})


class Choice(forms.Form):
    book = forms.ModelChoiceField(Book.objects.all())


def a_form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(Choice()))


def either(request: HttpRequest) -> HttpResponse:
    books = Book.objects.filter(Q(stock=0) | Q(category=None))
    return HttpResponse(str(len(books)))


def prefetched(request: HttpRequest) -> HttpResponse:
    orders = Order.objects.prefetch_related("lines")[:3]
    return HttpResponse(str(sum(len(order.lines.all()) for order in orders)))


def counted(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{OrderLine.objects.count()} {OrderLine.objects.exists()}")


SILENT: list[View] = [
    some_rows,
    of_one_author,
    a_page,
    Pages.as_view(),
    streamed,
    small_tables,
    kinds,
    sums,
    a_form,
    either,
    prefetched,
    counted,
]


@pytest.mark.parametrize("view", SILENT, ids=lambda view: view.__name__)
def test_a_request_for_some_rows_is_silent(view: View) -> None:
    assert findings_of(view) == []


def test_outside_of_requests_only_the_number_of_rows_counts() -> None:
    with queryaudit.audit() as audited:
        a_loop(RequestFactory().get("/"))
    assert audited.findings == ()


# Beside others


def followed_for_each(request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(book.author.name for book in Book.objects.all()))


def some_of_many(request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(book.title for book in Book.objects.order_by()[:3]))


def pages_with_ties(request: HttpRequest) -> HttpResponse:
    page = Paginator(OrderLine.objects.order_by("quantity"), 3).get_page(1)
    return HttpResponse(", ".join(str(line.pk) for line in page))


def test_the_note_gives_way_to_what_else_is_known_of_the_line() -> None:
    [finding] = all_of(followed_for_each)
    assert finding.rules == ("QA101",)


def test_it_does_not_give_way_to_a_finding_elsewhere() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        a_json_response(request)
        return followed_for_each(request)

    assert sorted(finding.rule for finding in all_of(view)) == ["QA101", "QA201"]


@pytest.mark.parametrize("view", [some_of_many, pages_with_ties])
def test_what_a_request_shows_in_no_certain_order_is_a_note(view: View) -> None:
    [finding] = all_of(view)
    assert (finding.rule, finding.severity) == ("QA207", Severity.NOTE)
