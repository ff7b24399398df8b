"""Code that writes many rows at once, from the loop that writes them one by one.

It is made of the loop's own names. What the loop does besides stays where it is, so only what
changes is shown.
"""

from __future__ import annotations

import ast

from queryaudit.advice.arguments import code_of, code_of_arguments
from queryaudit.advice.loop_bodies import LoopBody
from queryaudit.advice.loops import Loop, names_in, plural
from queryaudit.advice.managers import manager_of
from queryaudit.advice.relation_tree import variable
from queryaudit.advice.row_writes import RowWrite

BATCH = "batch_size=500"
_SIMPLE_FIELDS = 3
CLOCKS = frozenset({"now", "today"})


def bulk_code(body: LoopBody, write: RowWrite) -> str:
    """The code; empty where only words can help."""
    loop = body.loop
    if body.name == "execute":
        return _many(body, loop) if loop is not None else ""
    if write.link:
        return _links(body, loop) if loop is not None else ""
    if not write.model:
        return ""
    if write.verb == "INSERT":
        return _created(body, loop, write)
    return _saved(body, loop, write) if body.name == "save" else _updated(body, loop)


def _many(body: LoopBody, loop: Loop) -> str:
    """``cursor.executemany``."""
    call = body.call
    if len(call.args) != 2 or not isinstance(call.func, ast.Attribute):
        return ""
    if call.keywords or not body.is_only_statement():
        return ""
    lines, rows = loop.prepared()
    cursor, sql = code_of(call.func.value), code_of(call.args[0])
    if loop.changes(call.args[0]):
        return ""
    values = loop.values(call.args[1], rows)
    return "\n".join([*lines, f"{cursor}.executemany({sql}, {values})"])


def _links(body: LoopBody, loop: Loop) -> str:
    call = body.call
    if (
        body.name not in ("add", "remove")
        or not isinstance(call.func, ast.Attribute)
        or len(call.args) != 1
        or call.keywords
    ):
        return ""
    base, row = call.func.value, call.args[0]
    lines, rows = loop.prepared()
    if body.conditions or not body.is_only_statement():
        return ""
    if not loop.changes(base):
        values = loop.values(row, rows)
        return "\n".join([*lines, f"{code_of(base)}.{body.name}(*{values})"])
    return ""


def _new(body: LoopBody, write: RowWrite) -> str:
    """The instance that ``create`` would make."""
    arguments = code_of_arguments(body.call)
    function = body.call.func
    if write.parent and isinstance(function, ast.Attribute):
        manager = function.value
        owner = code_of(manager.value) if isinstance(manager, ast.Attribute) else "..."
        arguments = ", ".join(filter(None, (f"{write.parent}={owner}", arguments)))
    return f"{write.model}({arguments})"


def _created(body: LoopBody, loop: Loop | None, write: RowWrite) -> str:
    rows = plural(variable(write.model))
    rows = f"new_{rows}" if rows in names_in(body.node) else rows
    if body.name == "create" and not body.call.args:
        new = _new(body, write)
        if loop is not None and not loop.is_async and body.is_only_statement():
            test = "".join(f" if {code_of(one)}" for one in body.conditions)
            head = f"for {loop.target_code} in {code_of(loop.iterable)}{test}"
            return f"{manager_of(body, write)}.bulk_create(\n    [{new} {head}],\n    {BATCH},\n)"
        kept = sorted(body.assigned_from_call())
        append = [f"{kept[0]} = {new}", f"{rows}.append({kept[0]})"] if len(kept) == 1 else []
        lines = append or [f"{rows}.append({new})"]
    elif write.saver:
        new, kept = _saved_by(body, write), sorted(body.assigned_from_call())
        append = [f"{kept[0]} = {new}", f"{rows}.append({kept[0]})"] if len(kept) == 1 else []
        lines = append or [f"{rows}.append({new})"]
    else:
        name = body.receiver() if body.name == "save" else None
        instead = f"  # instead of {name}.save()" if name else ""
        lines = [f"{rows}.append({name or '...'}){instead}"]
    return "\n".join(
        [
            f"{rows} = []",
            _header(loop),
            *(f"    {line}" for line in body.placed(lines)),
            f"{manager_of(body, write)}.bulk_create({rows}, {BATCH})",
        ]
    )


def _saved_by(body: LoopBody, write: RowWrite) -> str:
    """The row that a form or a serializer would save."""
    name = body.receiver() or "..."
    if write.saver == "form":
        return f"{name}.save(commit=False)"
    return f"{write.model}(**{name}.validated_data)"


def _header(loop: Loop | None) -> str:
    if loop is None:
        return "while ...:"
    word = "async for" if loop.is_async else "for"
    return f"{word} {loop.target_code} in {code_of(loop.iterable)}:"


#: How variables end that hold no row but what saves one.
_SAVERS = ("form", "serializer")


def _saved(body: LoopBody, loop: Loop | None, write: RowWrite) -> str:
    name = body.receiver()
    if name is None or write.saver or name.endswith(_SAVERS):
        return ""
    fields = changed_fields(body, name, write)
    update = _expression(body, loop, name) if loop is not None else ""
    if update:
        return update
    rows = plural(name)
    rows = f"changed_{rows}" if rows in names_in(body.node) else rows
    shown = ", ".join(f'"{field}"' for field in fields) or "..."
    save = f"{manager_of(body, write)}.bulk_update({rows}, [{shown}], {BATCH})"
    if loop is not None and loop.target_code == name and not loop.is_async:
        lines, rows = loop.prepared()
        changes = [f"    {line}" for line in _changes(body, name)] or ["    ..."]
        save = f"{manager_of(body, write)}.bulk_update({rows}, [{shown}], {BATCH})"
        return "\n".join([*lines, f"for {name} in {rows}:", *changes, save])
    append = body.placed([f"{rows}.append({name})  # instead of {name}.save()"])
    lines = [f"    {line}" for line in append]
    return "\n".join([f"{rows} = []", _header(loop), *lines, save])


