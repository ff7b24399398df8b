"""Redundant indexes, dropped from copies of their tables: whether anything becomes slower."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from queryaudit.advice.redundant import redundant
from queryaudit.errors import LostConnectionError
from queryaudit.plans.server import RefusedError, first_line
from queryaudit.proof.laboratory import Laboratory
from queryaudit.proof.trial import Compared
from queryaudit.proof.trying import Task
from queryaudit.records.advised import Outcome, TriedDrop
from queryaudit.records.plans import CatalogIndex, Relation
from queryaudit.records.workload import Asked

#: Those that may use it, and are asked most.
_STATEMENTS = 30


def drops(laboratory: Laboratory, task: Task) -> Iterator[TriedDrop]:
    """Each redundant index of the workload's tables, one by one; nothing new is to be in the
    copies."""
    relations = task.workload.relations.get(task.alias, {})
    for _, relation in sorted(relations.items()):
        if relation.root is not None or relation.partitions or relation.rows < task.small_table:
            continue
        for index, other in redundant(relation):
            task.told(f"doing without {index.name}")
            try:
                outcome, reason = _tried(laboratory, task, relation, index, other)
            except LostConnectionError:
                raise
            except RefusedError as error:
                outcome, reason = Outcome.UNKNOWN, str(error)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises
                outcome, reason = Outcome.UNKNOWN, f"the trial ended in {first_line(error)}"
            yield TriedDrop(table=relation.name, index=index.name, outcome=outcome, reason=reason)


def _tried(
    laboratory: Laboratory,
    task: Task,
    relation: Relation,
    index: CatalogIndex,
    other: CatalogIndex,
) -> tuple[Outcome, str]:
    refused = laboratory.copy(relation, task.small_table)
    if refused:
        return Outcome.UNKNOWN, refused
    name = laboratory.copied_index(relation, index)
    if name is None:
        return Outcome.UNKNOWN, "the copy of the table has no such index"
    users: dict[str, list[Compared]] = {}
    is_asked = False
    names = (index.name, other.name)
    readers = [
        asked
        for asked in task.workload.statements
        if asked.alias == task.alias and relation.name in asked.tables
    ]
    readers.sort(key=lambda asked: (not _uses(asked, names), -asked.calls, asked.fingerprint))
    for asked in readers[:_STATEMENTS]:
        compared = _compared(laboratory, relation, asked, name)
        if any(found.used for found in compared):
            users[asked.fingerprint] = compared
        elif asked.verb == "SELECT" and _uses(asked, names):
            is_asked = True
            if not compared:
                return Outcome.UNKNOWN, "a statement that may use it could not be tried"
    each = [found for compared in users.values() for found in compared]
    if not each and is_asked:
        return Outcome.PROVED, f"on a copy the planner uses {other.name} in its place"
    if not each:
        return Outcome.UNKNOWN, "no statement that could be tried uses it"
    if not all(found.same_rows for found in each):
        return Outcome.UNKNOWN, "the rows changed while they were compared"
    lost = [found for found in each if found.is_missed]
    if lost:
        worst = max(lost, key=lambda found: found.before_ns - found.after_ns)
        return (
            Outcome.REFUTED,
            f"without it a statement takes {worst.before_ns / 1e6:,.3f} ms, with it "
            f"{worst.after_ns / 1e6:,.3f} ms",
        )
    if any(found.may_be_missed for found in each):
        return Outcome.UNKNOWN, "times vary too much to tell"
    number = (
        "the statement that uses it takes"
        if len(users) == 1
        else (f"the {len(users)} statements that use it take")
    )
    sample = laboratory.shares.get((relation.schema, relation.name), 1.0)
    of = "" if sample == 1 else f" of {sample:.1%} of the rows"
    return Outcome.PROVED, f"dropped from a copy{of}, {number} as long without it"


def _compared(
    laboratory: Laboratory, relation: Relation, asked: Asked, name: str
) -> list[Compared]:
    """A statement with the index and without it, for its sets of values; none if it can't run."""
    try:
        runs = laboratory.runs_on(relation.name, [*laboratory.runs([asked])])
        return [laboratory.compare(run, [name]) for run in runs]
    except LostConnectionError:
        raise
    except Exception:  # noqa: BLE001 - whatever a driver raises
        return []


def _uses(asked: Asked, names: Collection[str]) -> bool:
    return asked.plan is not None and any(node.using in names for node in asked.plan.nodes)
