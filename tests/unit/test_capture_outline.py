"""Outlines: what is known of a file's loops and functions once its syntax tree is gone."""

from __future__ import annotations

import ast
import gc
import linecache
from pathlib import Path

import pytest

from queryaudit.capture import outline as outlines
from queryaudit.capture.outline import parse_outline
from queryaudit.capture.source import SourceFile

_TEXT = """\
class Shelf:
    size = total = len([1 for _ in ()])
    label: str = "for"

    @staticmethod
    def books(rows):
        for index, row in enumerate(
            rows
        ):
            print(row)
        while rows.pop():
            print(rows)
        return [row.title for row in rows if row]


SHELVES = [Shelf]
for shelf in SHELVES: print(shelf)
"""


@pytest.fixture
def shelf() -> SourceFile:
    linecache.cache["<shelf>"] = (len(_TEXT), None, _TEXT.splitlines(keepends=True), "<shelf>")
    return SourceFile("<shelf>")


@pytest.mark.parametrize(
    ("line", "column", "function", "loop"),
    [
        (10, 12, "Shelf.books", "for (index, row) in enumerate(rows)"),
        (8, 12, "Shelf.books", None),  # what a loop goes through is asked once
        (12, 12, "Shelf.books", "while rows.pop()"),
        (11, 14, "Shelf.books", "while rows.pop()"),
        (13, 16, "Shelf.books", "for row in rows"),
        (13, 37, "Shelf.books", None),
        (17, 22, None, "for shelf in SHELVES"),
        (17, 13, None, None),
    ],
)
def test_function_and_loop_of_a_position(
    shelf: SourceFile, line: int, column: int, function: str | None, loop: str | None
) -> None:
    found = shelf.place(line, column, line, None)
    assert (found.function, found.loop and found.loop.text) == (function, loop)


def test_a_comprehension_is_found_by_its_frame_where_columns_are_unknown(shelf: SourceFile) -> None:
    found = shelf.place(13, None, None, None, comprehension=True)
    assert found.loop is not None
    assert found.loop.text == "for row in rows"


def test_a_statement_is_shown_to_its_end_and_a_compound_one_to_its_body(shelf: SourceFile) -> None:
    found = shelf.place(8, 12, 8, None)
    assert (found.snippet_line, len(found.snippet)) == (5, 7)


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["Shelf"], 1),
        (["Shelf", "books"], 6),
        (["Shelf", "total"], 2),
        (["Shelf", "label"], 3),
        (["Shelf", "missing"], 1),
        (["Nobody"], None),
    ],
)
def test_names_are_looked_up_in_the_body_of_the_one_before(
    shelf: SourceFile, names: list[str], line: int | None
) -> None:
    assert shelf.definition(names) == line


def test_every_function_is_where_the_syntax_tree_has_it() -> None:
    path = Path(outlines.__file__)
    file = SourceFile(str(path))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert functions
    for node in functions:
        found = file.function(node.body[-1].lineno)
        assert found is not None
        assert (found.name, found.first_line) == (node.name, node.lineno)


def test_a_sum_that_is_longer_than_the_stack_is_read() -> None:
    total = " + ".join(["len([n for n in x])"] * 1500)
    assert [*parse_outline(f"if x:\n    y = {total}\n").walk(0)]


def test_the_collector_has_nothing_to_look_at() -> None:
    outline = parse_outline(_TEXT)
    gc.collect()
    assert not any(gc.is_tracked(row) for row in outline._rows)


@pytest.mark.parametrize("enabled", [True, False])
def test_collection_is_as_it_was_also_where_nothing_can_be_parsed(enabled: bool) -> None:
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        parse_outline(_TEXT)
        with pytest.raises(SyntaxError):
            parse_outline("for")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
