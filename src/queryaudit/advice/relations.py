"""Which calls on the source queryset load what its rows were asked for, once.

Joins for what is one row (``select_related``), one further query for what is many
(``prefetch_related``), a column for what is only counted (``annotate``). The smallest set of calls
that covers all uses, in one canonical order, so that equal uses give equal advice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from queryaudit.advice.arguments import quote
from queryaudit.advice.peers import fetch_mode_hint
from queryaudit.advice.relation_calls import Calls, Lookup, without_prefixes
from queryaudit.advice.relation_tree import (
    COUNTED,
    JOINED,
    VALUED,
    Relation,
    RelationUse,
    grow,
    variable,
)
from queryaudit.advice.use_edits import UseChange
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Applicability
from queryaudit.records.kinds import AccessKind

__all__ = ["RelationPlan", "RelationUse", "plan_relations"]

_BACKED = frozenset({AccessKind.COLLECTION, AccessKind.MANY, AccessKind.GENERIC_COLLECTION})
#: Methods that give one row of a collection.
_ONE_OF_ALL = frozenset({"first", "last", "getitem"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationPlan:
    """What to append to the source queryset, and what has to change with it."""

    calls: tuple[str, ...]  #: ``.select_related("author")``, in canonical order
    imports: tuple[str, ...]  #: import statements that the calls need
    models: tuple[str, ...]  #: ``app_label.ModelName`` that the calls name
    loop_changes: tuple[str, ...]  #: what to write differently where the rows are used
    changes: tuple[UseChange, ...]  #: the same for edits
    notes: tuple[str, ...]
    applicability: Applicability
    fetch_mode_hint: str | None  #: the alternative on Django >= 6.1, with its limits

    @property
    def code(self) -> str:
        return "".join(self.calls)


def plan_relations(
    uses: Iterable[RelationUse],
    model: str | None = None,
    *,
    objects: bool = True,
    models: Iterable[Model] = (),
) -> RelationPlan:
    """The plan for all uses of rows of one queryset of ``model``; ``models``: what is known of it
    and of those it leads to.

    Without ``objects`` no ``Prefetch`` is used for plain access: one query more for each
    relation behind a collection, but nothing to import.
    """
    root = grow(uses)
    root.model = model or root.model
    planner = _Planner(objects, {each.label: each for each in models})
    calls = planner.context(root).render()
    return RelationPlan(
        calls=tuple(calls),
        imports=_imports(planner.names),
        models=tuple(sorted(planner.models)),
        loop_changes=tuple(dict.fromkeys(planner.loop_changes)),
        changes=tuple(dict.fromkeys(planner.changes)),
        notes=tuple(dict.fromkeys(planner.notes)),
        applicability=_applicability(calls, planner),
        fetch_mode_hint=fetch_mode_hint(root),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A relation, and how code at the queryset and in the loop reaches it."""

    relation: Relation
    path: tuple[str, ...]  #: from the source's rows
    prefix: tuple[str, ...]  #: joined relations between the queryset's rows and this one
    row: str  #: the loop variable for the queryset's rows

    @property
    def lookup(self) -> str:
        return "__".join((*self.prefix, self.relation.name))

    @property
    def expression(self) -> str:
        return ".".join((self.row, *self.prefix, self.relation.name))

    def annotation(self, before: str = "", after: str = "") -> str:
        words = [*self.prefix, before, self.relation.query_name, after]
        return "_".join(word for word in words if word)


