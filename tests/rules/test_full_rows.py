"""Rows saved as a whole: what the fix must name, and when nothing can be said."""

from __future__ import annotations

import pytest

import queryaudit
from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.row_saves import row_save
from queryaudit.capture.schema import model_row
from queryaudit.detectors.writes.qa604_full_row_update import _fix, _is_much
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability
from queryaudit.records.kinds import FrameKind
from queryaudit.records.rules import Severity
from sample_app.shop.models import Author, Book

LINES = ("def view(request):", "    book = Book.objects.get(pk=1)")


def saved(*lines: str, first: str = LINES[1]) -> tuple[str, ...] | None:
    """The attributes that were given values; None where that is not certain."""
    text = (LINES[0], first, *(f"    {line}" for line in lines))
    source = FunctionSource(10, text)
    at = next(i for i, line in enumerate(text) if "save(" in line)
    found = row_save(source, 10 + at, None)
    return found.attributes if found is not None else None


@pytest.mark.parametrize(
    ("lines", "attributes"),
    [
        (("book.stock = 1", "book.save()"), ("stock",)),
        (("if a:", "    book.stock = 1", "else:", "    book.stock = 2", "book.save()"), ("stock",)),
        (("if not book:", "    return", "book.save()"), ()),
        (("book.stock = 1", "book.save()", "send(book)"), ("stock",)),
        (("book.tags.add(tag)", "book.stock = 1", "book.save()"), ("stock",)),
        (("print(book.title)", "book.stock = 1", "book.save()"), ("stock",)),
        (("book.stock: int = 1", "book.save()"), ("stock",)),
    ],
)
def test_what_a_row_was_given_is_read_in_the_source(
    lines: tuple[str, ...], attributes: tuple[str, ...]
) -> None:
    assert saved(*lines) == attributes


@pytest.mark.parametrize(
    "lines",
    [
        ("send(book)", "book.save()"),
        ("other = book", "book.save()"),
        ("book.approve()", "book.save()"),
        ("setattr(book, name, 1)", "book.save()"),
        ("book.__dict__.update(values)", "book.save()"),
        ("book.stock, book.pages = 1, 2", "book.save()"),
        ("for x in y:", "    book.stock = x", "    book.save()"),
        ("book = Book.objects.get(pk=2)", "book.save()"),
        ("book.save(force_update=True)",),
        ("book.save(update_fields=['stock'])",),
        ("def inner():", "    book.save()"),
        ("rows = [book]", "book.save()"),
    ],
)
def test_what_is_not_certain_is_not_said(lines: tuple[str, ...]) -> None:
    assert saved(*lines) is None


@pytest.mark.parametrize(
    ("first", "known"),
    [
        ("    book = await Book.objects.aget(pk=1)", True),
        ("    book = get_object_or_404(Book, pk=1)", True),
        ("    book = request.user", True),
        ("    book = Book.objects.filter(a=1)[0]", True),
        ("    book = shelf['book']", False),
        ("    book = shelf.get('book')", False),
        ("    book = Book(title='new')", False),
        ("    book, _ = Book.objects.get_or_create(pk=1)", False),
        ("    book = self.get_object()", False),
        ("    book = rows[0]", False),
    ],
)
def test_the_row_was_loaded_by_the_function_itself(first: str, known: bool) -> None:
    assert (saved("book.stock = 1", "book.save()", first=first) is not None) is known


def test_the_user_of_a_request_was_loaded_for_it() -> None:
    assert saved("request.user.seen = now()", "request.user.save()") == ("seen",)


def fix_of(model: object) -> tuple[str, Applicability]:
    frame = Frame(
        FrameKind.PROJECT, "shop/views.py", 3, 3, 4, 15, "view", None, None, 3, ("    book.save()",)
    )
    source = FunctionSource(1, (*LINES, "    book.stock = 1", "    book.save()"))
    found = row_save(source, 4, None)
    assert found is not None
    fix = _fix(frame, found, model)  # type: ignore[arg-type]
    return fix.code + "\n" + fix.note, fix.applicability


def test_columns_that_each_save_renews_are_part_of_the_fix() -> None:
    row = model_row(Book)
    renewed = row._replace(
        columns=tuple(c._replace(renewed=c.name == "published_on") for c in row.columns)
    )
    code, applicability = fix_of(renewed)
    assert 'book.save(update_fields=["stock", "published_on"])' in code
    assert applicability is Applicability.UNSAFE


def test_an_overridden_save_and_receivers_are_named() -> None:
    row = model_row(Book)._replace(save="shop.models.Book.save", signals=("post_save",))
    code, applicability = fix_of(row)
    assert "shop.models.Book.save() may set columns itself" in code
    assert "receivers of post_save" in code
    assert applicability is Applicability.UNSAFE


def test_a_save_without_a_change_may_be_meant_for_those_who_listen() -> None:
    found = row_save(FunctionSource(1, (*LINES, "    book.save()")), 3, None)
    assert found is not None
    row = model_row(Book)
    assert _is_much(found, row)
    assert not _is_much(found, row._replace(signals=("post_save",)))
    assert not _is_much(found, row._replace(save="shop.models.Book.save"))
    assert not _is_much(
        found, row._replace(columns=tuple(c._replace(renewed=True) for c in row.columns))
    )


def rename_author() -> None:
    author = Author.objects.earliest("pk")
    author.name = "another"
    author.save()


@pytest.mark.usefixtures("shop")
def test_few_and_small_columns_are_a_note() -> None:
    with queryaudit.audit() as audited:
        rename_author()
    [finding] = audited.findings
    assert (finding.rule, finding.severity) == ("QA604", Severity.NOTE)
    assert finding.message == (
        "`author.save()` writes all 3 columns of Author, and only `name` was given a value since "
        "it was loaded."
    )
