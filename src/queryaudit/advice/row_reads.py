"""Which columns of its rows a function reads, where its source shows every use of them.

A relation that it follows may lead anywhere but back to the rows: what they are joined with has no
way to them, and what is prefetched for them has one only over the foreign key that refers to them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeGuard

from queryaudit.advice.function_source import REMEMBERED, FunctionSource
from queryaudit.advice.row_uses import RowUse, UseKind
from queryaudit.advice.rows_in_source import RowsInSource, called, calls_of, listed, method

_EAGER = frozenset({"select_related", "prefetch_related"})
#: Methods that leave open which columns and relations a row has, or what they are for.
_CHOOSING = frozenset(
    {"only", "defer", "values", "values_list", "raw", "select_for_update", "annotate", "alias"}
)
_CHOOSING |= {"extra", "union", "in_bulk", "aggregate", "dates", "datetimes"}
#: What asks for rows, or for their number, and hands on none of them.
_COUNTING = frozenset({"len", "bool"})


#: The relations that may be followed, and what may be read of their rows; all of it if None.
Ways = Mapping[str, frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class RowReads:
    """No column of the rows is read but ``columns``, which are attribute names."""

    columns: frozenset[str]
    joined: tuple[str, ...]  #: what ``select_related`` is asked for by name and nothing follows
    prefetched: tuple[str, ...]
    queryset: str  #: as it is written
    bare: str  #: without these relations

    def better(self, queryset: str) -> RowUse:
        """For a finding that would have ``queryset`` instead."""
        return RowUse(UseKind.READ, self.queryset, (), queryset=queryset)


def row_reads(
    source: FunctionSource,
    line: int,
    end_line: int | None,
    model: str,
    columns: Mapping[str, str],
    ways: Ways,
) -> RowReads | None:
    """What is read of the rows of the queryset that is evaluated at ``line``; None if that is not
    certain. ``columns``: kinds of columns by attribute name, those of relations by that of their
    key. Never raises."""
    followed = tuple(sorted(ways.items(), key=lambda way: way[0]))
    return _row_reads(source, line, end_line, model, tuple(columns.items()), followed)


@lru_cache(maxsize=REMEMBERED)
def _row_reads(
    source: FunctionSource,
    line: int,
    end_line: int | None,
    model: str,
    columns: tuple[tuple[str, str], ...],
    ways: tuple[tuple[str, frozenset[str] | None], ...],
) -> RowReads | None:
    """Asked in each unit of work that comes by, of the same source."""
    reading = RowsInSource.read(source, line, end_line, model, dict(columns))
    if reading is None:
        return None
    known = dict(ways)
    reads = [_reads(reading, rows, known) for rows in _querysets(reading)]
    found = [one for one in reads if one is not None]
    return found[0] if len(found) == 1 else None


def _querysets(source: RowsInSource) -> Iterator[ast.Call]:
    """What is written out and can be the queryset, each the whole of its chain."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or isinstance(source.parents.get(node), ast.Attribute):
            continue
        if source.is_meant(node):
            yield node


def _reads(source: RowsInSource, chain: ast.Call, ways: Ways) -> RowReads | None:
    made = {method(call) for call in calls_of(chain)}
    if made & _CHOOSING:
        return None
    loops, lines = _loops(source, chain)
    if not loops or not any(source.is_evaluated_in(rows) for rows in lines):
        return None
    read: set[str] = set()
    for target in loops:
        of_row = _of_row(source, target, ways)
        if of_row is None:
            return None
        read |= of_row
    if not read:
        return None
    followed = frozenset(ways.keys() & read)
    return RowReads(
        frozenset(read - followed),
        _named(chain, "select_related", followed),
        _named(chain, "prefetch_related", followed),
        source.queryset(chain),
        _bare(source, chain, followed),
    )


def _loops(source: RowsInSource, chain: ast.Call) -> tuple[list[ast.expr] | None, list[ast.expr]]:
    """The variables that go through the rows, and where rows are asked for; None for the former
    if the rows are handed on."""
    whole, outer = _whole(source, chain)
    if not isinstance(outer, ast.Assign):
        target = _target(outer, whole)
        return ([target] if target is not None else None), [chain]
    if len(outer.targets) != 1 or not isinstance(outer.targets[0], ast.Name):
        return None, []
    name = outer.targets[0].id
    if source.value(name) is not whole:
        return None, []
    targets: list[ast.expr] = []
    reads: list[ast.expr] = [*source.reads(name)]
    for read in reads:
        inner, user = _whole(source, read)
        target = _target(user, inner)
        if target is not None:
            targets.append(target)
        elif not _counts(user, inner):
            return None, []
    return targets, [chain, *reads]


