"""Formsets ask for their own rows: there are as many as somebody has made, by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django import forms
from django.forms import BaseInlineFormSet, inlineformset_factory
from django.template import Context, Engine

import queryaudit
from sample_app.shop.models import Author, Book

pytestmark = pytest.mark.usefixtures("shop")

Books = inlineformset_factory(Author, Book, fields=["title"], extra=0)


def formset(stock: int) -> BaseInlineFormSet:
    author = Author.objects.earliest("pk")
    rows = Book.objects.filter(stock__gte=stock)
    return Books(instance=author, queryset=rows, prefix=f"of-{stock}")


def codes(audited: queryaudit.audit) -> Iterator[str]:  # type: ignore[valid-type]
    return (f.rule for f in audited.findings if f.rule.startswith("QA1"))  # type: ignore[attr-defined]


def media_of(context: Context) -> forms.Media:
    media = forms.Media()
    for name, item in context.flatten().items():
        if name and isinstance(item, forms.BaseFormSet):
            form = next(iter(item), None)
            media += form.media if form is not None else forms.Media()
    return media


def test_two_formsets_of_a_context_are_no_loop() -> None:
    context = Context({"few": formset(1), "many": formset(5)})
    with queryaudit.audit() as audited:
        media_of(context)
    assert audited.queries == 2
    assert not list(codes(audited))


def test_two_formsets_that_are_handled_alike_are_no_loop() -> None:
    formsets = [formset(1), formset(5)]
    with queryaudit.audit() as audited:
        for one in formsets:
            str(one)
    assert audited.queries == 2
    assert not list(codes(audited))


def test_two_formsets_of_a_template_are_no_loop() -> None:
    template = Engine().from_string("{% for one in all %}{{ one }}{% endfor %}")
    context = Context({"all": [formset(1), formset(5)]})
    with queryaudit.audit() as audited:
        template.render(context)
    assert audited.queries == 2
    assert not list(codes(audited))


def test_querysets_of_a_context_are_no_loop() -> None:
    context = {"few": Book.objects.filter(stock__gt=1), "many": Book.objects.filter(stock__gt=5)}
    with queryaudit.audit() as audited:
        for name, rows in context.items():
            assert list(rows), name
    assert not list(codes(audited))


def test_what_the_forms_of_a_formset_ask_each_is_a_finding() -> None:
    with queryaudit.audit() as audited:
        for form in formset(0):
            list(Book.objects.filter(author_id=form.instance.pk))
    assert "QA103" in codes(audited)
