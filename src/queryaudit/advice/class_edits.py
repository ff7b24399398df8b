"""The edit to a class on whose behalf a library asks: a view or an admin without a queryset of its
own in any function."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from queryaudit.advice.arguments import literal, quote
from queryaudit.advice.edits import append_calls
from queryaudit.advice.function_source import FunctionSource
from queryaudit.records.definitions import Frame, FunctionText, Model
from queryaudit.records.findings import Edit
from queryaudit.records.kinds import FrameKind

_JOIN = ".select_related("
#: How classes are called that make their querysets in ``get_queryset()``, and its arguments.
_VIEWS = ("View", "ViewSet", "ViewSetMixin", "APIView")
_ADMINS = ("Admin", "Inline")


def is_class(frame: Frame) -> bool:
    """Whether a frame is a class: only a library's code runs on its behalf."""
    lines = frame.snippet[frame.line - (frame.snippet_line or 0) :]
    return frame.column is None and bool(lines) and lines[0].lstrip().startswith("class ")


def edit_class(
    body: FunctionText, calls: Sequence[str], model: Model, *, listed: bool
) -> Edit | None:
    """The edit after which the class's querysets of ``model`` have the calls.

    ``listed``: they are those of the admin's change list. None if it can't be told for certain.
    """
    parsed = FunctionSource(body.first_line, body.lines).parsed()
    nodes = ast.walk(parsed[1]) if parsed is not None else ()
    found = next((node for node in nodes if isinstance(node, ast.ClassDef)), None)
    if found is None:
        return None
    return _Class(body, found).edit(calls, model, listed=listed)


def listed_joins(body: FunctionText, calls: Sequence[str], model: Model) -> tuple[str, ...]:
    """``calls`` of a change list with what Django would no longer join by itself: a list that shows
    foreign keys is joined to them (before 6.1 if they can't be null), until others are named."""
    parsed = FunctionSource(body.first_line, body.lines).parsed()
    nodes = ast.walk(parsed[1]) if parsed is not None else ()
    found = next((node for node in nodes if isinstance(node, ast.ClassDef)), None)
    return _Class(body, found).with_shown(calls, model) if found is not None else tuple(calls)


