"""Rows of which only the number is asked, whether there are any, or the first one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from queryaudit.advice.row_uses import RowUse, UseKind
from queryaudit.advice.rows_in_source import RowsInSource, called, listed

#: Methods of a queryset that look at none of its rows in memory.
_WRITING = frozenset({"update", "delete", "aupdate", "adelete"})
_COUNT, _EXISTS = ".count()", ".exists()"
#: ``len(rows) > 0`` and the like: whether there are any.
_ANY = {(ast.Gt, 0), (ast.GtE, 1), (ast.NotEq, 0), (ast.Eq, 0), (ast.Lt, 1), (ast.LtE, 0)}


def number_written_out(source: RowsInSource, rows: ast.Call) -> RowUse | None:
    """``len(Book.objects.all())``"""
    asked = _asked(source, rows)
    if asked is None or not source.is_evaluated_in(rows) or not source.is_meant(rows):
        return None
    call, text = asked
    return RowUse(UseKind.COUNT, text, (call,), queryset=source.queryset(rows))


def number_or_first(source: RowsInSource, name: str) -> RowUse | None:
    """Of rows that have a name, and are asked for nothing else."""
    value = source.value(name)
    chain = listed(value) if value is not None else None
    if value is None or chain is None or not source.is_meant(chain):
        return None
    reads = source.reads(name)
    if chain is value:  # a list has no such methods
        reads = [read for read in reads if not _writes(source, read)]
    if any(source.repeats(read, value) for read in reads):
        return None  # asked again and again: the rows answer for nothing
    if not any(source.is_evaluated_in(rows) for rows in (value, *reads)):
        return None
    asked = [_asked(source, read) for read in reads]
    numbers = [found for found in asked if found is not None]
    firsts = [found for found in (_first(source, read) for read in reads) if found is not None]
    if not reads or len(numbers) + len(firsts) < len(reads):
        return None
    queryset = source.queryset(value)
    if not firsts:
        call = _COUNT if any(call == _COUNT for call, _ in numbers) else _EXISTS
        return RowUse(UseKind.COUNT, numbers[0][1], (call,), queryset=queryset)
    calls = {call for call, _ in firsts}
    if len(calls) > 1 or any(call == _COUNT for call, _ in numbers):
        return None
    return RowUse(UseKind.FIRST, firsts[0][1], tuple(calls), queryset=queryset)


def _writes(source: RowsInSource, read: ast.Name) -> bool:
    """``rows.delete()`` asks by itself, whatever was loaded before."""
    outer = source.parents.get(read)
    called = source.parents.get(outer) if outer is not None else None
    return (
        isinstance(outer, ast.Attribute)
        and outer.attr in _WRITING
        and isinstance(called, ast.Call)
        and called.func is outer
    )


def _first(source: RowsInSource, read: ast.Name) -> tuple[str, str] | None:
    outer = source.parents.get(read)
    match outer:
        case ast.Subscript(slice=ast.Constant(value=0), ctx=ast.Load()):
            return ".first()", source.said(outer)
        case ast.Subscript(
            slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)), ctx=ast.Load()
        ):
            return ".last()", source.said(outer)
        case _:
            return None


def _asked(source: RowsInSource, rows: ast.expr) -> tuple[str, str] | None:
    """What the rows are asked for, and how it is written."""
    outer = source.parents.get(rows)
    match outer:
        case ast.Call(args=[_], keywords=[]) if called(outer) in ("list", "tuple"):
            return _asked(source, outer)
        case ast.Call(args=[_], keywords=[]) if called(outer) == "len":
            return _compared(source, outer)
        case ast.Call(args=[_], keywords=[]) if called(outer) == "bool":
            return _EXISTS, source.said(outer)
    tested = next(_tests(source, rows), None)
    return (_EXISTS, tested) if tested is not None else None


def _compared(source: RowsInSource, length: ast.Call) -> tuple[str, str]:
    outer = source.parents.get(length)
    match outer:
        case ast.Compare(left=left, ops=[op], comparators=[ast.Constant(value=int(number))]):
            if left is length and (type(op), number) in _ANY:
                return _EXISTS, source.said(outer)
    tested = next(_tests(source, length), None)
    return (_EXISTS, tested) if tested is not None else (_COUNT, source.said(length))


def _tests(source: RowsInSource, node: ast.expr) -> Iterator[str]:
    """How the truth of a value is asked for, if nothing else is."""
    outer = source.parents.get(node)
    match outer:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.Assert(test=test) if test is node:
            yield f"if {source.said(node)}"
        case ast.UnaryOp(op=ast.Not()):
            above = source.parents.get(outer)
            is_test = isinstance(above, ast.If | ast.IfExp) and above.test is outer
            yield f"if {source.said(outer)}" if is_test else source.said(outer)
        case ast.BoolOp() if next(_tests(source, outer), None) is not None:
            yield source.said(outer)
