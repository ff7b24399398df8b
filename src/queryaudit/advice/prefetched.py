"""Whether code that reads a collection would read what was prefetched, or ask all the same."""

from __future__ import annotations

import re

from queryaudit.advice.chains import Chain, find_chains
from queryaudit.advice.source import read_source
from queryaudit.records.definitions import Frame, Step
from queryaudit.records.kinds import AccessKind

_MANY = (AccessKind.COLLECTION, AccessKind.MANY, AccessKind.GENERIC_COLLECTION)
#: Methods of managers that look at prefetched rows; many-to-many ones do in late versions alone.
_COUNTING = (["count"], ["exists"])
_LONGEST = 120
_ANOTHER_MANAGER = re.compile(r"\(manager=")


def asks_anew(frame: Frame, step: Step) -> str:
    """The expression that makes a queryset of its own of the collection; empty if none does.

    A prefetch serves ``all()``, and ``count()`` and ``exists()`` of a reverse foreign key:
    ``iterator()``, another manager and methods of a project's own managers go back to the
    database, even where they add no condition.
    """
    if step.kind not in _MANY:
        return ""
    source = read_source(frame)
    if source is None or not source.exact:
        return ""
    for chain in find_chains(source):
        if chain.span.meets(source.focus) and _is_new(chain, step):
            text = source.text[chain.span.start : chain.span.end].decode(errors="replace")
            code = " ".join(text.split())
            return code if len(code) <= _LONGEST else f"{code[:_LONGEST]}..."
    return ""


def read_otherwise(code: str, relation: str) -> str:
    """What to do with an expression that asks anew."""
    if not _ANOTHER_MANAGER.search(code):
        return f"`{code}` asks anew: `.all()` reads what was prefetched."
    return (
        f"`{code}` asks another manager, which may give other rows: prefetch them by "
        f'`Prefetch("{relation}", queryset=..., to_attr=...)`, and read that list.'
    )


def _is_new(chain: Chain, step: Step) -> bool:
    names = [link.name for link in chain.links]
    if step.name not in names:
        return False
    at = names.index(step.name)
    rest = chain.links[at + 1 :]
    if chain.links[at].call is not None:
        return True  # another manager
    if not rest:
        return False
    upto = next((i for i, link in enumerate(rest) if link.subscript), len(rest))
    called = [link.name for link in rest[:upto]]
    return called != ["all"] and (step.kind is AccessKind.MANY or called not in _COUNTING)
