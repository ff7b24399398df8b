"""Words and fixes of the family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from queryaudit.advice.row_fixes import fix_row_write
from queryaudit.detectors.base import Sighting
from queryaudit.detectors.writes.commits import COMMITS
from queryaudit.records.findings import Fix


def message(sightings: Sequence[Sighting]) -> str:
    """What is written, in which loop, how often; and what each write sets off."""
    head = sightings[0]
    queries = sum(s.queries for s in sightings)
    loop = f" of `{head.loop[2]}`" if head.loop is not None and head.loop[2] else ""
    where = f" in {head.frame.function}()" if head.frame.function else ""
    bypassed = list(dict.fromkeys(n for s in sightings if s.write for n in s.write.bypassed))
    more = f" Each write runs {_listed(bypassed)}." if bypassed else ""
    if any(sighting.rule == COMMITS for sighting in sightings):
        more += " Each round commits by itself."
    notes = dict.fromkeys(s.note for s in sightings if s.rule != COMMITS)
    things = _listed([_said(thing) for thing in notes])
    return (
        f"{things[:1].upper()}{things[1:]} in each round{loop}{where}: {_counted(queries)}.{more}"
    )


def _said(note: str) -> str:
    """``a Tag is inserted``, ``Tag.get_or_create() runs``."""
    if note.endswith("()"):
        return f"{note} runs"
    name, _, done = note.rpartition(" ")
    return f"{_article(name)} {name} is {done}"


def _article(name: str) -> str:
    """By sound: a User, an Update."""
    vowels = "aeiou"
    first, second, third = (*name[:3].lower(), "", "", "")[:3]
    is_you = first == "u" and second and second not in vowels and third and third in vowels
    return "an" if first and first in vowels and not is_you else "a"


def fix(sightings: Sequence[Sighting]) -> Fix | None:
    head = sightings[0]
    if head.write is None:
        return None
    found = fix_row_write(head.frame, head.write, direct=head.access == head.frame)
    if not any(sighting.rule == COMMITS for sighting in sightings):
        return found
    note = "Where the loop has to stay, put it into one `with transaction.atomic():`."
    return replace(found, note="\n".join(filter(None, (found.note, note))))


def _counted(queries: int) -> str:
    return f"{queries} {'query' if queries == 1 else 'queries'}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
