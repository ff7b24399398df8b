"""A function's source, and which expressions in it are rows of the queryset that it evaluates."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from queryaudit.advice.function_source import FunctionSource

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LISTS = frozenset({"list", "tuple"})
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.GeneratorExp,
          ast.DictComp, ast.Lambda)  # fmt: skip
#: Methods whose result is not a queryset, but rows one after the other.
STREAMING = frozenset({"iterator", "aiterator"})
#: Methods that give something else than rows.
_OTHERS = frozenset({"in_bulk", "aggregate", "get", "first", "last", "explain", "get_or_create"})
#: What looks at variables from behind.
_INSPECTING = frozenset({"locals", "vars", "eval", "exec", "globals", "dir"})


class RowsInSource:
    """The function around the lines on which a queryset of ``model`` is evaluated.

    ``columns``: kinds of the model's columns by the names under which rows have their values.
    """

    def __init__(
        self, text: str, tree: ast.Module, lines: range, model: str, columns: Mapping[str, str]
    ) -> None:
        self.tree = tree
        self.columns = columns
        self._text = text
        self._lines = lines
        self._model = model
        self.parents = {
            child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }

    @classmethod
    def read(
        cls,
        source: FunctionSource,
        line: int,
        end_line: int | None,
        model: str,
        columns: Mapping[str, str],
    ) -> RowsInSource | None:
        """None for what is no Python, or looks at its own variables."""
        parsed = source.parsed()
        if parsed is None:
            return None
        found = cls(*parsed, source.lines_at(line, end_line), model, columns)
        calls = (n.func for n in ast.walk(found.tree) if isinstance(n, ast.Call))
        if any(isinstance(f, ast.Name) and f.id in _INSPECTING for f in calls):
            return None
        return found

    def said(self, node: ast.AST) -> str:
        """The source of a node, on one line."""
        return " ".join((ast.get_source_segment(self._text, node) or "").split())

    def is_evaluated_in(self, node: ast.expr) -> bool:
        return node.lineno in self._lines

    def queryset(self, rows: ast.expr) -> str:
        """The queryset as it is written, ready for another call."""
        chain = self.chain(rows)
        if isinstance(chain, ast.Call) and method(chain) in STREAMING:
            chain = chain.func.value if isinstance(chain.func, ast.Attribute) else None
        return self.said(chain).removesuffix(".all()") if chain is not None else ""

    def is_streamed(self, rows: ast.expr) -> bool:
        chain = self.chain(rows)
        return isinstance(chain, ast.Call) and method(chain) in STREAMING

    def is_queryset(self, rows: ast.expr) -> bool:
        """Whether these can be rows of the model, asked for once, and of no use elsewhere."""
        chain = self.chain(rows)
        if isinstance(rows, ast.Name) and len(self.names(rows.id)) != 2:
            return False
        return chain is not None and self.is_meant(chain)

    def is_meant(self, chain: ast.expr) -> bool:
        """Whether a chain gives rows of the model, is written once, and asked for once."""
        root = root_of(chain)
        if root is None or method(calls_of(chain)[0]) in _OTHERS:
            return False
        return self._can_give(root) and self._is_single(chain)

    def chain(self, rows: ast.expr) -> ast.expr | None:
        """What is written out here, or what a name stands for that is bound once."""
        if isinstance(rows, ast.Name):
            value = self.value(rows.id)
            if value is None or self.repeats(rows, value):
                return None
            rows = value
        return listed(rows)

    def value(self, name: str) -> ast.expr | None:
        """What a name is bound to, once, in a statement of its own."""
        bound = [n for n in self.names(name) if isinstance(n.ctx, ast.Store)]
        if len(bound) != 1:
            return None
        statement = self.parents.get(bound[0])
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return None
        return statement.value

    def repeats(self, inner: ast.AST, outer: ast.AST) -> bool:
        """Whether what is bound at ``outer`` is used again and again at ``inner``."""
        within = list(self._around(outer))
        return any(
            isinstance(node, _LOOPS)
            and node not in within
            # What a loop goes through is evaluated once.
            and not self._is_iterated(inner, node)
            for node in self._around(inner)
        )

    def _is_iterated(self, inner: ast.AST, loop: ast.AST) -> bool:
        match loop:
            case ast.For(iter=rows) | ast.AsyncFor(iter=rows):
                first: ast.AST = rows
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                first = loop.generators[0].iter
            case _:
                return False
        return inner is first or first in self._around(inner)

    def _around(self, node: ast.AST) -> Iterator[ast.AST]:
        """From the inside out, up to the function."""
        at = self.parents.get(node)
        while at is not None and not isinstance(at, _FUNCTIONS):
            yield at
            at = self.parents.get(at)

    def names(self, name: str) -> list[ast.Name]:
        return [n for n in ast.walk(self.tree) if isinstance(n, ast.Name) and n.id == name]

    def reads(self, name: str) -> list[ast.Name]:
        return [n for n in self.names(name) if isinstance(n.ctx, ast.Load)]

    def _can_give(self, root: str) -> bool:
        """Whether a chain that begins so can give rows of the model, and not those of a loop."""
        if root[:1].isupper():
            return root == self._model
        loops = (
            n.target for n in ast.walk(self.tree) if isinstance(n, ast.For | ast.comprehension)
        )
        return all(root != n.id for t in loops for n in ast.walk(t) if isinstance(n, ast.Name))

    def _is_single(self, rows: ast.expr) -> bool:
        """Rows that are asked for again are better asked for once."""
        asked = ast.dump(rows)
        calls = (n for n in ast.walk(self.tree) if isinstance(n, ast.Call))
        return sum(ast.dump(call) == asked for call in calls) == 1


def listed(rows: ast.expr) -> ast.expr:
    """``list(rows)`` is about the rows."""
    match rows:
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _LISTS:
            return inner
        case _:
            return rows


def called(node: ast.AST) -> str:
    """``len`` of ``len(...)``."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def calls_of(chain: ast.expr) -> list[ast.Call]:
    """The calls of a chain, last first: those of methods."""
    found: list[ast.Call] = []
    inner: ast.AST = chain
    while True:
        if isinstance(inner, ast.Call):
            found.append(inner)
            inner = inner.func
        elif isinstance(inner, ast.Attribute):
            inner = inner.value
        else:
            return found


def method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def root_of(chain: ast.expr) -> str | None:
    """``Book`` of ``Book.objects.filter(...)``, not sliced and nothing around it."""
    if not isinstance(chain, ast.Call):
        return None
    inner: ast.expr = chain
    attributes = 0
    while True:
        if isinstance(inner, ast.Call):
            inner = inner.func
        elif isinstance(inner, ast.Attribute):
            attributes += 1
            inner = inner.value
        else:
            return inner.id if isinstance(inner, ast.Name) and attributes >= 2 else None
