"""Which columns of its table each scan of a plan has to bring, from PostgreSQL's VERBOSE output.

What a scan says of its own output is not it: directly below a join or an aggregate it hands out
rows as they are stored, with every column. What is needed are the columns that are named anywhere
else, and the scan's own output only where nothing above it computes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Json = Mapping[str, Any]

#: Nodes that hand on the output of what is below them.
_PASSING = frozenset(
    {"Limit", "Sort", "Incremental Sort", "Gather", "Gather Merge", "Materialize", "Memoize"}
    | {"Hash", "LockRows", "Unique", "SetOp", "Append", "Merge Append", "ModifyTable"}
)
#: Parts of a plan that are planned by themselves: their top gives exactly what is asked.
_TOPS = frozenset({"InitPlan", "SubPlan", "Subquery"})
#: What needs more is a reader of rows.
_MOST = 8
#: With one table an output has no alias before its columns. Keywords are written in capitals, and
#: columns with capitals in quotes.
_TEXT = re.compile(r"'[^']*'")
_TYPE = re.compile(r'::(?:"(?:[^"]|"")+"|[\w.]+)(?: (?:varying|precision|with(?:out)? time zone))?')
_NAME = r'(?:[^\W\d][\w$]*|"(?:[^"]|"")+")'
_QUALIFIED = re.compile(rf"(?<![\w$\"])({_NAME})\.({_NAME})(?!\()")
_WHOLE_ROW = re.compile(rf"({_NAME})\.\*")
_BARE = re.compile(r'(?<![\w$."])(?:[a-z_][\w$]*|"(?:[^"]|"")+")(?![\w$(."])')


class _Place(NamedTuple):
    plan: Json
    is_computed: bool  #: something above makes rows of its own


def needed(plan: Json) -> tuple[tuple[str, ...], ...]:
    """For each node, parents before children."""
    places = [*_places(plan, is_computed=False)]
    alone = _alone(places)
    named: dict[str, dict[str, None]] = {}
    whole: set[str] = set()
    for place in places:
        for text in _texts(place):
            text = _TEXT.sub("?", text)
            for alias, column in _QUALIFIED.findall(text):
                named.setdefault(_unquoted(alias), {})[_unquoted(column)] = None
            whole.update(_unquoted(alias) for alias in _WHOLE_ROW.findall(text))
        if alone is not None:
            for column in _bare(_output(place)):
                named.setdefault(alone, {})[column] = None
    return tuple(_of(place.plan, named, whole) for place in places)


def _of(plan: Json, named: Mapping[str, Mapping[str, None]], whole: set[str]) -> tuple[str, ...]:
    alias = str(plan.get("Alias", ""))
    if "Relation Name" not in plan or alias in whole:
        return ()
    found = tuple(named.get(alias, ()))
    return found if len(found) <= _MOST else ()


def _places(plan: Json, *, is_computed: bool) -> Iterator[_Place]:
    if plan.get("Parent Relationship") in _TOPS:
        is_computed = False
    yield _Place(plan, is_computed)
    below = is_computed or not ("Relation Name" in plan or plan.get("Node Type") in _PASSING)
    for child in plan.get("Plans", ()):
        yield from _places(child, is_computed=below)


def _aliases(places: list[_Place]) -> set[str]:
    return {str(place.plan["Alias"]) for place in places if "Alias" in place.plan}


def _alone(places: list[_Place]) -> str | None:
    """The only table of a plan, by its alias."""
    aliases = _aliases(places)
    return next(iter(aliases)) if len(aliases) == 1 else None


def _texts(place: _Place) -> Iterator[str]:
    """The expressions of a node."""
    for name, value in place.plan.items():
        if name not in ("Plans", "Output"):
            yield from (item for item in _listed(value) if isinstance(item, str))
    yield from _output(place)


def _output(place: _Place) -> Iterator[str]:
    """What a node makes, unless it only hands it on to where rows are made."""
    passes = "Relation Name" in place.plan or place.plan.get("Node Type") in _PASSING
    if not (passes and place.is_computed):
        yield from map(str, _listed(place.plan.get("Output", [])))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _bare(outputs: Iterable[str]) -> Iterator[str]:
    for output in outputs:
        for name in _BARE.findall(_TYPE.sub("", _TEXT.sub("?", output))):
            yield _unquoted(name)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
