"""QA701: a question is asked again although its answer can't have changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.duplicates import advising
from queryaudit.detectors.duplicates.asked import AskedFold, Repeat
from queryaudit.detectors.duplicates.choices import CHOICES, are_choices
from queryaudit.detectors.duplicates.keeping import keeps, kept
from queryaudit.detectors.duplicates.places import (
    asked_at,
    follows_write,
    is_login,
    is_of_others,
    is_on_purpose,
    is_one_piece,
    is_waiting,
    may_be_chance,
    turning,
)
from queryaudit.detectors.n_plus_one.loads import AGGREGATES
from queryaudit.detectors.places import (
    function_of,
    is_handed,
    looped_at,
    reads_as_stored,
    visible,
)
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Fix
from queryaudit.records.kinds import FrameKind, ScopeKind

#: Units that go on and on: one place comes round again for reasons that no frame shows.
_ENDLESS = (ScopeKind.TEST, ScopeKind.COMMAND, ScopeKind.TASK)


class DuplicateQuery(Detector):
    """The same statement with the same parameters runs again, with no write in between.

    What it detects
    ---------------
    In one unit of work the same text with the same parameters on the same database, while nothing
    wrote to its tables after the first run: at two places, at one that is called twice, or in a
    loop whose rounds don't change it. A relation that is read twice from the same row counts too,
    and so do the choices of a field that is in each form of a formset, in the admin's inlines and
    lists that can be edited too.

    Why it matters
    --------------
    The answer was there already. Each copy costs a round trip, and objects that are built twice
    do not know of each other's changes.

    Example
    -------
    ::

        def basket(request):
            customer = Customer.objects.get(user=request.user)
            return {"customer": customer, "discount": discount(request)}


        def discount(request):
            return Customer.objects.get(user=request.user).discount

    Better
    ------
    ::

        def basket(request):
            customer = Customer.objects.get(user=request.user)
            return {"customer": customer, "discount": customer.discount}

    In a class, ``cached_property`` keeps what a method without arguments has asked.

    When it is fine
    ---------------
    Reading again after a write, a rollback or any statement that may change what is seen, retries
    and polling, ``refresh_from_db()``, ``FOR UPDATE``, and random order: all are recognised and
    silent, as are sessions and content types, which Django looks after, the questions by which
    models validate what they refer to, what ``save()`` and ``clean()`` look up of their own row as
    it is stored, what libraries read of a row each time that it is saved, and values that come
    round again in a query per row, which is the finding of QA101 to QA108.
    What is equal by chance is silent too: two relations that happen to lead to one row, the row of
    who is logged in and of whom a page is about, two rounds of a loop that ask for what its
    variable says, two variables of a function that have one value, fields of one form that have
    equal choices; and what a request inside a test may have changed.
    Where another process changes the row meanwhile and the code waits for that, ignore the rule.

    Evidence
    --------
    OBSERVED: equal texts, equal digests of the parameters, and every statement in between seen.

    Options
    -------
    None.
    """

    code = "QA701"
    name = "duplicate-query"
    summary = "The same question is asked again while nothing has changed."
    fold = AskedFold

    def judge(self, fold: AskedFold, view: View) -> Iterable[Sighting]:
        repeats = list(fold.repeats(view))
        again = {repeat.sql for repeat in repeats if not _on_row(repeat)}
        loaded = {_path(repeat) for repeat in repeats if _loads_rows(repeat)}
        for repeat in repeats:
            if _follows(repeat, loaded):
                continue
            frame = self._claimed(repeat, view, again)
            if frame is not None:
                yield self._sight(repeat, frame, view)

    def _claimed(self, repeat: Repeat, view: View, again: set[int]) -> Frame | None:
        """Where the question was asked again, if that is one too many."""
        access = repeat.access
        if repeat.varies or repeat.again.repeats > 1:
            return None
        if not is_handed(repeat.again.via) and not are_choices(repeat):
            return None
        if access is not None and access.path and access.path[-1].eager:
            return None  # a prefetch follows from what it belongs to
        origin = access.origin if access is not None and access.path else None
        if origin is not None and view.tables.origins[origin].sql in again:
            return None  # so does what is read of a row that was loaded twice
        first, frame = (asked_at(stack, repeat, view) for stack in (repeat.first, repeat.again))
        if first is None or frame is None or not {first.kind, frame.kind} <= view.own:
            return None
        if follows_write(repeat.first) or follows_write(repeat.again):
            return None
        if is_login(repeat.first) or is_login(repeat.again) or may_be_chance(repeat):
            return None
        if reads_as_stored(first) or reads_as_stored(frame) or is_of_others(first, frame):
            return None
        if any(is_waiting(f) for f in repeat.again.frames) or is_on_purpose(frame):
            return None
        once = repeat.first == repeat.again and turning(repeat.again.frames) is None
        if once and view.scope.kind in _ENDLESS:
            return None
        return frame if is_one_piece(repeat.first, repeat.again, view) else None

    def _sight(self, repeat: Repeat, frame: Frame, view: View) -> Sighting:
        first = asked_at(repeat.first, repeat, view) or frame
        access = repeat.access
        same = repeat.first == repeat.again
        loop = turning(repeat.again.frames) if same else None
        fingerprint = repeat.statement.fingerprint
        place = (frame.path, frame.function)
        sighting = Sighting(
            rule=self.code,
            group=(self.code, *place, fingerprint),
            cause=(self.code, *place, fingerprint, first.path, first.function),
            severity=self.severity,
            frame=frame,
            evaluated=first,
            access=frame,
            loop=looped_at(loop),
            owner=access.owner if access is not None else None,
            target=access.target if access is not None else None,
            path=access.path if access is not None and _on_row(repeat) else (),
            method=_method(repeat),
            narrowed=access is not None and access.narrowed,
            statement=repeat.statement.normalised,
            queries=repeat.queries,
            duration_ns=repeat.duration_ns,
            note=advising.description(first, frame, loop),
            ignored=repeat.ignored,
            frames=visible((frame, first, *repeat.again.frames)),
        )
        if not advising.is_same_place(first, frame) or are_choices(repeat):
            return sighting
        callers = [f for f in repeat.again.frames if f.kind is not FrameKind.LIBRARY]
        function = function_of(frame, view.tables)
        if loop is not None and not keeps(function):
            return sighting
        answer = advising.variable(sighting)
        return replace(sighting, fix=kept(frame, next(iter(callers[1:]), None), function, answer))

    def message(self, sightings: Sequence[Sighting]) -> str:
        return advising.message(sightings)

    def saved(self, queries: int, scopes: int) -> int:
        return queries

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return advising.fix(sightings)


def _method(repeat: Repeat) -> str | None:
    if are_choices(repeat):
        return CHOICES
    return repeat.access.method if repeat.access is not None else None


def _on_row(repeat: Repeat) -> bool:
    return repeat.access is not None and bool(repeat.access.path)


#: An origin, and the names of the steps from its rows.
_Path = tuple[int | None, tuple[str, ...]]


def _path(repeat: Repeat) -> _Path:
    access = repeat.access
    if access is None:
        return None, ()
    return access.origin, tuple(step.name for step in access.path)


def _loads_rows(repeat: Repeat) -> bool:
    access = repeat.access
    return access is not None and access.origin is not None and access.method not in AGGREGATES


def _follows(repeat: Repeat, loaded: Set[_Path]) -> bool:
    """Whether it is read of rows that are loaded again themselves."""
    origin, names = _path(repeat)
    return any((origin, names[:length]) in loaded for length in range(1, len(names)))
