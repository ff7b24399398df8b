"""Decides once for a scope which rule of the family each repeated read belongs to.

A read has one cause, so the rules are asked in order and the first that claims it has it. Reads
that only follow from another (a prefetch that runs because its parent was loaded in a loop) count
towards that one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.n_plus_one.changes import Change
from queryaudit.detectors.n_plus_one.children import of_child, of_parents
from queryaudit.detectors.n_plus_one.keys import own_key
from queryaudit.detectors.n_plus_one.loads import AGGREGATES, COLLECTIONS, Load
from queryaudit.detectors.n_plus_one.row_by_row import at_once, one_by_one
from queryaudit.detectors.n_plus_one.unloaded import of_unloaded_rows
from queryaudit.detectors.n_plus_one.unreachable import other_fix
from queryaudit.detectors.places import editable, evaluated_at, looped_at, severity_at, visible
from queryaudit.locking.graph import is_postgres
from queryaudit.records.definitions import Step
from queryaudit.records.rules import Severity

_AUTH = "django.contrib.auth."


class Claimant(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def severity(self) -> Severity: ...

    def claims(self, load: Load, view: View) -> bool: ...


def judge(
    loads: Sequence[Load], rules: Sequence[Claimant], view: View
) -> dict[str, list[Sighting]]:
    """Sightings by rule code."""
    loads = of_parents([one_by_one(load, view) for load in loads])
    levels = _levels(loads)
    found: dict[str, list[Sighting]] = defaultdict(list)
    claimed: dict[tuple[int, tuple[str, ...]], Sighting] = {}
    written: dict[tuple[int, int], Sighting] = {}
    by_hand: set[tuple[int, tuple[str, ...]]] = set()
    narrowed = _narrowed(loads)
    rest = []
    for load in loads:
        if _depends_on_writes(load):
            continue
        if _row_of(load) in by_hand:
            rest.append(load)
            continue
        depth = levels.get(_site_key(load), 1)
        leveled = load if depth == load.levels else replace(load, levels=depth)
        rule = next((r for r in rules if r.claims(leveled, view)), None)
        known = _from_narrowed(load, loads, view) if rule is not None and depth < 3 else load
        sighting = _sight(known, rule, depth, view) if rule is not None else None
        if sighting is not None and known is load and _through_narrowed(load, narrowed):
            sighting = replace(sighting, through_narrowed=True)
        if sighting is None:
            rest.append(load)
            continue
        found[sighting.rule].append(sighting)
        if load.lazy and load.access is not None and load.access.origin is not None:
            claimed[load.access.origin, _names(load.access.path)] = sighting
        elif not load.lazy:
            written[load.sql, load.stack.id] = sighting
            if load.asked is not None:
                claimed[load.asked] = sighting
                by_hand.add(load.asked)
    for load in rest:
        parent = _parent(load, claimed) or _round(load, written)
        if parent is not None:
            found[parent.rule].append(
                replace(parent, queries=load.queries, duration_ns=load.duration_ns)
            )
    return found


def _depends_on_writes(load: Load) -> bool:
    """Whether rows that the loop adds or moves decide what a collection is asked for next."""
    access = load.access
    if not load.lazy or access is None or load.change is not Change.ANY:
        return False
    return access.path[-1].kind in COLLECTIONS and (access.narrowed or access.method is not None)


def _narrowed(loads: Sequence[Load]) -> dict[tuple[int, tuple[str, ...]], bool]:
    """For each collection that was asked, whether it was filtered, ordered or sliced."""
    found: dict[tuple[int, tuple[str, ...]], bool] = {}
    for load in loads:
        access = load.access
        if access is not None and access.origin is not None and not load.eager:
            key = (access.origin, _names(access.path))
            asked = access.narrowed or access.method is not None
            found[key] = found.get(key, False) or asked
    return found


def _row_of(load: Load) -> tuple[int, tuple[str, ...]] | None:
    """The relation whose rows this read starts from, by origin and path."""
    if load.access is None or load.origin is None:
        return None
    return load.origin.id, _names(load.access.path[:-1])


def _from_narrowed(load: Load, loads: Sequence[Load], view: View) -> Load:
    """The read as one of the queryset that the code made of a collection of a single row.

    ``shop.books.filter(..)`` is where a relation of those books can be loaded: the queryset that
    found the shop could load it for all of its books only. Who is logged in is found by Django,
    wherever that was asked for first.
    """
    access, origin = load.access, load.origin
    if access is None or origin is None:
        return load
    names = _names(access.path)
    logged_in = load.source is not None and load.source[1].via.startswith(_AUTH)
    for length in range(len(names) - 1, 0, -1):
        made = [
            other
            for other in loads
            if other.access is not None
            and (other.asked or other.asked_of) == (origin.id, names[:length])
            and (logged_in or other.access.narrowed or other.access.method is not None)
            and other.access.method not in AGGREGATES  # a paginator counts before it slices
        ]
        if not made:
            continue
        [first, *others] = made
        target = first.access.target if first.access is not None else None
        own = first.site is not None and first.site.kind in view.own
        if others or first.rows >= view.threshold or target is None or not own:
            return load
        root = origin._replace(model=target, sql=first.sql, stack=first.stack.id, built=None)
        return replace(
            load,
            origin=root,
            source=(first.statement, first.stack),
            access=access._replace(path=access.path[length:]),
        )
    return load


def _through_narrowed(load: Load, narrowed: dict[tuple[int, tuple[str, ...]], bool]) -> bool:
    """Whether a collection on the way to the load's rows was not loaded as a whole."""
    access = load.access
    if access is None or access.origin is None:
        return False
    names = _names(access.path)
    return any(
        step.kind in COLLECTIONS
        and not step.eager
        and narrowed.get((access.origin, names[:length]), True)
        for length, step in enumerate(access.path[:-1], 1)
    )


