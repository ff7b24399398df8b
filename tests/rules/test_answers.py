"""How an answer is kept: by the name that it has, as rows that last, and nothing that isn't so."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from django import forms
from django.db import models
from django.db.models.signals import pre_delete
from django.shortcuts import get_object_or_404

import queryaudit
from queryaudit.detectors.places import is_read_back
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Finding, Fix
from queryaudit.records.kinds import FrameKind
from sample_app.shop.models import Audiobook, Author, Book, Order, OrderLine, Tag

pytestmark = pytest.mark.usefixtures("shop")
columns = pytest.mark.skipif(sys.version_info < (3, 11), reason="columns came with Python 3.11")


def duplicates(work: Callable[[], object]) -> list[Finding]:
    with queryaudit.audit() as audited:
        work()
    assert audited.queries > 1
    return [finding for finding in audited.findings if "QA701" in finding.rules]


def fix_of(work: Callable[[], object]) -> Fix:
    [finding] = duplicates(work)
    assert finding.fix is not None
    return finding.fix


@columns
def test_the_answer_has_the_name_that_it_has_where_it_is_asked_for() -> None:
    def again() -> None:
        list(Tag.objects.order_by("name"))

    def work() -> None:
        labels = list(Tag.objects.order_by("name"))
        again()
        assert labels

    fix = fix_of(work)
    assert fix.code.splitlines()[-1] == 'labels = list(Tag.objects.order_by("name"))'
    assert fix.note.startswith("Hand `labels` on to ")


@columns
def test_rows_that_a_loop_goes_over_are_a_list_of_several() -> None:
    def again() -> None:
        list(Tag.objects.order_by("name"))

    def work() -> None:
        for tag in Tag.objects.order_by("name"):
            assert tag.pk
        again()

    assert fix_of(work).code.splitlines()[-1] == 'tags = list(Tag.objects.order_by("name"))'


@columns
def test_rows_of_an_iterator_are_read_into_a_list() -> None:
    def again() -> None:
        list(Tag.objects.filter(pk__gt=0))

    def work() -> None:
        for tag in Tag.objects.filter(pk__gt=0).iterator():
            assert tag.pk
        again()

    assert fix_of(work).code.splitlines()[-1] == "tags = list(Tag.objects.filter(pk__gt=0))"


@columns
def test_rows_that_each_round_goes_over_are_read_before_the_loop() -> None:
    def work() -> None:
        for author in Author.objects.all():
            for tag in Tag.objects.iterator():
                assert tag is not author

    assert fix_of(work).code.startswith("tags = list(Tag.objects.all())\nfor author in ")


def test_what_a_called_function_asks_in_each_round_has_no_made_up_code() -> None:
    def tags() -> list[Tag]:
        return list(Tag.objects.order_by("name"))

    def work() -> None:
        for author in Author.objects.all():
            assert author not in tags()

    fix = fix_of(work)
    assert fix.code == ""
    assert "which the loop calls: ask it before the loop" in fix.note


@columns
def test_what_gives_nothing_back_is_done_once() -> None:
    def check(log: list[str]) -> None:
        if Tag.objects.filter(name="unheard of").exists():
            log.append("found")

    def work() -> None:
        log: list[str] = []
        check(log)
        check(log)

    fix = fix_of(work)
    assert (fix.title, fix.code) == ("do it once", "")
    assert "gives nothing back" in fix.note


@columns
def test_what_is_made_of_the_answer_has_no_model_s_name() -> None:
    def dearest(count: int) -> tuple[Book, str]:
        return Book.objects.order_by("-price", "pk")[0], f"of {count}"

    def work() -> None:
        assert dearest(1) != dearest(2)

    assert fix_of(work).code.splitlines()[-1].startswith("answer = dearest(")


class Shelf:
    def titles(self) -> list[str]:
        return [book.title for book in Book.objects.filter(stock__gt=2)]


class ShelfManager(Shelf):
    def titles(self) -> list[str]:
        return [book.title for book in Book.objects.filter(stock__gt=2)]


@pytest.mark.parametrize(("shelf", "keeps"), [(Shelf(), True), (ShelfManager(), False)])
def test_what_lives_as_long_as_the_process_keeps_no_answer(shelf: Shelf, keeps: bool) -> None:
    def work() -> None:
        assert shelf.titles() == shelf.titles()

    assert ("cached_property" in fix_of(work).code) is keeps


# Silent


@columns
def test_two_variables_that_have_one_value_ask_for_two_things() -> None:
    def copy(source: int, target: int) -> bool:
        first = get_object_or_404(Book, pk=source)
        other = get_object_or_404(Book, pk=target)
        return Order.objects.filter(pk=source).exists() is not (first == other)

    key = Book.objects.earliest("pk").pk
    assert not duplicates(lambda: copy(key, key))


@columns
def test_one_variable_asks_for_one_thing() -> None:
    def copy(source: int) -> bool:
        first = get_object_or_404(Book, pk=source)
        other = get_object_or_404(Book, pk=source)
        return first == other

    assert duplicates(lambda: copy(Book.objects.earliest("pk").pk))


class Labels(forms.Form):
    one = forms.ModelChoiceField(Tag.objects.all())
    two = forms.ModelChoiceField(Tag.objects.all())
    three = forms.ModelMultipleChoiceField(Tag.objects.all())
    four = forms.ModelMultipleChoiceField(Tag.objects.all())


def test_fields_of_one_form_have_the_choices_that_they_have() -> None:
    def work() -> None:
        form = Labels()
        for field in form.fields.values():
            list(field.choices)  # type: ignore[attr-defined]

    assert not duplicates(work)


def test_a_comprehension_over_the_fields_of_one_form_is_no_loop_over_forms() -> None:
    form = Labels()
    assert not duplicates(lambda: [list(f.choices) for f in form.fields.values()])  # type: ignore[attr-defined]


def test_forms_that_ask_for_their_choices_each_are_a_finding() -> None:
    def work() -> None:
        for form in [Labels() for _ in Book.objects.all()]:
            list(form.fields["one"].choices)  # type: ignore[attr-defined]

    [finding] = duplicates(work)
    assert "by each form anew" in finding.message


REFRESHED = "for page in pages:\n    page.refresh_from_db()\n"


@pytest.mark.parametrize(
    ("kind", "loop", "read_back"),
    [
        (FrameKind.TEST, REFRESHED + "    assert page.path", True),
        (FrameKind.PROJECT, REFRESHED + "    page.move(last)", True),
        (FrameKind.PROJECT, REFRESHED + "    paths.append(page.path)", True),
        (FrameKind.PROJECT, REFRESHED, False),
        (FrameKind.PROJECT, REFRESHED + "    total += page.depth", False),
        (FrameKind.PROJECT, REFRESHED.replace("page.refresh_from_db()", "load(page)"), False),
    ],
)
def test_rows_are_read_back_by_tests_and_by_loops_that_change_them(
    kind: FrameKind, loop: str, read_back: bool
) -> None:
    lines = tuple(loop.split("\n"))
    place = (8, 8, 4, 26, "fix", 7, lines[0][:-1], 8, lines[1:2], lines)
    assert is_read_back(Frame(kind, "shop/tree.py", *place)) is read_back


def test_a_row_and_what_it_inherits_are_one() -> None:
    """A deletion tells of a row, and then of the row of its parent's table, with the same key."""
    titles = []

    def note(instance: models.Model, **named: object) -> None:
        if isinstance(instance, Book):
            titles.extend(tag.name for tag in instance.tags.all())

    OrderLine.objects.filter(book__audiobook__isnull=False).delete()
    pre_delete.connect(note)
    try:
        with queryaudit.audit() as audited:
            for audiobook in Audiobook.objects.order_by("pk")[:1]:
                audiobook.delete()
    finally:
        pre_delete.disconnect(note)
    assert not [f for f in audited.findings if f.rule.startswith("QA1")]


def test_several_rows_that_inherit_are_several() -> None:
    with queryaudit.audit() as audited:
        for audiobook in Audiobook.objects.order_by("pk")[:3]:
            list(audiobook.tags.all())
    assert [f.rule for f in audited.findings] == ["QA102"]