def changed_fields(body: LoopBody, name: str, write: RowWrite) -> list[str]:
    """The fields that the loop gives values to, as far as it shows them."""
    for keyword in body.call.keywords:
        if keyword.arg == "update_fields" and isinstance(keyword.value, ast.List | ast.Tuple):
            named = [e.value for e in keyword.value.elts if isinstance(e, ast.Constant)]
            return [str(one) for one in named]
    found = [
        field
        for attribute in body.set_attributes(name)
        for field in (attribute, attribute.removesuffix("_id"))
        if field in write.fields
    ]
    if found:
        return list(dict.fromkeys(found))
    return list(write.fields) if len(write.fields) <= _SIMPLE_FIELDS else []


def _changes(body: LoopBody, name: str) -> list[str]:
    """The statements that give the row its values, where they stand in the body itself."""
    shown = []
    for statement in body.statements:
        if isinstance(statement, ast.Assign | ast.AugAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(name in names_in(target) for target in targets):
                shown.append(ast.unparse(statement))
    return shown


def _expression(body: LoopBody, loop: Loop, name: str) -> str:
    """``queryset.update(...)`` where every value is the same, or follows from the row's own."""
    if loop.target_code != name or not is_queryset(loop.iterable):
        return ""
    values: dict[str, str] = {}
    for statement in body.statements[:-1]:
        value = _value(statement, name, loop)
        if value is None or value[0] in values:
            return ""
        values[value[0]] = value[1]
    last = body.statements[-1] if body.statements else None
    if not values or not isinstance(last, ast.Expr) or last.value is not body.call:
        return ""
    given = ", ".join(f"{field}={value}" for field, value in values.items())
    return f"{code_of(loop.iterable).removesuffix('.all()')}.update({given})"


def _value(statement: ast.stmt, name: str, loop: Loop) -> tuple[str, str] | None:
    """Field and value of ``row.field = value``; None for what no expression can say."""
    if isinstance(statement, ast.AugAssign):
        field, by = _field(statement.target, name), statement.value
        sign = _SIGNS.get(type(statement.op))
        if not field or sign is None or not isinstance(by, ast.Constant):
            return None
        return (field, f'F("{field}") {sign} {by.value}') if type(by.value) is int else None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        field, value = _field(statement.targets[0], name), statement.value
        # Called once, a function could give another value than called for each row.
        if not field or loop.changes(value) or is_called(value):
            return None
        return field, code_of(value)
    return None


def is_called(value: ast.expr) -> bool:
    """Whether a function gives the value that may give another one each time.

    Expressions of the ORM are no such functions, and one time will do for all rows.
    """
    called = (_last(node.func) for node in ast.walk(value) if isinstance(node, ast.Call))
    return any(not name[:1].isupper() and name not in CLOCKS for name in called)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


def _field(target: ast.expr, name: str) -> str:
    """The attribute of the variable; empty for any other target."""
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
        return ""
    return target.attr if target.value.id == name else ""


_QUERYSETS = frozenset({"all", "filter", "exclude", "order_by", "select_related"})


def is_queryset(node: ast.expr) -> bool:
    """Whether an expression is a queryset without doubt: ``Book.objects.filter(...)``."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr not in _QUERYSETS:
        return False
    inner: ast.expr = node
    while isinstance(inner, ast.Call | ast.Attribute):
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
        if isinstance(inner, ast.Attribute) and inner.attr == "objects":
            return True
    return False


def _updated(body: LoopBody, loop: Loop | None) -> str:
    """``Model.objects.filter(key=value).update(field=value)`` for one value after the other."""
    if loop is None:
        return ""
    found = filtered(body, loop)
    if found is None or not body.is_only_statement():
        return ""
    # Called once, a function could give another value than called for each row.
    if any(loop.changes(one) or is_called(one) for one in body.arguments()):
        return ""
    lines, condition = found
    return "\n".join([*lines, f"{condition}.update({code_of_arguments(body.call)})"])


def filtered(body: LoopBody, loop: Loop) -> tuple[list[str], str] | None:
    """``base.filter(key__in=[...])`` for the one condition that changes from round to round."""
    function = body.call.func
    chain = function.value if isinstance(function, ast.Attribute) else None
    if not isinstance(chain, ast.Call) or not isinstance(chain.func, ast.Attribute):
        return None
    base = chain.func.value
    if chain.func.attr != "filter" or chain.args or loop.changes(base) or body.conditions:
        return None
    changing = [one for one in chain.keywords if loop.changes(one.value)]
    if len(changing) != 1 or changing[0].arg is None or "__" in changing[0].arg:
        return None
    lines, rows = loop.prepared()
    conditions = [
        f"{one.arg}={code_of(one.value)}" if one is not changing[0]
        else f"{one.arg}__in={loop.values(one.value, rows)}"
        for one in chain.keywords
    ]  # fmt: skip
    return lines, f"{code_of(base)}.filter({', '.join(conditions)})"
