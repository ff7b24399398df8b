"""Records to plain data and back, by their type hints.

The dataclasses are the only description of the format: the JSON text, the checks on reading
and the published schema all follow from their fields.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from queryaudit.errors import ReportError
from queryaudit.records.findings import Finding

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
Record = TypeVar("Record")


def label(member: Enum) -> str:
    """How an enum's member is written: ``error``, ``proved``, ``display-only``."""
    return member.name.lower().replace("_", "-")


def encode(value: object) -> Json:
    """``value`` (a record, or what records hold) as plain data, fields in declared order.

    A finding also gets its derived ``rules``, so that consumers need not walk its causes.
    """
    if isinstance(value, Enum):
        return label(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        data: dict[str, Json] = {f.name: encode(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, Finding):
            data["rules"] = [*value.rules]
        return data
    raise TypeError(f"{type(value).__name__} has no place in a report")


def decode(record: type[Record], data: Json, where: str = "report") -> Record:
    """Build ``record`` from plain data.

    Unknown keys are skipped and missing ones take their default, because new fields do not
    bump the schema. Raises ``ReportError`` naming the place that does not fit.
    """
    if not isinstance(data, dict):
        raise _misfit(where, "an object", data)
    values: dict[str, object] = {}
    for name, hint, required in shape(record):
        if name in data:
            values[name] = _value(hint, data[name], f"{where}.{name}")
        elif required:
            raise ReportError(f"The report is incomplete: {where}.{name} is missing.", _HINT)
    return record(**values)


def shape(record: type) -> tuple[tuple[str, object, bool], ...]:
    """(name, type, required) of each field of a record."""
    return _shape(record)


@cache
def _shape(record: Hashable) -> tuple[tuple[str, object, bool], ...]:
    if not isinstance(record, type) or not is_dataclass(record):
        raise TypeError(f"{record!r} is not a record")
    hints = get_type_hints(record)
    return tuple(
        (f.name, hints[f.name], f.default is MISSING and f.default_factory is MISSING)
        for f in fields(record)
    )


def optional(hint: object) -> object | None:
    """``X`` for ``X | None``, else None."""
    if get_origin(hint) not in (Union, UnionType):
        return None
    inner: object = next(arg for arg in get_args(hint) if arg is not NoneType)
    return inner


def _value(hint: object, data: Json, where: str) -> object:
    inner = optional(hint)
    if inner is not None:
        return None if data is None else _value(inner, data, where)
    if get_origin(hint) is tuple:
        if not isinstance(data, list):
            raise _misfit(where, "a list", data)
        item = get_args(hint)[0]
        return tuple(_value(item, each, f"{where}[{i}]") for i, each in enumerate(data))
    if hint is bool and isinstance(data, bool):
        return data
    if hint is int and isinstance(data, int) and not isinstance(data, bool):
        return data
    if hint is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    if hint is str and isinstance(data, str):
        return data
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _member(hint, data, where)
    if isinstance(hint, type) and is_dataclass(hint):
        return decode(hint, data, where)
    raise _misfit(where, _EXPECTED.get(hint, "something else"), data)


def _member(kind: type[Enum], data: Json, where: str) -> Enum:
    members: Mapping[str, Enum] = {label(member): member for member in kind}
    if isinstance(data, str) and data in members:
        return members[data]
    raise _misfit(where, f"one of {', '.join(members)}", data)


_HINT = "Write it again with `queryaudit` instead of editing it."
_EXPECTED: dict[object, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def _misfit(where: str, expected: str, data: Json) -> ReportError:
    shown = repr(data)
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    return ReportError(f"The report is broken: {where} should be {expected}, not {shown}.", _HINT)
