"""An edit names a model as the code around it does, or there is none."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import pytest

import queryaudit
from queryaudit.advice.model_names import named_as_known, renamed, written_as
from queryaudit.blocks import Audit
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind
from sample_app.shop import models
from sample_app.shop.models import Review

FETCH = '.prefetch_related(Prefetch("reviews", queryset=Review.objects.order_by("pk")))'


def frame_of(*lines: str) -> Frame:
    return Frame(
        FrameKind.PROJECT, "shop/views.py", 10, None, None, None, "view", None, None, 10, lines
    )


def known(line: str, calls: Sequence[str] = (FETCH,), named: str = "shop.Review") -> str:
    found = named_as_known(frame_of(line), calls, named.split(), "shop.Book")
    return "none" if found is None else "".join(found)


def test_a_class_that_the_code_names_keeps_its_name() -> None:
    assert known("books = Book.objects.filter(reviews__in=Review.objects.all())") == FETCH


def test_a_class_of_a_module_is_named_through_it() -> None:
    line = "books = models.Book.objects.filter(reviews__in=shop.Review.objects.all())"
    assert known(line) == FETCH.replace("Review.", "shop.Review.")


def test_a_class_of_the_same_application_stands_in_the_same_module() -> None:
    assert known("books = models.Book.objects.all()") == FETCH.replace("Review.", "models.Review.")


def test_a_class_of_another_application_does_not() -> None:
    assert known("books = models.Book.objects.all()", named="blog.Review") == "none"


def test_a_class_that_the_code_does_not_name_is_not_known() -> None:
    assert known("books = Book.objects.all()") == "none"
    assert known("books = self.Book.objects.all()") == "none"


def test_calls_that_name_no_model_are_as_they_were() -> None:
    join = '.select_related("author")'
    assert known("books = get_books()", [join], "") == join


def test_only_the_class_is_renamed() -> None:
    code = 'Review.objects.filter(text="Review.objects", of=other.Review.objects, by=MyReview.x)'
    assert renamed(code, "Review", "m.Review") == "m." + code


def test_a_name_goes_before_an_attribute() -> None:
    assert written_as([ast.parse("models.Book, Book")], "Book") == "Book"


def after(audited: Audit) -> list[str]:
    [finding] = [f for f in audited.findings if f.rule == "QA603"]
    assert finding.fix is not None
    assert "Review.objects.filter(pk__in=[one.pk for one in " in finding.fix.code
    return [line.strip() for edit in finding.fix.edits for line in edit.after]


@pytest.mark.usefixtures("shop")
def test_a_deletion_names_the_model_through_its_module() -> None:
    with queryaudit.audit() as audited:
        for one in models.Review.objects.all():
            if one.rating:
                one.delete()
    code = "pk__in=[one.pk for one in models.Review.objects.all() if one.rating]"
    assert after(audited) == [f"models.Review.objects.filter({code}).delete()"]


@pytest.mark.usefixtures("shop")
def test_a_deletion_of_a_model_that_is_named_nowhere_is_no_edit() -> None:
    def delete(reviews: list[models.Review]) -> None:
        for one in reviews:
            if one.rating:
                one.delete()

    found = list(models.Review.objects.all())
    with queryaudit.audit() as audited:
        delete(found)
    assert after(audited) == []


@pytest.mark.usefixtures("shop")
def test_a_deletion_of_a_model_that_the_function_names_is_an_edit() -> None:
    found = list(Review.objects.all())
    with queryaudit.audit() as audited:
        for one in found:
            if one.rating:
                one.delete()
    assert after(audited)[0].startswith("Review.objects.filter(pk__in=[")
