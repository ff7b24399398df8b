"""What to write instead of a join to many rows that is there for a condition, or for an order."""

from __future__ import annotations

import ast
from typing import NamedTuple

from queryaudit.advice.arguments import code_of, literal, quote
from queryaudit.advice.chains import Link
from queryaudit.advice.location import locate
from queryaudit.advice.source import read_source
from queryaudit.records.definitions import Frame

#: Lookups that say how a value is compared, where the relation itself is.
_COMPARED = frozenset({"in", "gt", "gte", "lt", "lte", "exact"})


class Related(NamedTuple):
    """The model behind the relation."""

    own: frozenset[str]  #: the fields of the rows themselves
    name: str  #: as code names it
    back: str  #: the field that refers to the rows
    far: str | None  #: of a table of links, the field that leads on to what the condition is about
    fields: frozenset[str]
    is_outer: bool = False  #: rows that have none may be wanted too


class Order(NamedTuple):
    """The field of the model behind the relation that its rows come in the order of."""

    field: str
    is_descending: bool


def asks_for_one(frame: Frame, model: str, related: Related) -> str:
    """Whether there is one that meets the condition, as a subquery."""
    found = _conditions(frame, model, related)
    conditions = "..." if found is None else ", ".join(found)
    outer = f'{related.back}=OuterRef("pk")'
    condition = "Q(...) | Exists(found)" if related.is_outer else "Exists(found)"
    asked = ", ".join(part for part in (outer, conditions) if part)
    return (
        f"from django.db.models import Exists, OuterRef{', Q' if related.is_outer else ''}\n\n"
        f"found = {related.name}.objects.filter({asked})\n"
        f"{model}.objects.filter({condition})"
    )


def orders_by_one(frame: Frame, model: str, related: Related, ordered: Order) -> str:
    """An order by the least or the greatest of them; what else the rows are ordered by stays."""
    links = (link for link in _links(frame, model) if link.name == "order_by")
    call = next((link.call for link in links if link.call is not None), None)
    written = [literal(argument) for argument in call.args] if call is not None else []
    lookups = [lookup or "..." for lookup in written]
    many = [name for name in lookups if name.lstrip("-").partition("__")[0] not in related.own]
    lookup = many[0] if len(many) == 1 else "..."
    field = lookup.lstrip("-")
    if field.isidentifier() and "__" not in field:
        field = f"{field}__{ordered.field}"  # a relation stands for the order of its rows
    way, function = ("-", "Max") if ordered.is_descending else ("", "Min")
    name = f"{function.lower()}_value"
    kept = lookups if lookup in lookups else [lookup]
    terms = ", ".join(quote(way + name if each == lookup else each) for each in kept)
    return (
        f"from django.db.models import {function}\n\n"
        f"{model}.objects.annotate({name}={function}({quote(field)})).order_by({terms})"
    )


def _links(frame: Frame, model: str) -> tuple[Link, ...]:
    source = read_source(frame)
    located = locate(source, model) if source is not None else None
    return located.links if located is not None else ()


def _conditions(frame: Frame, model: str, related: Related) -> list[str] | None:
    """The relation's conditions as its own rows see them; None if they are not all to be seen."""
    found: dict[str, list[str | None]] = {}
    for link in _links(frame, model):
        if link.call is None or link.name not in ("filter", "exclude"):
            continue
        if link.name == "exclude" or link.call.args:
            return None
        for keyword in link.call.keywords:
            relation, _, rest = (keyword.arg or "").partition("__")
            if not relation:
                return None
            if relation not in related.own:
                found.setdefault(relation, []).append(_own(rest, keyword.value, related))
    [conditions] = list(found.values()) if len(found) == 1 else [[None]]
    known = [one for one in conditions if one is not None]
    return [one for one in known if one] if len(known) == len(conditions) else None


def _own(rest: str, value: ast.expr, related: Related) -> str | None:
    """None for a name that may be of another model."""
    far = related.far
    if rest == "isnull":
        return ""  # that there is one is what is asked
    if not rest or rest in _COMPARED:
        rest = "__".join(part for part in (far or "pk", rest) if part)
    elif far is not None:
        rest = f"{far}__{rest}"
    elif rest.partition("__")[0] not in related.fields:
        return None
    return f"{rest}={code_of(value)}"
