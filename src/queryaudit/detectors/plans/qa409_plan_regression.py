"""QA409: a plan is much worse than the one that was accepted."""

from __future__ import annotations

from collections.abc import Iterable

from queryaudit.detectors.base import Limits, Nomination
from queryaudit.detectors.plans.rule import PlanRule, number, planned
from queryaudit.records.findings import Evidence, Grade
from queryaudit.records.plan_shapes import PlanShape, shape_of
from queryaudit.records.plans import Relation
from queryaudit.records.workload import Workload

#: A plan without its index is worse if it costs so many times more.
_WITHOUT_INDEX = 2.0
#: Any other plan, beyond what the tables have grown by.
_DEARER = 10.0
#: What costs less is done in no time.
_CHEAP = 500.0


class PlanRegression(PlanRule):
    """The planner does much worse with a statement than when its plan was accepted.

    What it detects
    ---------------
    A statement whose plan is in the file that the option ``plan-baseline`` names, and which now
    reads a large table as a whole that an index led to, at twice the cost or more; or which costs
    more than ten times what it did, beyond what its tables have grown by.

    Why it matters
    --------------
    An index that was dropped, a column that got another type or collation, a filter that was
    rewritten: results and tests stay the same, and production becomes slow.

    Example
    -------
    ::

        Order.objects.annotate(day=TruncDate("placed_at")).filter(day=today)  # was a range

    Better
    ------
    ::

        Order.objects.filter(placed_at__gte=start, placed_at__lt=end)

    When it is fine
    ---------------
    Where data became such that reading it all is right, accept the plan anew: ``queryaudit
    explain`` with ``--accept-new`` writes the file. Silent are plans that changed without becoming
    much dearer, small tables, tables without statistics, cheap plans, and statements whose plan was
    accepted in another way of planning (with values, and for any values).

    Evidence
    --------
    ESTIMATED: two costs of the planner, on statistics of now and of then.

    Options
    -------
    ``plan-baseline`` turns it on; ``explain``; ``small-table``.
    """

    code = "QA409"
    name = "plan-regression"
    summary = "A plan is much worse than the one that was accepted."

    def survey(self, workload: Workload, limits: Limits) -> Iterable[Nomination]:
        for asked, plan in planned(workload):
            before = workload.before.get((asked.alias, asked.fingerprint))
            relations = workload.relations.get(asked.alias, {})
            now = shape_of(asked.fingerprint, plan, relations)
            if before is None or now is None or before.generic != now.generic:
                continue
            large = {
                relation.name: relation
                for relation in relations.values()
                if relation.rows >= limits.small_table and _is_known(relation)
            }
            told = _worse(before, now, large)
            if told is None:
                continue
            name, note = told
            yield from self.sightings(
                asked,
                (asked.fingerprint,),
                note=note,
                relation=large[name],
                workload=workload,
                evidence=Evidence(
                    grade=Grade.ESTIMATED,
                    text=f"The planner's cost was {number(before.cost)} and is {number(now.cost)}",
                ),
                fix=None,
            )


def _worse(before: PlanShape, now: PlanShape, large: dict[str, Relation]) -> tuple[str, str] | None:
    """The table that it is about, and a sentence."""
    if now.cost < _CHEAP:
        return None
    then = {read.relation: read for read in before.reads}
    for read in now.reads:
        known = then.get(read.relation)
        if known is None or read.relation not in large:
            continue
        if known.by_index and not read.by_index and now.cost >= before.cost * _WITHOUT_INDEX:
            return read.relation, (
                f"All of {read.relation} is read, to which an index led: the cost is "
                f"{number(now.cost)}, and was {number(before.cost)}."
            )
    grown = [r.rows / max(then[r.relation].rows, 1) for r in now.reads if r.relation in then]
    name = next((read.relation for read in now.reads if read.relation in large), None)
    if name is None or now.cost < before.cost * _DEARER * max([1.0, *grown]):
        return None
    return name, (
        f"The plan costs {number(now.cost)}, and cost {number(before.cost)} when it was accepted; "
        "the tables have not grown by as much."
    )


def _is_known(relation: Relation) -> bool:
    return any(column.distinct is not None for column in relation.columns)
