"""Ignore comments: which there are, and what they cover."""

from __future__ import annotations

import pytest

from queryaudit.analysis.suppressions import Ignore, comments, matching
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind


def frame(line: int, **changes: object) -> Frame:
    plain = Frame(
        FrameKind.PROJECT, "shop/views.py", line, None, None, None, "f", None, None, None, ()
    )
    return plain._replace(**changes)  # type: ignore[arg-type]


def only(text: str, path: str = "shop/views.py") -> Ignore:
    [found] = comments(path, text)
    return found


@pytest.mark.parametrize(
    ("comment", "codes", "reason"),
    [
        ("# queryaudit: ignore[QA101] few rows", ("QA101",), "few rows"),
        ("# queryaudit: ignore[QA101, qa102]: few rows", ("QA101", "QA102"), "few rows"),
        ("#queryaudit:ignore[QA1] - few rows", ("QA1",), "few rows"),
        ("# queryaudit: ignore few rows", (), "few rows"),
        ("# QueryAudit: Ignore[] few rows", (), "few rows"),
        ("# queryaudit: ignore[QA101]", ("QA101",), ""),
    ],
)
def test_a_comment_names_codes_and_a_reason(
    comment: str, codes: tuple[str, ...], reason: str
) -> None:
    found = only(f"x = 1  {comment}\n")
    assert (found.codes, found.reason) == (codes, reason)
    assert found.place == "shop/views.py:1"


@pytest.mark.parametrize(
    "text",
    [
        'x = "# queryaudit: ignore[QA101] no comment"\n',
        '"""\n# queryaudit: ignore[QA101] no comment\n"""\n',
        "x = 1  # see queryaudit: ignore in the docs\n",
        "x = (  # an open bracket at the end\n",
        "",
    ],
)
def test_what_only_looks_like_a_comment_is_none(text: str) -> None:
    assert comments("shop/views.py", text) == []


def test_comments_before_a_syntax_error_are_found() -> None:
    assert only("x = 1  # queryaudit: ignore\ny = (\n").line == 1


def test_a_comment_at_the_end_of_a_line_covers_that_line() -> None:
    found = only("a\nb  # queryaudit: ignore\nc\n")
    assert matching([found], ["QA101"], [frame(2)]) == [found]
    assert matching([found], ["QA101"], [frame(1)]) == []
    assert matching([found], ["QA101"], [frame(3)]) == []


def test_a_comment_on_its_own_line_covers_the_next() -> None:
    found = only("a\n# queryaudit: ignore\nc\nd\n")
    assert matching([found], ["QA101"], [frame(3)]) == [found]
    assert matching([found], ["QA101"], [frame(4)]) == []


def test_a_comment_anywhere_in_a_statement_covers_it() -> None:
    found = only("f(\n    a,  # queryaudit: ignore\n)\n")
    assert matching([found], ["QA101"], [frame(1, end_line=3)]) == [found]


def test_a_comment_on_the_loop_covers_what_is_in_it() -> None:
    found = only("for book in books:  # queryaudit: ignore\n    x\n    book.author\n")
    assert matching([found], ["QA101"], [frame(3, loop_line=1)]) == [found]
    assert matching([found], ["QA101"], [frame(3)]) == []


def test_a_comment_covers_the_file_it_stands_in() -> None:
    found = only("x  # queryaudit: ignore\n")
    assert matching([found], ["QA101"], [frame(1, path="shop/models.py")]) == []


@pytest.mark.parametrize(
    ("codes", "rules", "covered"),
    [
        ((), ["QA101"], True),
        (("QA101",), ["QA101"], True),
        (("QA1",), ["QA101", "QA108"], True),
        (("QA101",), ["QA101", "QA102"], False),
        (("QA101", "QA102"), ["QA101", "QA102"], True),
        (("QA2",), ["QA101"], False),
        (("QA10",), ["QA101"], True),
    ],
)
def test_a_comment_covers_the_rules_it_names(
    codes: tuple[str, ...], rules: list[str], covered: bool
) -> None:
    text = f"[{', '.join(codes)}]" if codes else ""
    found = only(f"x  # queryaudit: ignore{text}\n")
    assert matching([found], rules, [frame(1)]) == ([found] if covered else [])


def test_templates_have_comments_of_their_own() -> None:
    text = (
        "{# queryaudit: ignore[QA101] few rows #}{{ book.author }}\n"
        "# queryaudit: ignore is text here\n"
        "{# queryaudit: ignore #}{# queryaudit: ignore[QA102] two #}\n"
    )
    found = comments("shop/list.html", text)
    assert [(i.codes, i.reason, i.line) for i in found] == [
        (("QA101",), "few rows", 1),
        ((), "", 3),
        (("QA102",), "two", 3),
    ]
    assert matching(found, ["QA101"], [frame(1, path="shop/list.html")]) == found[:1]
