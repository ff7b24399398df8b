"""QA605: a request that should only read writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.places import called_at, visible
from queryaudit.detectors.writes.calls import Models, Ran
from queryaudit.detectors.writes.rule import LoopFold
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import FrameKind, ScopeKind
from queryaudit.records.rules import Severity
from queryaudit.sql.verbs import Verb

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: What Django and its contrib apps keep by the way.
_KEPT = frozenset(
    {
        *("django_session", "django_content_type", "django_admin_log", "django_migrations"),
        *("auth_permission", "django_site", "django_cache"),
    }
)
_DONE = {Verb.INSERT: "inserts into", Verb.UPDATE: "updates", Verb.DELETE: "deletes from"}


class WriteOnSafeMethod(Detector):
    """A GET, HEAD or OPTIONS request writes rows, or locks them.

    What it detects
    ---------------
    INSERT, UPDATE, DELETE or ``FOR UPDATE`` by the project's code in a request whose method says
    that it only reads.

    Why it matters
    --------------
    Crawlers, link previews, prefetching browsers and retrying proxies send such requests at will,
    no CSRF token is asked for, responses may be cached, and a read replica can't serve them.

    Example
    -------
    ::

        def article(request, pk):
            Article.objects.filter(pk=pk).update(views=F("views") + 1)

    Better
    ------
    ::

        def article(request, pk):
            count_view.delay(pk)

    When it is fine
    ---------------
    Sessions, the time of the last login, content types, the admin's log and rows that
    ``get_or_create()`` makes when they are first asked for are silent. Counters and logs that are
    worth it are accepted by an ignore with its reason: this rule is a note.

    Evidence
    --------
    OBSERVED: the statement ran in the request.

    Options
    -------
    None.
    """

    code = "QA605"
    name = "write-on-safe-method"
    severity = Severity.NOTE
    summary = "A request that should only read writes or locks rows."
    fold = LoopFold

    def judge(self, fold: LoopFold, view: View) -> Iterable[Sighting]:
        if view.scope.kind is not ScopeKind.REQUEST:
            return
        if view.scope.name.partition(" ")[0] not in _SAFE:
            return
        models = view.tables.of_models(Models)
        for one in fold.ran(view):
            frame = _own(one, view)
            if frame is not None and _counts(one):
                yield _sight(one, frame, models)

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        where = f"{head.frame.function}()" if head.frame.function else "The project"
        things = " and ".join(dict.fromkeys(sighting.note for sighting in sightings))
        return f"{where} {things} while a request that should only read is served."

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return Fix(
            title="write on POST, or in a task",
            applicability=Applicability.DISPLAY_ONLY,
            code="",
            note="Let a form or a script send a POST, or hand the write to a task; counters can be "
            "kept in the cache and written from time to time.",
        )


def _own(one: Ran, view: View) -> Frame | None:
    """The project's call that wrote; None where a library does so by itself."""
    frames = called_at(one.frames)
    return frames[0] if frames and frames[0].kind in view.own - {FrameKind.TEST} else None


def _counts(one: Ran) -> bool:
    if not one.done or one.table in _KEPT or one.method == "get_or_create":
        return False
    statement = one.statement
    if statement.write is None:
        return statement.lock is not None and one.method != "update_or_create"
    return statement.write.columns != ("last_login",)


def _sight(one: Ran, frame: Frame, models: Models) -> Sighting:
    model = models.of(one)
    done = _DONE.get(one.statement.verb, "locks rows of")
    return Sighting(
        rule=WriteOnSafeMethod.code,
        group=(WriteOnSafeMethod.code, frame.path, frame.function),
        cause=(
            WriteOnSafeMethod.code, frame.path, frame.function, done, one.table,
            one.statement.fingerprint,
        ),
        severity=WriteOnSafeMethod.severity,
        frame=frame,
        access=frame,
        target=model.label if model is not None else None,
        statement=one.statement.normalised,
        queries=one.queries,
        duration_ns=one.duration_ns,
        note=f"{done} {one.table}",
        ignored=one.ignored,
        frames=visible(one.frames),
    )  # fmt: skip
