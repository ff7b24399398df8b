"""Whatever the source looks like, an edit adds what was asked and changes nothing else."""

from __future__ import annotations

import ast
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from queryaudit.advice.edits import append_calls
from queryaudit.advice.raw_loops import advise_loop
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind
from queryaudit.sql.statement import parse

LINKS = [
    ".all()",
    ".filter(a=1)",
    ".filter(\n        a=1,  # one\n    )",
    ".order_by('b')",
    ".recent()",
    '.select_related("x")',
    '.select_related("x", "author",)',
    '.select_related(\n        "x",\n        "y"  # why\n    )',
    '.select_related(\n        "x",  # x\n    )',
    ".select_related(None)",
    '.prefetch_related("z")',
    ".prefetch_related()",
    '.only("author")',
    '.defer("c")',
]
ENDINGS = ["", ".first()", ".get(pk=1)", "[:5]", "[0]", ".count()", ".values('a')", ".iterator()"]
SEPARATORS = ["", "\n    ", "  # note\n    ", "\n\n    "]
HEADS = ["x = {}", "for b in {}: pass", "return {}", "f(1, {}, k=2)", "x = [b for b in {}]"]
CALLS = ['.select_related("author")', '.prefetch_related("reviews")', ".annotate(n=Count('r'))"]


class Recorder:
    """Stands for a model class, its manager and its querysets: notes what is called on it."""

    def __init__(self, calls: tuple[Any, ...] = ()) -> None:
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        def called(*args: Any, **kwargs: Any) -> Recorder:
            return Recorder((*self._calls, (name, args, tuple(kwargs.items()))))

        return Recorder(self._calls) if name == "objects" else called

    def __getitem__(self, index: Any) -> Recorder:
        return Recorder((*self._calls, ("[]", (repr(index),), ())))


def calls_of(code: str) -> list[tuple[Any, ...]]:
    namespace = {"Book": Recorder(), "Count": lambda name: ("Count", name)}
    return list(eval(f"({code})", namespace)._calls)


def in_force(calls: list[tuple[Any, ...]], name: str) -> set[str]:
    arguments: set[str] = set()
    for called, args, _ in calls:
        if called == name:
            arguments = set() if args == (None,) else arguments | set(args)
    return arguments


def without(calls: list[tuple[Any, ...]], *names: str) -> list[tuple[Any, ...]]:
    return [call for call in calls if call[0] not in names]


def frame_at(lines: tuple[str, ...], first: int, place: tuple[int | None, ...]) -> Frame:
    line, end_line, column, end_column = place
    return Frame(
        kind=FrameKind.PROJECT,
        path="views.py",
        line=first + (line or 0),
        end_line=None if end_line is None else first + end_line,
        column=column,
        end_column=end_column,
        function="f",
        loop_line=None,
        loop_text="for x in xs",
        snippet_line=first,
        snippet=lines,
    )


@st.composite
def chains(draw: st.DrawFn) -> str:
    code = "Book.objects"
    for link in draw(st.lists(st.sampled_from(LINKS), max_size=5)):
        code += draw(st.sampled_from(SEPARATORS)) + link
    ending = draw(st.sampled_from(ENDINGS))
    return code + (draw(st.sampled_from(SEPARATORS)) if ending else "") + ending


@given(
    chains(),
    st.sampled_from(HEADS),
    st.lists(st.sampled_from(CALLS), min_size=1, max_size=3, unique=True),
    st.booleans(),
    st.sampled_from(["", "    "]),
)
@settings(max_examples=600, deadline=None)
def test_an_edit_adds_the_calls_and_nothing_else(
    chain: str, head: str, calls: list[str], columns: bool, indent: str
) -> None:
    before, _, after = head.partition("{}")
    text = indent + before + "(" + chain + ")" + after
    lines = tuple(text.split("\n"))
    start = len(indent + before) + 1
    stop = len(chain.split("\n")[-1]) + (start if "\n" not in chain else 0)
    place = (0, chain.count("\n"), start, stop) if columns else (0, None, None, None)
    edit = append_calls(frame_at(lines, 7, place), calls, "shop.Book")
    if edit is None:
        return
    new = [*lines[: edit.first_line - 7], *edit.after, *lines[edit.last_line - 6 :]]
    changed = "\n".join(new)
    assert changed.startswith(indent + before + "(")
    assert changed.endswith(")" + after)
    for comment in ("# note", "# one", "# why", "# x"):
        assert changed.count(comment) == text.count(comment)
    new_chain = changed[len(indent + before) + 1 : len(changed) - len(")" + after)]
    old_calls, new_calls = calls_of(chain + "\n"), calls_of(new_chain + "\n")
    names = ("select_related", "prefetch_related", "annotate", "iterator")
    assert without(new_calls, *names) == without(old_calls, *names)
    for call, name, argument in (
        (CALLS[0], "select_related", "author"),
        (CALLS[1], "prefetch_related", "reviews"),
    ):
        added = {argument} if call in calls else set()
        assert in_force(new_calls, name) == in_force(old_calls, name) | added
    annotated = [call[0] for call in new_calls].count("annotate")
    assert annotated == (1 if CALLS[2] in calls else 0)
    first_ending = next(
        (i for i, call in enumerate(new_calls) if call[0] in ("first", "get", "[]", "values")),
        len(new_calls),
    )
    assert all(call[0] not in names[:3] for call in new_calls[first_ending:])


PIECES = (
    "Book|objects|all|.|(|)|[|]|:|,|\"a\"|'|'''|=| |\n|\n    |for b in |select_related|only|defer|"
    "prefetch_related|get_object_or_404|get|first|await |lambda: |*|None|#|\\\n|é"
)
ROUGH = st.lists(st.sampled_from(PIECES.split("|")), max_size=40).map("".join)
NUMBERS = st.one_of(st.none(), st.integers(-3, 60))


@given(
    st.text(max_size=80) | ROUGH,
    st.tuples(st.integers(-2, 6), NUMBERS, NUMBERS, NUMBERS),
    st.lists(st.sampled_from([*CALLS, '.only(..., "a")', ".x", ""]) | st.text(max_size=20)),
    st.sampled_from(["shop.Book", "", "Book", "shop.Author"]),
)
@settings(max_examples=600, deadline=None)
def test_no_input_raises(
    text: str, place: tuple[int | None, ...], calls: list[str], model: str
) -> None:
    frame = frame_at(tuple(text.split("\n")), 3, place)
    edit = append_calls(frame, calls, model)
    if edit is not None:
        assert edit.before != edit.after
        assert edit.before == frame.snippet[edit.first_line - 3 : edit.last_line - 2]
    assert advise_loop(frame, parse(text), model or None).title


@given(ROUGH)
@settings(max_examples=300, deadline=None)
def test_code_that_parsed_still_parses(text: str) -> None:
    source = f"x = (Book.objects.all())\n{text}"
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return
    frame = frame_at(tuple(source.split("\n")), 1, (0, 0, 5, 23))
    edit = append_calls(frame, [CALLS[0]], "shop.Book")
    if edit is not None:
        lines = [*edit.after, *frame.snippet[edit.last_line :]]
        ast.parse("\n".join(lines))
