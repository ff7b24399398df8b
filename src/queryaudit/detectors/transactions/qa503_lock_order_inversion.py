"""QA503: two transactions lock rows of the same tables in opposite orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.transactions.fold import TransactionFold
from queryaudit.detectors.transactions.order import Chain, Crossing, chains, crossings
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity


class LockOrderInversion(Detector):
    """One transaction locks A and then B, another one B and then A: a deadlock waits to happen.

    What it detects
    ---------------
    Two transactions anywhere in the run, in different tests, requests or processes, that lock or
    write rows of the same two tables in opposite orders, in modes that exclude each other by
    PostgreSQL's table of conflicts. They need not have run at the same time.

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
    When the rows can never be the same ones. Silent: a table that both lock before (they meet
    there, and one waits in peace), ``nowait`` and ``skip_locked``, rows that the transaction made
    itself, modes that go together, rows of joined tables that one query locks, what Django opens
    for one call, as for ``delete()``, and SQLite.

    Evidence
    --------
    OBSERVED: both orders were seen in the run; they were not replayed against each other.

    Options
    -------
    None.
    """

    code = "QA503"
    name = "lock-order-inversion"
    severity = Severity.WARNING
    summary = "Two transactions lock rows of the same tables in opposite orders."
    fold = TransactionFold

    def facts(self, fold: TransactionFold, view: View) -> Iterable[Chain]:
        return chains(fold, view)

    def conclude(self, facts: Sequence[Chain]) -> Iterable[tuple[Sighting, Sequence[Chain]]]:
        known: set[tuple[str, ...]] = set()
        for crossing in crossings(facts):
            sighting = self._sighting(crossing)
            if sighting.group not in known:
                known.add(sighting.group)
                yield sighting, tuple(dict.fromkeys((crossing.one, crossing.other)))

    def _sighting(self, crossing: Crossing) -> Sighting:
        one, other, first, last = crossing
        ours = next(taken for taken in one.taken if taken.table == last)
        theirs = next(taken for taken in other.taken if taken.table == first)
        tables = sorted((first, last))
        names = sorted((f"{one.begin.path}:{one.name}", f"{other.begin.path}:{other.name}"))
        group = (self.code, *tables, *names)
        return Sighting(
            rule=self.code,
            group=group,
            cause=group,
            severity=self.severity,
            frame=ours.frame,
            evaluated=theirs.frame,
            access=theirs.frame,
            owner=one.name,
            target=other.name,
            statement=ours.statement,
            queries=0,
            duration_ns=0,
            note=f"{first}, then {last}",
            frames=(ours.frame, theirs.frame, one.begin, other.begin),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        first, _, last = head.note.partition(", then ")
        return (
            f"{head.owner} locks rows of {first} and then of {last}, {head.target} the other way "
            "round: each can come to wait for the other."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(
            grade=Grade.OBSERVED,
            text="both orders were seen in this run, with no lock before them in common; they were "
            "not replayed against each other",
        )

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        first, _, last = sightings[0].note.partition(", then ")
        return Fix(
            title="lock in the same order in both places",
            applicability=Applicability.DISPLAY_ONLY,
            code="",
            note=f"For example the rows of {first} before those of {last}: lock them by "
            "select_for_update() at the beginning of the transaction that has them last.",
        )
