"""Rows that are loaded again by their key: who had them, and that nothing is done to them."""

from __future__ import annotations

import gc
import sys
import weakref

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.views.generic import DetailView

import queryaudit
from queryaudit.records.findings import Finding
from sample_app.shop.models import Author, Book

pytestmark = pytest.mark.usefixtures("shop")


def load(key: int) -> Book:
    return Book.objects.get(pk=key)


def load_what_is_there() -> None:
    cheapest = Book.objects.order_by("price", "pk")[0]
    load(cheapest.pk)


def load_it_twice() -> None:
    cheapest = Book.objects.order_by("price", "pk")[0]
    load(cheapest.pk)
    Book.objects.get(pk=cheapest.pk)


def the_finding(audited: queryaudit.Audit) -> Finding:
    [finding] = audited.findings
    assert finding.rule == "QA702"
    return finding


def test_the_variable_its_function_and_what_to_hand_on_are_named() -> None:
    with queryaudit.audit() as audited:
        load_what_is_there()
    finding = the_finding(audited)
    assert finding.message.startswith(
        "load() loads by its key the Book that `cheapest` in load_what"
    )
    assert finding.location.function == "load"
    assert finding.evaluated is not None
    assert finding.evaluated.function.startswith("load_what")
    assert finding.fix is not None
    if sys.version_info >= (3, 11):
        assert finding.fix.code == "cheapest  # instead of Book.objects.get(pk=key)"
    assert "cheapest" in finding.fix.note


def test_a_row_that_is_asked_for_twice_by_its_key_is_one_finding() -> None:
    with queryaudit.audit() as audited:
        load_it_twice()
    assert sorted(finding.rule for finding in audited.findings) == ["QA701", "QA702"]
    assert sum(finding.queries for finding in audited.findings) == 2


class Page(DetailView):  # type: ignore[type-arg]
    model = Book

    def render_to_response(self, context: object, **kwargs: object) -> HttpResponse:  # type: ignore[override]
        return HttpResponse(self.object.title)


def show_what_is_there() -> HttpResponse:
    book = Book.objects.order_by("price", "pk")[0]
    return Page.as_view()(RequestFactory().get("/"), pk=book.pk)  # type: ignore[return-value]


def test_a_view_that_loads_the_row_is_not_the_row() -> None:
    with queryaudit.audit() as audited:
        show_what_is_there()
    finding = the_finding(audited)
    assert finding.fix is not None
    if sys.version_info >= (3, 11):
        assert finding.fix.code == ""
        assert "loads the row that is in `book`: let it take the row." in finding.fix.note


def let_go() -> bool:
    book = Book.objects.order_by("price", "pk")[0]
    load(book.pk)
    alive = weakref.ref(book)
    del book
    gc.collect()
    return alive() is None


def test_no_row_lives_longer_than_without() -> None:
    """Before Python 3.13 a frame keeps the dict that its variables were shown in."""
    with queryaudit.audit() as audited:
        assert let_go()
    assert the_finding(audited)


def show_locals() -> tuple[dict[str, object], Book]:
    shown = locals()
    book = Book.objects.order_by("price", "pk")[0]
    load(book.pk)
    return shown, book


def test_what_locals_gave_stays_as_it_was() -> None:
    with queryaudit.audit():
        shown, _ = show_locals()
    assert shown == {}


def test_a_lazy_object_is_not_loaded_by_looking() -> None:
    from django.utils.functional import SimpleLazyObject

    asked = []

    def author() -> Author:
        asked.append(1)
        return Author.objects.all()[0]

    with queryaudit.audit() as audited:
        lazy = SimpleLazyObject(author)
        Author.objects.get(pk=Author.objects.values_list("pk", flat=True)[0])
        assert not asked
        assert lazy.name
    assert audited.findings == ()
