"""What queries refer to by number or name, each written down once: texts, places, origins, models.

A definition precedes the first row that refers to it: no reader has to look ahead.
"""

from __future__ import annotations

from typing import NamedTuple

from queryaudit.records.kinds import AccessKind, FrameKind
from queryaudit.records.texts import Hole


class Frame(NamedTuple):
    """One place in the source, resolved once for each distinct site.

    Lines count from 1, columns from 0 in UTF-8 bytes as in ``ast``; unknown is None.
    """

    kind: FrameKind
    path: str  #: relative to the project root where possible, with forward slashes
    line: int
    end_line: int | None
    column: int | None
    end_column: int | None
    function: str  #: qualified name; for a template the tag, for a serializer Class.field
    loop_line: int | None  #: header line of the innermost loop around the call, in this function
    loop_text: str | None  #: its source, as ``for book in books``
    snippet_line: int | None  #: line number of the first line of ``snippet``
    snippet: tuple[str, ...]  #: the statement with a little context
    loop_source: tuple[str, ...] = ()  #: from ``loop_line`` to the loop's end; not if many


class SqlText(NamedTuple):
    """A statement's text as it was handed to the driver, placeholders and all."""

    id: int
    text: str


class Stack(NamedTuple):
    """The project's frames of one call, innermost first, recursion collapsed."""

    id: int
    frames: tuple[Frame, ...]
    repeats: int  #: highest number of activations of one function (1: no recursion)
    via: str = ""  #: the library's function that asked on behalf of the first frame, if one did


class FunctionText(NamedTuple):
    """The source of a function that ran a query of which more is asked than where it stands."""

    path: str
    name: str
    first_line: int  #: of its ``def``, decorators excluded
    lines: tuple[str, ...]
    decorators: tuple[str, ...] = ()  #: as they are written, without the ``@``


class Origin(NamedTuple):
    """A queryset that was evaluated and whose rows can cause further queries."""

    id: int
    model: str  #: ``app_label.ModelName``
    sql: int
    stack: int  #: where it was evaluated
    built: Frame | None  #: where its first manager call stands, if seen


class Step(NamedTuple):
    """One hop from a row to what it relates to."""

    name: str  #: accessor name, as in ``author`` or ``review_set``
    kind: AccessKind
    eager: bool  #: loaded together with its parent (joined or prefetched), not lazily


class Access(NamedTuple):
    """A lazy access on rows of an origin: relation path from the origin, and what was asked.

    ``origin`` is None for rows that no queryset under audit loaded.
    """

    id: int
    origin: int | None
    owner: str  #: ``app_label.ModelName`` on which the last step's attribute was read
    path: tuple[Step, ...]
    method: str | None  #: ``count``, ``exists``, ``first``, ... ; None for plain iteration
    narrowed: bool  #: the relation was filtered, ordered or sliced further
    prefetched: bool  #: the relation's prefetch cache was filled, and asked past
    target: str | None  #: ``app_label.ModelName`` that is loaded


class Ignored(NamedTuple):
    """An ``ignore()`` or a marker that was active when a query ran. ``codes`` empty: any rule."""

    id: int
    outer: int | None  #: the ignore around this one
    codes: tuple[str, ...]
    reason: str
    path: str
    line: int
    optional: bool = False  #: may go unused without being told


class Provenance(NamedTuple):
    """How a statement's text was put together, where it was not Django that did it."""

    sql: int
    stack: int
    method: str  #: what it was handed to, as ``cursor.execute``
    how: str  #: ``f-string``, ``%``, ``join()``, ...
    words: str  #: the expression that put it together; for findings to be told apart
    call: Frame
    built: Frame
    holes: tuple[Hole, ...]
    quoted: bool  #: a placeholder stands between quotes
    statement: str = ""  #: the text as far as the source has it, where none ran


class Column(NamedTuple):
    """A concrete field of a model."""

    name: str
    attname: str
    column: str
    kind: str  #: ``get_internal_type()``
    target: str | None  #: label of the model that a foreign key leads to
    unique: bool
    null: bool
    primary: bool
    indexed: bool
    constrained: bool = True  #: the database knows that ``target`` is referred to
    renewed: bool = False  #: each save gives it a value, as ``auto_now`` does


class Model(NamedTuple):
    """What rules need to know of a model, so that a trace can be judged without its project."""

    label: str
    table: str
    columns: tuple[Column, ...]
    unique: tuple[tuple[str, ...], ...]  #: names of fields that are unique together, always
    ordering: tuple[str, ...]
    save: str | None  #: where ``save`` is overridden, as ``shop.models.Book.save``
    delete: str | None
    signals: tuple[str, ...]  #: signals with receivers, as ``post_save``
    parents: tuple[str, ...]  #: labels of the concrete models it inherits from
    path: str | None = None  #: the file of the project that it stands in
    module: str = ""  #: where its class is defined
    manager: str = "objects"  #: its default manager
    managed: bool = True  #: migrations make its table
