"""Events to lines of JSON and back: the only place that knows how a trace is spelled.

Text is written as it is, not as escapes, and lone surrogates pass through, so that what is
read equals what was written for any string that Python can hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from queryaudit.errors import TraceError
from queryaudit.records.events import (
    TRACE_SCHEMA,
    Event,
    Header,
    Query,
)
from queryaudit.trace.rows import GarbledError, decode_header, decode_queries, decode_row

MAGIC = "queryaudit-trace"
#: Written last; without it the process was cut off.
END_LINE = b'["End"]\n'

_ENCODING = ("utf-8", "surrogatepass")
_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode


class SecondTraceError(GarbledError):
    """Two files were joined into one; the ids of the second mean other things."""


def _line(value: object) -> bytes:
    return _encode(value).encode(*_ENCODING) + b"\n"


def header_line(header: Header) -> bytes:
    fields = header._asdict()
    return _line({MAGIC: fields.pop("schema"), **fields})


def event_line(event: Event) -> bytes:
    """A line for any event but a header; queries in numbers go to :func:`query_line`."""
    if isinstance(event, Query):
        return query_line((event,))
    return _line((type(event).__name__, *event))


def query_line(queries: Sequence[Query]) -> bytes:
    return _line(("Q", queries))


def _parse(line: bytes) -> object:
    try:
        return json.loads(line.decode(*_ENCODING))
    except (ValueError, RecursionError) as error:
        raise GarbledError("is not JSON") from error


def begins_header(line: bytes) -> bool:
    """Whether a line without an end is the beginning of a header, and not all of it."""
    start = f'{{"{MAGIC}":'.encode()
    return line[: len(start)] == start[: len(line)] and not line.endswith(b"}")


def parse_header(line: bytes, where: str) -> Header:
    """The header of the trace ``where``; raises TraceError for what can't be read."""
    try:
        value = _parse(line)
    except GarbledError:
        value = None
    schema = value.pop(MAGIC, None) if isinstance(value, dict) else None
    if type(schema) is not int or not isinstance(value, dict):
        raise TraceError(
            f"{where} is not a queryaudit trace.",
            "Pass a *.qatrace file, or the folder that holds them.",
        )
    if schema > TRACE_SCHEMA:
        raise TraceError(
            f"{where} was written by a newer queryaudit (trace schema {schema}, "
            f"this version reads up to {TRACE_SCHEMA}).",
            "Upgrade queryaudit here, or record the trace again with this version.",
        )
    try:
        return decode_header({"schema": schema, **value})
    except GarbledError as error:
        raise TraceError(
            f"{where} has a damaged first line: it {error}.", "Record the trace again."
        ) from error


def parse_line(line: bytes) -> Sequence[Event] | None:
    """The events of a line after the header, None for the mark of a complete trace.

    Raises :class:`GarbledError` for anything else.
    """
    match _parse(line):
        case ["Q", list(rows)]:
            return decode_queries(rows)
        case ["End"]:
            return None
        case [str(name), *fields]:
            return (decode_row(name, fields),)
        case {"queryaudit-trace": _}:
            raise SecondTraceError("begins another trace")
        case _:
            raise GarbledError("is not a row of a trace")
