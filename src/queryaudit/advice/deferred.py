"""Columns that ``only()`` or ``defer()`` left out, in the words that stand in the code."""

from __future__ import annotations

import re

from queryaudit.advice.arguments import literal, parse_call, quote, strings
from queryaudit.advice.chains import find_chains
from queryaudit.advice.source import Source, read_source
from queryaudit.records.definitions import Frame

#: How a plan says that columns are to be loaded as well.
_ADDED = re.compile(r"\.only\(\.\.\., [^()]*\)")


def fitted(frame: Frame, call: str) -> str:
    """``call`` with ``.only(..., "column")`` as what the code's ``defer`` is to be instead.

    Of a ``defer`` of nothing but these columns nothing is left. Unchanged where the code has none.
    """
    source = read_source(frame) if _ADDED.search(call) else None
    if source is None:
        return call
    deferred = _deferred(source)
    return _ADDED.sub(lambda found: _without(found[0], deferred), call)


def _deferred(source: Source) -> list[list[str]]:
    """What each queryset leaves out by ``defer``, those of the place itself first."""
    found: list[tuple[bool, int, list[str]]] = []
    for chain in find_chains(source):
        names = [
            name
            for link in chain.links
            if link.name == "defer" and link.call is not None
            for name in map(literal, link.call.args)
            if name is not None
        ]
        if names:
            found.append((not chain.span.meets(source.focus), chain.span.start, names))
    return [names for _, _, names in sorted(found)]


def _without(only: str, deferred: list[list[str]]) -> str:
    columns = set(strings(parse_call(only).args[1:]))
    for names in deferred:
        if columns <= set(names):
            left = [quote(name) for name in names if name not in columns]
            return f".defer({', '.join(left)})" if left else ""
    return only
