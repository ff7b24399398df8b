"""How a baseline follows the project: it shrinks by itself and grows only when told to."""

from __future__ import annotations

from collections.abc import Iterable

from queryaudit.gate.baseline import Entry
from queryaudit.records.report import Report


def entries_of(report: Report) -> tuple[Entry, ...]:
    """An entry for each cause that the report names, once for each fingerprint, sorted."""
    entries: dict[str, Entry] = {}
    for finding in report.findings:
        for cause in finding.causes:
            entry = Entry(
                path=cause.location.path,
                rule=cause.rule,
                function=cause.location.function,
                what=cause.description,
                fingerprint=cause.fingerprint,
            )
            known = entries.setdefault(entry.fingerprint, entry)
            entries[entry.fingerprint] = min(known, entry)
    return tuple(sorted(entries.values()))


def update(
    entries: Iterable[Entry], report: Report, *, accept_new: bool, complete: bool
) -> tuple[Entry, ...]:
    """The baseline after a run.

    What is gone is dropped if the run was ``complete``: a run of some of the tests or of some
    of the rules has not looked for the rest. What is new is added only with ``accept_new``.
    """
    current = {entry.fingerprint: entry for entry in entries_of(report)}
    known = {entry.fingerprint: entry for entry in entries}
    kept = {
        fingerprint: current.get(fingerprint, entry)
        for fingerprint, entry in known.items()
        if fingerprint in current or not complete
    }
    added = {} if not accept_new else {f: e for f, e in current.items() if f not in known}
    return tuple(sorted([*kept.values(), *added.values()]))
