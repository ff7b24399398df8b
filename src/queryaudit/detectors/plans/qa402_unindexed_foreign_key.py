"""QA402: rows are looked up by a foreign key that has no index."""

from __future__ import annotations

from collections.abc import Iterable

from queryaudit.advice.candidates import Candidate, Key, serves
from queryaudit.advice.diagnosis import Diagnosis, Trouble
from queryaudit.detectors.base import Limits, Nomination
from queryaudit.detectors.plans.rule import number
from queryaudit.detectors.plans.scan_rule import ScanRule, index_fix, reading
from queryaudit.records.findings import Evidence, Grade
from queryaudit.records.plans import ForeignKey, Relation
from queryaudit.records.workload import Asked, Workload


class UnindexedForeignKey(ScanRule):
    """A foreign key without an index is followed backwards.

    What it detects
    ---------------
    A foreign key constraint without an index that begins with its columns, where a statement of
    the run looks up rows by it, or deletes rows that it points to: then the database looks through
    the table by itself, for each deleted row.

    Why it matters
    --------------
    ``author.books.all()``, joins from the other side and every deletion of a parent read the whole
    table, and a deletion holds its locks as long as that takes.

    Example
    -------
    ::

        class Parcel(models.Model):
            shipment = models.ForeignKey(Shipment, models.CASCADE, db_index=False)


        shipment.parcel_set.all()

    Better
    ------
    ::

        class Parcel(models.Model):
            shipment = models.ForeignKey(Shipment, models.CASCADE)  # indexed by default

    When it is fine
    ---------------
    A foreign key that is never followed from the other side, of a table whose parents are never
    deleted, needs no index; nothing is said about it. Neither is about small tables, nor where an
    index over several columns begins with the key.

    Evidence
    --------
    MEASURED: as for QA401. For a deletion the constraint and the missing index are read from the
    server's catalogue: ESTIMATED.

    Options
    -------
    ``explain`` turns it on; ``small-table`` is the number of rows below which a table is small.
    """

    code = "QA402"
    name = "unindexed-foreign-key"
    summary = "Rows are looked up by a foreign key that has no index."
    trouble = Trouble.FOREIGN_KEY

    def survey(self, workload: Workload, limits: Limits) -> Iterable[Nomination]:
        yield from super().survey(workload, limits)
        for asked in workload.statements:
            if asked.verb != "DELETE" or not asked.tables:
                continue
            for relation in workload.relations.get(asked.alias, {}).values():
                if relation.root is not None:
                    continue  # it is told of the table that it is a part of
                for key in relation.foreign_keys:
                    if key.target == asked.tables[0] and relation.rows >= limits.small_table:
                        yield from self._deletion(workload, asked, relation, key)

    def tell(self, found: Diagnosis) -> str:
        columns = ", ".join(key.column for key in found.candidate.keys) if found.candidate else ""
        return (
            f"{reading(found)} to find {number(found.scan.kept)}: "
            f"the foreign key {columns} has no index."
        )

    def _deletion(
        self, workload: Workload, asked: Asked, relation: Relation, key: ForeignKey
    ) -> Iterable[Nomination]:
        wanted = Candidate(
            relation.schema,
            relation.name,
            "btree",
            tuple(Key(column) for column in key.columns),
            len(key.columns),
        )
        if any(serves(index, wanted) for index in relation.indexes):
            return
        yield from self.sightings(
            asked,
            wanted.words,
            note=f"Deleting from {key.target} reads all {number(relation.rows)} rows of "
            f"{relation.name} for each row: the foreign key {', '.join(key.columns)} has no index.",
            relation=relation,
            workload=workload,
            evidence=Evidence(
                grade=Grade.ESTIMATED,
                text=f"The constraint {key.name} has no index that begins with its columns",
            ),
            fix=index_fix((wanted,), workload.models.get(relation.name), relation),
        )
