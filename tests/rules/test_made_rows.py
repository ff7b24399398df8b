"""Columns that a queryset leaves out and that its rows read as they are made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db.models.signals import post_init

import queryaudit
from sample_app.shop.models import Book

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def titled() -> Iterator[None]:
    def keep(instance: Book, **kwargs: object) -> None:
        instance.shown = instance.title.upper()  # type: ignore[attr-defined]

    post_init.connect(keep, sender=Book)
    yield
    post_init.disconnect(keep, sender=Book)


def stocks() -> list[int]:
    found = []
    for book in Book.objects.only("stock"):
        found.append(book.stock)
    return found


@pytest.mark.usefixtures("titled")
def test_a_column_that_rows_read_as_they_are_made_is_to_be_loaded_with_them() -> None:
    with queryaudit.audit() as audited:
        for _ in range(2):
            stocks()
    [finding] = [f for f in audited.findings if f.rule in ("QA103", "QA106")]
    assert finding.rule == "QA106"
    assert finding.message.startswith("title is loaded once per Book row: ")
    assert finding.location.source == 'for book in Book.objects.only("stock"):'
    assert finding.causes[0].location.source == (
        "instance.shown = instance.title.upper()  # type: ignore[attr-defined]"
    )
    assert finding.causes[0].loop is None
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.only(..., "title")'


@pytest.mark.usefixtures("titled")
def test_a_row_alone_may_read_what_was_left_out() -> None:
    with queryaudit.audit() as audited:
        Book.objects.only("stock").order_by("pk")[0]
    assert audited.findings == ()


@pytest.mark.usefixtures("titled")
def test_rows_with_all_that_they_read_are_silent() -> None:
    with queryaudit.audit() as audited:
        list(Book.objects.only("stock", "title"))
    assert audited.findings == ()
