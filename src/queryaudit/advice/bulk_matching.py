"""Code for rows that are looked up before they are written, and for rows that are deleted."""

from __future__ import annotations

import ast

from queryaudit.advice.arguments import code_of
from queryaudit.advice.bound_names import bound_by, needs
from queryaudit.advice.bulk_code import BATCH, filtered, is_queryset
from queryaudit.advice.loop_bodies import LoopBody
from queryaudit.advice.loops import Loop, names_in, plural
from queryaudit.advice.relation_tree import variable
from queryaudit.advice.row_writes import RowWrite

_DEFAULTS = frozenset({"defaults", "create_defaults"})


def looked_up(body: LoopBody) -> tuple[str, ...]:
    """The fields by which ``get_or_create`` looks for a row; empty if they are not written out."""
    names = [one.arg for one in body.call.keywords]
    if body.call.args or None in names:
        return ()
    return tuple(name for name in names if name is not None and name not in _DEFAULTS)


def unique_set(body: LoopBody, write: RowWrite) -> tuple[str, ...]:
    """The fields among those looked up that are unique together; empty if there are none."""
    names = {name.removesuffix("_id") for name in looked_up(body)}
    if write.parent:
        names.add(write.parent)
    found = [one for one in write.unique if names and set(one) <= names]
    return min(found, key=len, default=())


def matching_code(body: LoopBody, write: RowWrite) -> str:
    """``bulk_create`` that leaves alone, or updates, the rows that are there."""
    loop, unique = body.loop, unique_set(body, write)
    names = looked_up(body)
    if loop is None or not names or not write.model or loop.is_async:
        return ""
    values: dict[str | None, ast.expr] = {
        one.arg: one.value for one in body.call.keywords if one.arg in names
    }
    defaults = _defaults(body)
    if defaults is None:
        return ""
    given: dict[str | None, str] = {write.parent: _owner(body)} if write.parent else {}
    given |= _codes(values) | _codes(defaults)
    new = ", ".join(f"{name}={code}" for name, code in given.items())
    lines, rows = loop.prepared()
    tests = "".join(f" if {code_of(one)}" for one in body.conditions)
    head = f"for {loop.target_code} in {rows}{tests}"
    updated = updated_after(body)
    if updated is not None and not (unique and updated and updated <= given.keys()):
        return ""
    if not unique:
        return _missing(body, loop, write, values, new)
    how = ["ignore_conflicts=True"]
    changing = sorted(updated) if updated else []
    if body.name == "update_or_create":
        changing = [name for name in defaults if name is not None]
    if changing:
        quoted = ", ".join(f'"{name}"' for name in unique)
        changed = ", ".join(f'"{name}"' for name in changing)
        how = ["update_conflicts=True", f"unique_fields=[{quoted}]", f"update_fields=[{changed}]"]
    bound = bound_by(body.statements)
    unbound = needs([*lines, f"[{write.model}({new}) {head}]"], bound)
    if unbound or body.placed([""]) != [""]:
        read = [] if unbound else _read_back(body, loop, write, code_of(loop.iterable))
        return "\n".join([_collected(body, loop, write, new, how, unbound), *read])
    created = [
        f"{write.model}.objects.bulk_create(",
        f"    [{write.model}({new}) {head}],",
        *(f"    {argument}," for argument in how),
        f"    {BATCH},",
        ")",
    ]
    return "\n".join([*lines, *created, *_read_back(body, loop, write, rows)])


def updated_after(body: LoopBody) -> frozenset[str] | None:
    """What a round gives to a row that was there already; None if it does not ask which was."""
    assigned = (
        target
        for statement in body.statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign) and node.value is body.call
        for target in node.targets
    )
    target = next(assigned, None)
    if body.name != "get_or_create" or not isinstance(target, ast.Tuple) or len(target.elts) != 2:
        return None
    row, created = target.elts
    if not isinstance(row, ast.Name) or not isinstance(created, ast.Name):
        return None
    nodes = [node for statement in body.statements for node in ast.walk(statement)]
    reads = [n for n in nodes if isinstance(n, ast.Name) and n.id == created.id]
    blocks = [n for n in nodes if isinstance(n, ast.If) and _is_not(n.test, created.id)]
    if len(reads) == 1:  # where it is assigned
        return None
    inside = [line for block in blocks for line in block.body]
    given = {attribute for line in inside for attribute in _given(line, row.id)}
    if len(reads) > 1 + len(blocks) or given != set(body.set_attributes(row.id)):
        return frozenset()
    return frozenset(given)


def _is_not(test: ast.expr, name: str) -> bool:
    if not isinstance(test, ast.UnaryOp) or not isinstance(test.op, ast.Not):
        return False
    return isinstance(test.operand, ast.Name) and test.operand.id == name


