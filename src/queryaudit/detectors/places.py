"""Which of a query's frames a finding is about: own code before tests, both before others'."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Sequence

from queryaudit.advice.handed_sql import hands_on
from queryaudit.detectors.base import Definitions, View
from queryaudit.records.definitions import Frame, FunctionText
from queryaudit.records.kinds import FrameKind
from queryaudit.records.rules import Severity

#: Methods that models override and that write by calling the method they override.
_OVERRIDDEN = frozenset({"save", "asave", "delete", "adelete"})

_VALIDATING = frozenset({"clean", "full_clean"})
_REFRESHED = re.compile(r"\ba?refresh_from_db\(")
_ITS_KEY = re.compile(r"\b(pk|id)=self\.(pk|id)\b")

#: A call in the source: path, line, and the columns of its beginning and its end.
Place = tuple[str, int, int | None, int | None]

#: Libraries that ask what the project hands them, when the project hands it over.
_HANDED = (
    "django.template.",
    "django.shortcuts.",
    "django.utils.",
    "django.views.generic.",
    "django.contrib.auth.",
    "django.core.serializers.",
    "django.http.",
    "json.",
    "rest_framework.serializers.",
    "rest_framework.fields.",
    "rest_framework.generics.",
    "ninja.",
    *("graphene.", "graphene_django.", "graphql.", "strawberry.", "strawberry_django."),
    "asgiref.",
)


#: How capture names a field of a form that the admin made, and a filter of its lists.
_FIELD = re.compile(r"\.field\[(\w+)\]$")
_FILTER = re.compile(r"\.list_filter\[(\w+)\]$")


def admin_field(frame: Frame) -> str | None:
    """The name of the field, if the frame is that of a form that the admin made."""
    found = _FIELD.search(frame.function)
    return found[1] if found else None


def admin_filter(frame: Frame) -> str | None:
    """What the admin filters a list by, if the frame is where it asks for the choices."""
    found = _FILTER.search(frame.function)
    return found[1] if found else None


def is_handed(via: str) -> bool:
    """Whether the project's own code, or a library with what it was handed, asked."""
    return not via or via.startswith(_HANDED) or not via.partition(".")[2]


def looped_at(loop: Frame | None) -> tuple[str, int, str] | None:
    """The loop that a frame stands in, as a sighting has it."""
    return (loop.path, loop.loop_line or loop.line, loop.loop_text or "") if loop else None


def evaluated_at(frames: Sequence[Frame], view: View) -> Frame | None:
    """The innermost frame of one's own; Python before templates and serializers."""
    python = (FrameKind.PROJECT, FrameKind.TEST)
    own = [f for f in frames if f.kind in python and f.kind in view.own and f.line]
    other = [f for f in frames if f.kind in view.own]
    test = [f for f in frames if f.kind is FrameKind.TEST]
    return next(iter([*own, *other, *test]), None)


def function_of(frame: Frame, tables: Definitions) -> FunctionText | None:
    """The innermost function around the frame's line, if its source was written down."""
    around = [
        function
        for function in tables.functions.get(frame.path, ())
        if function.first_line <= frame.line < function.first_line + len(function.lines)
    ]
    return max(around, key=lambda function: (function.first_line, function.name), default=None)


def caller_of(frames: Sequence[Frame], tables: Definitions) -> Frame | None:
    """The innermost frame that is no library's; of a function that only hands on the SQL that it
    is given, whoever gave it."""
    own = [frame for frame in frames if frame.kind is not FrameKind.LIBRARY]
    if len(own) < 2 or own[0].loop_text is not None or frames[0] is not own[0]:
        return own[0] if own else None
    function = function_of(own[0], tables)
    handed = function is not None and hands_on(function.first_line, function.lines, own[0].line)
    return own[1] if handed else own[0]


def reads_as_stored(frame: Frame) -> bool:
    """Whether a method that writes or validates a row first looks at what is stored of it."""
    if frame.function.rpartition(".")[2] not in _OVERRIDDEN | _VALIDATING or not frame.snippet:
        return False
    first = frame.line - (frame.snippet_line or frame.line)
    after = (frame.end_line or frame.line) - frame.line + first + 1
    return _ITS_KEY.search(" ".join(frame.snippet[first:after])) is not None


def is_read_back(frame: Frame) -> bool:
    """Whether rows are refreshed to see what became of them: by a test, or by a loop that does
    more than that in its rounds."""
    first = frame.line - (frame.snippet_line or frame.line)
    after = (frame.end_line or frame.line) - frame.line + first + 1
    if _REFRESHED.search(" ".join(frame.snippet[first:after])) is None:
        return False
    return frame.kind is FrameKind.TEST or _does_more(frame.loop_source)


def _does_more(loop: Sequence[str]) -> bool:
    try:
        tree = ast.parse(textwrap.dedent("\n".join(loop)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    done = (ast.unparse(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr))
    return any("(" in code and not _REFRESHED.search(code) for code in done)


def editable(candidates: Sequence[Frame | None], view: View) -> Frame | None:
    """The first of the places that is one's own, or else a test's."""
    known = [frame for frame in candidates if frame is not None]
    return next(
        (frame for frame in known if frame.kind in view.own),
        next((frame for frame in known if frame.kind is FrameKind.TEST), None),
    )


def severity_at(frames: Sequence[Frame | None], severity: Severity, view: View) -> Severity:
    """What stands in test code is a note: a test's own queries fail no build."""
    kinds = {frame.kind for frame in frames if frame is not None}
    return Severity.NOTE if FrameKind.TEST in kinds - view.own else severity


def visible(frames: Sequence[Frame | None]) -> tuple[Frame, ...]:
    """The frames at which an ignore comment counts."""
    return tuple(f for f in frames if f is not None and f.kind is not FrameKind.LIBRARY)


def called_at(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """The frames without those of overridden methods: what is meant is who called them."""
    own = tuple(f for f in frames if f.kind is not FrameKind.LIBRARY)
    skipped = 0
    for frame in own[:-1]:
        scope, _, name = frame.function.rpartition(".")
        if not scope or name not in _OVERRIDDEN or frame.loop_text is not None:
            break
        skipped += 1
    return own[skipped:]


def places_of(frames: Sequence[Frame]) -> tuple[Place, ...]:
    return tuple((f.path, f.line, f.column, f.end_column) for f in frames)
