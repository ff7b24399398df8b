"""QA506: rows are locked against those who only refer to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, visible
from queryaudit.detectors.transactions.fold import Began, Ran, Runs, TransactionFold
from queryaudit.detectors.transactions.locking import lockings
from queryaudit.detectors.transactions.rule import TransactionRule
from queryaudit.locking.graph import is_postgres
from queryaudit.locking.locks import Lock, taken
from queryaudit.locking.reading import read
from queryaudit.locking.schema import LockSchema
from queryaudit.records.events import Frame
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity
from queryaudit.sql.locks import RowLockMode
from queryaudit.sql.verbs import Verb


class Locked(NamedTuple):
    """``FOR UPDATE`` on rows of a table, in a transaction that keeps their keys."""

    alias: str
    parent: str
    frame: Frame
    frames: tuple[Frame, ...]
    place: str
    statement: str
    fingerprint: str


class Referred(NamedTuple):
    """A row inserted that refers to rows of a table, which nobody locked before."""

    alias: str
    parent: str
    child: str
    frame: Frame


class ForeignKeyLockConflict(TransactionRule):
    """``select_for_update()`` on rows that rows inserted elsewhere refer to.

    What it detects
    ---------------
    ``FOR UPDATE`` on rows of a table, in a transaction that neither deletes them nor changes their
    keys, and anywhere in the run an INSERT of a row with a foreign key to that table, by code
    that did not lock it. PostgreSQL only.

    Why it matters
    --------------
    Who inserts a row locks the row that it refers to, so that it can't go away: with Django's keys
    at the commit. ``FOR UPDATE`` keeps him waiting although he changes nothing, and two that lock
    and insert crosswise end in a deadlock at the commit. ``FOR NO KEY UPDATE`` goes
    together with it, and keeps other writers out all the same.

    Example
    -------
    ::

        customer = Customer.objects.select_for_update().get(pk=pk)

    Better
    ------
    ::

        customer = Customer.objects.select_for_update(no_key=True).get(pk=pk)

    When it is fine
    ---------------
    Where the lock is there to keep others from adding rows, as while an order is closed: say so in
    an ignore. Silent: the row is deleted or gets another key, all who insert lock the parent
    first, no row that refers to it was inserted in the run, joined tables that ``of`` leaves out.

    Evidence
    --------
    OBSERVED: the lock and the INSERT were seen, and the model's foreign keys are known; they were
    not run against each other.

    Options
    -------
    None.
    """

    code = "QA506"
    name = "foreign-key-lock-conflict"
    severity = Severity.WARNING
    summary = "Rows are locked against those who only refer to them."

    def facts(self, fold: TransactionFold, view: View) -> Iterable[Locked | Referred]:
        vendors = dict(view.tables.header.databases) if view.tables.header else {}
        schema = view.tables.of_models(LockSchema)
        for one in lockings(fold, view):
            alias = one.place.home[1]
            if not is_postgres(vendors.get(alias, "")) or one.lock.mode is not RowLockMode.UPDATE:
                continue
            kept = _kept(one.place.began, one.ran, schema, view)
            for parent in _locked(one.ran, schema, view):
                if parent in kept:
                    yield Locked(
                        alias,
                        parent,
                        one.frame,
                        visible((*one.frames, *one.place.frames)),
                        one.place.name,
                        one.statement.normalised,
                        one.statement.fingerprint,
                    )
        for (_, alias, _), began in fold.began.items():
            if is_postgres(vendors.get(alias, "")):
                yield from _referred(alias, began.statements, schema, view)
        if any(is_postgres(vendor) for vendor in vendors.values()):
            yield from _referred("", fold.loose, schema, view)

    def conclude(
        self, facts: Sequence[Locked | Referred]
    ) -> Iterable[tuple[Sighting, Sequence[Locked | Referred]]]:
        referred: dict[str, list[Referred]] = defaultdict(list)
        for fact in facts:
            if isinstance(fact, Referred):
                referred[fact.parent].append(fact)
        known: dict[tuple[str, ...], list[Locked | Referred]] = defaultdict(list)
        for fact in facts:
            if isinstance(fact, Locked):
                found = [r for r in referred[fact.parent] if r.alias in ("", fact.alias)]
                if found:
                    words = (self.code, fact.fingerprint, fact.frame.path, fact.frame.function)
                    known[words] += [fact, *found]
        for group in sorted(known):
            behind = list(dict.fromkeys(known[group]))
            yield self._sighting(group, behind), behind

    def _sighting(self, group: tuple[str, ...], behind: Sequence[Locked | Referred]) -> Sighting:
        head = min((b for b in behind if isinstance(b, Locked)), key=repr)
        # Another function is who waits, if there is one.
        other = min(
            (b for b in behind if isinstance(b, Referred) and b.parent == head.parent),
            key=lambda b: (b.frame.function == head.frame.function, b.child, repr(b.frame)),
        )
        return Sighting(
            rule=self.code,
            group=group,
            cause=group,
            severity=self.severity,
            frame=head.frame,
            evaluated=other.frame,
            access=head.frame,
            owner=other.frame.function,
            target=head.parent,
            method=other.child,
            statement=head.statement,
            queries=0,
            duration_ns=0,
            note=f"{head.parent} locked, {other.child} inserted",
            frames=head.frames,
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        return (
            f"Rows of {head.target} are locked FOR UPDATE, which keeps {head.owner} waiting that "
            f"inserts rows of {head.method} and changes nothing of them."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        head = sightings[0]
        return Evidence(
            grade=Grade.OBSERVED,
            text=f"{head.method} has a foreign key to {head.target}; the transaction with the lock "
            "neither deleted the row nor changed its key",
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return Fix(
            title="lock what is changed, and leave the key free",
            applicability=Applicability.UNSAFE,
            code=_without_key(sightings[0].frame),
            note="Keep FOR UPDATE where nobody may add rows meanwhile.",
        )


def _locks(ran: Ran, schema: LockSchema, view: View) -> tuple[Lock, ...]:
    now, at_commit = taken(read(view.tables.sql[ran[0]].text), schema)
    return (*now, *at_commit)


def _locked(ran: Ran, schema: LockSchema, view: View) -> Iterator[str]:
    """The tables whose rows a query locks against all others."""
    for lock in _locks(ran, schema, view):
        if lock.mode is RowLockMode.UPDATE and lock.waits:
            yield lock.table


def _kept(began: Began, locking: Ran, schema: LockSchema, view: View) -> set[str]:
    """The tables of which the transaction deletes no row and changes no key."""
    changed = {
        lock.table
        for ran in began.statements
        if read(view.tables.sql[ran[0]].text).verb is not Verb.SELECT
        for lock in _locks(ran, schema, view)
        if lock.mode is RowLockMode.UPDATE
    }
    return set(_locked(locking, schema, view)) - changed


def _referred(
    alias: str, statements: dict[Ran, Runs], schema: LockSchema, view: View
) -> Iterator[Referred]:
    held = {
        lock.table
        for ran in statements
        for lock in _locks(ran, schema, view)
        if isinstance(lock.mode, RowLockMode) and lock.mode is not RowLockMode.KEY_SHARE and alias
    }
    for ran in statements:
        reading = read(view.tables.sql[ran[0]].text)
        frame = evaluated_at(view.tables.stacks[ran[1]].frames, view)
        if reading.verb is not Verb.INSERT or frame is None or frame.kind not in view.own:
            continue
        for lock in _locks(ran, schema, view):
            if lock.mode is RowLockMode.KEY_SHARE and lock.table not in held:
                yield Referred(alias, lock.table, reading.target, frame)


def _without_key(frame: Frame) -> str:
    """The call as it stands, there or shortly before, with ``no_key=True``."""
    first = frame.line - (frame.snippet_line or frame.line)
    last = (frame.end_line or frame.line) - (frame.snippet_line or frame.line)
    for line in (*frame.snippet[first : last + 1], *reversed(frame.snippet[:first])):
        if "select_for_update(" in line:
            code = line.strip().replace("select_for_update(", "select_for_update(no_key=True, ", 1)
            return code.replace("no_key=True, )", "no_key=True)")
    return ".select_for_update(no_key=True)"
