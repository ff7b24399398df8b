"""SQL that was put together with its values, rewritten to take them as parameters."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from queryaudit.advice.edits import edit_of
from queryaudit.advice.joined_values import LIST_BEFORE, bound_list, of_text, written
from queryaudit.advice.layout import Change, apply_changes
from queryaudit.advice.source import Source, parses, read_source
from queryaudit.advice.text_pieces import FIELD, Pieces, merged, pieces_of
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Edit

_TEXTS = frozenset({"sql", "query", "raw_query"})
_PARAMS = frozenset({"params", "param_list"})
_QUOTED = re.compile(r"'((?:%%)*)\Z")
_QUOTED_END = re.compile(r"\A((?:%%)*)'")
_VALUE_BEFORE = re.compile(
    r"(?:[=<>(,]|\b(?:LIKE|ILIKE|BETWEEN|AND|VALUES|LIMIT|OFFSET))\s*\Z", re.I
)


@dataclass(frozen=True, slots=True)
class Bound:
    """The call with its values as parameters; ``edit`` where it can be written in place."""

    code: str
    edit: Edit | None


def bind_parameters(call: Frame, built: Frame) -> Bound | None:
    """None if it can't be told exactly which values there are. Never raises."""
    try:
        return _inline(call, built) or _assigned(call, built) or _listed(call, built)
    except RecursionError:
        return None


def _inline(call: Frame, built: Frame) -> Bound | None:
    """The text is put together in the call itself."""
    source = read_source(call)
    node = _node_at(source, ast.Call) if source is not None else None
    if source is None or not isinstance(node, ast.Call):
        return None
    text = _text_argument(node)
    if text is None:
        return None
    quoted = isinstance(text, ast.Constant)
    if not quoted and (built.line, built.column) != _position(source, text):
        return None
    found = _rewritten(text, _given(node))
    if found is None:
        return None
    sql, values = found
    changes = _changes(source, node, text, sql, values)
    new = apply_changes(source.text, changes) if changes is not None else None
    edit = None
    if new is not None and new != source.text and parses(new):
        edit = edit_of(call.path, source, new)
    # A call on one line reads best as it will stand there.
    shown = ast.Call(node.func, [ast.Constant(sql), ast.List(values)], [])
    return Bound(ast.unparse(shown).replace("'''", '"""'), edit)


def _assigned(call: Frame, built: Frame) -> Bound | None:
    """The text has a name: both statements are shown."""
    source = read_source(built)
    if source is None:
        return None
    node = _node_at(source, ast.expr)
    found = _rewritten(node, []) if isinstance(node, ast.expr) else None
    if found is None:
        return None
    sql, values = found
    if sql.strip() == "%s":
        return None
    params = ast.unparse(ast.List(values))
    method = _method(call)
    if method.endswith(".extra"):
        return Bound(f"{method}(where=[{written(sql)}], params={params})", None)
    for statement in ast.walk(source.tree):
        if isinstance(statement, ast.AugAssign) and statement.value is node:
            target = ast.unparse(statement.target)
            return Bound(f"{target} += {written(sql)}\nparams += {params}", None)
        if isinstance(statement, ast.Assign) and statement.value is node:
            target = ast.unparse(statement.targets[0])
            return Bound(f"{target} = {written(sql)}\n{method}({target}, {params})", None)
    return Bound(f"sql = {written(sql)}\n{method}(sql, {params})", None)


def _listed(call: Frame, built: Frame) -> Bound | None:
    """A list that was joined gets a placeholder for each of its values."""
    source, calling = read_source(built), read_source(call)
    node = _node_at(source, ast.expr) if source is not None else None
    asked = _node_at(calling, ast.Call) if calling is not None else None
    pieces = _around(source, node) if source is not None and node is not None else None
    method = _method(call)
    if pieces is None or method.endswith(".extra"):
        return None
    if not isinstance(asked, ast.Call) or _params_argument(asked) is not None:
        return None
    code = bound_list(method, pieces)
    return Bound(code, None) if code is not None else None


def _around(source: Source, node: ast.expr) -> Pieces | None:
    """Of the whole text that an expression is put into."""
    inner = source.span(node)
    for outer in ast.walk(source.tree):
        span = source.span(outer) if isinstance(outer, ast.expr) else None
        if span is None or inner is None or not span.holds(inner):
            continue
        pieces = pieces_of(outer) if isinstance(outer, ast.expr) else None
        if pieces is not None:
            return pieces
    return None


def _method(call: Frame) -> str:
    source = read_source(call)
    node = _node_at(source, ast.Call) if source is not None else None
    return ast.unparse(node.func) if isinstance(node, ast.Call) else "cursor.execute"


def _node_at(source: Source, kind: type[ast.expr]) -> ast.expr | None:
    """The expression that the frame points to."""
    for node in ast.walk(source.tree):
        if isinstance(node, kind) and source.span(node) == source.focus:
            return node
    return None


def _position(source: Source, node: ast.expr) -> tuple[int, int]:
    return node.lineno - source.shift + source.first_line - 1, node.col_offset


def _text_argument(call: ast.Call) -> ast.expr | None:
    if call.args:
        return call.args[0]
    return next((k.value for k in call.keywords if k.arg in _TEXTS), None)


def _params_argument(call: ast.Call) -> ast.expr | None:
    if len(call.args) > 1:
        return call.args[1]
    return next((k.value for k in call.keywords if k.arg in _PARAMS), None)


def _given(call: ast.Call) -> list[ast.expr] | None:
    """The values that the call binds already; None if they can't be told."""
    found = _params_argument(call)
    if found is None:
        return []
    return list(found.elts) if isinstance(found, (ast.List, ast.Tuple)) else None


