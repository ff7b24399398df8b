"""Method chains in source code, and which part of one is a queryset.

``Author.objects.get(pk=1).books.all()[:5]`` is one chain of two querysets: that of authors, which
``get`` ends, and that of books, which the slice ends.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from queryaudit.advice.source import Source, Span

MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})
CHAINED = frozenset(
    {"all", "filter", "exclude", "order_by", "reverse", "annotate", "alias", "distinct", "only"}
    | {"defer", "using", "extra", "select_related", "prefetch_related", "select_for_update"}
    | {"complex_filter", "none", "fetch_mode", "db_manager", "get_queryset"}
)
#: These end a queryset: what follows is a row, a value, other columns, or a slice.
ENDING = frozenset(
    {"get", "first", "last", "latest", "earliest", "count", "exists", "aggregate", "iterator"}
    | {"contains", "in_bulk", "values", "values_list", "dates", "datetimes", "update", "delete"}
    | {"create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "explain"}
)
ENDING |= {f"a{name}" for name in ENDING}
#: Nothing can be appended to, or loaded along with, what these return.
COMBINED = frozenset({"union", "intersection", "difference", "raw", "as_manager"})

#: Only querysets have these methods, whatever they are called on.
_TELLING = (CHAINED - {"extra", "reverse", "none", "alias", "using"}) | {"iterator", "aiterator"}
_TELLING |= {"in_bulk", "values_list", "aggregate"} | COMBINED
_QUERYSET_NAMES = frozenset({"queryset", "qs"})


@dataclass(frozen=True, slots=True)
class Link:
    """One ``.name``, ``.name(..)``, ``(..)`` or ``[..]`` of a chain."""

    name: str  #: empty for a subscript or a call of what is no attribute
    name_start: int
    start: int  #: where the link before ended
    end: int
    call: ast.Call | None
    subscript: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of at least one link, as long as it gets."""

    root: ast.expr
    links: tuple[Link, ...]
    span: Span

    @property
    def root_name(self) -> str:
        return self.root.id if isinstance(self.root, ast.Name) else ""


@dataclass(frozen=True, slots=True)
class Queryset:
    """A queryset expression in a chain: its manager or base, and the calls on it."""

    chain: Chain
    first: int  #: index of the first link that belongs to it; may be the number of links
    last: int  #: index of the link to append after; -1 is the chain's root
    end: int  #: index after its last link, the ending call included
    model: str  #: name of the model class as written; empty if unknown

    @property
    def links(self) -> Sequence[Link]:
        """The calls that made the queryset."""
        return self.chain.links[max(0, self.first) : self.last + 1]

    @property
    def ending(self) -> Link | None:
        """The call or slice that ends it, or an unknown method behind what is known."""
        links = self.chain.links
        return links[self.last + 1] if self.last + 1 < len(links) else None

    @property
    def span(self) -> Span:
        links = self.chain.links
        start = self.chain.span.start
        if self.first > 0 and self.first < len(links):
            start = links[self.first - 1].end if not self.model else start
        return Span(start, links[self.end - 1].end if self.end else self.chain.span.end)


def find_chains(source: Source) -> list[Chain]:
    """All maximal chains of the source, in no particular order."""
    chains: list[Chain] = []
    waiting: list[ast.AST] = [source.tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr):
            continue  # before Python 3.12 positions inside are wrong
        if isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
            root, inner = _unwind(node)
            waiting += inner
            chain = _chain(source, node, root)
            if chain is not None:
                chains.append(chain)
        else:
            waiting += ast.iter_child_nodes(node)
    return chains


def querysets(chain: Chain, model: str) -> Iterator[Queryset]:
    """The querysets of a chain, from left to right. ``model``: class name expected, or empty."""
    index = 0
    while index < len(chain.links):
        found = _beginning(chain, index, model)
        if found is None:
            return
        first, name = found
        queryset = _follow(chain, first, name)
        yield queryset
        index = max(queryset.end, index + 1)


def call_arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _unwind(node: ast.expr) -> tuple[ast.expr, list[ast.AST]]:
    """The chain's root, and everything inside brackets."""
    inner: list[ast.AST] = []
    while True:
        if isinstance(node, ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Call):
            inner += call_arguments(node)
            node = node.func
        elif isinstance(node, ast.Subscript):
            inner.append(node.slice)
            node = node.value
        else:
            inner.append(node)
            return node, inner


def _chain(source: Source, node: ast.expr, root: ast.expr) -> Chain | None:
    span = source.span(node)
    nodes: list[ast.expr] = []
    while node is not root:
        nodes.append(node)
        node = node.func if isinstance(node, ast.Call) else node.value  # type: ignore[attr-defined]
    root_span = source.span(root)
    if span is None or root_span is None:
        return None
    links: list[Link] = []
    end = root_span.end
    for node in reversed(nodes):
        here = source.span(node)
        if here is None:
            return None
        if isinstance(node, ast.Attribute):
            name = node.attr.encode()
            if source.text[here.end - len(name) : here.end] != name:
                return None
            links.append(Link(node.attr, here.end - len(name), end, here.end, None))
        elif isinstance(node, ast.Call):
            before = links[-1] if links else None
            if before is not None and before.call is None and before.name:
                links[-1] = Link(before.name, before.name_start, before.start, here.end, node)
            else:
                links.append(Link("", end, end, here.end, node))
        else:
            links.append(Link("", end, end, here.end, None, subscript=True))
        end = here.end
    return Chain(root, tuple(links), span)


def _beginning(chain: Chain, start: int, model: str) -> tuple[int, str] | None:
    """The first link of the next queryset from ``start`` on, and its model's name."""
    for index in range(start, len(chain.links)):
        link = chain.links[index]
        before = chain.links[index - 1].name if index else chain.root_name
        if link.call is None and not link.subscript:
            if link.name in MANAGERS or link.name.endswith("_objects"):
                return index, before
            if model and before == model and not link.name.startswith("_"):
                following = chain.links[index + 1 : index + 2]
                if following and following[0].call is not None:
                    return index, before
        elif link.call is not None:
            if link.name.endswith("get_queryset") or link.name.endswith("_queryset"):
                return index, ""
            if link.name in _TELLING and index >= start:
                return index, ""
        if index == start == 0 and chain.root_name in _QUERYSET_NAMES and link.name in ENDING:
            return 0, ""
        if link.name in _QUERYSET_NAMES and link.call is None:
            following = chain.links[index + 1 : index + 2]
            if following and following[0].name in ENDING | CHAINED:
                return index, ""
    return None


def _follow(chain: Chain, first: int, model: str) -> Queryset:
    """From its first link as far as the queryset goes."""
    links = chain.links
    based = links[first].call is None or links[first].name.endswith("_queryset")
    last = first if based else first - 1
    known = False
    index = last + 1
    while index < len(links):
        link = links[index]
        if link.call is None or link.name in ENDING:
            index += 1 if link.call is not None or link.subscript else 0
            break
        if link.name in CHAINED or link.name in COMBINED:
            known = True
            last = index
        elif not known:
            last = index
        index += 1
    return Queryset(chain, first, last, max(index, last + 1), model)
