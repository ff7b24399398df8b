"""QA406: a sort or a hash did not fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from queryaudit.detectors.base import Limits, Nomination
from queryaudit.detectors.plans.rule import PlanRule, number, planned, source
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.plans import Plan, PlanNode
from queryaudit.records.workload import Workload

#: Temporary blocks of 8 KiB from which on it is told.
_BLOCKS = 128
_BLOCK_KIB = 8


class Spill(PlanRule):
    """A sort, hash or materialised result was written to temporary files.

    What it detects
    ---------------
    A step of a plan that wrote a megabyte or more of temporary blocks when the statement was
    executed again.

    Why it matters
    --------------
    Rows that do not fit into ``work_mem`` go to disk and come back, and every connection that runs
    the statement does it for itself.

    Example
    -------
    ::

        list(Order.objects.order_by("note"))

    Better
    ------
    ::

        list(Order.objects.order_by("note").only("pk", "note")[:1000])

    When it is fine
    ---------------
    A nightly report may sort on disk; raising ``work_mem`` for that session is the cheaper remedy.
    Spills of less than a megabyte are left alone.

    Evidence
    --------
    MEASURED: the temporary blocks that were written are counted; the statement was executed again.

    Options
    -------
    ``explain`` turns it on (``analyze`` only).
    """

    code = "QA406"
    name = "spill"
    summary = "A sort or a hash does not fit into memory and goes to temporary files."

    def survey(self, workload: Workload, limits: Limits) -> Iterable[Nomination]:
        for asked, plan in planned(workload):
            for node, written in _spills(plan):
                mib = number(written * _BLOCK_KIB / 1024)
                yield from self.sightings(
                    asked,
                    (asked.fingerprint, node.kind),
                    note=f"{node.kind} writes {mib} MiB to temporary files.",
                    relation=None,
                    workload=workload,
                    evidence=Evidence(
                        grade=Grade.MEASURED,
                        text=f"{source(plan)}: {node.kind} of "
                        f"{number(node.actual_rows or 0)} rows, {node.method or 'on disk'}",
                    ),
                    fix=Fix(
                        title="Ask for fewer rows or columns, or give the session more memory",
                        applicability=Applicability.DISPLAY_ONLY,
                        code="SET LOCAL work_mem = '64MB';",
                        note="An index that has the order makes the sort unnecessary; only() makes "
                        "its rows smaller; a LIMIT lets it keep the first rows alone.",
                    ),
                )


def _spills(plan: Plan) -> Iterator[tuple[PlanNode, int]]:
    """The steps that wrote by themselves: blocks are counted with those of the steps below."""
    below = [0] * len(plan.nodes)
    for node in plan.nodes:
        if node.parent is not None:
            below[node.parent] += node.spilled or 0
    for node, others in zip(plan.nodes, below, strict=True):
        own = (node.spilled or 0) - others
        if own >= _BLOCKS:
            yield node, own
