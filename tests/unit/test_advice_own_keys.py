"""Relations read for their key alone, and those of which more is read."""

from __future__ import annotations

import textwrap

import pytest

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.own_keys import key_read
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind


def edited(text: str, line: int = 2) -> str | None:
    """The function after the edit; the relation is read in its line of that number."""
    lines = textwrap.dedent(text).strip("\n").split("\n")
    frame = Frame(FrameKind.PROJECT, "a.py", line + 9, None, None, None, "f", None, None, None, ())
    read = key_read(frame, FunctionSource(10, tuple(lines)), "author", "author_id", {"pk", "id"})
    if read is None:
        return None
    lines[read.edit.first_line - 10 : read.edit.last_line - 9] = read.edit.after
    return "\n".join(lines)


def test_all_reads_of_the_key_in_the_function_are_edited() -> None:
    new = edited(
        """
        def f(books):
            keys = {book.author.pk: "\u00e9\u00e9" + str(book.author.id) for book in books}
            for book in books:
                send(book.author.pk)  # once more
            return keys
        """
    )
    assert new is not None
    assert new.count("book.author_id") == 3
    assert "author." not in new
    assert "# once more" in new


def test_a_method_reads_its_own() -> None:
    method = "    def f(self):\n        return self.author.pk"
    frame = Frame(FrameKind.PROJECT, "a.py", 11, None, None, None, "f", None, None, None, ())
    source = FunctionSource(10, tuple(method.split("\n")))
    read = key_read(frame, source, "author", "author_id", {"pk"})
    assert read is not None
    assert read.code == "self.author_id"
    assert read.edit.after == ("        return self.author_id",)


def test_what_lies_behind_another_relation() -> None:
    assert edited("def f(line):\n    return line.book.author.pk") == (
        "def f(line):\n    return line.book.author_id"
    )


@pytest.mark.parametrize(
    "body",
    [
        "return book.author.pk, book.author.name",
        "return book.author.pk if book.author else None",
        "return book.author.pk, other(book.author)",
        "return book.author.profile.pk",
        "book.author.pk = 3",
        'return f"{book.author.pk}"',
        "return book.author.pk, other.author.pk",
        "return getattr(book.author, name)",
        "return book.publisher.pk",
    ],
)
def test_a_function_that_reads_more_or_is_not_understood_is_left_alone(body: str) -> None:
    assert edited(f"def f(book):\n    {body}") is None