class _Class:
    """A class; the lines of its tree are one more than those of its text."""

    def __init__(self, body: FunctionText, node: ast.ClassDef) -> None:
        self._body = body
        self._node = node
        self._set: dict[str, ast.Assign | ast.AnnAssign] = {}
        for statement in node.body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                target: ast.expr = statement.targets[0]
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                target = statement.target
            else:
                continue
            if isinstance(target, ast.Name):
                self._set[target.id] = statement

    def edit(self, calls: Sequence[str], model: Model, *, listed: bool) -> Edit | None:
        if any(_names_of(s) == "get_queryset" for s in self._node.body):
            return None
        if listed:
            calls = self.with_shown(calls, model)
            joined = self._listed(calls)
            return joined or self._method(calls, "request")
        if "queryset" in self._set:
            return self._appended(self._set["queryset"], calls, model.label)
        known = self._set.get("model")
        if known is not None:
            written = ast.unparse(known.value) if known.value is not None else ""
            if written.rpartition(".")[2] != model.label.rpartition(".")[2] or not model.manager:
                return None
            line = f"queryset = {written}.{model.manager}{''.join(calls)}"
            return self._after(known, [line])
        kind = next((kind for kind in (_VIEWS, _ADMINS) if self._is_one(kind)), None)
        if kind is None or (self._is_one(("Admin",)) and not self._administers(model)):
            return None
        return self._method(calls, "request" if kind is _ADMINS else "")

    def with_shown(self, calls: Sequence[str], model: Model) -> tuple[str, ...]:
        if "list_select_related" in self._set:
            return tuple(calls)
        shown = self._set.get("list_display")
        value = shown.value if shown is not None else None
        elements = value.elts if isinstance(value, ast.List | ast.Tuple) else []
        names = [literal(element) for element in elements]
        keys = {c.name for c in model.columns if c.target is not None}
        return tuple(
            self._with_keys(call, [name for name in names if name in keys])
            if call.startswith(_JOIN)
            else call
            for call in calls
        )

    def _with_keys(self, call: str, keys: Sequence[str | None]) -> str:
        paths = [path.strip().strip('"') for path in call[len(_JOIN) : -1].split(",")]
        paths += [k for k in keys if k is not None and k not in {p.split("__")[0] for p in paths}]
        return f"{_JOIN}{', '.join(quote(path) for path in sorted(paths))})"

    def _administers(self, model: Model) -> bool:
        """Whether an admin, which is registered elsewhere, is that of the model: a page of it shows
        rows of other models too, in its inlines."""
        name = model.label.rpartition(".")[2]
        registered = any(name in re.split(r"\W+", each) for each in self._body.decorators)
        return registered or self._node.name.lower() == f"{name}Admin".lower()

    def _is_one(self, endings: tuple[str, ...]) -> bool:
        bases = [ast.unparse(base) for base in self._node.bases]
        return bool(bases) and bases[-1].endswith(endings)

    def _listed(self, calls: Sequence[str]) -> Edit | None:
        """``list_select_related``, which has to be there or to be written."""
        if len(calls) != 1 or not calls[0].startswith(_JOIN):
            return None
        paths = calls[0][len(_JOIN) : -1]
        known = self._set.get("list_select_related")
        if known is None:
            last = self._last_of("list_")
            return self._after(last, [f"list_select_related = [{paths}]"]) if last else None
        value = known.value
        if not isinstance(value, ast.List | ast.Tuple) or known.lineno != known.end_lineno:
            return None
        names = [literal(element) for element in value.elts]
        if not names or None in names:
            return None
        listed = ", ".join([*(ast.unparse(element) for element in value.elts), paths])
        listed = listed.replace("'", '"')
        opening, closing = "[]" if isinstance(value, ast.List) else "()"
        line = f"list_select_related = {opening}{listed}{closing}"
        return self._instead(known, [line])

    def _last_of(self, prefix: str) -> ast.stmt | None:
        every = [*self._set.values()]
        of = [node for name, node in self._set.items() if name.startswith(prefix)] or every
        return of[-1] if of else None

    def _appended(self, known: ast.stmt, calls: Sequence[str], model: str) -> Edit | None:
        body = self._body
        first = known.lineno - 2 + body.first_line
        frame = Frame(
            FrameKind.PROJECT, body.path, first, first + (known.end_lineno or 0) - known.lineno,
            None, None, body.name, None, None, body.first_line, body.lines,
        )  # fmt: skip
        return append_calls(frame, calls, model)

    def _method(self, calls: Sequence[str], argument: str) -> Edit | None:
        """A ``get_queryset()`` at the end of the class."""
        given = f"self, {argument}" if argument else "self"
        lines = [
            "",
            f"def get_queryset({given}):",
            f"    return super().get_queryset({argument}){''.join(calls)}",
        ]
        return self._after(self._node.body[-1], lines)

    def _after(self, node: ast.stmt, lines: Sequence[str]) -> Edit:
        return self._instead(node, lines, keep=True)

    def _instead(self, node: ast.stmt, lines: Sequence[str], *, keep: bool = False) -> Edit:
        """Lines of the class's own depth in place of a statement's last line, or after it."""
        at = (node.end_lineno or node.lineno) - 2
        old = self._body.lines[at]
        first = self._body.lines[self._node.body[0].lineno - 2]
        indent = first[: len(first) - len(first.lstrip())]
        new = [f"{indent}{line}" if line else "" for line in lines]
        number = self._body.first_line + at
        return Edit(
            path=self._body.path,
            first_line=number,
            last_line=number,
            before=(old,),
            after=(*((old,) if keep else ()), *new),
        )


def _names_of(node: ast.stmt) -> str:
    return node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ""
