"""The body of a loop and the call in it that a frame means."""

from __future__ import annotations

import ast
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from queryaudit.advice.arguments import code_of
from queryaudit.advice.loops import Loop, names_in, read_loop
from queryaudit.records.definitions import Frame

#: Calls that write, by the last part of their name.
WRITING = frozenset(
    {
        *("save", "create", "update", "delete", "add", "set", "remove", "clear", "execute"),
        *("get_or_create", "update_or_create", "bulk_create", "bulk_update"),
    }
)


@dataclass(frozen=True, slots=True)
class LoopBody:
    """``for target in iterable``, its statements, and the call among them."""

    loop: Loop | None  #: None for ``while``
    statements: tuple[ast.stmt, ...]  #: empty for a comprehension
    conditions: tuple[ast.expr, ...]  #: of a comprehension
    call: ast.Call
    node: ast.stmt | ast.expr  #: the loop as it was parsed, its lines moved to the left

    @property
    def name(self) -> str:
        """The method that is called, without the ``a`` of asynchronous ones."""
        return method_of(self.call)

    @property
    def is_awaited(self) -> bool:
        """Whether an asynchronous method is called."""
        function = self.call.func
        return isinstance(function, ast.Attribute) and function.attr != self.name

    def receiver(self) -> str | None:
        """The variable on which the method is called, as in ``book.save()``."""
        function = self.call.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            return function.value.id
        return None

    def arguments(self) -> list[ast.expr]:
        return [*self.call.args, *(keyword.value for keyword in self.call.keywords)]

    def assigned_from_call(self) -> frozenset[str]:
        """The names that keep what the call returns."""
        found: frozenset[str] = frozenset()
        for node in self._nodes():
            if isinstance(node, ast.Assign) and _unawaited(node.value) is self.call:
                found = found.union(*map(names_in, node.targets))
        return found

    def uses_result(self) -> bool:
        """Whether the round goes on with the written row."""
        names = self.assigned_from_call() or (
            frozenset(filter(None, [self.receiver()])) if self.name == "save" else frozenset()
        )
        after = False
        for statement in self.statements:
            if after and names & names_in(statement):
                return True
            after = after or any(node is self.call for node in ast.walk(statement))
        return False

    def set_attributes(self, receiver: str) -> list[str]:
        """Attributes of the variable that get a value in the body, in order."""
        found: dict[str, None] = {}
        for node in self._nodes():
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AugAssign | ast.AnnAssign):
                targets = [node.target]
            for target in targets:
                for part in ast.walk(target):
                    if (
                        isinstance(part, ast.Attribute)
                        and isinstance(part.value, ast.Name)
                        and part.value.id == receiver
                    ):
                        found.setdefault(part.attr)
        return list(found)

    def calls_in_sequence(self, receiver: str) -> int:
        """How often one round saves the variable at most."""
        return _saves(self.statements, receiver)

    def is_only_statement(self) -> bool:
        """Whether the loop does nothing besides the call."""
        if not self.statements:
            return True
        return len(self.statements) == 1 and _is_call(self.statements[0], self.call)

    def placed(self, lines: Sequence[str]) -> list[str]:
        """Lines in the place of the call, under the conditions that it stands under."""
        return _placed(self.statements, self.call, lines)

    def _nodes(self) -> Iterator[ast.AST]:
        for statement in self.statements:
            yield from ast.walk(statement)


def _placed(statements: Sequence[ast.stmt], call: ast.Call, lines: Sequence[str]) -> list[str]:
    passed: list[str] = []
    for statement in statements:
        if isinstance(statement, ast.If) and _holds(statement.body, call):
            inner = _placed(statement.body, call, lines)
            return [*passed, f"if {code_of(statement.test)}:", *(f"    {line}" for line in inner)]
        if isinstance(statement, ast.If) and _holds(statement.orelse, call):
            inner = _placed(statement.orelse, call, lines)
            test = code_of(_opposite(statement.test))
            return [*passed, f"if {test}:", *(f"    {line}" for line in inner)]
        if _holds([statement], call):
            break
        if isinstance(statement, ast.If) and isinstance(statement.body[-1], ast.Continue):
            passed += [f"if {code_of(statement.test)}:", "    continue"]
    return [*passed, *lines]


def _opposite(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def _holds(statements: Iterable[ast.stmt], call: ast.Call) -> bool:
    return any(node is call for statement in statements for node in ast.walk(statement))


def method_of(call: ast.Call) -> str:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name[1:] if name.startswith("a") and name[1:] in WRITING else name


def read_loop_body(frame: Frame) -> LoopBody | None:
    """None where the loop's source is not at hand, or the call can't be told in it."""
    tree, indent = _tree(frame)
    if tree is None:
        return None
    first = frame.loop_line or frame.line
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            if node.lineno == 1:
                call = _call(node.body, frame, first, indent)
                loop = None if isinstance(node, ast.While) else read_loop(frame.loop_text)
                return LoopBody(loop, tuple(node.body), (), call, node) if call else None
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            call = _call(parts, frame, first, indent)
            if call is not None and len(node.generators) == 1:
                conditions = tuple(node.generators[0].ifs)
                return LoopBody(read_loop(frame.loop_text), (), conditions, call, node)
    return None


def read_loop_tree(frame: Frame) -> ast.Module | None:
    """The loop by itself; None where its source is not at hand."""
    return _tree(frame)[0]


def _tree(frame: Frame) -> tuple[ast.Module | None, int]:
    """The loop by itself, and by how much its lines were moved to the left."""
    lines = frame.loop_source
    if not lines:
        return None, 0
    indent = len(lines[0]) - len(lines[0].lstrip())
    text = textwrap.dedent("\n".join(lines))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text), indent
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None, 0


def _call(nodes: Iterable[ast.AST], frame: Frame, first: int, indent: int) -> ast.Call | None:
    """The call at the frame's position, else the only one in its lines that writes."""
    calls = [part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Call)]
    line, end = frame.line - first + 1, (frame.end_line or frame.line) - first + 1
    if frame.end_column is not None:
        ends = frame.end_column - indent
        exact = [c for c in calls if (c.end_lineno, c.end_col_offset) == (end, ends)]
        if exact:
            return max(exact, key=lambda c: c.end_col_offset or 0)
    near = [
        c for c in calls if c.lineno <= end and line <= (c.end_lineno or c.lineno)
        and method_of(c) in WRITING
    ]  # fmt: skip
    return near[0] if len(near) == 1 else None


def _unawaited(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node


def _is_call(statement: ast.stmt, call: ast.Call) -> bool:
    return isinstance(statement, ast.Expr) and _unawaited(statement.value) is call


def _saves(statements: Iterable[ast.stmt], receiver: str) -> int:
    total = 0
    for statement in statements:
        if isinstance(statement, ast.If):
            total += max(_saves(statement.body, receiver), _saves(statement.orelse, receiver))
        elif isinstance(statement, ast.Try):
            handlers = [_saves(handler.body, receiver) for handler in statement.handlers]
            total += _saves([*statement.body, *statement.finalbody], receiver)
            total += max([*handlers, _saves(statement.orelse, receiver)], default=0)
        elif hasattr(statement, "body"):
            total += _saves(statement.body, receiver)
        else:
            total += sum(
                isinstance(node, ast.Call)
                and method_of(node) == "save"
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == receiver
                for node in ast.walk(statement)
            )
    return total
