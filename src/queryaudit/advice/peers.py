"""What Django 6.1 loads for all rows of a queryset by a fetch mode, as an alternative."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.advice.relation_tree import JOINED, Relation
from queryaudit.records.kinds import AccessKind

_FETCHED_WITH_PEERS = JOINED | {AccessKind.GENERIC, AccessKind.DEFERRED}


def fetch_mode_hint(root: Relation) -> str | None:
    """Peers are the rows of one queryset, so that nothing behind a lazy collection counts."""
    covered: list[str] = []
    left: list[str] = []
    waiting = [(root, "", False)]
    while waiting:
        node, prefix, behind = waiting.pop()
        for child in node.ordered_children:
            path = f"{prefix}{child.name}"
            peers = child.kind in _FETCHED_WITH_PEERS and not behind
            if child.lazy or child.uses:
                (covered if peers else left).append(path)
            waiting.append((child, f"{path}__", not peers))
    if not covered:
        return None
    hint = (
        f"On Django 6.1 or later `.fetch_mode(FETCH_PEERS)` loads {_listed(covered)} for all "
        "rows at once without naming them, but not for rows read with `iterator()`"
    )
    return f"{hint}, and not {_listed(left)}." if left else f"{hint}."


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(f"`{path}`" for path in sorted(paths))
