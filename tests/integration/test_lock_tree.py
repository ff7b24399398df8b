"""``queryaudit locks``: who waits for whom, drawn from what the server says."""

from __future__ import annotations

import io
import threading
import time

import pytest
from django.db import connection, connections, transaction

from queryaudit.errors import DatabaseError
from queryaudit.plans.blocking import sessions
from queryaudit.plans.django_server import DjangoServer
from queryaudit.records.blocking import Session, forest
from queryaudit.reports.terminal_locks import print_locks, watch_locks
from sample_app.shop.models import Tag


def session(pid: int, *blockers: int) -> Session:
    return Session(pid, blockers, f"app {pid}", "", "active", "tuple", 1.0, 2.0, "SELECT ?")


def drawn(*found: Session) -> str:
    stream = io.StringIO()
    print_locks(found, stream, color=False)
    return stream.getvalue()


def test_who_waits_stands_below_whom_he_waits_for() -> None:
    [root] = forest([session(1), session(2, 1), session(3, 2)])
    assert root.session.pid == 1
    assert [node.session.pid for node in root.waiting] == [2]
    assert [node.session.pid for node in root.waiting[0].waiting] == [3]


def test_a_deadlock_is_drawn_once() -> None:
    [root] = forest([session(1, 2), session(2, 1)])
    assert root.session.pid == 1
    assert [node.session.pid for node in root.waiting] == [2]
    assert root.waiting[0].waiting == ()


def test_who_waits_for_a_session_that_is_not_known_is_a_root() -> None:
    assert [node.session.pid for node in forest([session(2, 99)])] == [2]


def test_nobody_waits() -> None:
    assert drawn() == "Nobody waits for a lock.\n"


def test_what_a_session_calls_itself_can_not_paint_the_terminal() -> None:
    assert "\x1b" not in drawn(session(1)._replace(application="\x1b[2Jevil"), session(2, 1))


def test_a_server_that_does_not_tell_is_refused() -> None:
    class Lite:
        vendor = "sqlite"

    with pytest.raises(DatabaseError, match="sqlite does not tell who waits"):
        sessions(Lite())  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="locks of PostgreSQL")
def test_a_waiting_session_is_shown_without_its_values() -> None:
    tag = Tag.objects.create(name="one")

    def rename() -> None:
        try:
            Tag.objects.filter(pk=tag.pk).update(name="a secret")
        finally:
            connection.close()

    stream, looks = io.StringIO(), [0]
    other = connections.create_connection("default")
    other.ensure_connection()
    server = DjangoServer(other)

    def ask() -> tuple[Session, ...]:
        looks[0] += 1
        if looks[0] > 2:
            raise KeyboardInterrupt
        return sessions(server)

    with transaction.atomic():
        Tag.objects.filter(pk=tag.pk).update(name="two")
        thread = threading.Thread(target=rename)
        thread.start()
        deadline = time.monotonic() + 20
        while not sessions(server) and time.monotonic() < deadline:
            time.sleep(0.05)
        holder, waiter = sorted(sessions(server), key=lambda one: bool(one.blockers))
        assert waiter.blockers == (holder.pid,)
        with pytest.raises(KeyboardInterrupt):
            watch_locks(ask, stream, color=False)
    thread.join()
    server.close()
    text = stream.getvalue()
    assert "1 session waits for a lock" in text
    assert " s for a row (transactionid)" in text
    assert 'UPDATE "shop_tag" SET "name" = ?' in text
    assert "secret" not in text
