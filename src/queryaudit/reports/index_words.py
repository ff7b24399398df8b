"""What is said of indexes, in the same words by every report; and where each is to be written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.records.advised import AdvisedIndex, Outcome, Served
from queryaudit.records.findings import Location
from queryaudit.records.report import Report
from queryaudit.reports.wording import duration

_PLACE = re.compile(r"(.+):(\d{1,9})", re.DOTALL)
_GRADES = {Outcome.PROVED: "proved", Outcome.ESTIMATED: "estimated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """An index to add. ``location`` is its model's, or else the first place that it serves."""

    index: AdvisedIndex
    location: Location | None

    @property
    def grade(self) -> str:
        return _GRADES[self.index.outcome]

    @property
    def fingerprint(self) -> str:
        """The same as long as it is this index of this table."""
        words = "\x1f".join(("index", self.index.owner, self.index.title))
        return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    @property
    def message(self) -> str:
        """What to add, and what it does for the statement that it serves first."""
        gains = [gain(served) for served in self.index.served[:1]]
        facts = "; ".join((*gains, *costs(self.index)))
        return f"Add {self.index.title} to {self.index.owner}: {facts} ({self.grade})"


def recommended(report: Report) -> tuple[Recommended, ...]:
    """The indexes to add, those that were proved first."""
    return tuple(
        Recommended(index=index, location=_location(index))
        for outcome in _GRADES
        for index in report.indexes
        if index.outcome is outcome
    )


def _location(index: AdvisedIndex) -> Location | None:
    if index.location is not None:
        return index.location
    places = (_PLACE.fullmatch(place) for served in index.served for place in served.locations)
    found = next((match for match in places if match is not None), None)
    return None if found is None else Location(path=found[1], line=int(found[2]))


def gain(served: Served) -> str:
    """What a statement gains, by its times or by the planner's costs."""
    if served.before_cost is not None and served.after_cost is not None:
        before, after = served.before_cost, served.after_cost
        return (
            f"cost {before:,.0f} -> {after:,.0f}: "
            f"{before / max(after, 0.01):,.1f} times cheaper, by the planner's estimate"
        )
    if served.before_ns is None or served.after_ns is None or served.at_least is None:
        return "not tried: it writes, or its values are not known"
    times = served.before_ns / max(served.after_ns, 1)
    change = f"{_time(served.before_ns)} -> {_time(served.after_ns)}"
    return f"{change}: {times:,.1f} times faster{served.bounds}"


def costs(index: AdvisedIndex) -> Iterator[str]:
    """What it takes, as far as that is known."""
    if index.bytes is not None:
        yield size(index.bytes)
    if index.build_ns is not None:
        yield f"built in {duration(index.build_ns)}"
    if index.wal_bytes is not None:
        yield f"{index.wal_bytes:,} B of WAL for an inserted row"
    if index.insert_ns is not None:
        yield f"{microseconds(index.insert_ns)} more for an inserted row"


def size(number: int) -> str:
    return f"{number / 2**20:,.1f} MiB" if number >= 1 << 20 else f"{number / 1024:,.0f} KiB"


def microseconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e3:,.1f} µs"


def _time(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:,.3f} ms"