class _Planner:
    """Walks the tree once and collects, besides the calls, what they bring with them."""

    def __init__(self, objects: bool, models: Mapping[str, Model]) -> None:
        self._objects = objects
        self._models = models
        #: Collections that one queryset would join for a number of each row.
        self._joined = 0
        self.names: set[str] = set()
        self.models: set[str] = set()
        self.loop_changes: list[str] = []
        self.changes: list[UseChange] = []
        self.notes: list[str] = []

    def context(self, node: Relation, path: tuple[str, ...] = ()) -> Calls:
        """The calls for a queryset whose rows are ``node``'s, which ``path`` leads to."""
        calls = Calls()
        around, self._joined = self._joined, _joined(node)
        self._walk(node, path, (), variable(node.model), calls)
        self._joined = around
        if any(lookup.queryset for lookup in calls.lookups):
            self.names.add("Prefetch")
        if calls.counts:
            self.names.add("Count")
        return calls

    def _walk(
        self,
        node: Relation,
        path: tuple[str, ...],
        prefix: tuple[str, ...],
        row: str,
        calls: Calls,
    ) -> None:
        for child in node.ordered_children:
            place = _Place(child, (*path, child.name), prefix, row)
            if child.kind is AccessKind.DEFERRED:
                calls.columns.append(place.lookup)
                column = quote(place.lookup)
                self.notes.append(f"Add {column} to `.only(...)`, or take it out of `.defer(...)`.")
            elif child.kind in JOINED:
                if child.lazy:
                    calls.joins.append(place.lookup)
                self._walk(child, place.path, (*prefix, child.name), row, calls)
            elif child.kind is AccessKind.GENERIC:
                self._generic(place, calls)
            else:
                self._collection(place, calls)

    def _generic(self, place: _Place, calls: Calls) -> None:
        """A generic foreign key can't be joined; what lies behind it differs by row."""
        behind = [f"{place.lookup}__{below}" for below in _leaves(place.relation)]
        calls.lookups += map(Lookup, behind)
        if behind:
            self.notes.append(
                f"Rows behind `{place.relation.name}` can be of several models; all of them need "
                "the relations named here, or use GenericPrefetch (Django 5.0 or later)."
            )
        elif place.relation.lazy:
            calls.lookups.append(Lookup(place.lookup))

    def _collection(self, place: _Place, calls: Calls) -> None:
        relation = place.relation
        fetched = relation.plain or relation.eager
        inner = self.context(relation, place.path) if relation.children else Calls()
        if fetched or not relation.narrowed:
            calls.lookups += self._rows(place, inner)
            inner = Calls()
        for method, narrows in sorted(relation.uses, key=lambda use: (use[0] or "", use[1])):
            if narrows:
                self._narrowed(place, method, inner, calls)
            elif method is not None and not (method in COUNTED and fetched):
                self._asked(place, method, fetched, calls)

    def _rows(self, place: _Place, inner: Calls) -> list[Lookup]:
        """The lookups that load a collection's rows with what lies behind them."""
        relation, path = place.relation, place.lookup
        rendered = inner.render()
        if not rendered:
            return [Lookup(path)] if relation.plain and not relation.eager else []
        if inner.loads_only and (not inner.joins or relation.model is None or not self._objects):
            joins = [Lookup(f"{path}__{join}") for join in without_prefixes(inner.joins)]
            return joins + [lookup.under(path) for lookup in inner.lookups]
        if relation.eager:
            self.notes.append(f"Instead of the plain {quote(path)} lookup.")
        return [Lookup(path, self._queryset(relation, rendered))]

    def _asked(self, place: _Place, method: str, fetched: bool, calls: Calls) -> None:
        """A method called on the whole relation: answered by SQL, or from a prefetch."""
        old = f"{place.expression}.{method}()"
        if method in VALUED:
            self._value(place, method, old, False, calls)
            return
        if not fetched and all(lookup.path != place.lookup for lookup in calls.lookups):
            calls.lookups.append(Lookup(place.lookup))
        if method == "getitem":
            return  # a prefetch gives the row by its number too
        rows = f"{place.expression}.all()"
        self._change(place, method, False, "")
        new = {"first": f"next(iter({rows}), None)", "last": f"list({rows})[-1]"}.get(method, rows)
        self.loop_changes.append(f"use `{new}` instead of `{old}`")
        if method in ("first", "last"):
            name = place.relation.name
            self.notes.append(f"`{name}` needs an ordering for `{method}` to be the same row.")

    def _narrowed(self, place: _Place, method: str | None, inner: Calls, calls: Calls) -> None:
        """The relation was filtered or ordered; ``...`` where it is not known by what."""
        relation = place.relation
        known = relation.narrowing(method)
        if known is not None and not known.calls and method in _ONE_OF_ALL:
            # These order by the key or by nothing, and are narrowed by nothing else.
            self._asked(place, method, relation.plain or relation.eager, calls)
            return
        narrowed = known.calls if known is not None and known.calls else (".filter(...)",)
        taken = "[...]" if method == "getitem" else f".{method}()" if method else ""
        old = f"{place.expression}{''.join(narrowed)}{taken}"
        if method in VALUED:
            self._value(place, method, old, True, calls)
            return
        if method == "get" and "..." in narrowed[0]:
            self._picked(place, inner, calls)
            return
        to_attr = f"filtered_{relation.query_name}"
        queryset = self._queryset(relation, [*inner.render(), *narrowed])
        lookup = Lookup(place.lookup, queryset, to_attr)
        if any(other.to_attr == to_attr and other != lookup for other in calls.lookups):
            lookup = Lookup(place.lookup, queryset, f"{to_attr}_{method or 'rows'}")
        if lookup not in calls.lookups:
            calls.lookups.append(lookup)
        if "..." in narrowed[0]:
            name = relation.name
            self.notes.append(f"`...` stands for the filter or order used on `{name}` so far.")
        if relation.eager and not relation.plain:
            lookup_text = quote(place.lookup)
            self.notes.append(f"The plain {lookup_text} lookup can go if nothing else reads it.")
        new = ".".join((place.row, *place.prefix, lookup.to_attr or to_attr))
        form = "next(iter({}), None)" if method == "first" else "{}"
        sure = method in (None, "getitem") or (method == "first" and _is_ordered(narrowed))
        self._change(place, method, True, (lookup.to_attr or to_attr) if sure else "", form)
        if method == "first":
            new = f"next(iter({new}), None)"
        elif method == "getitem":
            new += taken
        self.loop_changes.append(f"use `{new}` instead of `{old}`")

    def _picked(self, place: _Place, inner: Calls, calls: Calls) -> None:
        """One row by a condition that each round may have another one for: picked from all."""
        relation = place.relation
        there = relation.plain or relation.eager
        for lookup in self._rows(place, inner) or ([] if there else [Lookup(place.lookup)]):
            if all(other.path != lookup.path for other in calls.lookups):
                calls.lookups.append(lookup)
        row = variable(relation.model)
        self._change(place, "get", True, "")
        self.loop_changes.append(
            f"use `next({row} for {row} in {place.expression}.all() if ...)` instead of "
            f"`{place.expression}.get(...)`"
        )
        self.notes.append("A missing row raises StopIteration there, not DoesNotExist.")

    def _value(
        self, place: _Place, method: str | None, old: str, narrowed: bool, calls: Calls
    ) -> None:
        """A value for each row becomes a column of the row."""
        relation = place.relation
        filtered = "filtered" if narrowed else ""
        known = relation.narrowing(method) if narrowed else None
        conditions = known.conditions if known is not None else None
        unknown = narrowed and conditions is None
        if method == "aggregate":
            name = place.annotation(before=filtered, after="total")
            total = self._total(place, narrowed)
            unknown = total is None
            calls.annotations.append(f"{name}={total or '...'}")
        elif method == "exists" and relation.owner and relation.kind in _BACKED:
            name = place.annotation(before=f"has_{filtered}".rstrip("_"))
            queryset = self._found(place, None if unknown else conditions or ())
            calls.annotations.append(f"{name}=Exists({queryset})")
            self.names |= {"Exists", "OuterRef"}
        else:
            name = place.annotation(before=filtered, after="count")
            lookup = "__".join((*place.prefix, relation.query_name))
            asked = ", ".join(f"{lookup}__{key}={value}" for key, value in conditions or ())
            count = (name, lookup, f", filter=Q({'...' if unknown else asked})" if narrowed else "")
            if count not in calls.counts:
                calls.counts.append(count)
            if narrowed:
                self.names.add("Q")
        if unknown:
            self.notes.append(f"`...` stands for what was asked of `{relation.name}` so far.")
        # What aggregate() gives is a dict, of which the code reads a key.
        sure = not unknown and method != "aggregate"
        self._change(place, method, narrowed, name if sure else "")
        self.loop_changes.append(f"use `{place.row}.{name}` instead of `{old}`")

    def _found(self, place: _Place, conditions: Sequence[tuple[str, str]] | None) -> str:
        """The rows of a collection that meet the conditions; of the row itself where no foreign
        key leads back to it."""
        relation, outer = place.relation, quote("__".join(place.prefix) or "pk")
        back = self._field_back(relation)
        if back is None:
            name, path = relation.owner or "", f"{relation.query_name}__"
            itself = f"pk=OuterRef({outer})"
            if conditions is None:
                asked = ["...", itself]
                self.notes.append(f"Lookups of it begin with `{path}` there.")
            else:
                met = [f"{path}{key}={value}" for key, value in conditions]
                asked = [itself, *(met or [f"{path}isnull=False"])]
            return self._queryset_of(name, [f".filter({', '.join(asked)})"])
        asked = [f"{key}={value}" for key, value in conditions or ()]
        asked = ["..."] if conditions is None else asked
        asked.append(f"{back}=OuterRef({outer})")
        return self._queryset(relation, [f".filter({', '.join(asked)})"])

    def _total(self, place: _Place, narrowed: bool) -> str | None:
        """The aggregate of a collection as one of the row's, where no other join counts rows."""
        relation = place.relation
        known = relation.narrowing("aggregate")
        if known is None or known.value is None or self._joined != 1:
            return None
        if narrowed and known.conditions is None:
            return None
        function, column = known.value
        lookup = "__".join((*place.prefix, relation.query_name))
        asked = ", ".join(f"{lookup}__{key}={value}" for key, value in known.conditions or ())
        self.names |= {function, *(("Q",) if asked else ())}
        condition = f", filter=Q({asked})" if asked else ""
        return f"{function}({quote(f'{lookup}__{column}')}{condition})"

    def _change(
        self, place: _Place, method: str | None, narrowed: bool, attribute: str, form: str = "{}"
    ) -> None:
        """Rows behind a join have another name where they are used."""
        attribute = "" if place.prefix else attribute
        self.changes.append(UseChange(place.path, method, narrowed, attribute, form))

    def _field_back(self, relation: Relation) -> str | None:
        model = self._models.get(relation.model or "")
        if model is None or relation.kind is not AccessKind.COLLECTION:
            return None
        fields = [column.name for column in model.columns if column.target == relation.owner]
        return fields[0] if len(fields) == 1 else None

    def _queryset(self, relation: Relation, calls: Sequence[str]) -> str:
        return self._queryset_of(relation.model, calls) if relation.model is not None else "..."

    def _queryset_of(self, model: str, calls: Sequence[str]) -> str:
        self.models.add(model)
        return f"{model.rpartition('.')[2]}.objects{''.join(calls)}"


def _joined(node: Relation) -> int:
    count = 0
    for child in node.ordered_children:
        if child.kind in JOINED:
            count += _joined(child)
        else:
            count += sum(method in VALUED - {"exists"} for method, _ in child.uses)
    return count


def _is_ordered(calls: Sequence[str]) -> bool:
    return any(call.startswith(".order_by(") and call != ".order_by()" for call in calls)


def _leaves(node: Relation) -> list[str]:
    """All paths below a node that have to be loaded, as lookups."""
    paths: list[str] = []
    for child in node.ordered_children:
        behind = _leaves(child)
        if behind:
            paths += [f"{child.name}__{path}" for path in behind]
        elif child.kind is not AccessKind.DEFERRED and (child.lazy or child.uses):
            paths.append(child.name)
    return paths


def _imports(names: set[str]) -> tuple[str, ...]:
    return (f"from django.db.models import {', '.join(sorted(names))}",) if names else ()


def _applicability(calls: Sequence[str], planner: _Planner) -> Applicability:
    code = "".join(calls)
    if not calls or "..." in code.replace(".only(...", ""):
        return Applicability.DISPLAY_ONLY
    if planner.loop_changes or planner.names or planner.notes:
        return Applicability.UNSAFE
    return Applicability.SAFE
