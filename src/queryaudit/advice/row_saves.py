"""What a function gave a row's columns before it saved the row as a whole, where that is certain.

The function must have loaded the row itself and must not have handed it to anybody since.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.advice.function_source import FunctionSource

_SAVES = frozenset({"save", "asave"})
#: Methods of querysets that load one row.
_LOADS = frozenset({"get", "first", "last", "earliest", "latest"})
_LOADS |= {f"a{name}" for name in _LOADS}
_SHORTCUTS = frozenset({"get_object_or_404", "aget_object_or_404"})
#: Methods of rows that give them no value.
_READS = frozenset({"get_absolute_url", "refresh_from_db", "arefresh_from_db", "get_next_in_order"})
#: Where a row stands and stays as it is.
_TESTS = (ast.Compare, ast.If, ast.IfExp, ast.BoolOp, ast.UnaryOp, ast.Assert)


@dataclass(frozen=True, slots=True)
class RowSave:
    """``row.save()`` without arguments; ``row`` as it is written."""

    row: str
    attributes: tuple[str, ...]  #: that were given values since the row was loaded
    touched: tuple[str, ...]  #: whose value may have been changed in place
    computed: bool  #: one of them from its own value, and without a lock


def row_save(source: FunctionSource, line: int, end_line: int | None) -> RowSave | None:
    """The save at ``line``; None where it has arguments or anything is unclear. Never raises."""
    parsed = source.parsed()
    if parsed is None:
        return None
    _, tree = parsed
    lines = source.lines_at(line, end_line)
    saves = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _SAVES
        and node.lineno in lines
    ]
    if len(saves) != 1 or saves[0].args or saves[0].keywords:
        return None
    return _Reading(tree, saves[0]).save()


class _Reading:
    def __init__(self, tree: ast.Module, call: ast.Call) -> None:
        assert isinstance(call.func, ast.Attribute)
        self._call = call
        self._row = call.func.value
        self._tree = tree
        self._parents = {
            child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }
        self._attributes: dict[str, None] = {}
        self._touched: dict[str, None] = {}
        self._computed = False

    def save(self) -> RowSave | None:
        loaded = self._loaded()
        if loaded is None or self._is_shared():
            return None
        for use in self._uses():
            if use is not self._row and not self._is_clear(use):
                return None
        return RowSave(
            row=ast.unparse(self._row),
            attributes=tuple(sorted(self._attributes)),
            touched=tuple(sorted(self._touched)),
            computed=self._computed and "select_for_update" not in loaded,
        )

    def _loaded(self) -> str | None:
        """The expression that loaded the row; None if that is not to be seen."""
        row = self._row
        if isinstance(row, ast.Attribute):
            return ast.unparse(row) if _is_user(row) else None
        if not isinstance(row, ast.Name):
            return None
        bound = [n for n in self._named(row.id) if isinstance(n.ctx, ast.Store)]
        statement = self._parents.get(bound[0]) if len(bound) == 1 else None
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return None
        value = statement.value
        return ast.unparse(value) if _loads(value) or _is_user(value) else None

    def _is_shared(self) -> bool:
        """Whether a function inside of this one, or another loop's round, may change the row."""
        node: ast.AST | None = self._call
        functions = 0
        while node is not None:
            if isinstance(node, ast.For | ast.While | ast.AsyncFor | ast.Lambda):
                return True
            functions += isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            node = self._parents.get(node)
        return functions > 1

    def _named(self, name: str) -> list[ast.Name]:
        return [n for n in ast.walk(self._tree) if isinstance(n, ast.Name) and n.id == name]

    def _uses(self) -> Iterator[ast.expr]:
        """The places before the save at which the row is read."""
        said = ast.dump(self._row)
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Name | ast.Attribute) or ast.dump(node) != said:
                continue
            if node.lineno <= self._call.lineno:
                yield node

    def _is_clear(self, use: ast.expr) -> bool:
        """Whether what is done to the row there is known; keeps what it is given."""
        outer = self._parents.get(use)
        if not isinstance(outer, ast.Attribute):
            return isinstance(outer, _TESTS)
        around = self._parents.get(outer)
        if isinstance(outer.ctx, ast.Store):
            return self._is_given(outer.attr, around)
        if isinstance(around, ast.Call) and around.func is outer:
            return outer.attr in _READS or outer.attr.endswith("_display")
        if outer.attr.startswith("__"):
            return False
        if isinstance(around, ast.Attribute | ast.Subscript):
            called = isinstance(self._parents.get(around), ast.Call)
            if called or not isinstance(around.ctx, ast.Load):
                self._touched[outer.attr] = None
        return True

    def _is_given(self, attribute: str, statement: ast.AST | None) -> bool:
        if not isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
            return False
        self._attributes[attribute] = None
        value = statement.value
        own = f"{ast.unparse(self._row)}.{attribute}"
        self._computed |= isinstance(statement, ast.AugAssign) or (
            value is not None
            and any(ast.unparse(n) == own for n in ast.walk(value) if isinstance(n, ast.Attribute))
        )
        return True


def _is_user(value: ast.expr) -> bool:
    return ast.unparse(value) in ("request.user", "self.request.user")


def _loads(value: ast.expr) -> bool:
    """``Book.objects.filter(...).first()``, ``get_object_or_404(Book, ...)`` and their like."""
    if isinstance(value, ast.Await):
        value = value.value
    if isinstance(value, ast.Subscript):
        one = isinstance(value.slice, ast.Constant) and isinstance(value.slice.value, int)
        return one and ".objects" in ast.unparse(value.value)
    if not isinstance(value, ast.Call):
        return False
    if isinstance(value.func, ast.Name):
        return value.func.id in _SHORTCUTS
    if not isinstance(value.func, ast.Attribute) or value.func.attr not in _LOADS:
        return False
    # A dict has get() as well, but takes no keywords.
    return bool(value.keywords) or ".objects" in ast.unparse(value.func)
