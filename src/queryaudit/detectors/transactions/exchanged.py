"""Rows of one table that a function locks in the order of its arguments: ``transfer(a, b)``.

Somebody calls it with them exchanged one day. Silent where the function compares or sorts them.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence

from queryaudit.detectors.transactions.lock_fold import Ran
from queryaudit.detectors.transactions.named_rows import call_at
from queryaudit.locking.graph import ARGUMENT, Step
from queryaudit.locking.locks import Lock
from queryaudit.records.definitions import Frame, FunctionText
from queryaudit.sql.locks import RowLockMode

_KEYS = frozenset({"pk", "id"})
_ORDERING = frozenset({"sorted", "min", "max", "sort", "order_by"})
_EXCLUSIVE = frozenset({RowLockMode.UPDATE, RowLockMode.NO_KEY_UPDATE})


def exchanged(
    steps: Sequence[Step], rans: Sequence[Ran], function: FunctionText | None
) -> tuple[tuple[Step, ...], tuple[Step, ...]] | None:
    """The steps with two rows named by arguments, and the same with these exchanged."""
    if function is None:
        return None
    for j, second in enumerate(rans):
        for i, first in enumerate(rans[:j]):
            apart = first.nth != second.nth and first.stack != second.stack
            if first.sql != second.sql or not apart:
                continue
            locks = (_row(steps[i]), _row(steps[j]))
            names = (_argument(steps[i].frame), _argument(steps[j].frame))
            if locks[0] is not None and locks[1] is not None and _are_free(names, function):
                return (
                    _named(steps, {i: names[0], j: names[1]}),
                    _named(steps, {i: names[1], j: names[0]}),
                )
    return None


def _row(step: Step) -> Lock | None:
    """The only row that a statement locks for itself."""
    locks = [lock for lock in step.now if isinstance(lock.mode, RowLockMode)]
    alone = len(locks) == 1 and locks[0].mode in _EXCLUSIVE and not locks[0].row
    return locks[0] if alone and locks[0].waits and step.frame.loop_text is None else None


def _named(steps: Sequence[Step], names: dict[int, str]) -> tuple[Step, ...]:
    found = []
    for index, step in enumerate(steps):
        if index in names:
            row = ((ARGUMENT, names[index]),)
            step = step._replace(
                now=tuple(
                    lock._replace(row=row) if isinstance(lock.mode, RowLockMode) else lock
                    for lock in step.now
                )
            )
        found.append(step)
    return tuple(found)


def _argument(frame: Frame) -> str:
    """The name that a row's key comes from: ``source`` of ``get(pk=source.pk)`` or ``save()``."""
    node = call_at(frame)
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        node = node.args[0]  # list(..)
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "save" and isinstance(node.func.value, ast.Name):
            return node.func.value.id
        for keyword in node.keywords:
            if keyword.arg in _KEYS and node.func.attr in ("get", "filter"):
                return _root(keyword.value)
        node = node.func.value
    return ""


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _are_free(names: tuple[str, str], function: FunctionText) -> bool:
    """Whether two names are arguments that come in any order, and are taken as they come."""
    if not all(names) or names[0] == names[1]:
        return False
    try:
        [tree] = ast.parse(textwrap.dedent("\n".join(function.lines))).body
    except (SyntaxError, ValueError, RecursionError):
        return False
    if not isinstance(tree, ast.FunctionDef):
        return False
    given = {argument.arg for argument in (*tree.args.args, *tree.args.kwonlyargs)}
    return set(names) <= given and not any(_orders(node, names) for node in ast.walk(tree))


def _orders(node: ast.AST, names: tuple[str, str]) -> bool:
    if isinstance(node, ast.Call):
        function = node.func
        called = function.attr if isinstance(function, ast.Attribute) else _root(function)
        return called in _ORDERING
    inner = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    if isinstance(node, ast.Compare):
        return set(names) <= inner
    return isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Store)