def _whole(source: RowsInSource, rows: ast.expr) -> tuple[ast.expr, ast.AST | None]:
    """The rows, or the first few of them, with ``list()`` around them, and what they stand in."""
    outer = source.parents.get(rows)
    while _is_listed(outer, rows) or _is_sliced(outer, rows):
        rows, outer = outer, source.parents.get(outer)
    return rows, outer


def _is_listed(outer: ast.AST | None, rows: ast.expr) -> TypeGuard[ast.Call]:
    return isinstance(outer, ast.Call) and listed(outer) is rows


def _is_sliced(outer: ast.AST | None, rows: ast.expr) -> TypeGuard[ast.Subscript]:
    if not isinstance(outer, ast.Subscript) or outer.value is not rows:
        return False
    return isinstance(outer.slice, ast.Slice) and isinstance(outer.ctx, ast.Load)


def _target(user: ast.AST | None, rows: ast.expr) -> ast.expr | None:
    match user:
        case (
            ast.For(iter=iterated) | ast.AsyncFor(iter=iterated) | ast.comprehension(iter=iterated)
        ) if iterated is rows:
            return user.target
        case _:
            return None


def _counts(user: ast.AST | None, rows: ast.expr) -> bool:
    match user:
        case ast.Call():
            return called(user) in _COUNTING
        case ast.If(test=test) | ast.IfExp(test=test):
            return test is rows
        case ast.UnaryOp(op=ast.Not()):
            return True
        case _:
            return False


def _of_row(source: RowsInSource, target: ast.expr, ways: Ways) -> set[str] | None:
    """The columns read and the relations followed of a variable; None if anything else is done
    with it."""
    if not isinstance(target, ast.Name):
        return None
    found: set[str] = set()
    for name in source.names(target.id):
        outer = source.parents.get(name)
        if isinstance(name.ctx, ast.Store):
            if not isinstance(outer, ast.For | ast.AsyncFor | ast.comprehension):
                return None
            continue
        if not isinstance(outer, ast.Attribute) or not isinstance(outer.ctx, ast.Load):
            return None
        if outer.attr not in source.columns and not _is_followed(source, outer, ways):
            return None
        found.add(outer.attr)
    return found


def _is_followed(source: RowsInSource, relation: ast.Attribute, ways: Ways) -> bool:
    """Whether what is done with a relation's rows leads to nothing else of the row."""
    if relation.attr not in ways:
        return False
    allowed = ways[relation.attr]
    if allowed is None:
        return True
    every = source.parents.get(relation)
    asked = source.parents.get(every) if every is not None else None
    if not isinstance(every, ast.Attribute) or every.attr != "all":
        return False
    if not isinstance(asked, ast.Call):
        return False
    target = _target(source.parents.get(asked), asked)
    if not isinstance(target, ast.Name):
        return False
    uses = [source.parents.get(name) for name in source.reads(target.id)]
    return all(isinstance(use, ast.Attribute) and use.attr in allowed for use in uses)


def _named(chain: ast.Call, eager: str, followed: frozenset[str]) -> tuple[str, ...]:
    """The relations that are written as words, where all of the call's are, and not followed."""
    found: list[str] = []
    for call in calls_of(chain):
        if method(call) == eager:
            words = [a.value for a in call.args if isinstance(a, ast.Constant)]
            found += [w for w in words if isinstance(w, str) and _first(w) not in followed]
    return tuple(dict.fromkeys(found))


def _first(path: str) -> str:
    return path.partition("__")[0]


def _bare(source: RowsInSource, chain: ast.Call, followed: frozenset[str]) -> str:
    text = source.queryset(chain)
    for call in calls_of(chain):
        if method(call) in _EAGER and isinstance(call.func, ast.Attribute):
            inner = source.said(call.func.value)
            left = [source.said(a) for a in call.args if not _is_unused(a, followed)]
            rest = f".{method(call)}({', '.join(left)})" if left else ""
            text = text.replace(source.said(call), f"{inner}{rest}")
    return text if text.endswith(")") else f"{text}.all()"


def _is_unused(argument: ast.expr, followed: frozenset[str]) -> bool:
    word = argument.value if isinstance(argument, ast.Constant) else None
    return isinstance(word, str) and _first(word) not in followed
