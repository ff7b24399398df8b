"""Edits by which a loop keeps the rows that it would write, for one call after it to write."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from queryaudit.advice.arguments import literal, quote
from queryaudit.advice.batches import COMPARISONS
from queryaudit.advice.bulk_code import BATCH, is_queryset
from queryaudit.advice.layout import Change
from queryaudit.advice.loop_bodies import LoopBody
from queryaudit.advice.loop_text import LoopText
from queryaudit.advice.loops import names_in, plural
from queryaudit.advice.relation_tree import variable
from queryaudit.advice.row_writes import RowWrite
from queryaudit.records.findings import Edit

_KEYS = frozenset({"pk", "id"})
#: Methods of rows that give them no value.
_READS = frozenset({"get_absolute_url"})
_ENDS = (ast.Return, ast.Yield, ast.YieldFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Collecting:
    """One loop of statements, and what it takes to write its rows after it."""

    def __init__(self, body: LoopBody, write: RowWrite, text: LoopText) -> None:
        self._body = body
        self._write = write
        self._text = text
        self._node = body.node
        self._parents = {
            child: node for node in ast.walk(body.node) for child in ast.iter_child_nodes(node)
        }
        outer = self._parents.get(body.call)
        self._written: ast.expr = outer if isinstance(outer, ast.Await) else body.call

    def created(self) -> Edit | None:
        """For ``Model.objects.create(...)``, or ``row.save()`` of a row that the round made."""
        if not self._is_plain() or self._body.name not in ("create", "save"):
            return None
        is_create = self._body.name == "create"
        row = self._body.receiver()
        name = self._new_name(plural(row if row and not is_create else variable(self._write.model)))
        if name is None:
            return None
        if is_create:
            found = constructor(self._body, self._write, self._text)
            if found is None:
                return None
            manager, changes = found
            call = self._text.span(self._body.call)
            whole = self._text.span(self._written)
            # `await` goes, as making an instance waits for nothing.
            changes = [Change(max(c.start, whole.start), c.end, c.text) for c in changes]
            before = Change(whole.start, call.start, f"{name}.append(".encode())
            changes = [before, *changes, Change(call.end, call.end, b")")]
            return self._edit(name, manager, changes, f"bulk_create({name}, {BATCH})")
        if row is None or self._body.call.args or self._body.call.keywords:
            return None
        made = self._made(row)
        if made is None:
            return None
        return self._saved_after(name, row, f"{made}.objects", f"bulk_create({name}, {BATCH})")

    def updated(self, fields: Sequence[str]) -> Edit | None:
        """For ``row.save()`` of a row that the loop goes over."""
        row = self._body.receiver()
        loop = self._body.loop
        if row is None or loop is None or row not in loop.names or not self._is_plain():
            return None
        given = frozenset(_unkeyed(name) for name in self._body.set_attributes(row))
        named = {_unkeyed(field) for field in fields}
        if not fields or not given <= named:
            return None
        if not all(self._is_clear(use, fields) for use in self._uses(row)):
            return None
        model = _root(loop.iterable)
        if model != self._write.model and self._write.model not in self._known():
            return None
        name = self._new_name(plural(row), f"changed_{plural(row)}")
        if name is None:
            return None
        listed = ", ".join(map(quote, fields))
        bulk = f"bulk_update({name}, [{listed}], {BATCH})"
        return self._saved_after(name, row, f"{self._write.model}.objects", bulk)

    def _saved_after(self, name: str, row: str, manager: str, bulk: str) -> Edit | None:
        span = self._text.span(self._written)
        change = Change(span.start, span.end, f"{name}.append({row})".encode())
        return self._edit(name, manager, [change], bulk)

    def _edit(self, name: str, manager: str, changes: Sequence[Change], bulk: str) -> Edit | None:
        awaits = "await " if self._written is not self._body.call else ""
        prefix = "a" if awaits else ""
        return self._text.changed(
            changes, before=[f"{name} = []"], after=[f"{awaits}{manager}.{prefix}{bulk}"]
        )

    def _is_plain(self) -> bool:
        """Whether each round comes to its end, and the write is a statement on its way.

        What holds around a statement, as a ``try``, would not hold around the call after the loop.
        """
        node = self._node
        if not isinstance(node, ast.For | ast.AsyncFor) or node.orelse:
            return False
        if any(isinstance(part, _ENDS) for part in ast.walk(node)):
            return False
        statement = self._parents.get(self._written)
        if not isinstance(statement, ast.Expr) or self._body.uses_result():
            return False
        inner: ast.AST = statement
        while inner is not node:
            outer = self._parents[inner]
            if not isinstance(outer, ast.If | ast.For | ast.AsyncFor):
                return False
            if not isinstance(outer, ast.If) and inner in outer.orelse:
                return False
            inner = outer
        return self._comes_last(statement)

    def _comes_last(self, statement: ast.stmt) -> bool:
        """Whether what follows in the round has nothing to do with the row."""
        row = self._body.receiver() if self._body.name == "save" else None
        end = (statement.end_lineno or statement.lineno, statement.end_col_offset or 0)
        return row is None or all((n.lineno, n.col_offset) <= end for n in self._uses(row))

    def _uses(self, name: str) -> Iterator[ast.Name]:
        for node in ast.walk(self._node):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                yield node

    def _known(self) -> frozenset[str]:
        return names_in(self._node) | frozenset(self._write.names or ())

    def _new_name(self, *names: str) -> str | None:
        """A name that the function has no use for yet."""
        known = self._known()
        return next((n for n in (*names, *(f"new_{n}" for n in names)) if n not in known), None)

    def _made(self, row: str) -> str | None:
        """The class by which the round made its row, as it is written there."""
        bound = [
            node
            for node in ast.walk(self._node)
            if isinstance(node, ast.Name) and node.id == row and isinstance(node.ctx, ast.Store)
        ]
        statement = self._parents.get(bound[0]) if len(bound) == 1 else None
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return None
        made = statement.value
        if not isinstance(made, ast.Call) or _last(made.func) != self._write.model:
            return None
        given = {keyword.arg for keyword in made.keywords} | set(self._body.set_attributes(row))
        # A row with a key is looked for before it is inserted.
        if made.args or None in given or given & _KEYS:
            return None
        return ast.unparse(made.func)

    def _is_clear(self, use: ast.Name, fields: Sequence[str]) -> bool:
        """Whether all that the row is given there is seen."""
        outer = self._parents.get(use)
        if not isinstance(outer, ast.Attribute):
            return isinstance(outer, ast.FormattedValue | ast.Compare)
        if isinstance(outer.ctx, ast.Del) or outer.attr.startswith("__"):
            return False
        around = self._parents.get(outer)
        if isinstance(around, ast.Call) and around.func is outer:
            reads = outer.attr in _READS or outer.attr.endswith("_display")
            return around is self._body.call or reads
        # What is in a value of these may be changed.
        return outer.attr not in self._write.mutable or outer.attr in fields


def constructor(body: LoopBody, write: RowWrite, text: LoopText) -> tuple[str, list[Change]] | None:
    """The manager to write all rows by, and the changes that make ``create(...)`` an instance."""
    function = body.call.func
    if body.call.args or not isinstance(function, ast.Attribute):
        return None
    manager = function.value
    span = text.span(function)
    if isinstance(manager, ast.Attribute) and _last(manager.value) == write.model:
        made = ast.unparse(manager.value)
        return ast.unparse(manager), [Change(span.start, span.end, made.encode())]
    known = names_in(body.node) | frozenset(write.names or ())
    if not write.parent or write.model not in known or not isinstance(manager, ast.Attribute):
        return None
    parent = f"{write.parent}={ast.unparse(manager.value)}"
    rest = text.text[span.end : text.span(body.call).end]
    opening = rest[: len(rest) - len(rest[1:].lstrip())]
    comma = ", " if b"\n" not in opening else ","
    comma = comma if body.call.keywords else ""
    repeated = opening[1:].decode() if b"\n" in opening else ""
    new = f"{write.model}({repeated}{parent}{comma}"
    return f"{write.model}.objects", [Change(span.start, span.end + 1, new.encode())]


def goes_over_each_once(body: LoopBody) -> bool:
    """Whether the loop is over a queryset in which no join can repeat a row."""
    iterable = body.node.iter if isinstance(body.node, ast.For | ast.AsyncFor) else None
    if isinstance(iterable, ast.Subscript):
        iterable = iterable.value
    if iterable is None or not is_queryset(iterable):
        return False
    for node in ast.walk(iterable):
        named = node.arg if isinstance(node, ast.keyword) else None
        paths = literal(node) if isinstance(node, ast.expr) else None
        if isinstance(node, ast.Starred) or (isinstance(node, ast.keyword) and named is None):
            return False
        if not set((named or paths or "").split("__")[1:]) <= COMPARISONS:
            return False
    return True


def _root(node: ast.expr) -> str:
    """``Book`` of ``Book.objects.filter(...)``."""
    inner = node
    while isinstance(inner, ast.Call | ast.Attribute):
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
        if isinstance(inner, ast.Attribute) and inner.attr == "objects":
            return _last(inner.value) if isinstance(inner.value, ast.Name) else ""
    return ""


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _unkeyed(name: str) -> str:
    return name.removesuffix("_id")
