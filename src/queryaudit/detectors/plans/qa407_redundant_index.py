"""QA407: an index does what another one does as well."""

from __future__ import annotations

from collections.abc import Iterable

from queryaudit.advice.index_code import may_build_concurrently
from queryaudit.advice.redundant import redundant
from queryaudit.detectors.base import Limits, Nomination
from queryaudit.detectors.plans.indexes import payer
from queryaudit.detectors.plans.rule import PlanRule, number
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.plans import CatalogIndex, Relation
from queryaudit.records.rules import Severity
from queryaudit.records.workload import Workload


class RedundantIndex(PlanRule):
    """An index is the beginning of another one, or equal to it.

    What it detects
    ---------------
    A B-tree index without a constraint whose columns another index begins with: same order, same
    operator classes, same condition. Often it is the index that Django makes for a foreign key,
    beside a unique constraint or an index that begins with that key.

    Why it matters
    --------------
    Every write maintains both, and both take their place in memory. The larger one answers all
    that the smaller one does.

    Example
    -------
    ::

        class Meta:
            indexes = [
                models.Index(fields=["customer"], name="order_customer"),
                models.Index(fields=["customer", "placed_at"], name="order_customer_placed"),
            ]

    Better
    ------
    ::

        class Meta:
            indexes = [models.Index(fields=["customer", "placed_at"], name="order_customer_placed")]

    When it is fine
    ---------------
    Unique indexes and those of constraints are never called redundant, nor are partial ones, other
    operator classes (the ``_like`` index that Django makes for text), and the tables that Django
    makes for many-to-many fields. A much smaller index may be worth its writes where it is read all
    the time. Small tables are left alone.

    Evidence
    --------
    OBSERVED: both indexes are in the server's catalogue. That the larger one serves as well is how
    B-trees work. PROVED: ``advise`` dropped it from a copy of the table, and the statements that
    use it take as long without it. Where one of them becomes slower nothing is said.

    Options
    -------
    ``explain`` turns it on; ``small-table`` is the number of rows below which a table is small.
    """

    code = "QA407"
    name = "redundant-index"
    severity = Severity.NOTE
    summary = "An index does nothing that another index does not do as well."

    def survey(self, workload: Workload, limits: Limits) -> Iterable[Nomination]:
        for alias, relations in sorted(workload.relations.items()):
            for _, relation in sorted(relations.items()):
                asked = payer(workload, alias, relation)
                model = workload.models.get(relation.name)
                if relation.root is not None:
                    continue  # its indexes are parts of those of the whole table
                if asked is None or model is None or relation.rows < limits.small_table:
                    continue
                for index, other in redundant(relation):
                    yield from self.sightings(
                        asked,
                        (relation.name, index.name),
                        note=f"The index {index.name} of {relation.name} is the beginning of "
                        f"{other.name}, which does the same and more.",
                        relation=relation,
                        workload=workload,
                        evidence=Evidence(
                            grade=Grade.OBSERVED,
                            text=f"{_shown(index)} beside {_shown(other)}"
                            + (f", {number(index.bytes / 1024)} KiB" if index.bytes else ""),
                        ),
                        fix=_fix(index, model, relation),
                    )


def _shown(index: CatalogIndex) -> str:
    keys = ", ".join(f"{key.text}{' DESC' if key.descending else ''}" for key in index.keys)
    return f"{index.name} ({keys})"


def _fix(index: CatalogIndex, model: Model, relation: Relation) -> Fix:
    column = next((c for c in model.columns if c.column == index.keys[0].text), None)
    if len(index.keys) == 1 and column is not None and column.indexed and not column.unique:
        kind = column.kind if column.kind in ("ForeignKey", "OneToOneField") else "...Field"
        return Fix(
            title=f"Let {model.label}.{column.name} do without an index of its own",
            applicability=Applicability.UNSAFE,
            code=f"{column.name} = models.{kind}(..., db_index=False)",
            note="makemigrations writes the migration. Compare the statements that use the column "
            "before and after.",
        )
    app, _, name = model.label.rpartition(".")
    if not may_build_concurrently(relation):
        return Fix(
            title=f"Remove {index.name} from Meta.indexes of {model.label}",
            applicability=Applicability.UNSAFE,
            code=f'migrations.RemoveIndex("{name.lower()}", "{index.name}")',
            note="Compare the statements that use the table before and after.",
        )
    return Fix(
        title=f"Remove {index.name} from Meta.indexes of {model.label}",
        applicability=Applicability.UNSAFE,
        code="from django.contrib.postgres.operations import RemoveIndexConcurrently\n"
        "from django.db import migrations\n\n\n"
        "class Migration(migrations.Migration):\n"
        "    atomic = False\n\n"
        f'    dependencies = [("{app}", "the latest migration")]\n'
        f'    operations = [RemoveIndexConcurrently("{name.lower()}", "{index.name}")]',
        note="Compare the statements that use the table before and after.",
    )
