"""From a call that takes SQL to what its text is made of, and what is wrong with that."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from queryaudit.composition.arguments import bind, defaults
from queryaudit.composition.bindings import Bound
from queryaudit.composition.evaluation import Evaluator, OutOfBudgetError
from queryaudit.composition.modules import Library, Module
from queryaudit.composition.sinks import NAMES, Sink, sink_of
from queryaudit.composition.spots import quoted_placeholder, spots
from queryaudit.composition.values import Gap, Site, Text, Variant
from queryaudit.records.texts import Hole, HoleKind, Spot

_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "CALL", "EXPLAIN"})
_VERBS |= {"VALUES", "COPY", "DECLARE", "REPLACE", "EXEC", "EXECUTE", "DO", "(", "SHOW", "TABLE"}
#: Statements that take no parameters.
_DEFINING = frozenset({"CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE", "VACUUM"})
_DEFINING |= {"ANALYZE", "REINDEX", "REFRESH", "SET", "COMMENT", "LOCK", "PRAGMA", "NOTIFY"}
_DEFINING |= {"LISTEN", "UNLISTEN", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "CLUSTER", "RESET"}
_DEFINING |= {"CLOSE", "FETCH", "DISCARD", "START", "COMMIT", "ATTACH", "DETACH", "DO", "SHOW"}


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Functions that hand a text on to each other.
_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Composition:
    """One way in which a call's text comes out. ``holes`` are all its gaps, in order."""

    sink: Sink
    module: Module
    site: Site
    variant: Variant
    holes: tuple[Hole, ...]
    quoted: bool  #: a placeholder stands in quotes

    @property
    def bad(self) -> tuple[Hole, ...]:
        return tuple(hole for hole in self.holes if hole.bad)


def compositions(module: Module, call: ast.Call, library: Library) -> list[Composition]:
    """All that is to be said of a call's text; empty where it can't be followed. Never raises."""
    sink = sink_of(call, module)
    if sink is None:
        return []
    found: list[Composition] = []
    for expression in sink.texts:
        for passed, home in _passed(expression, module, library, _DEPTH):
            found.extend(of_expression(sink, passed, home, library, module))
    return found


def _passed(
    expression: ast.expr, module: Module, library: Library, depth: int
) -> Iterator[tuple[ast.expr, Module]]:
    """The expression itself; for a parameter that is handed on as it is, what callers pass."""
    scope = module.scope(expression)
    if depth and isinstance(expression, ast.Name) and isinstance(scope, _FUNCTIONS):
        bindings = module.bindings(scope).get(expression.id, [])
        if [binding.kind for binding in bindings] == [Bound.PARAMETER]:
            callers = [
                (passed, site.module)
                for site in library.callers(module, scope) or ()
                if (passed := bind(site.call, scope).get(expression.id)) is not None
                and passed not in defaults(scope)
            ]
            if callers:
                for passed, home in callers:
                    yield from _passed(passed, home, library, depth - 1)
                return
    yield expression, module


def of_expression(
    sink: Sink,
    expression: ast.expr,
    module: Module,
    library: Library,
    caller: Module | None = None,
) -> Iterator[Composition]:
    """The ways in which one expression of ``module`` comes out; ``caller`` has the call."""
    try:
        variants = Evaluator(library).variants(expression, module, {})
    except (OutOfBudgetError, RecursionError):
        return
    for variant in variants:
        yield _composition(sink, variant, caller or module)


def _composition(sink: Sink, variant: Variant, module: Module) -> Composition:
    where = spots(variant)
    parts = [part for part in variant if isinstance(part, Gap)]
    first = _first_word(variant)
    speaks = sink.fragment or first in _VERBS or (not first and len(variant) > 1)
    whole = all(isinstance(p, Gap) or not p.text.strip(" -") for p in variant)
    holes = []
    for part, spot in zip(parts, where, strict=True):
        if sink.method in NAMES or (sink.fragment and whole):
            spot = Spot.IDENTIFIER
        bad = _is_bad(part, spot, sink.method in NAMES or whole or not speaks)
        if part.kind is HoleKind.REQUEST and not speaks and first and first not in _DEFINING:
            bad = False  # no SQL
        holes.append(Hole(part.kind, spot, part.code, bad, ()))
    guilty = next((p for p, h in zip(parts, holes, strict=True) if h.bad), None)
    other = next((p for p in parts if p.site is not None), None)
    site = (guilty or other).site if guilty or other else None  # type: ignore[union-attr]
    texts = "".join(p.text if isinstance(p, Text) else "x" for p in variant)
    return Composition(
        sink=sink,
        module=module,
        site=site or Site(module, sink.call, "as a whole"),
        variant=variant,
        holes=tuple(holes),
        quoted=sink.parameters is not None
        and not _is_empty(sink.parameters)
        and quoted_placeholder(texts),
    )


def _is_bad(part: Gap, spot: Spot, only_requests: bool) -> bool:
    match part.kind:
        case HoleKind.REQUEST:
            return True
        case _ if part.harmless or only_requests:
            return False
        case HoleKind.UNKNOWN:
            return True
        case HoleKind.OPAQUE | HoleKind.DECLARED:
            return spot in (Spot.LITERAL, Spot.VALUE)
    return False


def _first_word(variant: Variant) -> str:
    for part in variant:
        if not isinstance(part, Text):
            return ""
        lines = [line for line in part.text.splitlines() if not line.strip().startswith("--")]
        words = "\n".join(lines).lstrip(" \t\n;").replace("(", " ( ", 1).split(None, 1)
        if words:
            return words[0].upper().rstrip(";")
    return ""


def _is_empty(node: ast.expr) -> bool:
    if isinstance(node, (ast.List, ast.Tuple)):
        return not node.elts
    return isinstance(node, ast.Constant) and node.value is None


def heaviest(found: Iterable[Composition]) -> list[Composition]:
    """One for each function that puts a call's text together: what says most of it, at the first
    place where something is wrong."""
    best: dict[tuple[object, ...], Composition] = {}
    first: dict[tuple[object, ...], Site] = {}
    for one in found:
        if not one.bad and not one.quoted:
            continue
        key = place_of(one)
        known = best.get(key)
        if known is None or _weight(one) > _weight(known):
            best[key] = one
        site = first.setdefault(key, one.site)
        if _position(one.site) < _position(site):
            first[key] = one.site
    return [replace(one, site=first[key]) for key, one in best.items()]


def place_of(one: Composition) -> tuple[object, ...]:
    """What makes two ways to put a text together one defect."""
    function = one.site.module.qualified(one.site.node)
    return id(one.sink.call), one.site.module.path, function, bool(one.bad)


def _position(site: Site) -> tuple[int, int]:
    return site.node.lineno, site.node.col_offset


def _weight(one: Composition) -> tuple[int, int]:
    return len(one.bad), sum(len(p.text) for p in one.variant if isinstance(p, Text))
