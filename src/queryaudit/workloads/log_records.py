"""The messages of a PostgreSQL log, as the server wrote them: plain, as CSV, or as JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

#: A plain record begins with the prefix of ``log_line_prefix``, whatever it is, and its severity.
_PLAIN = re.compile(
    r"(?:\A|.*?[^\w])(?:LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG\d?|DETAIL|HINT|CONTEXT|"
    r"STATEMENT|QUERY|LOCATION):  (?P<message>.*)",
    re.DOTALL,
)
_CSV = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* [^\s,\"]+,")
#: A record starts on a line of its own, with a time; columns of a message come after 13 others.
_CSV_MESSAGE = 13
_SYSLOG_TAB = "#011"


class Record(NamedTuple):
    """A message, and the line it begins on. ``None``: what is there can't be read."""

    line: int
    message: str | None


def records(lines: Iterable[str]) -> Iterator[Record]:
    """The records of a log, whichever format it has. Lines keep their ends."""
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), "")
    if first.startswith("{"):
        return _json(first, rest)
    if _CSV.match(first):
        return _csv(first, rest)
    return _plain(first, rest)


def _plain(first: str, rest: Iterator[str]) -> Iterator[Record]:
    start, parts = 1, list[str]()
    for number, line in enumerate(_chained(first, rest), 1):
        if line.startswith(("\t", _SYSLOG_TAB)):
            if parts:
                parts.append(line.removeprefix(_SYSLOG_TAB).removeprefix("\t"))
            elif number == 1:
                yield Record(number, None)
            continue
        if parts:
            yield Record(start, "".join(parts))
        match = _PLAIN.match(line)
        start, parts = number, [match["message"]] if match is not None else []
    if parts:
        yield Record(start, "".join(parts))


def _json(first: str, rest: Iterator[str]) -> Iterator[Record]:
    for number, line in enumerate(_chained(first, rest), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            yield Record(number, None)
            continue
        if isinstance(found, dict) and isinstance(found.get("message"), str):
            yield Record(number, found["message"])


def _csv(first: str, rest: Iterator[str]) -> Iterator[Record]:
    """One record may span many lines: it ends where its quotes are even."""
    start, parts, quotes = 1, list[str](), 0
    for number, line in enumerate(_chained(first, rest), 1):
        if not parts:
            start = number
        parts.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0:
            yield _csv_record(start, "".join(parts))
            parts, quotes = [], 0
    if parts:
        yield Record(start, None)


def _csv_record(line: int, text: str) -> Record:
    try:
        row = next(csv.reader(io.StringIO(text, newline="")), [])
    except csv.Error:
        row = []
    return Record(line, row[_CSV_MESSAGE] if len(row) > _CSV_MESSAGE else None)


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest
