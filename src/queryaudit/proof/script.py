"""A deadlock as plain SQL, to be typed into two sessions of psql."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Line(NamedTuple):
    """What one of the sessions says."""

    session: int  #: 0 or 1
    text: str
    place: str  #: where the code says it
    note: str = ""


def script(setup: Sequence[str], lines: Sequence[Line], ended: int) -> str:
    """``ended`` is the session that the server ends."""
    found = ["-- For two sessions of psql in an empty database. First tables, and where both meet."]
    found += ["BEGIN;", *(f"{statement};" for statement in setup), "COMMIT;"]
    last = len(lines) - 1
    session = -1
    for number, line in enumerate(lines):
        if line.session != session:
            session = line.session
            found += ["", f"-- Session {session + 1}"]
        found.append(f"-- {line.place}")
        note = f"  -- {line.note}" if line.note else ""
        if number == last:
            note = f"  -- ERROR 40P01: deadlock detected, in session {ended + 1}"
        found.append(f"{line.text};{note}")
    return "\n".join(found) + "\n"
