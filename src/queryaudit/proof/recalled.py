"""Trials as they stand in a journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from queryaudit.proof.journal import Journal
from queryaudit.proof.trial import Compared
from queryaudit.proof.trials import Trial
from queryaudit.records.advised import Outcome
from queryaudit.records.workload import Asked

#: What was executed: anything else is as quickly found out again.
_KEPT = (Outcome.PROVED, Outcome.REFUTED)


def trial_key(stage: str, trial: Trial, table: str, beside: Iterable[Trial]) -> list[str]:
    """A stage of a trial on a table, beside others that were proved before."""
    statements = sorted(asked.fingerprint for asked in (*trial.asked, *trial.also))
    return [stage, *trial.words, table, *statements, *_names(beside)]


def control_key(asked: Asked, tables: Iterable[str], beside: Iterable[Trial]) -> list[str]:
    return ["control", asked.fingerprint, *sorted(tables), *_names(beside)]


def keep(journal: Journal, key: Sequence[str], trial: Trial) -> None:
    if trial.outcome in _KEPT and trial.compared:
        found = {
            "outcome": trial.outcome.value,
            "reason": trial.reason,
            "bytes": [trial.bytes[candidate] for candidate in trial.candidates],
            "build_ns": trial.build_ns,
            "insert_ns": [trial.insert_ns.get(candidate) for candidate in trial.candidates],
            "sets": trial.sets,
            "share": trial.share,
            "compared": {key: [_row(c) for c in each] for key, each in trial.compared.items()},
        }
        journal.keep(key, found)


def recall(journal: Journal, key: Sequence[str], trial: Trial) -> bool:
    """Whether the journal has the trial, which then is as it was when it had ended."""
    found = journal.recall(key)
    if found is None:
        return False
    try:
        compared = {name: _compared(each) for name, each in found["compared"].items()}
        bytes_ = dict(zip(trial.candidates, map(int, found["bytes"]), strict=True))
        inserted = zip(trial.candidates, found["insert_ns"], strict=True)
        insert_ns = {c: None if each is None else int(each) for c, each in inserted}
        outcome = Outcome(found["outcome"])
        build_ns, sets, share = int(found["build_ns"]), int(found["sets"]), float(found["share"])
        reason = str(found["reason"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return False  # somebody else wrote it
    trial.compared, trial.bytes = compared, bytes_
    trial.build_ns, trial.insert_ns = build_ns, insert_ns
    trial.sets, trial.share = sets, share
    trial.end(outcome, reason)
    return True


def keep_control(journal: Journal, key: Sequence[str], each: Sequence[Compared]) -> None:
    journal.keep(key, {"compared": [_row(c) for c in each]})


def recall_control(journal: Journal, key: Sequence[str]) -> list[Compared] | None:
    found: Mapping[str, Any] = journal.recall(key) or {}
    try:
        return _compared(found["compared"])
    except (KeyError, TypeError, ValueError):
        return None


def _names(trials: Iterable[Trial]) -> list[str]:
    return ["beside", *sorted(name for trial in trials for name in trial.names)]


def _row(compared: Compared) -> list[Any]:
    return [*compared[:4], sorted(compared.used), compared.same_rows]


def _compared(rows: Sequence[Sequence[Any]]) -> list[Compared]:
    return [
        Compared(int(before), int(after), float(least), float(most), frozenset(used), bool(same))
        for before, after, least, most, used, same in rows
    ]