def _rewritten(node: ast.expr, given: list[ast.expr] | None) -> tuple[str, list[ast.expr]] | None:
    """The text with a placeholder for each value, and the values in order."""
    if given is None:
        return None
    pieces = pieces_of(node)
    if pieces is None:
        return None
    waiting = list(given)
    sql = ""
    values: list[ast.expr] = []
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        index += 1
        if isinstance(piece, str):
            # Without parameters a percent sign stood for itself.
            piece = piece if given else piece.replace("%", "%%")
            for _ in range(_placeholders(piece) if given else 0):
                if not waiting:
                    return None
                values.append(waiting.pop(0))
            sql += piece
            continue
        after = pieces[index] if index < len(pieces) else ""
        if not isinstance(after, str):
            return None
        after = after if given else after.replace("%", "%%")
        opening, closing = _QUOTED.search(sql), _QUOTED_END.search(after)
        if opening and closing and sql.count("'") % 2:
            sql, rest = sql[: opening.start()], after[closing.end() :]
            if LIST_BEFORE.search(sql) and rest.lstrip().startswith(")"):
                return None  # several values, with quotes between them
            sql += "%s"
            values.append(_wrapped(opening[1], piece, closing[1]))
            pieces[index : index + 1] = [rest if given else rest.replace("%%", "%")]
        elif LIST_BEFORE.search(sql) and after.lstrip().startswith(")"):
            return None  # a text of several values; bound, it would be one
        elif sql.count("'") % 2 == 0 and _VALUE_BEFORE.search(sql):
            sql += "%s"
            values.append(of_text(piece))
        else:
            return None
    return (sql, values) if not waiting and values else None


def _wrapped(before: str, value: ast.expr, after: str) -> ast.expr:
    """``f"%{value}%"`` for a LIKE pattern."""
    if not before and not after:
        return value
    if any(mark in ast.unparse(value) for mark in "'\"\\"):
        # Before Python 3.12 an f-string can't hold the quotes it stands in.
        ends = [
            end.replace("%%", "%").replace("{", "{{").replace("}", "}}") for end in (before, after)
        ]
        pattern = ast.Attribute(ast.Constant("{}".join(ends)), "format", ast.Load())
        return ast.Call(pattern, [value], [])
    parts: list[ast.expr] = []
    if before:
        parts.append(ast.Constant(before.replace("%%", "%")))
    parts.append(ast.FormattedValue(value, -1, None))
    if after:
        parts.append(ast.Constant(after.replace("%%", "%")))
    return ast.JoinedStr(parts)


def _placeholders(text: str) -> int:
    return sum(match.group() != "%%" for match in FIELD.finditer(text))


def _changes(
    source: Source, call: ast.Call, text: ast.expr, sql: str, values: list[ast.expr]
) -> list[Change] | None:
    span = source.span(text)
    if span is None or (b"\n" in source.text[span.start : span.end].strip() and "\n" not in sql):
        # Text over several lines would lose its layout.
        return None
    if "\n" in sql and b'"""' not in source.text[span.start : span.end]:
        return None
    params = ast.unparse(ast.List(values)).encode()
    changes = [Change(span.start, span.end, written(sql).encode())]
    known = _params_argument(call)
    if known is None:
        if len(call.args) != 1 or call.keywords:
            return None
        return [Change(span.start, span.end, written(sql).encode() + b", " + params)]
    place = source.span(known)
    if place is None:
        return None
    return [*changes, Change(place.start, place.end, params)]


def unquoted(call: Frame) -> Bound | None:
    """``'%s'`` without its quotes; None where the text is not in the call itself."""
    try:
        return _unquoted(call)
    except RecursionError:
        return None


def _unquoted(call: Frame) -> Bound | None:
    source = read_source(call)
    node = _node_at(source, ast.Call) if source is not None else None
    if source is None or not isinstance(node, ast.Call):
        return None
    text, given = _text_argument(node), _given(node)
    if not isinstance(text, ast.Constant) or not isinstance(text.value, str) or not given:
        return None
    pieces: Pieces = []
    position = 0
    values = list(given)
    for match in FIELD.finditer(text.value):
        if match.group() == "%%":
            continue
        if match.group(1) or not values:
            return None
        pieces += [text.value[position : match.start()], values.pop(0)]
        position = match.end()
    pieces.append(text.value[position:])
    sql, bound = _unwrapped(merged(pieces))
    if sql is None or values:
        return None
    changes = _changes(source, node, text, sql, bound)
    new = apply_changes(source.text, changes) if changes is not None else None
    edit = edit_of(call.path, source, new) if new is not None and parses(new) else None
    shown = ast.Call(node.func, [ast.Constant(sql), ast.List(bound)], [])
    return Bound(ast.unparse(shown), edit)


def _unwrapped(pieces: Pieces) -> tuple[str | None, list[ast.expr]]:
    """Placeholders freed of the quotes right around them; others stay as they are."""
    sql = ""
    values: list[ast.expr] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, str):
            sql += piece
            continue
        after = pieces[index + 1] if index + 1 < len(pieces) else ""
        opening = _QUOTED.search(sql)
        closing = _QUOTED_END.search(after) if isinstance(after, str) else None
        if opening and closing and sql.count("'") % 2 and isinstance(after, str):
            sql = sql[: opening.start()] + "%s"
            values.append(_wrapped(opening[1], piece, closing[1]))
            pieces[index + 1] = after[closing.end() :]
        elif sql.count("'") % 2:
            return None, []
        else:
            sql += "%s"
            values.append(piece)
    return sql, values
