"""New queryset calls merged into the ones that are there.

A call that exists gets the new arguments, so that nothing is said twice and nothing that Django
would refuse is written. What can't be merged with certainty is refused as a whole.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from queryaudit.advice.arguments import (
    MergeError,
    argument_of,
    code_of,
    code_of_arguments,
    is_covered,
    is_none,
    keyword_of,
    literal,
    literals,
    lookup_path,
    not_loaded,
    parse_call,
    plain_paths,
    prefixes,
    quote,
    strings,
)
from queryaudit.advice.chains import COMBINED, Link, Queryset, find_chains, querysets
from queryaudit.advice.layout import (
    Change,
    append_links,
    insert_arguments,
    insert_before,
    remove_arguments,
    remove_link,
)
from queryaudit.advice.source import Source

_AGGREGATES = frozenset(
    {"Count", "Sum", "Avg", "Min", "Max", "StdDev", "Variance", "ArrayAgg", "StringAgg"}
    | {"JSONBAgg", "BoolAnd", "BoolOr", "BitAnd", "BitOr", "Aggregate"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to append, and the calls that are there already."""

    end: int
    links: tuple[Link, ...]
    ending: Link | None
    before: str = ""  #: code that has to stand before the calls

    @classmethod
    def of(cls, queryset: Queryset) -> Place:
        links = queryset.chain.links
        last = queryset.last
        if any(link.name in COMBINED for link in queryset.links):
            raise MergeError
        ending = queryset.ending
        if ending is not None and ending.name in COMBINED:
            raise MergeError
        end = links[last].end if last >= 0 else links[0].start
        return cls(end, tuple(queryset.links), ending)


def merge_calls(source: Source, place: Place, calls: Sequence[str]) -> list[Change]:
    """The changes that add the calls. Raises ``MergeError``."""
    merging = _Merging(source, place)
    for call in calls:
        merging.add(call)
    return merging.finish()


