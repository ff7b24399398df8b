"""The baseline file: the findings that a project knows and has not fixed yet.

One line a cause, sorted, each line the same shape as every other, so that version control
merges it line by line. It holds fingerprints and words only: no line number, count or time,
so it changes when a finding comes or goes and at no other time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from queryaudit.errors import BaselineError
from queryaudit.gate.writing import replace_file

MAGIC = "queryaudit-baseline"
VERSION = 1
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Entry:
    """A known cause. All but the fingerprint is for people, and sorts the file."""

    path: str
    rule: str
    function: str
    what: str
    fingerprint: str

    def __str__(self) -> str:
        place = f"{self.path} in {self.function}" if self.function else self.path
        return f"{self.rule} {place}: {self.what}"


def dump(entries: Iterable[Entry]) -> str:
    """The file's text. Commas lead, so that adding a line never touches another."""
    lines = [json.dumps(asdict(entry), ensure_ascii=False) for entry in sorted(entries)]
    header = json.dumps({MAGIC: VERSION})
    return "\n".join([f"[{header}", *(f",{line}" for line in lines), "]", ""])


def parse(text: str, where: str) -> tuple[Entry, ...]:
    """The entries of a baseline's text; ``where`` names it in errors."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _broken(text, where, error) from error
    version = rows[0].get(MAGIC) if isinstance(rows, list) and _is_header(rows[:1]) else None
    if type(version) is not int:
        raise BaselineError(
            f"{where} is not a queryaudit baseline.",
            "Name another file with the baseline option, or delete this one.",
        )
    if version > VERSION:
        raise BaselineError(
            f"{where} was written by a newer queryaudit (baseline version {version}, "
            f"this version reads up to {VERSION}).",
            "Upgrade queryaudit here.",
        )
    entries = tuple(_entry(row, number, where) for number, row in enumerate(rows[1:], start=1))
    _refuse_duplicates(entries, where)
    return entries


def load(path: Path) -> tuple[Entry, ...] | None:
    """The entries of the file, None if there is no file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BaselineError(
            f"The baseline {path} can't be read: {reason}.",
            "Name a readable file with the baseline option.",
        ) from error
    return parse(text, str(path))


def save(path: Path, entries: Iterable[Entry]) -> None:
    try:
        replace_file(path, dump(entries))
    except OSError as error:
        raise BaselineError(
            f"The baseline {path} can't be written: {error.strerror or error}.",
            "Name a writable file with the baseline option.",
        ) from error


def _is_header(first: list[object]) -> bool:
    return bool(first) and isinstance(first[0], dict)


def _entry(row: object, number: int, where: str) -> Entry:
    names = [field.name for field in fields(Entry)]
    if isinstance(row, dict) and all(isinstance(row.get(name), str) for name in names):
        return Entry(**{name: row[name] for name in names})
    raise BaselineError(
        f"Entry {number} of the baseline {where} is broken: it needs the texts {', '.join(names)}.",
        "Restore that line from version control, or delete it.",
    )


def _refuse_duplicates(entries: tuple[Entry, ...], where: str) -> None:
    counts = Counter(entry.fingerprint for entry in entries)
    twice = [entry for entry in entries if counts[entry.fingerprint] > 1]
    if twice:
        raise BaselineError(
            f"The baseline {where} has the same finding twice: {twice[0]} "
            f"({twice[0].fingerprint}).",
            "Delete one of the two lines.",
        )


def _broken(text: str, where: str, error: Exception) -> BaselineError:
    if any(line.startswith(_CONFLICT) for line in text.splitlines()):
        return BaselineError(
            f"The baseline {where} has conflict markers of a merge.",
            "Keep the lines of both sides, delete the markers, and keep each line once.",
        )
    line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
    return BaselineError(
        f"The baseline {where} is not valid JSON{line}.", "Restore it from version control."
    )
