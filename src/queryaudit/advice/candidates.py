"""From a scan that reads too much to the index that would serve it. Pure.

Equality first, the most selective column in front; then one range, or else the order in which the
rows are wanted. What an index of the table serves already is no candidate: the planner had it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from queryaudit.advice.conditions import Clause, Compared, arms, clauses
from queryaudit.advice.scans import Scan
from queryaudit.records.plans import CatalogIndex, Relation

#: Keys of an index that is proposed.
MAX_KEYS = 3
#: A value that this many rows share is looked up well enough without a further key.
_NARROW = 50.0

_EQUALITIES = frozenset({Compared.EQUAL, Compared.ONE_OF})
_STATES = frozenset({Compared.IS_NULL, Compared.TRUE, Compared.FALSE})
_RANGES = frozenset({Compared.RANGE, Compared.PREFIX})
_TEXT_OPCLASSES = {"text": "text_pattern_ops", "character varying": "varchar_pattern_ops"}
_JSON = "jsonb"
#: The date of a moment as the catalogue spells it.
_DATED = re.compile(
    r"\(*(?P<column>\w+|\"[^\"]+\") AT TIME ZONE '(?P<zone>[^']+)'(::text)?\)+::date\)*", re.ASCII
)


class Key(NamedTuple):
    """One key: a column, or a function of one."""

    column: str
    function: str = ""
    descending: bool = False
    opclass: str = ""
    time_zone: str = ""  #: of a "date" that is taken of a moment


class Candidate(NamedTuple):
    """An index that does not exist."""

    schema: str
    table: str
    method: str
    keys: tuple[Key, ...]
    equal: int  #: how many leading keys are compared for equality, in whatever order
    where: tuple[str, Compared] | None = None  #: a partial index: a state that the code names
    include: tuple[str, ...] = ()  #: columns that it holds besides, for statements that read these

    @property
    def words(self) -> tuple[str, ...]:
        """What names it from run to run."""
        keys = [
            " ".join([f"{k.function}({k.column})" if k.function else k.column, k.opclass]).strip()
            for k in self.keys
        ]
        where = [f"{self.where[0]} {self.where[1].value}"] if self.where else []
        return (self.table, self.method, *keys, *where, *(f"include {c}" for c in self.include))

    def covers(self, other: Candidate) -> bool:
        """Whether it serves what ``other`` would."""
        if (self.schema, self.table, self.method) != (other.schema, other.table, other.method):
            return False
        if self.where != other.where:
            # Few rows in a state are not found by an index over all of them, whatever its order.
            return self.where is None and self.keys[0].column == (other.where or ("",))[0]
        return _starts(self.keys, other) and _holds(self.keys, self.include, other)


def candidate(scan: Scan) -> Candidate | None:
    """The index that would serve ``scan`` best, or None if there is none to propose."""
    found = best(scan)
    return None if found is None or is_served(scan, found) else found


def alternatives(scan: Scan) -> tuple[Candidate, ...]:
    """The indexes that the arms of an OR lack: it takes one for each of them."""
    found: dict[Candidate, None] = {}
    for clause in clauses(scan.condition):
        if clause.alias != scan.node.alias or clause.test is not Compared.OTHER:
            continue
        texts = arms(clause.text)
        if len(texts) < 2:
            continue
        for text in texts:
            arm = clauses(text)
            wanted = best(scan._replace(condition=text, order=None))
            if wanted is None or any(c.alias != scan.node.alias or c.joined for c in arm):
                return ()
            if not is_served(scan, wanted):
                found[wanted] = None
        return tuple(found)
    return ()


def is_served(scan: Scan, wanted: Candidate) -> bool:
    """Whether the table has an index that does what ``wanted`` would."""
    return any(serves(index, wanted) for index in scan.relation.indexes)


def best(scan: Scan) -> Candidate | None:
    """The index that serves a scan best, whether it exists or not."""
    alias = scan.node.alias
    own = [c for c in clauses(scan.condition) if c.alias == alias]
    own += [
        turned
        for c in clauses(scan.condition)
        if c.alias != alias and (turned := _other_side(c, alias)) is not None
    ]
    return _partial(scan, own) or _btree(scan, own) or _called(scan, own) or _inverted(scan, own)


def serves(index: CatalogIndex, wanted: Candidate) -> bool:
    """Whether an index that exists does what ``wanted`` would."""
    if not index.valid or index.method != wanted.method:
        return False
    if wanted.where is not None and not index.predicate:
        return index.keys[0].text == wanted.where[0]
    if index.predicate and (wanted.where is None or wanted.where[0] not in index.predicate):
        return False
    keys = tuple(
        Key(
            key.text if key.is_column else _column_of(key.text),
            "" if key.is_column else _function_of(key.text),
            key.descending,
            _opclass_of(index, key.opclass),
            "" if key.is_column else _zone_of(key.text),
        )
        for key in index.keys
    )
    return _starts(keys, wanted) and _holds(keys, index.include, wanted)


def _holds(keys: Sequence[Key], include: Sequence[str], wanted: Candidate) -> bool:
    """Whether the columns are there that are only to be read."""
    return {key.column for key in keys}.union(include).issuperset(wanted.include)


def _starts(keys: Sequence[Key], wanted: Candidate) -> bool:
    """Whether ``keys`` begin with the wanted ones: equal ones in any order, the rest in theirs."""
    if len(keys) < len(wanted.keys):
        return False
    head = {_plain(key) for key in keys[: wanted.equal]}
    if head != {_plain(key) for key in wanted.keys[: wanted.equal]}:
        return False
    rest = keys[wanted.equal : len(wanted.keys)]
    asked = wanted.keys[wanted.equal :]
    if [_plain(key) for key in rest] != [_plain(key) for key in asked]:
        return False
    flips = {key.descending != other.descending for key, other in zip(rest, asked, strict=True)}
    return len(flips) < 2  # an index is read backwards as well


def _opclass_of(index: CatalogIndex, opclass: str) -> str:
    """The operator class as far as it decides what an index can do."""
    if index.method != "gin":
        return opclass if opclass.endswith("_pattern_ops") else ""
    return "jsonb_path_ops" if opclass == "jsonb_ops" else opclass


def _plain(key: Key) -> tuple[str, ...]:
    return key.column, key.function, key.opclass, key.time_zone


def distinct(relation: Relation, column: str) -> float | None:
    """How many values a column has, as the statistics have it."""
    for known in relation.columns:
        if known.name == column and known.distinct is not None:
            return -known.distinct * relation.rows if known.distinct < 0 else known.distinct
    for index in relation.indexes:
        if index.unique and len(index.keys) == 1 and index.keys[0].text == column:
            return float(relation.rows)
    return None


def _btree(scan: Scan, own: Sequence[Clause]) -> Candidate | None:
    relation = scan.relation
    equal = [c for c in own if c.test in _EQUALITIES and not c.function and _sortable(relation, c)]
    columns = list(dict.fromkeys(c.column for c in equal))
    columns.sort(key=lambda column: -(distinct(relation, column) or 0.0))
    chosen: list[str] = []
    rows = float(relation.rows)
    for column in columns[:MAX_KEYS]:
        if chosen and rows <= _NARROW:
            break
        chosen.append(column)
        known = distinct(relation, column)
        rows = rows / known if known else rows
    keys = [Key(column) for column in chosen]
    number = len(keys)
    one_of = any(c.test is Compared.ONE_OF and c.column in chosen for c in equal)
    if number < MAX_KEYS and rows > _NARROW:
        ordered = _order_keys(scan, chosen)
        ranged = next((c for c in own if c.test in _RANGES and not c.function and not c.joined
                       and _sortable(relation, c)), None)  # fmt: skip
        leads = ranged is None or (number and ordered and ranged.column == ordered[0].column)
        if ordered and not one_of and leads:
            keys += ordered[: MAX_KEYS + 1 - number]
            ranged = None
        if ranged is not None and ranged.column not in chosen:
            keys.append(Key(ranged.column, opclass=_opclass(relation, ranged)))
    if not keys or (not number and scan.order is not None and len(keys) > 1):
        return None
    return Candidate(relation.schema, relation.name, "btree", tuple(keys), number)


def _order_keys(scan: Scan, chosen: Sequence[str]) -> list[Key]:
    """The order that is wanted, as keys; none where all rows are wanted anyway."""
    order = scan.order
    if order is None or not order.limited:
        return []
    return [
        Key(column, "", descending) for column, descending in order.keys if column not in chosen
    ]


def ordered_candidate(scan: Scan) -> Candidate | None:
    """An index that hands out the first rows of an order, where no filter would save much."""
    own = clauses(scan.condition)
    if any(c.test is not Compared.EQUAL or c.function or c.joined for c in own):
        return None
    equal = list(dict.fromkeys(c.column for c in own))
    ordered = _order_keys(scan, equal)
    keys = (*(Key(column) for column in equal), *ordered)
    if not ordered or len(keys) > MAX_KEYS + 1:
        return None
    relation = scan.relation
    found = Candidate(relation.schema, relation.name, "btree", keys, len(equal))
    return None if is_served(scan, found) else found


def _called(scan: Scan, own: Sequence[Clause]) -> Candidate | None:
    """An index on UPPER(column) and the like."""
    for clause in own:
        if clause.function == "date" and clause.test in (*_EQUALITIES, Compared.RANGE):
            dated = _dated(scan.relation, clause)
            if dated is not None:
                return dated
        if clause.function not in ("upper", "lower"):
            continue
        if clause.test in (Compared.EQUAL, Compared.ONE_OF, Compared.PREFIX):
            opclass = "text_pattern_ops" if clause.test is Compared.PREFIX else ""
            key = Key(clause.column, clause.function, opclass=opclass)
            equal = 0 if clause.test is Compared.PREFIX else 1
            return Candidate(scan.relation.schema, scan.relation.name, "btree", (key,), equal)
    return None


def _dated(relation: Relation, clause: Clause) -> Candidate | None:
    """An index on the dates of moments, which are those of a time zone."""
    zoned = type_of(relation, clause.column) == "timestamp with time zone"
    if clause.joined or not zoned or not relation.time_zone or " AT TIME ZONE " not in clause.text:
        return None
    key = Key(clause.column, "date", time_zone=relation.time_zone)
    equal = 1 if clause.test in _EQUALITIES else 0
    return Candidate(relation.schema, relation.name, "btree", (key,), equal)


def _inverted(scan: Scan, own: Sequence[Clause]) -> Candidate | None:
    for clause in own:
        type_ = type_of(scan.relation, clause.column)
        if clause.test is Compared.INFIX and clause.function in ("", "upper", "lower"):
            opclass = "gin_trgm_ops"
        elif clause.test is Compared.CONTAINS and type_ == _JSON:
            opclass = "jsonb_path_ops"
        elif clause.test in (Compared.CONTAINS, Compared.OVERLAPS) and type_.endswith("[]"):
            opclass = "array_ops"
        elif clause.test is Compared.MATCHES and not clause.function and type_ == "tsvector":
            opclass = "tsvector_ops"
        else:
            continue
        key = Key(clause.column, clause.function, opclass=opclass)
        return Candidate(scan.relation.schema, scan.relation.name, "gin", (key,), 1)
    return None


def _partial(scan: Scan, own: Sequence[Clause]) -> Candidate | None:
    """The few rows in a state that the code names: not yet processed, not deleted."""
    if len(own) != 1 or own[0].test not in _STATES or own[0].function:
        return None
    where = (own[0].column, own[0].test)
    keys = tuple(_order_keys(scan, ()))[:MAX_KEYS]
    primary = next((index.keys for index in scan.relation.indexes if index.primary), ())
    keys = keys or tuple(Key(key.text) for key in primary)
    if not keys:
        return None
    return Candidate(scan.relation.schema, scan.relation.name, "btree", keys, 0, where)


def _other_side(clause: Clause, alias: str) -> Clause | None:
    """``b.y = a.x`` seen from ``a``."""
    if clause.test is not Compared.EQUAL or not clause.joined:
        return None
    left, _, right = clause.text.partition(" = ")
    return next((c for c in clauses(f"{right} = {left}") if c.alias == alias), None)


def _sortable(relation: Relation, clause: Clause) -> bool:
    type_ = type_of(relation, clause.column)
    return bool(type_) and not type_.endswith("[]") and type_ not in ("json", "jsonb", "tsvector")


def _opclass(relation: Relation, clause: Clause) -> str:
    if clause.test is not Compared.PREFIX:
        return ""
    return _TEXT_OPCLASSES.get(type_of(relation, clause.column).partition("(")[0], "")


def type_of(relation: Relation, column: str) -> str:
    return next((known.type for known in relation.columns if known.name == column), "")


def _function_of(text: str) -> str:
    if _DATED.fullmatch(text):
        return "date"
    return text.partition("(")[0].strip().lower()


def _zone_of(text: str) -> str:
    dated = _DATED.fullmatch(text)
    return dated["zone"] if dated is not None else ""


def _column_of(text: str) -> str:
    dated = _DATED.fullmatch(text)
    if dated is not None:
        return dated["column"].strip('"')
    inner = text.partition("(")[2].partition(")")[0].lstrip("(")
    return inner.partition("::")[0].strip().strip('"')
