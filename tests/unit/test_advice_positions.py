"""The positions that the interpreter really gives lead to the queryset that was evaluated."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from textwrap import dedent, indent
from typing import Any

import pytest

from queryaudit.advice.edits import append_calls
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind

FILENAME = "<under test>"
CALL = '.select_related("author")'


class EvaluatedError(Exception):
    """Carries the position at which a queryset ran its query."""

    def __init__(self) -> None:
        frame = sys._getframe(2)
        while frame.f_code.co_filename != FILENAME and frame.f_back is not None:
            frame = frame.f_back
        self.position: tuple[int | None, ...] = (frame.f_lineno, None, None, None)
        if sys.version_info >= (3, 11):
            positions = frame.f_code.co_positions()
            self.position = next(islice(positions, frame.f_lasti // 2, None))
        super().__init__(self.position)


class Queryset:
    """Answers every method with itself until it is evaluated."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("first", "get", "count", "aget"):
            return evaluate
        return lambda *args, **kwargs: self

    def __iter__(self) -> Iterator[Any]:
        raise EvaluatedError

    def __len__(self) -> int:
        raise EvaluatedError

    def __bool__(self) -> bool:
        raise EvaluatedError

    def __aiter__(self) -> AsyncIterator[Any]:
        raise EvaluatedError

    def __getitem__(self, index: slice) -> Queryset:
        return self


class Book:
    objects = Queryset()


def evaluate(*args: Any, **kwargs: Any) -> None:
    raise EvaluatedError


STATEMENTS = [
    ("for b in Book.objects.all():\n    b", "Book.objects.all()~"),
    ("for b in (\n    Book.objects.filter(a=1)\n    .all()\n):\n    b", ".all()\n    ~"),
    ("async for b in Book.objects.all():\n    b", "Book.objects.all()~"),
    ("x = list(Book.objects.all())", "Book.objects.all()~"),
    ("x = [b for b in Book.objects.all()]", "Book.objects.all()~"),
    ("x = {b for b in Book.objects.all() if b}", "Book.objects.all()~"),
    ("x = sum(b for b in Book.objects.all())", "Book.objects.all()~"),
    ("x = [b async for b in Book.objects.all()]", "Book.objects.all()~"),
    ("x = [\n    b\n    for b in Book.objects.filter(\n        a=1,\n    )\n]", "    )~"),
    ("x = Book.objects.filter(a=1).first()", "Book.objects.filter(a=1)~.first()"),
    ("x = (\n    Book.objects\n    .filter(a=1)\n    .get(pk=1)\n)", ".filter(a=1)\n    ~"),
    ("x = (\n    Book.objects.filter(\n        a=1\n    ).first()\n)", "    )~.first()"),
    ("x = Book.objects.all()[:3]\nlist(x)", None),
    ("x = list(Book.objects.all()[:3])", "Book.objects.all()~[:3]"),
    ("x = await Book.objects.aget(pk=1)", "Book.objects~.aget(pk=1)"),
    ("x = get_object_or_404(Book, pk=1)", "get_object_or_404(Book.objects~, pk=1)"),
    ("if Book.objects.all():\n    pass", "if Book.objects.all()~:"),
    ("while Book.objects.all():\n    pass", "while Book.objects.all()~:"),
    ("x, *y = Book.objects.all()", "x, *y = Book.objects.all()~"),
    ("render(*Book.objects.all())", "render(*Book.objects.all()~)"),
    ('x = render({\n    "books": Book.objects.all(),\n})', '"books": Book.objects.all()~,'),
    ("x = len(Book.objects.all()) + 1", "len(Book.objects.all()~) + 1"),
    ("return render(1, Book.objects.all())", "render(1, Book.objects.all()~)"),
]


@pytest.mark.parametrize(("statement", "expected"), STATEMENTS)
def test_the_evaluated_queryset_is_found(statement: str, expected: str | None) -> None:
    head = "async def view():\n    before = 1\n\n"
    source = head + indent(dedent(statement), "    ") + "\n"
    namespace = {"Book": Book, "get_object_or_404": evaluate, "render": evaluate}
    exec(compile(source, FILENAME, "exec"), namespace)
    with pytest.raises(EvaluatedError) as caught:
        asyncio.run(namespace["view"]())  # type: ignore[operator]
    line, end_line, column, end_column = caught.value.position
    assert line is not None
    frame = Frame(
        kind=FrameKind.PROJECT,
        path="views.py",
        line=line,
        end_line=end_line,
        column=column,
        end_column=end_column,
        function="view",
        loop_line=None,
        loop_text=None,
        snippet_line=1,
        snippet=tuple(source.split("\n")[:-1]),
    )
    edit = append_calls(frame, [CALL], "shop.Book")
    if expected is None:
        assert edit is None
        return
    assert edit is not None
    assert expected.replace("~", CALL) in "\n".join(edit.after).replace("\n        ", "\n    ")
