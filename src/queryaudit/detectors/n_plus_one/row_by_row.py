"""Prefetches that are asked for one row at a time, and so are no better than a lazy load."""

from __future__ import annotations

import ast
from dataclasses import replace

from queryaudit.advice.source import read_source
from queryaudit.detectors.base import View
from queryaudit.detectors.n_plus_one.loads import Load
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix

_NAMES = ("prefetch_related_objects", "aprefetch_related_objects")

_AT_ONCE = Fix(
    title="prefetch for all rows at once",
    applicability=Applicability.DISPLAY_ONLY,
    code="",
    note="prefetch_related_objects() takes all the rows: call it once with their list, before the "
    "loop, or give the same lookups to prefetch_related() of their queryset.",
)


def one_by_one(load: Load, view: View) -> Load:
    """The read as the lazy load that it amounts to, if a prefetch gets its rows one by one."""
    access, site = load.access, load.site
    if access is None or site is None or not load.eager or load.rows < view.threshold:
        return load
    call = _call_at(site)
    if call is None or not _hands_over_one(call):
        return load
    *before, last = access.path
    path = (*before, last._replace(eager=False))
    return replace(load, access=access._replace(path=path))


def at_once(load: Load) -> Fix | None:
    """What to do about such a prefetch if its lookups can't be handed to the queryset as they are:
    those of ``Prefetch`` objects load other rows, or into lists of another name."""
    call = _call_at(load.site) if load.site is not None else None
    plain = call is None or all(
        isinstance(lookup, ast.Constant) and isinstance(lookup.value, str)
        for lookup in call.args[1:]
    )
    return None if plain else _AT_ONCE


def _call_at(frame: Frame) -> ast.Call | None:
    if not any(_NAMES[0] in line for line in frame.snippet):
        return None
    source = read_source(frame)
    if source is None:
        return None
    calls = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and _name(node.func) in _NAMES
        and (span := source.span(node)) is not None
        and span.meets(source.focus)
    ]
    return calls[0] if len(calls) == 1 else None


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _hands_over_one(call: ast.Call) -> bool:
    rows = call.args[0] if call.args else None
    if not isinstance(rows, ast.List | ast.Tuple):
        return False
    return len(rows.elts) == 1 and not isinstance(rows.elts[0], ast.Starred)
