"""QA405: the planner was wrong by far about how many rows a step gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from queryaudit.advice.planner_statistics import statistics_fix
from queryaudit.detectors.base import Limits, Nomination
from queryaudit.detectors.plans.rule import PlanRule, number, planned, source
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.plans import Plan, PlanMode, PlanNode, Relation
from queryaudit.records.rules import Severity
from queryaudit.records.workload import Asked, Workload
from queryaudit.sql.quoting import identifier

_FACTOR = 10
#: A scan that takes less of the plan's time than this hardly matters.
_SHARE = 0.2
_SCANS = frozenset({"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"})


class RowMisestimate(PlanRule):
    """The planner expected another number of rows than there were, by more than ten times.

    What it detects
    ---------------
    A scan of a table that has statistics, executed again, that gave ten times more or fewer rows
    than the planner expected, takes a fifth of the statement's time or blocks and feeds a join or
    a grouping: a step whose kind is chosen by that number. Where several columns that are compared
    for equality let more through than was expected, and no ``CREATE STATISTICS`` is about them,
    that is proposed. So it is for an expression that is compared as Django writes it
    (``UPPER(column)`` of ``iexact``, ``__date`` and ``__month`` with their time zone, a key of
    JSON): nothing is known of its values, unless such statistics or an index are about it. Else
    fresh statistics are proposed.

    Why it matters
    --------------
    The order and the kind of joins rest on the estimate. A nested loop that is good for ten rows
    is not for ten thousand.

    Example
    -------
    ::

        Order.objects.filter(city="Oslo", country="NO").select_related("customer")

    Better
    ------
    ::

        migrations.RunSQL(
            [
                "CREATE STATISTICS place (dependencies, mcv) ON city, country FROM shop_order",
                "ANALYZE shop_order",
            ],
            ["DROP STATISTICS place"],
        )
        # for .filter(city__iexact="oslo")
        "CREATE STATISTICS city ON (upper((city)::text)) FROM shop_order"

    When it is fine
    ---------------
    Tables without statistics, as in a test that has just made its rows, say nothing about the
    planner and are left alone; so are small tables, and scans that end early under a LIMIT.

    Evidence
    --------
    MEASURED: expected and actual rows are compared; the statement was executed again.

    Options
    -------
    ``explain`` turns it on (``analyze`` only); ``small-table`` is the least difference in rows.
    """

    code = "QA405"
    name = "row-misestimate"
    severity = Severity.WARNING
    summary = "The planner is wrong by far about how many rows a condition lets through."

    def survey(self, workload: Workload, limits: Limits) -> Iterable[Nomination]:
        for asked, plan in planned(workload):
            relations = workload.relations.get(asked.alias, {})
            for node, relation in _wrong(plan, relations, limits.small_table):
                actual = (node.actual_rows or 0.0) / (node.loops or 1)
                relation = relations.get(relation.root or ("", ""), relation)
                yield from self.sightings(
                    asked,
                    (relation.name, node.filter or node.condition),
                    note=f"The planner expects {number(node.estimated_rows)} rows of "
                    f"{relation.name}, and there are {number(actual)}.",
                    relation=relation,
                    workload=workload,
                    evidence=Evidence(
                        grade=Grade.MEASURED,
                        text=f"{source(plan)}: {node.kind} by {node.filter or node.condition}",
                    ),
                    fix=_fix(node, relation, asked),
                )


def _fix(node: PlanNode, relation: Relation, asked: Asked) -> Fix:
    sources = ["\n".join(site.frame.snippet) for site in asked.sites]
    found = statistics_fix(node, relation, sources)
    return found or Fix(
        title=f"Bring the statistics of {relation.name} up to date",
        applicability=Applicability.DISPLAY_ONLY,
        code=f"ANALYZE {identifier(relation.name)};",
        note="Where it stays wrong with fresh statistics, more of them may be kept: "
        "ALTER TABLE .. ALTER COLUMN .. SET STATISTICS.",
    )


def _wrong(
    plan: Plan, relations: Mapping[tuple[str, str], Relation], least: int
) -> Iterator[tuple[PlanNode, Relation]]:
    if plan.mode is not PlanMode.ANALYZED or any(n.kind.startswith("Gather") for n in plan.nodes):
        return
    for node in plan.nodes:
        relation = relations.get((node.schema, node.relation))
        if relation is None or node.kind not in _SCANS or node.limit_above or not node.loops:
            continue
        actual = (node.actual_rows or 0.0) / node.loops
        expected = max(node.estimated_rows, 1.0)
        if abs(actual - expected) * node.loops < least or relation.rows < least:
            continue
        is_far = actual > expected * _FACTOR or expected > max(actual, 1.0) * _FACTOR
        is_known = all(column.distinct is not None for column in relation.columns)
        if is_far and is_known and _decides(plan, node) and _weighs(plan, node):
            yield node, relation


def _weighs(plan: Plan, node: PlanNode) -> bool:
    """By its time, or by its blocks: a step takes longer while others are busy on the machine."""
    whole = plan.nodes[0]
    if (node.time_ns or 0) >= (whole.time_ns or 0) * _SHARE:
        return True
    blocks = (whole.hit or 0) + (whole.read or 0)
    return blocks > 0 and (node.hit or 0) + (node.read or 0) >= blocks * _SHARE


def _decides(plan: Plan, node: PlanNode) -> bool:
    """Whether a join above was chosen by the number of rows."""
    place = node.parent
    while place is not None:
        above = plan.nodes[place]
        if above.kind in ("Nested Loop", "Hash Join", "Merge Join"):
            return True
        place = above.parent
    return False
