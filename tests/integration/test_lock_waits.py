"""The watcher of locks: whom it names, what it leaves alone, and that it is gone afterwards."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, connections, transaction

import queryaudit
from queryaudit.capture.waits import APPLICATION
from queryaudit.judging import Analysis
from queryaudit.records.rules import Severity
from queryaudit.records.waits import Wait
from queryaudit.replay import analyse
from queryaudit.runtime import Session
from sample_app.shop.models import Tag
from tests.integration.recording import Recording, config_of

postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="locks of PostgreSQL")
pytestmark = [pytest.mark.django_db(transaction=True), postgres]


def in_thread(work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def meet(seconds: float) -> None:
    """Two threads that rename the same tag; the second one has to wait."""
    tag = Tag.objects.create(name="one")
    locked = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Tag.objects.filter(pk=tag.pk).update(name="two")
            locked.set()
            time.sleep(seconds)

    def rename() -> None:
        Tag.objects.filter(pk=tag.pk).update(name="three")

    first = in_thread(hold)
    assert locked.wait(10)
    second = in_thread(rename)
    first.join()
    second.join()


#: Other processes may run the same tests on the same server.
NAME = f"{APPLICATION} {os.getpid()}"


def watchers() -> list[int]:
    """Our connections to the server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", [NAME])
        return [pid for (pid,) in cursor.fetchall()]


def is_there() -> bool:
    """It starts with the first query of a unit of work."""
    deadline = time.monotonic() + 20
    while (found := len(watchers())) != 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    return found == 1


def are_gone() -> bool:
    """The server notices a closed connection a moment later."""
    deadline = time.monotonic() + 10
    while watchers() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not watchers()


@pytest.fixture(autouse=True)
def no_watcher_of_the_test_before(transactional_db: None) -> None:
    assert are_gone()


def test_a_wait_names_both_call_sites() -> None:
    with queryaudit.audit(watch_locks=True, test_files=[], select=["QA508"]) as audited:
        meet(2.0)
    [finding] = audited.findings
    assert finding.rule == "QA508"
    assert finding.severity is Severity.WARNING
    assert finding.location.function.endswith("rename")
    assert finding.evaluated is not None
    assert finding.evaluated.function.endswith("hold")
    held, at, kept = finding.evidence.text.splitlines()
    assert held.startswith("meet.hold held the lock, since tests/integration/test_lock_waits.py:")
    assert at.strip().startswith("was at tests/integration/test_lock_waits.py:")
    assert "kept waiting: meet.rename at" in kept
    assert 1 <= finding.duration_ns / 1e9 < 30


def test_a_wait_is_the_same_finding_from_its_trace(tmp_path: Path) -> None:
    config = config_of(watch_locks=True, select=["QA508"])
    session = Session(config).open()
    try:
        session.write_trace(tmp_path)
        with queryaudit.audit(config=config) as audited:
            meet(1.0)
    finally:
        session.close()
    analysis = Analysis(config)
    assert analyse([str(tmp_path)], analysis) == []
    [live], [saved] = audited.findings, analysis.report().findings
    assert (saved.fingerprint, saved.evidence) == (live.fingerprint, live.evidence)


def test_nothing_is_looked_at_unless_it_is_asked_for() -> None:
    with Recording() as seen:
        meet(0.3)
    assert not [e for e in seen.events.occurrences if isinstance(e, Wait)]
    assert watchers() == []


def test_its_own_questions_are_counted_nowhere() -> None:
    with Recording(watch_locks=True) as seen:
        Tag.objects.count()
        assert is_there()
        time.sleep(0.4)
    assert len(seen.about("shop_tag")) == 1
    assert not [query for query in seen.queries if "pg_blocking" in seen.text(query)]


def test_its_connection_is_closed_at_the_end_and_on_no_test_database() -> None:
    with Recording(watch_locks=True):
        Tag.objects.count()
        assert is_there()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_stat_activity WHERE application_name = %s", [NAME]
            )
            assert cursor.fetchall() == [("postgres",)]
    assert are_gone()
    assert APPLICATION not in {thread.name for thread in threading.enumerate()}


def test_it_lets_go_before_a_test_database_is_dropped() -> None:
    with Recording(watch_locks=True):
        Tag.objects.count()
        assert is_there()
        other = connections.create_connection("default")
        name = other.settings_dict["NAME"]
        other.creation.destroy_test_db(name, verbosity=0, keepdb=True)
        assert are_gone()
        time.sleep(0.3)
        assert watchers() == []  # and it does not come back


def test_a_server_that_ends_its_connection_stops_it_with_one_sentence() -> None:
    session = Session(config_of(watch_locks=True, strict=False)).open()
    try:
        with queryaudit.audit():
            Tag.objects.count()
            assert is_there()
            [pid] = watchers()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            time.sleep(0.5)  # it looks again, and finds out
            assert Tag.objects.count() == 0
            assert are_gone()
            meet(0.2)
        told = [d for d in session.diagnostics() if d.slug == "locks-unwatched"]
    finally:
        session.close()
    assert len(told) == 1
    assert told[0].message.startswith("Waits for locks are not watched any more: ")
