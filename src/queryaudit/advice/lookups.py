"""A queryset expression read as: these rows, with these conditions, asked in this way."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from queryaudit.advice.arguments import code_of, code_of_arguments
from queryaudit.advice.chains import ENDING
from queryaudit.advice.location import Candidate
from queryaudit.advice.source import Source

_CONDITIONAL = frozenset({"filter", "get", "aget"})


@dataclass(frozen=True, slots=True)
class Condition:
    """``field=value`` of a ``filter`` or ``get``."""

    field: str
    value: ast.expr


@dataclass(frozen=True, slots=True)
class Lookup:
    """``base.filter(conditions).method(arguments)``."""

    base: str  #: code before the conditions, without calls that are left out
    calls: tuple[str, ...]  #: further queryset calls, as ``.order_by("title")``
    conditions: tuple[Condition, ...]
    method: str  #: without the ``a`` of asynchronous methods; empty for iteration
    arguments: str  #: code of the method's arguments
    model: str  #: class name as written; empty if unknown
    is_async: bool
    assigned: str  #: name that the result is assigned to; empty if none
    loop_target: str = ""  #: variable of the loop over the result; empty if there is none


def read_lookup(found: Candidate, source: Source) -> Lookup | None:
    """The parts of a located queryset; None if one of them is not understood."""
    if found.queryset is None:
        return _read_shortcut(found, source)
    queryset = found.queryset
    chain = queryset.chain
    base = code_of(chain.root)
    calls: list[str] = []
    conditions: list[Condition] = []
    for index, link in enumerate(chain.links[: queryset.end]):
        if link.call is not None and link.name in _CONDITIONAL and index >= queryset.first:
            if link.call.args or any(keyword.arg is None for keyword in link.call.keywords):
                return None
            conditions += [Condition(one.arg or "", one.value) for one in link.call.keywords]
        elif link.subscript or (index > queryset.last and link.name not in ENDING):
            return None
        elif index <= queryset.last:
            called = f"({code_of_arguments(link.call)})" if link.call is not None else ""
            code = f".{link.name}{called}" if link.name else called
            if index <= queryset.first and not conditions:
                base += code
            elif link.name != "all":
                calls.append(code)
    ending = chain.links[queryset.end - 1]
    method = ending.name if ending.call is not None and ending.name in ENDING else ""
    is_async = method.startswith("a") and method[1:] in ENDING
    return Lookup(
        base=base,
        calls=tuple(calls),
        conditions=tuple(conditions),
        method=method[1:] if is_async else method,
        arguments=code_of_arguments(ending.call) if ending.call and method else "",
        model=found.model if found.model[:1].isupper() else "",
        is_async=is_async,
        assigned=_assigned(found, source),
        loop_target=_loop_target(found, source),
    )


def _read_shortcut(found: Candidate, source: Source) -> Lookup | None:
    link = found.chain.links[0]
    name = link.name or found.chain.root_name
    call = link.call
    if call is None or len(call.args) != 1 or any(one.arg is None for one in call.keywords):
        return None
    return Lookup(
        base=f"{code_of(call.args[0])}.objects",
        calls=(),
        conditions=tuple(Condition(one.arg or "", one.value) for one in call.keywords),
        method="get" if "object" in name else "",
        arguments="",
        model=found.model,
        is_async=name.startswith("a"),
        assigned=_assigned(found, source),
    )


def _assigned(found: Candidate, source: Source) -> str:
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        target = node.targets[0]
        if isinstance(target, ast.Name) and source.span(value) == found.chain.span:
            return target.id
    return ""


def _loop_target(found: Candidate, source: Source) -> str:
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.For | ast.AsyncFor) or not isinstance(node.target, ast.Name):
            continue
        if source.span(node.iter) == found.chain.span:
            return node.target.id
    return ""