def _given(statement: ast.stmt, row: str) -> list[str]:
    """The attribute of the row that a statement gives a value to."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return [
        target.attr
        for target in targets
        if isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == row
    ]


def _collected(
    body: LoopBody, loop: Loop, write: RowWrite, new: str, how: list[str], unbound: bool
) -> str:
    """The rows are put together in the loop, of what its body finds out."""
    made = plural(variable(write.model))
    made = f"new_{made}" if made in names_in(loop.iterable) | loop.names else made
    row = [f"{made}.append({write.model}({new}))"]
    return "\n".join(
        [
            f"{made} = []",
            f"for {loop.target_code} in {code_of(loop.iterable)}:",
            *(f"    {line}" for line in body.placed(["...", *row] if unbound else row)),
            f"{write.model}.objects.bulk_create({made}, {', '.join(how)}, {BATCH})",
        ]
    )


def _read_back(body: LoopBody, loop: Loop, write: RowWrite, rows: str) -> list[str]:
    """The rows with their keys, where the loop goes on with them."""
    names = looked_up(body)
    if not body.assigned_from_call() or len(names) != 1:
        return []
    value = next(one.value for one in body.call.keywords if one.arg == names[0])
    found = plural(variable(write.model))
    asked = loop.values(value, rows)
    if found in names_in(loop.iterable) | loop.names:
        found = f"{found}_by_{names[0]}" if (names[0],) in write.unique else f"found_{found}"
    if (names[0],) in write.unique:
        return [f'{found} = {write.model}.objects.in_bulk({asked}, field_name="{names[0]}")']
    return [f"{found} = {write.model}.objects.filter({names[0]}__in={asked})"]


def _missing(
    body: LoopBody, loop: Loop, write: RowWrite, values: dict[str | None, ast.expr], new: str
) -> str:
    """Read what is there, create the rest; for one field without a constraint."""
    if len(values) != 1 or write.parent or body.name != "get_or_create":
        return ""
    [(name, value)] = values.items()
    if name is None:
        return ""
    lines, rows = loop.prepared()
    asked = loop.values(value, rows)
    model, test = write.model, code_of(value)
    code = [
        *lines,
        f'known = set({model}.objects.filter({name}__in={asked}).values_list("{name}", flat=True))',
        f"missing = {{{test}: {model}({new}) for {loop.target_code} in {rows}"
        f" if {test} not in known}}",
        f"{model}.objects.bulk_create(missing.values(), {BATCH})",
    ]
    return "" if needs(code, bound_by(body.statements)) else "\n".join(code)


def _codes(values: dict[str | None, ast.expr]) -> dict[str | None, str]:
    return {name: code_of(value) for name, value in values.items()}


def _owner(body: LoopBody) -> str:
    function = body.call.func
    manager = function.value if isinstance(function, ast.Attribute) else None
    return code_of(manager.value) if isinstance(manager, ast.Attribute) else "..."


def _defaults(body: LoopBody) -> dict[str | None, ast.expr] | None:
    """The fields of ``defaults={...}``; None if they are not written out."""
    if any(one.arg == "create_defaults" for one in body.call.keywords):
        return None
    given = next((one.value for one in body.call.keywords if one.arg == "defaults"), None)
    if given is None:
        return {}
    if not isinstance(given, ast.Dict):
        return None
    found: dict[str | None, ast.expr] = {}
    for key, value in zip(given.keys, given.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return None
        found[key.value] = value
    return found


def deleting_code(body: LoopBody, write: RowWrite) -> str:
    """``queryset.delete()`` for the loop's rows."""
    loop, name = body.loop, body.receiver()
    if loop is None or loop.is_async:
        return ""
    if name is None:
        found = filtered(body, loop) if body.is_only_statement() else None
        return "\n".join([*found[0], f"{found[1]}.delete()"]) if found is not None else ""
    if name != loop.target_code or not write.model:
        return ""
    if body.is_only_statement() and not body.conditions and is_queryset(loop.iterable):
        return f"{code_of(loop.iterable).removesuffix('.all()')}.delete()"
    test = _condition(body)
    if test is None:
        return ""
    head = f"for {name} in {code_of(loop.iterable)}{test}"
    return f"{write.model}.objects.filter(pk__in=[{name}.pk {head}]).delete()"


def _condition(body: LoopBody) -> str | None:
    """`` if test`` for the rows that are deleted; None if it can't be told."""
    if body.conditions:
        return "".join(f" if {code_of(one)}" for one in body.conditions)
    if body.is_only_statement():
        return ""
    [only, *others] = body.statements
    if others or not isinstance(only, ast.If) or only.orelse or len(only.body) != 1:
        return None
    inner = only.body[0]
    return f" if {code_of(only.test)}" if getattr(inner, "value", None) is body.call else None
