"""What reads a prefetched collection, and what asks the database all the same."""

from __future__ import annotations

import pytest

from queryaudit.advice.prefetched import asks_anew, read_otherwise
from queryaudit.records.definitions import Frame, Step
from queryaudit.records.kinds import AccessKind, FrameKind

BOOKS = Step("books", AccessKind.COLLECTION, False)


def frame(code: str) -> Frame:
    text = code.replace("«", "").replace("»", "")
    start = code.index("«")
    end = code.index("»") - 1
    return Frame(
        FrameKind.PROJECT, "shop/views.py", 7, 7, start, end, "view", None, None, 7, (text,)
    )


@pytest.mark.parametrize(
    "code",
    [
        "found = «author.books.all()»",
        "found = [b for b in «author.books.all()»]",
        "found = «author.books.all()[0]».title",
        "found = «author.books.all()[:3]»",
        "found = «fetch(author)»",
        "found = «other.iterator()»",
        "found = «author.books.count()»",
        "found = «author.books.exists()» and 1",
    ],
)
def test_all_rows_are_read_from_the_prefetch(code: str) -> None:
    assert asks_anew(frame(code), BOOKS) == ""


@pytest.mark.parametrize(
    ("code", "expression"),
    [
        ("found = «author.books.iterator()»", "author.books.iterator()"),
        ("found = list(«author.books.recent()»)", "author.books.recent()"),
        ("found = «author.books(manager='a').all()»", "author.books(manager='a').all()"),
        ("found = «author.books.recent()[0]».title", "author.books.recent()[0].title"),
        ("found = «author.books.recent().all()»", "author.books.recent().all()"),
        ("found = «author.books.first()»", "author.books.first()"),
    ],
)
def test_a_queryset_of_its_own_is_not(code: str, expression: str) -> None:
    assert asks_anew(frame(code), BOOKS) == expression


def test_a_row_has_no_queryset() -> None:
    step = Step("publisher", AccessKind.FORWARD, False)
    assert asks_anew(frame("found = «author.publisher.name.upper()»"), step) == ""


def test_a_many_to_many_relation_counts_in_the_table_between() -> None:
    step = Step("tags", AccessKind.MANY, False)
    assert asks_anew(frame("found = «book.tags.count()»"), step) == "book.tags.count()"
    assert asks_anew(frame("found = «book.tags.all().count()»"), step) == "book.tags.all().count()"


def test_another_manager_may_give_other_rows() -> None:
    said = read_otherwise("author.books(manager='drafts').all()", "books")
    assert 'Prefetch("books", queryset=..., to_attr=...)' in said
    assert "`.all()` reads" in read_otherwise("author.books.iterator()", "books")
