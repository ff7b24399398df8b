"""Plain JSON values to events, checked against the events' own annotations.

The annotations of the rows in :mod:`queryaudit.records` are the format's only definition: a new
field needs no change here. Everything is checked, so nothing downstream meets a string where
an id should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from queryaudit.records import events
from queryaudit.records.events import Event, Header, Query

_Decode = Callable[[object], Any]
_ROW_TYPES: dict[str, type[NamedTuple]] = {
    row.__name__: row for row in get_args(events.Event) if row not in (Header, Query)
}


class GarbledError(Exception):
    """A line that can't be understood; the text completes "line 7 ..."."""


def _scalar(kind: type) -> _Decode:
    def decode(value: object) -> object:
        if type(value) is not kind:
            raise GarbledError(f"has {type(value).__name__} where {kind.__name__} belongs")
        return value

    return decode


def _enum(kind: type[IntEnum]) -> _Decode:
    def decode(value: object) -> object:
        if type(value) is not int:
            raise GarbledError(f"has {type(value).__name__} where a {kind.__name__} belongs")
        try:
            return kind(value)
        except ValueError:
            raise GarbledError(f"has an unknown {kind.__name__}, {value}") from None

    return decode


def _optional(inner: _Decode) -> _Decode:
    return lambda value: None if value is None else inner(value)


def _sequence(inner: _Decode) -> _Decode:
    def decode(value: object) -> object:
        if not isinstance(value, list):
            raise GarbledError(f"has {type(value).__name__} where a list belongs")
        return tuple([inner(item) for item in value])

    return decode


def _fixed(inners: tuple[_Decode, ...]) -> _Decode:
    def decode(value: object) -> object:
        if not isinstance(value, list) or len(value) != len(inners):
            raise GarbledError(f"has no list of {len(inners)} where one belongs")
        return tuple([inner(item) for inner, item in zip(inners, value, strict=True)])

    return decode


def _record(kind: Any) -> _Decode:
    inners = tuple(_decoder(hint) for hint in get_type_hints(kind).values())
    fewest = len(inners) - len(kind._field_defaults)
    shapes = {n: _fixed(inners[:n]) for n in range(fewest, len(inners) + 1)}

    def decode(value: object) -> object:
        # A trace from before a field came to be has its default.
        shorter = shapes.get(len(value)) if isinstance(value, list) else None
        return kind(*(shorter or shapes[len(inners)])(value))

    return decode


@cache
def _decoder(hint: Any) -> _Decode:
    """The decoder for an annotation of an event's field."""
    if get_origin(hint) in (Union, UnionType):
        (inner,) = [arm for arm in get_args(hint) if arm is not NoneType]
        return _optional(_decoder(inner))
    if get_origin(hint) is tuple:
        arms = get_args(hint)
        if arms[-1] is Ellipsis:
            return _sequence(_decoder(arms[0]))
        return _fixed(tuple(_decoder(arm) for arm in arms))
    if issubclass(hint, IntEnum):
        return _enum(hint)
    if issubclass(hint, tuple):
        return _record(hint)
    return _scalar(hint)


def decode_header(fields: Mapping[str, object]) -> Header:
    """A header from its fields by name; unknown ones are left alone."""
    try:
        values = [{**Header._field_defaults, **fields}[name] for name in Header._fields]
    except KeyError as error:
        raise GarbledError(f"lacks {error}") from None
    header: Header = _decoder(Header)(values)
    return header


def decode_row(name: str, fields: list[object]) -> Event:
    kind = _ROW_TYPES.get(name)
    if kind is None:
        raise GarbledError(f"is an unknown row, {name[:40]!r}")
    event: Event = _decoder(kind)(fields)
    return event


@cache
def _query_shape_fits(shape: tuple[type, ...]) -> bool:
    """Whether values of these types make a Query.

    Queries are the many: their types are checked once for each distinct combination.
    """
    hints = get_type_hints(Query).values()
    if len(shape) != len(hints):
        return False
    return all(kind in (get_args(hint) or (hint,)) for kind, hint in zip(shape, hints, strict=True))


def decode_queries(rows: list[object]) -> list[Query]:
    queries: list[Query] = []
    for row in rows:
        if not isinstance(row, list) or not _query_shape_fits(tuple(map(type, row))):
            raise GarbledError("holds a query of the wrong shape")
        queries.append(Query._make(row))
    return queries
