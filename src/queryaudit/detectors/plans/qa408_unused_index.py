"""QA408: an index is in no plan of the whole run, and nothing in the run asks for its column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from queryaudit.advice.index_code import is_own
from queryaudit.advice.redundant import redundant
from queryaudit.detectors.base import Limits, Nomination
from queryaudit.detectors.plans.indexes import payer
from queryaudit.detectors.plans.rule import PlanRule, number
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.plans import CatalogIndex, Plan, PlanMode, Relation
from queryaudit.records.rules import Severity
from queryaudit.records.workload import Asked, Workload
from queryaudit.sql.quoting import literal

#: Distinct statements that must have been explained, in all and of the table, to say that a run
#: does not use something.
_EXPLAINED = 20
_READERS = 5
_READING = frozenset({"SELECT", "UPDATE", "DELETE"})
_RELATIONS = frozenset({"ForeignKey", "OneToOneField"})


class UnusedIndex(PlanRule):
    """Every write maintains an index that no statement of the run used or could have used.

    What it detects
    ---------------
    An index of a large table that is in no plan of the run, whose first column no explained
    statement filters, joins or orders by. At least 20 distinct statements must have been explained,
    and 5 of them must read the table.

    Why it matters
    --------------
    It takes space, memory and time with every write, and keeps updates of its columns from being
    done in place.

    Example
    -------
    ::

        class Shipment(models.Model):
            sent_at = models.DateTimeField(db_index=True)  # nothing asks for it any more

    Better
    ------
    ::

        class Shipment(models.Model):
            sent_at = models.DateTimeField()

    When it is fine
    ---------------
    A run knows only what it ran. Reports that run once a quarter, the admin's search, another
    application on the same database: ask production before an index goes. It is a note, and
    nothing is ever removed by itself. Nothing is said about unique indexes, those of constraints
    and foreign keys, the ``_like`` index that Django makes for text, small tables, tables of which
    a statement could not be explained, and indexes that the server named by ``--database``, or the
    one that a twin is of, has used.

    Evidence
    --------
    OBSERVED: the plans of this run, as many as the message says; ESTIMATED where they are generic.

    Options
    -------
    ``explain`` turns it on; ``small-table`` is the number of rows below which a table is small.
    """

    code = "QA408"
    name = "unused-index"
    severity = Severity.NOTE
    summary = "An index is in no plan of the whole run, and nothing asks for its column."

    def survey(self, workload: Workload, limits: Limits) -> Iterable[Nomination]:
        for alias, relations in sorted(workload.relations.items()):
            asked = [a for a in workload.statements if a.alias == alias]
            explained = [a for a in asked if a.plan is not None and a.plan.nodes]
            if len(explained) < _EXPLAINED:
                continue
            for _, relation in sorted(relations.items()):
                model = workload.models.get(relation.name)
                if relation.root is not None:
                    continue  # its indexes are parts of those of the whole table
                if relation.vendor != "postgresql" or relation.rows < limits.small_table:
                    continue
                readers = _readers(relation, asked)
                place = payer(workload, alias, relation)
                if readers is None or len(readers) < _READERS or place is None or model is None:
                    continue
                for index in _unused(
                    relation, model, [plan for a in explained if (plan := a.plan)]
                ):
                    yield from self.sightings(
                        place,
                        (relation.name, index.name),
                        note=f"The index {index.name} of {relation.name} is in no plan: "
                        f"{number(len(explained))} statements were explained, "
                        f"{number(len(readers))} of them on {relation.name}, "
                        f"and none asks for {index.keys[0].text}.",
                        relation=relation,
                        workload=workload,
                        evidence=_evidence(index, readers),
                        fix=_question(index),
                    )


def _readers(relation: Relation, asked: Sequence[Asked]) -> list[Asked] | None:
    """The explained statements that read a table; None if one of them could not be explained."""
    theirs = [a for a in asked if relation.name in a.tables and a.verb in _READING]
    if any(a.plan is None or not a.plan.nodes for a in theirs):
        return None
    return [a for a in theirs if a.plan is not None and _reads(a.plan, relation)]


def _reads(plan: Plan, relation: Relation) -> bool:
    return any(node.relation == relation.name for node in plan.nodes)


def _unused(relation: Relation, model: Model, plans: Sequence[Plan]) -> list[CatalogIndex]:
    if not is_own(model):
        return []
    used = {node.using for plan in plans for node in plan.nodes}
    theirs = [plan for plan in plans if _reads(plan, relation)]
    words = {word for plan in theirs for word in _words(plan)}
    generic = any(plan.mode is PlanMode.GENERIC for plan in theirs)
    told = {index.name for index, _ in redundant(relation)}
    return [
        index
        for index in relation.indexes
        if index.name not in used | told
        and _is_free(index, relation, model)
        and not (generic and index.scans)
        and not words.intersection(_columns(index, relation))
    ]


def _is_free(index: CatalogIndex, relation: Relation, model: Model) -> bool:
    """Whether an index is there for statements alone."""
    if index.unique or index.primary or index.constraint or not index.valid or not index.keys:
        return False
    if any(key.opclass.endswith("_pattern_ops") for key in index.keys):
        return False
    first = index.keys[0].text
    if any(key.columns[:1] == (first,) for key in relation.foreign_keys):
        return False
    return not any(c.column == first and c.kind in _RELATIONS for c in model.columns)


def _columns(index: CatalogIndex, relation: Relation) -> set[str]:
    """The columns by which an index can be entered; only B-trees need the first one."""
    keys = index.keys[:1] if index.method == "btree" else index.keys
    names = {column.name for column in relation.columns}
    return {
        word
        for key in keys
        for word in ([key.text] if key.is_column else re.findall(r"\w+", key.text))
        if word in names
    }


def _words(plan: Plan) -> set[str]:
    """All that the conditions and orders of a plan name."""
    texts = (text for node in plan.nodes for text in (node.condition, node.filter, *node.keys))
    return {word for text in texts for word in re.findall(r"\w+", text)}


def _evidence(index: CatalogIndex, readers: Sequence[Asked]) -> Evidence:
    generic = any(a.plan is not None and a.plan.mode is PlanMode.GENERIC for a in readers)
    keys = ", ".join(key.text for key in index.keys)
    calls = sum(a.calls for a in readers)
    text = (
        f"{index.name} ({keys}), {number(index.bytes / 1024)} KiB; the statements on its table "
        f"were asked {number(calls)} times"
    )
    if generic and index.scans == 0:
        text += ", and the server has not used it since it counts"
    return Evidence(grade=Grade.ESTIMATED if generic else Grade.OBSERVED, text=text)


def _question(index: CatalogIndex) -> Fix:
    return Fix(
        title="Ask production whether it uses the index",
        applicability=Applicability.DISPLAY_ONLY,
        code="SELECT idx_scan, last_idx_scan FROM pg_stat_user_indexes\n"
        f"WHERE indexrelname = {literal(index.name)};",
        note="last_idx_scan is there since PostgreSQL 16. Ask every replica, too: each counts by "
        "itself. If nobody uses it, take it out of the model, and keep the migration reversible.",
    )
