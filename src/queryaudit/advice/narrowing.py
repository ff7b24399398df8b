"""By what a collection of a row was filtered or ordered, where the source says it in constants."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from queryaudit.advice.arguments import code_of, code_of_arguments
from queryaudit.advice.chains import ENDING, Chain, Link, find_chains
from queryaudit.advice.source import Source, read_source
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
    chains = find_chains(source)
    for chain in chains:
        if chain.span.meets(source.focus) and _leads_over(chain, step):
            return _after(chain, step, indexed)
    assigned = _assigned(source)
    if assigned is None:
        return None
    values = (chain for chain in chains if source.span(assigned) == chain.span)
    kept = next((chain for chain in values if _leads_over(chain, step)), None)
    return _after(kept, step, indexed) if kept is not None else None


def _leads_over(chain: Chain, step: Step) -> bool:
    return any(link.name == step.name for link in chain.links)


def _after(chain: Chain, step: Step, indexed: bool) -> Narrowing | None:
    """What follows the relation in a chain."""
    at = [link.name for link in chain.links].index(step.name)
    if chain.links[at].call is not None:
        return None  # another manager
    return _read(chain.links[at + 1 :], indexed)


def _assigned(source: Source) -> ast.expr | None:
    """The value of the variable that stands at the place as it is, if one line before gave it."""
    asked = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.expr)
        and (span := source.span(node)) is not None
        and span.meets(source.focus)
    ]
    called = {node.func for node in asked if isinstance(node, ast.Call)}
    more = any(isinstance(node, ast.Attribute | ast.Subscript) for node in asked)
    names = {n.id for n in asked if isinstance(n, ast.Name) and n not in called}
    if more or len(names) != 1:
        return None
    given = [
        node.value
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in names
    ]
    if len(given) != 1:
        return None
    span = source.span(given[0])
    return given[0] if span is not None and span.end <= source.focus.start else None


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