def _parent(load: Load, claimed: dict[tuple[int, tuple[str, ...]], Sighting]) -> Sighting | None:
    """The claimed read, if any, on whose rows this one works."""
    access = load.access
    if access is None or access.origin is None:
        return None
    names = _names(access.path)
    for length in range(len(names) - 1, 0, -1):
        sighting = claimed.get((access.origin, names[:length]))
        if sighting is not None:
            return sighting
    return None


def _round(load: Load, written: dict[tuple[int, int], Sighting]) -> Sighting | None:
    """The query in a loop, if any, whose one row in each round this read follows."""
    if load.origin is None or load.queries < 2:
        return None
    return written.get((load.origin.sql, load.origin.stack))


def _names(path: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(step.name for step in path)


def _site_key(load: Load) -> tuple[object, ...]:
    """The same place in the source, whatever the depth of a recursion or of a path."""
    site = load.site
    place = (site.path, site.line, site.column) if site is not None else None
    if load.access is not None and load.origin is not None:
        names = _names(load.access.path)
        return (load.origin.id, place, names[: len(names) - tail(names)], names[-1:])
    return (load.sql, place)


def tail(names: tuple[str, ...]) -> int:
    """How many steps at the end of a path have the same name."""
    count = 1
    while count < len(names) and names[-count - 1] == names[-1]:
        count += 1
    return count


def _levels(loads: Sequence[Load]) -> dict[tuple[object, ...], int]:
    """For each place, to how many levels of a tree it went."""
    levels: dict[tuple[object, ...], int] = {}
    for load in loads:
        if load.lazy and load.access is not None:
            depth = tail(_names(load.access.path))
        else:
            depth = load.recursion
        key = _site_key(load)
        levels[key] = max(levels.get(key, 1), depth)
    return levels


def _sight(load: Load, rule: Claimant, levels: int, view: View) -> Sighting | None:
    access = load.access
    evaluated = evaluated_at(load.source[1].frames if load.source else (), view)
    built = load.origin.built if load.origin is not None else None
    site = load.site
    frame = editable((built, evaluated, site), view) if load.lazy else site
    if frame is None:
        return None
    path = access.path if access is not None and load.lazy else ()
    if levels >= 3 and path:
        # One cause for all depths of a tree.
        path = path[: len(path) - tail(_names(path)) + 1]
    source = load.source[0].fingerprint if load.source else load.statement.fingerprint
    model = load.origin.model if load.origin is not None else None
    loop = load.loop
    place = (frame.path, frame.function)
    family = rule.code[:3] if load.lazy else rule.code
    return Sighting(
        rule=rule.code,
        group=(family, *place, model or "", source),
        cause=(
            rule.code, *place, model or "", "__".join(_names(path)),
            (access.method or "") if access is not None else "",
            # Depths of a tree and rows of several tables differ in nothing that one could fix.
            "" if levels >= 3 else load.statement.fingerprint,
        ),
        # A queryset that a test evaluates and hands to the project's code is the test's own.
        severity=severity_at((frame, site, evaluated), rule.severity, view),
        frame=frame,
        evaluated=evaluated if evaluated != frame else None,
        access=site or load.stack.frames[0],
        loop=looped_at(loop),
        model=model,
        owner=access.owner if access is not None else None,
        target=access.target if access is not None else None,
        path=path,
        method=access.method if access is not None else None,
        narrowed=access is not None and access.narrowed,
        prefetched=access is not None and access.prefetched,
        statement=load.statement.normalised,
        queries=load.queries,
        duration_ns=load.duration_ns,
        arrays=bool(view.vendors) and all(map(is_postgres, view.vendors.values())),
        changed=load.change is not Change.NONE,
        ignored=load.ignored,
        frames=visible((frame, evaluated, *load.stack.frames)),
        fix=other_fix(load)
        or at_once(load)
        or own_key(load, view)
        or of_unloaded_rows(load)
        or of_child(load),
    )  # fmt: skip
