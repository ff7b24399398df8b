"""QA503: two transactions lock rows of the same tables in opposite orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.transactions.lock_chains import chains, models_of
from queryaudit.detectors.transactions.lock_fold import LockFold
from queryaudit.detectors.transactions.lock_wording import order_of, remedy
from queryaudit.detectors.transactions.rule import RunRule
from queryaudit.locking.graph import Chain, crossings
from queryaudit.locking.telling import Told, told
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Fix
from queryaudit.records.rules import Severity

#: Transactions of the other order that a message names.
_NAMED = 2


class LockOrderInversion(RunRule):
    """One transaction locks A and then B, another one B and then A: a deadlock waits to happen.

    What it detects
    ---------------
    Two transactions anywhere in the run, in different tests, requests or processes, each of which
    can come to hold what the other waits for: rows of tables, whole tables, advisory locks, unique
    values, and the rows that foreign keys lock as a transaction commits, in modes that exclude each
    other by PostgreSQL's tables of conflicts. They need not have run at the same time.
    A function that locks two rows of one table in the order of its arguments is reported against
    itself.

    Why it matters
    --------------
    When both run at once for the same rows, each holds what the other waits for. The server ends
    one of them with an error, after a second of waiting; in tests, which run one by one, it never
    shows.

    Example
    -------
    ::

        def pay(order, customer):
            with transaction.atomic():
                Order.objects.filter(pk=order.pk).update(status="paid")
                Customer.objects.filter(pk=customer.pk).update(orders=F("orders") + 1)


        def close(order, customer):
            with transaction.atomic():
                Customer.objects.filter(pk=customer.pk).update(active=False)
                Order.objects.filter(pk=order.pk).update(status="cancelled")

    Better
    ------
    Lock in one order everywhere: here the customer first in both.

    When it is fine
    ---------------
    When the rows can never be the same ones. Silent: a lock that both take before (they meet
    there, and one waits in peace), ``nowait`` and ``skip_locked``, rows that the transaction made
    itself, rows that the code names by different constants, arguments that the function sorts or
    compares, modes that go together, what Django opens for one call, as for ``delete()``, and
    SQLite, which locks the database as a whole. On other servers than PostgreSQL locks of tables
    and of foreign keys are not judged. Of all pairs in opposite orders the fewest places are told
    with which all would be gone; where a condition or a cascade found the rows, and no key, it is
    a note until it is proved.

    Evidence
    --------
    OBSERVED: both orders were seen in the run. PROVED: ``queryaudit prove-deadlock``, or the option
    ``prove``, replayed them in two sessions on a copy of the tables, and the server ended one. What
    it lets through is listed as refuted, and fails nothing. What triggers lock is in neither.

    Options
    -------
    None.
    """

    code = "QA503"
    name = "lock-order-inversion"
    severity = Severity.WARNING
    summary = "Two transactions lock rows of the same tables in opposite orders."
    fold = LockFold

    def facts(self, fold: LockFold, view: View) -> Iterable[Chain | Model]:
        found = tuple(chains(fold, view))
        return (*found, *models_of(found, view.tables.models))

    def conclude(
        self, facts: Sequence[Chain | Model]
    ) -> Iterable[tuple[Sighting, Sequence[Chain]]]:
        known: set[tuple[str, ...]] = set()
        for telling in told(crossings([f for f in facts if isinstance(f, Chain)])):
            crossing, sighting = telling.crossing, self._sighting(telling)
            if sighting.group not in known:
                known.add(sighting.group)
                yield sighting, tuple(dict.fromkeys((crossing.one, crossing.other)))

    def _sighting(self, telling: Told) -> Sighting:
        crossing = telling.crossing
        one, other = crossing.one, crossing.other
        ours, theirs = crossing.wanted, crossing.other_wanted
        return self.spotted(
            crossing.words,
            ours.frame,
            (ours.frame, theirs.frame, one.begin, other.begin),
            severity=self.severity if telling.likely else Severity.NOTE,
            evaluated=theirs.frame,
            access=theirs.frame,
            statement=ours.statement,
            note=order_of(crossing),
            owner=one.name,
            target=_listed(telling.others),
            fix=remedy(crossing),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        if head.note.endswith("arguments"):
            return (
                f"{head.owner} locks {head.note}: two calls with them exchanged can come to wait "
                "for each other."
            )
        return (
            f"{head.owner} locks {head.note}, {head.target} the other way round: each can come to "
            "wait for the other."
        )

    def seen(self, sightings: Sequence[Sighting]) -> str:
        return (
            "both orders were seen in this run, with no lock before them in common; they were "
            "not replayed against each other"
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return sightings[0].fix


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
