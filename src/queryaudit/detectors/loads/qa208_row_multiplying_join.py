"""QA208: a join multiplies rows, and DISTINCT takes the copies out again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.reads import Read, ReadFold
from queryaudit.detectors.loads.sighting import sight
from queryaudit.records.events import Model
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity
from queryaudit.sql.joins import Join, compares_to_one_value, joins_of, shown_aliases

#: From so many rows at once on it is more than a matter of taste.
_MANY = 100


class RowMultiplyingJoin(Detector):
    """Rows are joined to those of a to-many relation, and DISTINCT drops the copies.

    What it detects
    ---------------
    ``SELECT DISTINCT`` of a model's rows with a join over a reverse foreign key or a many-to-many
    relation of which no column is selected or ordered by: each row comes once for each related
    row, and all copies are compared, column by column, to find those that are equal.

    Why it matters
    --------------
    The database builds and sorts, or hashes, many times the rows that are asked for, with all their
    columns. Two such relations multiply each other.

    Example
    -------
    ::

        Author.objects.filter(books__stock__gt=0).distinct()

    Better
    ------
    ::

        in_stock = Book.objects.filter(author=OuterRef("pk"), stock__gt=0)
        Author.objects.filter(Exists(in_stock))

    When it is fine
    ---------------
    Rows that are meant to come once for each related row, whose columns are then selected or
    ordered by; joins to one row; a condition that no two related rows can meet, as one tag of a
    book's; and ``DISTINCT`` without such a join: all are silent. Without ``DISTINCT`` nothing is
    said: the copies may be wanted. Below a hundred rows the finding is a note, which gives way to
    any other finding about the same line.

    Evidence
    --------
    OBSERVED: the statement's joins, and which columns the models say are unique.

    Options
    -------
    None.
    """

    code = "QA208"
    name = "row-multiplying-join"
    severity = Severity.WARNING
    summary = "A join multiplies rows, and DISTINCT takes the copies out again."
    fold = ReadFold
    yields = True

    def judge(self, fold: ReadFold, view: View) -> Iterable[Sighting]:
        models = view.tables.of_models(_by_table)
        for read in fold.reads(view):
            if read.origin is None or not read.statement.shape.is_distinct or read.is_eager:
                continue
            if read.most < 2:
                continue  # one of them may be all that is asked for
            text = view.tables.sql[read.origin.sql].text
            many = _multiplying(read, text, models)
            if many is None:
                continue
            severity = self.severity if read.most >= _MANY else Severity.NOTE
            sighting = sight(self.code, read, severity, view, _named(many, models))
            if sighting is not None:
                yield sighting

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        name = (head.model or "").rpartition(".")[2]
        return (
            f"Each {name} is joined to all its rows of {head.note}, and DISTINCT takes the copies "
            "out again."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(
            grade=Grade.OBSERVED,
            text="the statement has DISTINCT and a join to rows that no constraint keeps single",
        )

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        name = (head.model or "").rpartition(".")[2] or "Model"
        return Fix(
            title="ask whether there is one",
            applicability=Applicability.DISPLAY_ONLY,
            code="from django.db.models import Exists, OuterRef\n\n"
            f'found = {head.note}.objects.filter(...=OuterRef("pk"), ...)\n'
            f"{name}.objects.filter(Exists(found))",
            note="The conditions on the relation move into the subquery, and `.distinct()` goes.",
        )


def _by_table(models: Iterable[Model]) -> dict[str, Model]:
    return {model.table: model for model in models}


def _multiplying(read: Read, text: str, models: Mapping[str, Model]) -> Join | None:
    """The join that gives several rows for one; None if that is not certain."""
    shape = read.statement.shape
    if read.model is None or shape.grouped is not None or shape.is_combined or "(" in _list(text):
        return None
    many: Join | None = None
    beyond: set[str] = set()
    for join in joins_of(text):
        model = models.get(join.table)
        if model is None:
            return None
        column = next((c for c in model.columns if c.column == join.column), None)
        if column is None:
            return None
        single = column.unique or column.primary
        if single and join.from_alias not in beyond:
            continue
        beyond.add(join.alias)
        if not single and join.from_alias == shape.table:
            many = many or join
        if _is_fixed(text, join, model):
            return None
    return many if many is not None and not beyond & shown_aliases(text) else None


def _is_fixed(text: str, join: Join, model: Model) -> bool:
    """Whether a condition leaves at most one row of the joined ones."""
    columns = {column.name: column.column for column in model.columns}
    keys = [(c.name,) for c in model.columns if c.unique or c.primary] + [*model.unique]
    return any(
        all(
            columns.get(name) == join.column
            or compares_to_one_value(text, join.alias, columns.get(name, name))
            for name in key
        )
        for key in keys
        if (columns.get(key[0]) != join.column or len(key) > 1)
    )


def _list(text: str) -> str:
    return text.partition(" FROM ")[0]


def _named(join: Join, models: Mapping[str, Model]) -> str:
    """The model of the rows; of a many-to-many relation the one at its far end."""
    model = models[join.table]
    far = [c.target for c in model.columns if c.target is not None and c.column != join.column]
    is_link = len(model.columns) == 3 and len(far) == 1
    return (far[0] if is_link and far[0] else model.label).rpartition(".")[2]
