"""The calls that one queryset needs, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from queryaudit.advice.arguments import quote


@dataclass(frozen=True, slots=True)
class Lookup:
    """An argument of ``prefetch_related``."""

    path: str
    queryset: str | None = None
    to_attr: str | None = None

    def under(self, prefix: str) -> Lookup:
        return Lookup(f"{prefix}__{self.path}", self.queryset, self.to_attr)

    def render(self) -> str:
        if self.queryset is None:
            return quote(self.path)
        to_attr = f", to_attr={quote(self.to_attr)}" if self.to_attr else ""
        return f"Prefetch({quote(self.path)}, queryset={self.queryset}{to_attr})"


@dataclass(slots=True)
class Calls:
    """What one queryset needs: the source's, or that of a ``Prefetch``."""

    joins: list[str] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    counts: list[tuple[str, str, str]] = field(default_factory=list)  #: name, lookup, filter
    annotations: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)

    @property
    def loads_only(self) -> bool:
        """Whether plain lookup paths can say it all."""
        return not (self.counts or self.annotations or self.columns)

    def render(self) -> list[str]:
        calls: list[str] = []
        joins = without_prefixes(self.joins)
        if joins:
            calls.append(f".select_related({', '.join(map(quote, joins))})")
        if self.lookups:
            calls.append(f".prefetch_related({', '.join(map(Lookup.render, self.lookups))})")
        distinct = ", distinct=True" if len(self.counts) > 1 else ""
        annotations = [
            f"{name}=Count({quote(lookup)}{condition}{distinct})"
            for name, lookup, condition in self.counts
        ]
        annotations += self.annotations
        if annotations:
            calls.append(f".annotate({', '.join(annotations)})")
        if self.columns:
            calls.append(f".only(..., {', '.join(map(quote, self.columns))})")
        return calls


def without_prefixes(paths: Sequence[str]) -> list[str]:
    """``author`` goes where there is ``author__publisher``, which includes it."""
    return [path for path in paths if not any(other.startswith(f"{path}__") for other in paths)]
