"""QA506: rows are locked against those who only refer to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, visible
from queryaudit.detectors.transactions.fold import Began, Ran, Runs, TransactionFold
from queryaudit.detectors.transactions.locking import lockings
from queryaudit.detectors.transactions.rule import RunRule
from queryaudit.locking.graph import is_postgres
from queryaudit.locking.locks import Lock, taken
from queryaudit.locking.reading import read
from queryaudit.locking.schema import LockSchema
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.rules import Severity
from queryaudit.sql.locks import RowLockMode
from queryaudit.sql.verbs import Verb

#: Path, function, line and column of a call that locks.
Place = tuple[str, str, int, int]


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


class ForeignKeyLockConflict(RunRule):
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
        vendors = view.vendors
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
        """A finding for each place, with a cause for each table whose rows it locks."""
        referred: dict[str, list[Referred]] = defaultdict(list)
        for fact in facts:
            if isinstance(fact, Referred):
                referred[fact.parent].append(fact)
        places: dict[Place, dict[str, list[Locked]]] = defaultdict(dict)
        for fact in facts:
            if isinstance(fact, Locked) and any(_meet(fact, r) for r in referred[fact.parent]):
                frame = fact.frame
                tables = places[frame.path, frame.function, frame.line, frame.column or 0]
                tables.setdefault(fact.parent, []).append(fact)
        for _, tables in sorted(places.items()):
            words = min(locked.fingerprint for found in tables.values() for locked in found)
            for parent, found in sorted(tables.items()):
                theirs = [r for r in referred[parent] if any(_meet(one, r) for one in found)]
                yield self._sighting(words, found, theirs), (*found, *theirs)

    def _sighting(
        self, words: str, found: Sequence[Locked], referred: Sequence[Referred]
    ) -> Sighting:
        """``words`` tell the place from another one of its function."""
        head = min(found, key=repr)
        # Another function is who waits, if there is one.
        other = min(
            referred,
            key=lambda r: (r.frame.function == head.frame.function, r.child, repr(r.frame)),
        )
        place = (head.frame.path, head.frame.function)
        return self.spotted(
            (self.code, words, *place),
            head.frame,
            tuple(dict.fromkeys(frame for one in found for frame in one.frames)),
            cause=(self.code, head.parent, *place),
            evaluated=other.frame,
            statement=head.statement,
            note=f"{head.parent} locked, {other.child} inserted",
            owner=other.frame.function,
            target=head.parent,
            method=other.child,
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        tables = sorted({sighting.target or "" for sighting in sightings})
        if len(tables) > 1:
            return (
                f"Rows of {', '.join(tables[:-1])} and {tables[-1]} are locked FOR UPDATE, which "
                "keeps all waiting that insert rows referring to them and change nothing of them, "
                f"as {head.owner} does."
            )
        return (
            f"Rows of {head.target} are locked FOR UPDATE, which keeps {head.owner} waiting that "
            f"inserts rows of {head.method} and changes nothing of them."
        )

    def seen(self, sightings: Sequence[Sighting]) -> str:
        keys = sorted({f"{s.method} has a foreign key to {s.target}" for s in sightings})
        rows = "the row nor changed its key" if len(keys) == 1 else "the rows nor changed their key"
        return f"{', '.join(keys)}; the transaction with the lock neither deleted {rows}"

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return Fix(
            title="lock what is changed, and leave the key free",
            applicability=Applicability.UNSAFE,
            code=_without_key(sightings[0].frame),
            note="Keep FOR UPDATE where nobody may add rows meanwhile.",
        )


def _meet(locked: Locked, referred: Referred) -> bool:
    return referred.alias in ("", locked.alias)


def _locks(ran: Ran, schema: LockSchema, view: View) -> tuple[Lock, ...]:
    reading = read(view.tables.sql[ran[0]].text)
    now, at_commit = taken(reading, schema, nulls=view.tables.nulls.get(ran, ()))
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
    inserts: list[tuple[Ran, str, Frame]] = []
    for ran in statements:
        reading = read(view.tables.sql[ran[0]].text)
        frame = evaluated_at(view.tables.stacks[ran[1]].frames, view)
        if reading.verb is Verb.INSERT and frame is not None:
            inserts.append((ran, reading.target, frame))
    # Nobody else can have locked a row that is made along with what refers to it.
    made = {(target, *_maker(alias, frame)) for _, target, frame in inserts}
    for ran, target, frame in inserts:
        for lock in _locks(ran, schema, view) if frame.kind in view.own else ():
            new = (lock.table, *_maker(alias, frame)) in made and lock.table != target
            if lock.mode is RowLockMode.KEY_SHARE and lock.table not in held and not new:
                yield Referred(alias, lock.table, target, frame)


def _maker(alias: str, frame: Frame) -> tuple[str, str]:
    """Who makes a row and all that refers to it: a transaction, or without one a function."""
    return ("", "") if alias else (frame.path, frame.function)


def _without_key(frame: Frame) -> str:
    """The call as it stands, there or shortly before, with ``no_key=True``."""
    first = frame.line - (frame.snippet_line or frame.line)
    last = (frame.end_line or frame.line) - (frame.snippet_line or frame.line)
    for line in (*frame.snippet[first : last + 1], *reversed(frame.snippet[:first])):
        if "select_for_update(" in line:
            code = line.strip().replace("select_for_update(", "select_for_update(no_key=True, ", 1)
            return code.replace("no_key=True, )", "no_key=True)")
    return ".select_for_update(no_key=True)"
