"""By what a collection of a row was filtered or ordered, where the source says it in constants."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from queryaudit.advice.arguments import code_of, code_of_arguments
from queryaudit.advice.chains import ENDING, Link, find_chains
from queryaudit.advice.source import read_source
from queryaudit.records.definitions import Frame, Step

#: Calls that mean the same for the rows of one parent as for those of all.
FOR_EACH = frozenset({"all", "filter", "exclude", "order_by", "select_related"})
#: Aggregates that give the same over a join as over the rows themselves.
_FUNCTIONS = frozenset({"Sum", "Avg", "Min", "Max"})
#: Modules that are asked for the time.
_CLOCKS = frozenset({"timezone", "datetime", "date", "timedelta"})


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The calls between the relation and the method that sends the query."""

    calls: tuple[str, ...]  #: ``.filter(status="open")``
    #: Lookup and value, where filters by keyword are all there is.
    conditions: tuple[tuple[str, str], ...] | None
    #: What ``aggregate()`` is asked for: its function and the column.
    value: tuple[str, str] | None = None


def narrowing_at(frame: Frame, step: Step, *, indexed: bool = False) -> Narrowing | None:
    """How the collection is narrowed at the frame; None unless it is for every row alike.

    ``indexed``: it is asked for one row by its number, as ``books.all()[0]``.
    """
    source = read_source(frame)
    if source is None or not source.exact:
        return None
    for chain in find_chains(source):
        names = [link.name for link in chain.links]
        if not chain.span.meets(source.focus) or step.name not in names:
            continue
        at = names.index(step.name)
        if chain.links[at].call is not None:
            return None  # another manager
        return _read(chain.links[at + 1 :], indexed)
    return None


def _read(links: tuple[Link, ...], indexed: bool) -> Narrowing | None:
    calls: list[str] = []
    conditions: list[tuple[str, str]] | None = []
    for link in links:
        if link.subscript and indexed:
            return _made(calls, conditions)
        if link.call is None:
            return None
        if link.name in ("aggregate", "aaggregate"):
            value = _value(link.call)
            return replace(_made(calls, conditions), value=value) if value is not None else None
        if link.name in ENDING:
            return None if link.call.args or link.call.keywords else _made(calls, conditions)
        if link.name not in FOR_EACH or not _is_constant(link.call):
            return None
        if link.name == "all":
            continue
        calls.append(f".{link.name}({code_of_arguments(link.call)})")
        if link.name != "filter" or link.call.args or conditions is None:
            conditions = None
            continue
        for keyword in link.call.keywords:
            assert keyword.arg is not None
            conditions.append((keyword.arg, code_of(keyword.value)))
    return _made(calls, conditions)


def _value(call: ast.Call) -> tuple[str, str] | None:
    """``Sum`` and ``price`` of ``aggregate(total=Sum("price"))``."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    match given:
        case [ast.Call(func=function, args=[ast.Constant(value=str(column))], keywords=[])]:
            name = function.attr if isinstance(function, ast.Attribute) else code_of(function)
            return (name, column) if name in _FUNCTIONS else None
        case _:
            return None


def _made(calls: list[str], conditions: list[tuple[str, str]] | None) -> Narrowing:
    # Two filters over a relation of many may be met by two rows, one filter only by one.
    single = conditions is not None and len(calls) == 1
    return Narrowing(tuple(calls), tuple(conditions) if single and conditions else None)


def _is_constant(call: ast.Call) -> bool:
    """Whether the arguments are the same for every row, as far as their names say."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(keyword.arg is None for keyword in call.keywords):
        return False
    names = [node.id for value in given for node in ast.walk(value) if isinstance(node, ast.Name)]
    return all(name[:1].isupper() or name in _CLOCKS for name in names)
