"""Text with values put in: ``%``, ``format()``, ``join()``, ``replace()`` and templates."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from queryaudit.composition import containers
from queryaudit.composition.formats import Cut, cut_braces, cut_percent
from queryaudit.composition.modules import Module
from queryaudit.composition.values import (
    EMPTY,
    Text,
    Variant,
    Variants,
    composed,
    either,
    gap,
    gaps,
    is_constant,
    joined,
    plain,
    text,
    worst,
)
from queryaudit.records.texts import HoleKind

if TYPE_CHECKING:
    from queryaudit.composition.evaluation import Env, Evaluator


def replace(
    evaluator: Evaluator, node: ast.Call, owner: ast.expr, module: Module, env: Env
) -> Variants:
    """``sql.replace("TABLE", table)`` puts a part in like a format does."""
    value = evaluator.variants(owner, module, env)
    old = node.args[0]
    new = evaluator.variants(node.args[1], module, env)
    if not isinstance(old, ast.Constant) or not isinstance(old.value, str) or not old.value:
        return value
    if not any(isinstance(part, Text) for variant in value for part in variant):
        return value
    found: list[Variant] = []
    for variant in value:
        operands: list[Variants] = []
        for part in variant:
            if not isinstance(part, Text):
                operands.append(((part,),))
                continue
            pieces = part.text.split(old.value)
            for number, piece in enumerate(pieces):
                operands += [new] * bool(number) + [text(piece)]
        found.extend(joined(*operands))
    return composed(tuple(found), module, node, "replace")


def percent(evaluator: Evaluator, node: ast.BinOp, module: Module, env: Env) -> Variants:
    """``"..." % values``."""
    left = evaluator.variants(node.left, module, env)
    right = node.right
    positional: list[ast.expr] = []
    named: dict[str, ast.expr] = {}
    rest: ast.expr | None = None
    if isinstance(right, ast.Tuple):
        positional = list(right.elts)
    elif isinstance(right, ast.Dict):
        named = {
            str(key.value): value
            for key, value in zip(right.keys, right.values, strict=True)
            if isinstance(key, ast.Constant)
        }
        rest = right
    else:
        items = containers.items_of(evaluator, right, module, env)
        if items is not None and items.exact and items.module is module:
            positional = list(items.nodes)
        else:
            positional, rest = [right], right
    return _cut(evaluator, left, cut_percent, positional, named, rest, node, "%", module, env)


def formatted(
    evaluator: Evaluator, node: ast.Call, left: Variants, module: Module, env: Env
) -> Variants:
    if _is_composition(node.func, left):
        return left
    return fill(evaluator, node, left, cut_braces, "format()", module, env)


def _is_composition(function: ast.expr, left: Variants) -> bool:
    """``sql.SQL("..").format(..)`` quotes what it puts in, or refuses it."""
    inner = function.value if isinstance(function, ast.Attribute) else None
    if not isinstance(inner, ast.Call):
        return all(g.kind is HoleKind.COMPOSED for g in gaps(left)) and any(gaps(left))
    name = inner.func.attr if isinstance(inner.func, ast.Attribute) else ""
    return (name or getattr(inner.func, "id", "")) in ("SQL", "Composed")


def fill(
    evaluator: Evaluator,
    node: ast.Call,
    left: Variants,
    cut: Callable[[str], Iterable[Cut]],
    how: str,
    module: Module,
    env: Env,
) -> Variants:
    named = {k.arg: k.value for k in node.keywords if k.arg is not None}
    rest = next((k.value for k in node.keywords if k.arg is None), None)
    if isinstance(rest, ast.Dict):
        pairs = zip(rest.keys, rest.values, strict=True)
        named |= {str(k.value): v for k, v in pairs if isinstance(k, ast.Constant)}
    starred = next((a for a in node.args if isinstance(a, ast.Starred)), None)
    positional = [a for a in node.args if not isinstance(a, ast.Starred)]
    return _cut(evaluator, left, cut, positional, named, starred or rest, node, how, module, env)


def _cut(
    evaluator: Evaluator,
    left: Variants,
    cut: Callable[[str], Iterable[Cut]],
    positional: list[ast.expr],
    named: dict[str, ast.expr],
    rest: ast.expr | None,
    node: ast.expr,
    how: str,
    module: Module,
    env: Env,
) -> Variants:
    """The text of ``left`` with its fields replaced by what fills them."""
    values: dict[str, Variants] = {}
    found: list[Variant] = []
    for variant in left:
        operands: list[Variants] = []
        number = 0
        for part in variant:
            if not isinstance(part, Text):
                operands.append(((part,),))
                continue
            for before, field, numeric in cut(part.text):
                operands.append(text(before))
                if field is None:
                    continue
                name = field or str(number)
                number += field == ""
                base, dot, attribute = name.partition(".")
                base = base.partition("[")[0]
                argument = named.get(base)
                if argument is None and base.isdigit() and int(base) < len(positional):
                    argument = positional[int(base)]
                argument = argument if argument is not None else rest
                if numeric and argument is not None:
                    operands.append(gap(HoleKind.NUMBER, argument))
                elif argument is None:
                    operands.append(gap(HoleKind.OPAQUE, name))
                elif dot and ("_meta" in attribute or attribute.isupper()):
                    operands.append(gap(HoleKind.IDENTIFIER, name))
                else:
                    key = name + ast.dump(argument)
                    if key not in values:
                        values[key] = evaluator.variants(argument, module, env)
                    operands.append(values[key])
        found.extend(joined(*operands))
    return composed(tuple(found), module, node, how)


def join(
    evaluator: Evaluator,
    node: ast.Call,
    separator: ast.expr,
    collection: ast.expr,
    module: Module,
    env: Env,
) -> Variants:
    between = evaluator.variants(separator, module, env)
    items = containers.items_of(evaluator, collection, module, env)
    if items is None:
        return composed(evaluator.unread(collection, module, env), module, node, "join()")
    each = [evaluator.variants(n, items.module, env) for n in items.nodes]
    if not each:
        return EMPTY
    if all(is_constant(variants) for variants in each):
        if items.exact and len(each) <= 30:
            parts = [part for variants in each for part in (between, variants[:1])][1:]
            if all(len(variants) == 1 for variants in each):
                return joined(*parts)
        kind = HoleKind.PLACEHOLDERS if _placeholders(each) else HoleKind.CONSTANT
        return gap(kind, node)
    bad = [g for variants in each for g in gaps(variants) if not g.harmless]
    if not bad:
        return gap(worst(each[0]) or HoleKind.CONSTANT, node)
    if items.exact:
        parts = [part for variants in each for part in (between, variants)][1:]
        return composed(joined(*parts), module, node, "join()")
    # Which of them there are is not known: each that matters stands among others, or first.
    others = gap(HoleKind.CONSTANT, node)
    found = either(
        *(
            way
            for variants in each
            if any(not part.harmless for part in gaps(variants))
            for way in (joined(variants, others), joined(others, variants, others))
        )
    )
    return composed(found, module, node, "join()")


def _placeholders(each: list[Variants]) -> bool:
    return all("%s" in value or "?" in value for variants in each for value in plain(variants))
