"""Events for the tests of the trace: one of each kind, and any at all."""

from __future__ import annotations

from enum import IntEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from queryaudit.records.counted import Counted
from queryaudit.records.definitions import (
    Access,
    Column,
    Frame,
    Ignored,
    Model,
    Origin,
    SqlText,
    Stack,
    Step,
)
from queryaudit.records.events import (
    Event,
    Fetch,
    Header,
    Held,
    Hydration,
    Query,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.records.kinds import (
    AccessKind,
    FetchKind,
    FrameKind,
    Phase,
    ScopeKind,
)

HEADER = Header(1, "run", "process-1", "0.1.0", "3.12", "6.1", (("default", "postgresql"),))
FRAME = Frame(
    FrameKind.PROJECT,
    "shop/views.py",
    12,
    12,
    8,
    30,
    "book_list",
    11,
    "for book in books",
    11,
    ("for book in books:", "    print(book.author)"),
)
QUERY = Query(1, 1, 10, 5, "default", 1, 1, None, None, None, 99, None, None, None)
LAZY = QUERY._replace(seq=2, access=1, evaluation=1, row=7, ignored=1)
EVENTS: tuple[Event, ...] = (
    SqlText(1, "SELECT 'é\u2028\x00'"),
    Stack(1, (FRAME,), 1),
    Origin(1, "shop.Book", 1, 1, FRAME),
    Access(
        1, 1, "shop.Book", (Step("author", AccessKind.FORWARD, False),), None, False, False, None
    ),
    ScopeStart(1, None, ScopeKind.REQUEST, "GET /books/", Phase.CALL),
    Ignored(1, None, ("QA101",), "known", "shop/views.py", 3),
    QUERY,
    LAZY,
    Model(
        "shop.Book",
        "shop_book",
        (Column("author", "author_id", "author_id", "ForeignKey", "shop.Author", *[False] * 4),),
        (("author", "title"),),
        ("-title",),
        "shop.models.Book.save",
        None,
        ("post_save",),
        (),
    ),
    Fetch(1, 1, 1, 1, None, None, "default", 70, FetchKind.ORM, True),
    Hydration(1, 1, 1, 1, None, None, 70, 900, 60),
    Counted(1, 1, 1, None, None, 70, False),
    Held(1, 1, 1, 1, "request.user", "view"),
    ScopeEnd(1, 1000, 0, 0, None),
)

_INTEGERS = st.integers(-(2**63), 2**64 - 1)
#: Two surrogates that JSON escapes would join into one character are rare unless asked for.
_TEXTS = st.text(st.characters(exclude_categories=()), max_size=8) | st.just("\ud83d\ude00")


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that the annotation of an event's field allows."""
    if get_origin(hint) in (Union, UnionType):
        return st.one_of([anything(arm) for arm in get_args(hint)])
    if get_origin(hint) is tuple:
        arms = get_args(hint)
        if arms[-1] is Ellipsis:
            return st.lists(anything(arms[0]), max_size=3).map(tuple)
        return st.tuples(*map(anything, arms))
    if hint is NoneType:
        return st.none()
    if hint in (int, str, bool):
        return {int: _INTEGERS, str: _TEXTS, bool: st.booleans()}[hint]
    if issubclass(hint, IntEnum):
        return st.sampled_from(hint)
    return st.builds(hint, *map(anything, get_type_hints(hint).values()))


def any_header() -> st.SearchStrategy[Header]:
    return anything(Header).map(lambda header: header._replace(schema=1))


def any_event() -> st.SearchStrategy[Event]:
    return st.one_of([anything(kind) for kind in get_args(Event) if kind is not Header])
