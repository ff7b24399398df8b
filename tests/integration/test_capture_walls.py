"""An error of our own never reaches the host: it is counted, and everything goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction
from django.test import Client, override_settings

import queryaudit
from queryaudit.capture import (
    building,
    concurrency,
    definitions,
    effects,
    hydration,
    recorder,
    schema,
    usage,
)
from queryaudit.runtime import Hub
from sample_app.shop.models import Author, Book, Comment
from tests.integration.recording import Recording
from tests.integration.serving import SERVED

pytestmark = pytest.mark.usefixtures("standing_shop")


class OurError(Exception):
    """Stands for a mistake of ours."""


def fail(*args: object, **kwargs: object) -> Any:
    raise OurError("ours")


def lazily() -> list[str]:
    return [book.author.publisher.name for book in Book.objects.all()]


def joined() -> list[str]:
    return [book.author.name for book in Book.objects.select_related("author")]


def generic() -> list[str]:
    return [str(comment.target) for comment in Comment.objects.all()]


def awaited() -> int:
    return async_to_sync(sync_to_async(Book.objects.count))()


def started() -> int:
    thread = threading.Thread(target=len, args=("a",))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(len, "ab").result()


BROKEN: list[tuple[object, str, Callable[[], Any]]] = [
    (recorder.Recorder, "query", lazily),
    (definitions.Definitions, "access", lazily),
    (recorder.Recorder, "note", lazily),
    (recorder, "walk", lazily),
    (definitions.FrameResolver, "plain", lazily),
    (definitions.FrameResolver, "rich", lazily),
    (recorder, "digest", lazily),
    (hydration, "adopt", lazily),
    (hydration.mechanism, "lineage_of", lazily),
    (hydration, "lineage_of", lazily),
    (hydration, "_joined_step", joined),
    (building, "built_at", lazily),
    (concurrency, "awaiting_frames", awaited),
    (concurrency, "awaiting_frames", started),
    (Hub, "define", lazily),
    (Hub, "start", lazily),
    (Hub, "record", lazily),
    (Hub, "end", lazily),
]
if django.VERSION >= (6, 1):
    from queryaudit.capture import fetch_modes

    BROKEN.append((fetch_modes, "_correct_generic", generic))


@pytest.mark.parametrize(("owner", "name", "work"), BROKEN)
def test_a_failing_function_of_ours_changes_nothing_and_is_counted(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, work: Callable[[], Any]
) -> None:
    expected = work()
    monkeypatch.setattr(owner, name, fail)
    with Recording(strict=False) as seen:
        found = work()
    assert found == expected
    if (owner, name) == (hydration.mechanism, "lineage_of"):
        return  # the recorder asks for it under the name that is broken next
    assert sum(seen.errors.values()) >= 1
    assert all("OurError" in what for what in seen.errors)


def test_failing_rows_change_nothing_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hydration.mechanism, "mark_rows", fail)
    with Recording(strict=False) as seen:
        found = lazily()
    assert found == lazily()
    assert seen.errors["rows: OurError: ours"] > 1


def test_rows_that_a_thread_still_reads_do_not_end_the_unit_of_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(usage.Uses, "events", fail)
    with Recording(strict=False, deep=True) as seen:
        lazily()
    assert len(seen.events.ended) == 1
    assert seen.errors["usage: OurError: ours"] == 1


def test_a_key_that_has_no_hash_is_read_as_it_is() -> None:
    with Recording(deep=True) as seen:
        [author] = Author.objects.all()[:1]
        author.pk = {"of": "an exotic field"}
        assert author.name
        assert author.pk == {"of": "an exotic field"}
    assert seen.errors == {}


def test_a_model_that_cannot_be_described_is_counted_and_the_others_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = schema.model_row

    def row(model: Any) -> Any:
        return fail() if model is Author else original(model)

    monkeypatch.setattr(schema, "model_row", row)
    with Recording(strict=False) as seen:
        lazily()
    known = seen.session.hub.tables.models
    assert "shop.Book" in known
    assert "shop.Author" not in known
    assert len(seen.events.started) == len(seen.events.ended) == 1
    assert seen.errors == {"models: OurError: ours": 1}


def test_a_call_whose_rows_cannot_be_told_is_not_under_way_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from queryaudit.capture.clients import Entry
    from queryaudit.records.kinds import EffectKind

    entry = Entry("m", "publish", EffectKind.PUBLISH, client="broker")
    publish = effects._calling(lambda *_: "sent", entry)
    monkeypatch.setattr(effects, "_named_rows", fail)
    with Recording(strict=False) as seen, transaction.atomic():
        assert publish(None, "a message") == "sent"
        assert not effects._INSIDE.get()
    assert seen.errors == {"effects: OurError: ours": 1}


def test_nobody_listens_to_the_next_unit_of_work_after_one_that_could_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Recording(strict=False) as seen:
        with monkeypatch.context() as broken:
            broken.setattr(Hub, "define", fail)
            with queryaudit.audit(strict=False):
                pass
        assert seen.session.hub._next == []


def test_a_query_that_could_not_be_written_down_is_counted_as_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder, "digest", fail)
    with Recording(strict=False) as seen:
        count = Author.objects.filter(pk__gt=0).count() + 1
    assert count > 1
    (ended,) = seen.events.ended
    assert ended.dropped == 1
    assert seen.queries == []


def test_a_report_says_that_the_capture_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "digest", fail)
    with queryaudit.audit() as audited:
        list(Author.objects.filter(pk__gt=0))
    assert audited.queries == 0
    (diagnostic,) = [d for d in audited.report.diagnostics if d.slug == "capture-failed"]
    assert "OurError: ours" in diagnostic.message
    assert diagnostic.count == 1


def test_kinds_of_errors_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(1000))

    def fail_differently(*args: object) -> int:
        raise OurError(str(next(numbers)))

    monkeypatch.setattr(recorder, "digest", fail_differently)
    with Recording(strict=False) as seen:
        for _ in range(100):
            Author.objects.filter(pk=1).exists()
    assert len(seen.errors) <= recorder.MAX_ERRORS + 1
    assert sum(seen.errors.values()) == 100


def test_strict_mode_raises_what_would_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "digest", fail)
    with Recording(strict=True), pytest.raises(OurError):
        list(Author.objects.filter(pk__gt=0))


@pytest.mark.parametrize("name", ["begin", "end"])
def test_a_request_is_answered_though_its_audit_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    from queryaudit.middleware.audits import ApplicationAudits

    monkeypatch.setattr(ApplicationAudits, name, fail)
    options = {"enabled": True, "log": False, "strict": False}
    with override_settings(**SERVED), override_settings(QUERYAUDIT=options):
        response = Client().get("/plain/")
    assert response.status_code == 200
    assert [record.getMessage() for record in caplog.records] == [
        "queryaudit could not audit a request"
    ]


def test_the_host_s_own_errors_are_not_counted_as_ours() -> None:
    with Recording() as seen, pytest.raises(Author.DoesNotExist):
        Author.objects.get(pk=-1)
    assert not seen.errors
    assert len(seen.queries) == 1


def test_a_wall_is_not_in_the_way_of_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(recorder, "digest", interrupt)
    with Recording(strict=False), pytest.raises(KeyboardInterrupt):
        list(Author.objects.filter(pk__gt=0))