class _Merging:
    def __init__(self, source: Source, place: Place) -> None:
        self._source = source
        self._place = place
        self._changes: list[Change] = []
        self._appended: list[str] = []
        self._prefetches = False

    def add(self, code: str) -> None:
        call = parse_call(code)
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name == "select_related":
            self._join(strings(call.args))
        elif name == "prefetch_related":
            self._prefetch(call.args)
        elif name == "only":
            self._load(strings(call.args[1:]))
        elif name == "annotate":
            self._annotate(call, code)
        elif name == "order_by" and self._existing(name):
            return  # the order that a queryset has is kept
        else:
            self._append(name, call, code)

    def finish(self) -> list[Change]:
        place = self._place
        ending = place.ending
        if self._appended:
            near = [*place.links[-1:], *([ending] if ending else [])]
            calls = self._appended
            if place.before:
                calls = [place.before + calls[0], *calls[1:]]
            self._changes += append_links(self._source, place.end, near, calls)
        call = ending.call if ending is not None and ending.name == "iterator" else None
        if self._prefetches and call is not None and not call.args and not call.keywords:
            self._insert(call, ["chunk_size=2000"])
        return self._changes

    def _existing(self, *names: str) -> list[ast.Call]:
        """Calls in force: a later ``None`` takes back what was asked before it."""
        calls: list[ast.Call] = []
        for link in self._place.links:
            if link.name in names and link.call is not None:
                calls.append(link.call)
                if any(is_none(argument) for argument in link.call.args):
                    calls.clear()
        return calls

    def _insert(self, call: ast.Call, codes: Sequence[str]) -> None:
        changes = insert_arguments(self._source, call, codes)
        if changes is None:
            raise MergeError
        self._changes += changes

    def _extend(self, name: str, calls: Sequence[ast.Call], codes: Sequence[str]) -> None:
        """Put arguments into the last of ``calls``, or into a call of their own."""
        if calls:
            changes = insert_arguments(self._source, calls[-1], codes)
            if changes is not None:
                self._changes += changes
                return
        self._appended.append(f".{name}({', '.join(codes)})")

    def _join(self, paths: Sequence[str]) -> None:
        for link in self._place.links:
            keywords = link.call.keywords if link.call is not None else []
            if link.name == "select_for_update" and all(one.arg != "of" for one in keywords):
                raise MergeError  # the joined rows would be locked too
        calls = self._existing("select_related")
        if any(not call.args for call in calls):
            raise MergeError  # follows everything, which naming one relation would end
        known = literals(argument for call in calls for argument in call.args)
        new = [path for path in paths if not is_covered(path, known)]
        if not new:
            return
        self._extend("select_related", calls, [quote(path) for path in new])
        self._undefer(new)

    def _undefer(self, paths: Sequence[str]) -> None:
        """Django refuses a relation that is joined and deferred at once."""
        only = self._existing("only")[-1:]
        for call in only:
            columns = strings(call.args)
            missing: list[str] = []
            for path in paths:
                column = not_loaded(path, [*columns, *missing])
                if column is not None:
                    missing.append(column)
            if missing:
                self._insert(call, [quote(column) for column in missing])
        roots = {part for path in paths for part in prefixes(path)}
        if any(roots & literals(call.args) for call in self._existing("defer")):
            self._take_from_defer(roots)

    def _load(self, columns: Sequence[str]) -> None:
        """Columns that were left out: into ``only``, or out of ``defer``."""
        only = self._existing("only")
        if only:
            known = strings(only[-1].args)
            new = [quote(column) for column in columns if column not in known]
            if new:
                self._insert(only[-1], new)
            return
        deferred = literals(arg for call in self._existing("defer") for arg in call.args)
        if not set(columns) <= deferred:
            raise MergeError
        self._take_from_defer(set(columns))

    def _take_from_defer(self, columns: set[str]) -> None:
        calls = self._existing("defer")
        emptied: list[Link] = []
        for link in self._place.links:
            if link.call is None or link.call not in calls:
                continue
            dropped = [arg for arg in link.call.args if literal(arg) in columns]
            if dropped and len(dropped) == len(link.call.args):
                emptied.append(link)
                continue
            changes = remove_arguments(self._source, link.call, dropped)
            if changes is None:
                raise MergeError
            self._changes += changes
        for link in emptied:
            instead = "" if self._has_call_besides(emptied) or link is not emptied[0] else ".all()"
            self._changes.append(remove_link(self._source, link, instead))

    def _has_call_besides(self, dropped: Sequence[Link]) -> bool:
        """Whether the rest is a queryset, and not a bare manager that can't be iterated."""
        ending = self._place.ending
        others = [one for one in self._place.links if one.call is not None and one not in dropped]
        return bool(others) or (ending is not None and ending.call is not None)

    def _prefetch(self, arguments: Sequence[ast.expr]) -> None:
        calls = self._existing("prefetch_related")
        known = [argument for call in calls for argument in call.args]
        new: list[str] = []
        for argument in arguments:
            code = code_of(argument)
            if isinstance(argument, ast.Call):
                if not self._merge_prefetch(argument, code, known):
                    continue
            elif is_covered(literal(argument) or "", plain_paths(known)):
                continue
            new.append(code)
        self._prefetches = True
        if new:
            self._extend("prefetch_related", calls, new)

    def _merge_prefetch(self, new: ast.Call, code: str, known: Sequence[ast.expr]) -> bool:
        """Put a ``Prefetch`` where its lookup is; whether it is still to be added."""
        path, to_attr = lookup_path(new), keyword_of(new, "to_attr")
        if to_attr is not None:
            if any(literal(keyword_of(arg, "to_attr")) == literal(to_attr) for arg in known):
                raise MergeError
            _require_complete(new)
            return True
        if any(lookup_path(argument) is None for argument in known):
            raise MergeError  # one of them may be for the same lookup
        for argument in known:
            if lookup_path(argument) != path or keyword_of(argument, "to_attr") is not None:
                continue
            queryset = argument_of(argument, 1, "queryset")
            if queryset is not None:
                self._changes += self._merge_into(queryset, argument_of(new, 1, "queryset"))
                return False
            span = self._source.span(argument)
            if span is None:
                raise MergeError
            _require_complete(new)
            self._changes.append(Change(span.start, span.end, code.encode()))
            return False
        _require_complete(new)
        for argument in known:
            if (lookup_path(argument) or "").startswith(f"{path}__"):
                changes = insert_before(self._source, argument, code)
                if changes is None:
                    raise MergeError
                self._changes += changes
                return False
        return True

    def _merge_into(self, queryset: ast.expr, new: ast.expr | None) -> list[Change]:
        """The calls of one ``Prefetch`` queryset appended to another."""
        calls: list[str] = []
        while isinstance(new, ast.Call) and isinstance(new.func, ast.Attribute):
            calls.insert(0, f".{new.func.attr}({code_of_arguments(new)})")
            new = new.func.value
        span = self._source.span(queryset)
        if span is None or not calls:
            raise MergeError
        if isinstance(queryset, ast.Name):
            return merge_calls(self._source, Place(span.end, (), None), calls)
        for chain in find_chains(self._source):
            if chain.span == span:
                found = list(querysets(chain, ""))
                if len(found) == 1:
                    return merge_calls(self._source, Place.of(found[0]), calls)
        raise MergeError

    def _annotate(self, call: ast.Call, code: str) -> None:
        _require_complete(call)
        existing = self._existing("annotate", "alias")
        names = {keyword.arg for one in existing for keyword in one.keywords}
        if any(keyword.arg in names for keyword in call.keywords):
            raise MergeError
        if _aggregates(call) and any(map(_aggregates, existing)):
            raise MergeError  # two joins to many rows would multiply each other
        self._appended.append(code)

    def _append(self, name: str, call: ast.Call, code: str) -> None:
        _require_complete(call)
        existing = self._existing(name)
        if not existing:
            self._appended.append(code)
        elif [ast.dump(arg) for arg in existing[-1].args] != [ast.dump(arg) for arg in call.args]:
            raise MergeError


def _aggregates(call: ast.Call) -> bool:
    for node in ast.walk(call):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if name in _AGGREGATES:
                return True
    return False


def _require_complete(node: ast.AST) -> None:
    """Code with ``...`` in it is for people to fill in."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and part.value is ...:
            raise MergeError
