"""QA208: a join multiplies rows, whose copies come, or are taken out by DISTINCT."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from queryaudit.advice.existence import Order, Related, asks_for_one, orders_by_one
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.multiplying import Multiplied, by_table, multiplying
from queryaudit.detectors.loads.reads import Read, ReadFold
from queryaudit.detectors.loads.sighting import sight
from queryaudit.records.definitions import Column, Model
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity
from queryaudit.sql.joins import Join, joins_of, ordered_columns, selected_aliases, shown_aliases

#: From so many rows at once on it is more than a matter of taste.
_MANY = 100
#: Columns of a table that Django makes for a many-to-many relation.
_LINK = 3


class RowMultiplyingJoin(Detector):
    """Rows are joined to those of a to-many relation, and come once for each of them.

    What it detects
    ---------------
    A query for a model's rows with a join over a reverse foreign key, a generic or a many-to-many
    relation of which no column is selected: each row comes once for each related row. Either
    copies came (the keys of the rows were compared), or ``SELECT DISTINCT`` took them out, where no
    column of the relation is ordered by.

    Why it matters
    --------------
    The database builds and sorts, or hashes, many times the rows that are asked for, with all their
    columns. Two such relations multiply each other. Without ``DISTINCT`` a page shows a row twice,
    numbers are too high, and a loop does its work once more.

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
    Rows that are meant to come once for each related row, whose columns are then selected; joins to
    one row; a condition that no two related rows can meet, as one tag of a book's; a many-to-many
    relation that has one row twice; and ``DISTINCT`` without such a join: all are silent. With
    ``DISTINCT`` and below a hundred rows the finding is a note, which gives way to any other one
    about the same line. Keys are compared where a queryset is evaluated as a whole, as instances,
    ``values()`` or a flat list of keys: ``iterator()`` and other columns are not looked at.

    Evidence
    --------
    OBSERVED: the keys of the rows, or the statement's joins and which columns the models say are
    unique.

    Options
    -------
    None.
    """

    code = "QA208"
    name = "row-multiplying-join"
    severity = Severity.WARNING
    summary = "A join gives one row several times, or DISTINCT takes the copies out again."
    fold = ReadFold
    yields = True

    def judge(self, fold: ReadFold, view: View) -> Iterable[Sighting]:
        models = view.tables.of_models(by_table)
        for read in fold.reads(view):
            shown = _shown(read)
            found = multiplying(read, shown, models) if shown is not None else None
            if found is None:
                continue
            join = found.join
            related = models[join.table]
            certain = read.copies or read.most >= _MANY
            severity = self.severity if certain else Severity.NOTE
            sighting = sight(self.code, read, severity, view, _named(join, related))
            if sighting is not None:
                ordered = _ordered(read, found, models)
                fix = _fix(sighting, read, related, join, ordered)
                yield replace(sighting, most=read.copies, fix=fix)

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        name = (head.model or "").rpartition(".")[2]
        copies = max(s.most for s in sightings)
        if copies:
            rows = "row" if copies == 1 else "rows"
            return (
                f"{copies} {rows} of {name} came again: each comes once for each of its rows of "
                f"{head.note}."
            )
        return (
            f"Each {name} is joined to all its rows of {head.note}, and DISTINCT takes the copies "
            "out again."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        text = "the statement has DISTINCT and a join to rows that no constraint keeps single"
        if any(s.most for s in sightings):
            text = "the keys of the rows were compared as they came"
        return Evidence(grade=Grade.OBSERVED, text=text)

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return sightings[0].fix


def _shown(read: Read) -> frozenset[str] | None:
    """The tables whose columns are wanted; None where no row is there twice."""
    if read.copies:
        return selected_aliases(read.text)
    # One of them may be all that is asked for.
    distinct = read.origin is not None and read.statement.shape.is_distinct and read.most > 1
    distinct = distinct and not read.is_eager
    return shown_aliases(read.text) if distinct else None


def _named(join: Join, related: Model) -> str:
    """The model of the rows; of a many-to-many relation the one at its far end."""
    far = _far(join, related)
    return (far.target or "" if far is not None else related.label).rpartition(".")[2]


def _far(join: Join, related: Model) -> Column | None:
    """What a table that holds nothing but links leads to besides the rows."""
    far = [c for c in related.columns if c.target is not None and c.column != join.column]
    return far[0] if len(related.columns) == _LINK and len(far) == 1 else None


def _ordered(read: Read, found: Multiplied, models: Mapping[str, Model]) -> Order | None:
    """How the row is ordered by the many that it came once for each of."""
    tables = {join.alias: join.table for join in joins_of(read.text)}
    for alias, column, is_descending in ordered_columns(read.text):
        if alias in found.beyond:
            columns = models[tables[alias]].columns
            field = next((c.name for c in columns if c.column == column), "...")
            return Order(field, is_descending)
    return None


def _fix(head: Sighting, read: Read, related: Model, join: Join, ordered: Order | None) -> Fix:
    model = (head.model or "").rpartition(".")[2] or "Model"
    asked = _related(read, related, join)
    if ordered is not None:
        return Fix(
            title="order by one of them",
            applicability=Applicability.DISPLAY_ONLY,
            code=orders_by_one(head.frame, model, asked, ordered),
            note="Each row then comes once, in the order of its greatest or least.",
        )
    distinct = (
        "`.distinct()` would build the copies and take them out again"
        if read.copies
        else "`.distinct()` goes"
    )
    return Fix(
        title="ask whether there is one",
        applicability=Applicability.DISPLAY_ONLY,
        code=asks_for_one(head.frame, model, asked),
        note=f"The conditions on the relation move into the subquery; {distinct}."
        + (" `Q(...)` stands for what a row may meet instead." if join.is_outer else ""),
    )


def _related(read: Read, related: Model, join: Join) -> Related:
    far = _far(join, related)
    name = related.label.rpartition(".")[2]
    owner, _, accessor = name.partition("_")
    if far is not None and accessor:
        name = f"{owner}.{accessor}.through"  # made by Django, after the field
    return Related(
        own=_fields(read.model),
        name=name,
        back=next(c.name for c in related.columns if c.column == join.column),
        far=far.name if far is not None else None,
        fields=_fields(related),
        is_outer=join.is_outer,
    )


def _fields(model: Model | None) -> frozenset[str]:
    columns = model.columns if model is not None else ()
    return frozenset({"pk", *(c.name for c in columns), *(c.attname for c in columns)})
