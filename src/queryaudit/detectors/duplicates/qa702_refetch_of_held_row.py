"""QA702: a row is loaded by its key while the code has it in a variable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from queryaudit.advice.source import statement_at
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.duplicates import advising
from queryaudit.detectors.duplicates.asked import FRESH, AskedFold, Refetch
from queryaudit.detectors.duplicates.naming import named
from queryaudit.detectors.duplicates.places import (
    is_on_purpose,
    is_one_piece,
    is_waiting,
    site,
    turning,
)
from queryaudit.detectors.places import function_of, is_handed, visible
from queryaudit.records.definitions import Frame, Model, Stack
from queryaudit.records.events import Held
from queryaudit.records.findings import Evidence, Fix, Grade
from queryaudit.records.kinds import AccessKind

#: Methods that compare what is about to be saved with what is there.
_COMPARING = re.compile(r"\b(a?save|a?delete|clean\w*|full_clean|validate\w*|(pre|post)_\w+)$")
#: Names for a row as it is in the database.
_AS_IT_IS = re.compile(
    r"\b(old|orig|original|prev|previous|before|stored|saved|db|fresh|current|latest|reloaded|now)"
    r"(_\w+)?\s*=[^=]|\b\w+_(before|old|original|db|now)\s*=[^=]"
)
#: The row is wanted together with others.
_WITH_MORE = re.compile(r"\.(prefetch_related|annotate)\(")
_AUTH = "django.contrib.auth."


class RefetchOfHeldRow(Detector):
    """A row is loaded by its primary key although a variable of the code holds it already.

    What it detects
    ---------------
    ``get(pk=...)``, or a forward relation that is followed once, of a row that was loaded earlier
    in the same unit of work, from the same database, with all its columns, and that a function on
    the way to the query still has: in a variable, on ``self`` or on the request. The source shows
    that the key comes from there, and nothing wrote to the table in between.

    Why it matters
    --------------
    A round trip for what is there, and two objects for one row: what is changed on one is not
    seen on the other, and the last that is saved wins.

    Example
    -------
    ::

        def checkout(request, number):
            order = Order.objects.get(number=number)
            return total(order.pk)


        def total(order_id):
            order = Order.objects.get(pk=order_id)
            return order.price + order.shipping

    Better
    ------
    ::

        def checkout(request, number):
            order = Order.objects.get(number=number)
            return total(order)


        def total(order):
            return order.price + order.shipping

    When it is fine
    ---------------
    ``refresh_from_db()``, ``FOR UPDATE``, ``book = Book.objects.get(pk=book.pk)``, which says that
    the row is wanted anew, a transaction that reads for itself what was read before it, rows that
    were changed or saved meanwhile, and ``save()``, ``clean()`` and receivers of signals, which
    compare: all are silent, as are rows of which columns were left out, rows that are asked for
    with a prefetch or an annotation, keys that are equal by chance, as those of a page's user and
    of the user who looks at it, and loops, which are the finding of QA103.

    Evidence
    --------
    OBSERVED: the variable held the row with that key as the query ran, and every statement in
    between was seen.

    Options
    -------
    None.
    """

    code = "QA702"
    name = "refetch-of-held-row"
    summary = "A row that the code holds is loaded again by its key."
    fold = AskedFold

    def judge(self, fold: AskedFold, view: View) -> Iterable[Sighting]:
        for refetch in fold.refetches(view):
            model = view.tables.model_of(refetch.statement.shape.table)
            if model is None or not _asks_for_all(refetch, model, view) or not _is_plain(refetch):
                continue
            origin = view.tables.origins[refetch.held.origin]
            first = view.tables.stacks[origin.stack]
            frame = _claimed(refetch, first, view)
            if frame is not None and _is_its_key(refetch, frame, model, view):
                yield self._sight(refetch, model, site(first) or frame, frame)

    def _sight(self, refetch: Refetch, model: Model, first: Frame, frame: Frame) -> Sighting:
        held, access = refetch.held, refetch.access
        place = (frame.path, frame.function, refetch.statement.fingerprint)
        return Sighting(
            rule=self.code,
            group=(self.code, *place),
            cause=(self.code, *place, held.name, held.function),
            severity=self.severity,
            frame=frame,
            evaluated=first,
            access=frame,
            owner=held.function,
            target=model.label,
            path=access.path[-1:] if access is not None else (),
            statement=refetch.statement.normalised,
            queries=1,
            duration_ns=refetch.duration_ns,
            note=held.name,
            ignored=refetch.ignored,
            frames=visible((frame, first, *refetch.stack.frames)),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        row = (head.target or "").rpartition(".")[2]
        where = "" if _is_near(head) else f" in {head.owner}()"
        return (
            f"{named(head.frame)} loads by its key the {row} that `{head.note}`{where}"
            " holds already, and nothing has changed."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(
            grade=Grade.OBSERVED,
            text=f"`{sightings[0].note}` held the row with that key as the query ran; every "
            "statement since it was loaded was seen",
        )

    def saved(self, queries: int, scopes: int) -> int:
        return queries

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        return advising.held_fix(head, near=_is_near(head))


def _is_near(head: Sighting) -> bool:
    """Whether the variable is one of the function that asks."""
    return _function(head.frame) == head.owner


def _asks_for_all(refetch: Refetch, model: Model, view: View) -> bool:
    """Whether it is the row that is asked for, by its key alone and with the columns it has."""
    statement = refetch.statement
    keys = tuple(column.column for column in model.columns if column.primary)
    if statement.compared != keys or statement.tables != (model.table,) or statement.truncated:
        return False
    columns = view.tables.sql[refetch.sql].text.partition(" FROM ")[0]
    return columns.count(",") + 1 == len(model.columns) and "(" not in columns


def _is_plain(refetch: Refetch) -> bool:
    access = refetch.access
    if refetch.runs > 1 or refetch.stack.repeats > 1 or access is None:
        return False
    if access.path and (access.path[-1].kind is not AccessKind.FORWARD or access.path[-1].eager):
        return False
    return access.method not in FRESH


def _claimed(refetch: Refetch, first: Stack, view: View) -> Frame | None:
    """Where the row was asked for, if that was one time too many."""
    stack, held = refetch.stack, refetch.held
    frame, loaded = site(stack), site(first)
    if frame is None or loaded is None or not {frame.kind, loaded.kind} <= view.own:
        return None
    if not is_handed(stack.via) or stack.via.startswith(_AUTH):
        return None
    if held.name.rpartition(".")[2] in ("self", "instance"):
        return None  # changed perhaps, and about to be compared
    if turning(stack.frames) is not None or any(is_waiting(f) for f in stack.frames):
        return None
    if any(_COMPARING.search(f.function) for f in stack.frames) or is_on_purpose(frame):
        return None
    if _WITH_MORE.search(statement_at(frame) or _asking(frame)):
        return None
    holding = _holding(stack, held) or [frame]
    if _AS_IT_IS.search(_asking(frame)) or any(_is_changed(f, held.name, view) for f in holding):
        return None
    return frame if is_one_piece(first, stack, view) else None


def _is_its_key(refetch: Refetch, frame: Frame, model: Model, view: View) -> bool:
    """Whether the source shows that the key is the held row's, and not equal to it by chance: a
    user may look at the page of any user."""
    held, access = refetch.held, refetch.access
    name = re.escape(held.name)
    if access is None or not access.path:
        keys = "|".join({"pk", *(column.attname for column in model.columns if column.primary)})
        # `order.customer_id` is the key of `order.customer`.
        own = "|_id" if "." in held.name else ""
        said = re.compile(rf"(?<![\w.]){name}(\.({keys}){own})\b")
        return any(
            said.search(line) for f in _holding(refetch.stack, held) for line in _until(f, view)
        )
    if access.origin is None or len(access.path) > 1:
        return False
    origin = view.tables.origins[access.origin]
    said = re.compile(rf"\b{access.path[-1].name}(_id|__pk|__id)?=({name})\b")
    places = [origin.built, site(view.tables.stacks[origin.stack])]
    return any(
        place is not None
        and _function(place) == held.function == _function(frame)
        and any(said.search(line) for line in place.snippet)
        for place in places
    )


def _function(frame: Frame) -> str:
    return frame.function.rpartition(".")[2]


def _holding(stack: Stack, held: Held) -> list[Frame]:
    return [frame for frame in stack.frames if _function(frame) == held.function]


def _until(frame: Frame, view: View) -> Sequence[str]:
    """The function's lines up to the frame's, as far as they are known."""
    function = function_of(frame, view.tables)
    end = frame.end_line or frame.line
    if function is not None:
        return function.lines[: end - function.first_line + 1]
    return frame.snippet[: end - (frame.snippet_line or end) + 1]


def _asking(frame: Frame) -> str:
    """The first line of the frame's statement."""
    at = frame.line - (frame.snippet_line or frame.line)
    return frame.snippet[at] if at < len(frame.snippet) else ""


def _is_changed(frame: Frame, name: str, view: View) -> bool:
    """Whether the function gives the name another row here, or gave the row other values before."""
    word = re.escape(name)
    if re.search(rf"(?<![\w.]){word}\s*=[^=]", _asking(frame)):
        return True
    given = rf"\b{word}\.\w+\s*([-+*/|&]|//|\*\*)?=[^=]|\bsetattr\(\s*{word}\b"
    return re.search(given, "\n".join(_until(frame, view))) is not None
