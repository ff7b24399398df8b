"""What rules about the indexes that there are have in common."""

from __future__ import annotations

from queryaudit.records.plans import Relation
from queryaudit.records.workload import Asked, Workload


def payer(workload: Workload, alias: str, relation: Relation) -> Asked | None:
    """The statement that maintains the index most often, or else that which uses the table."""
    theirs = [
        asked
        for asked in workload.statements
        if asked.alias == alias and relation.name in asked.tables and asked.sites
    ]
    writes = [asked for asked in theirs if asked.verb in ("INSERT", "UPDATE")]
    return max(writes or theirs, key=lambda a: (a.calls, a.fingerprint), default=None)
