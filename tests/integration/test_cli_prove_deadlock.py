"""``queryaudit prove-deadlock``: two transactions that were seen apart, made to meet."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import sleep

import pytest
from django.db import connection, transaction
from django.db.models import F

import queryaudit
from queryaudit.cli import main
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof.scratch import scratch_database
from sample_app.shop.models import Book, Category, Customer, Order, Tag
from tests.integration.conftest import committed_shop, standing_shop
from tests.integration.test_cli_explain import url

__all__ = ["committed_shop", "standing_shop"]

PostgreSQL = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="about PostgreSQL's locks"
)

ORDER, TAG = 8471123, 8471124  # nobody's


def sql(text: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, params)


def pay() -> None:
    with transaction.atomic():
        Order.objects.filter(pk=ORDER).update(status="paid")
        Tag.objects.filter(pk=TAG).update(name=F("name"))


def close() -> None:
    with transaction.atomic():
        Tag.objects.select_for_update().filter(pk=TAG).first()
        Order.objects.filter(pk=ORDER).update(status="cancelled")


def trace_of(folder: Path, *runs: Callable[[], object]) -> str:
    path = folder / "a.qatrace"
    with queryaudit.audit("work", trace=str(path), test_files=[]):
        for run in runs:
            run()
    return str(path)


@contextmanager
def role(*rights: str) -> Iterator[str]:
    """The URL of a user who may do less."""
    name = "queryaudit_guest"
    with closing(UrlServer.connect(url())) as server:
        with suppress(Exception):
            server.run(f"DROP OWNED BY {name}")
        server.run(f"DROP ROLE IF EXISTS {name}")
        server.run(f"CREATE ROLE {name} LOGIN {' '.join(rights)}")
        try:
            yield url().replace("user=postgres", f"user={name}")
        finally:
            server.run(f"DROP OWNED BY {name}")
            server.run(f"DROP ROLE {name}")


def databases() -> list[object]:
    with closing(UrlServer.connect(url())) as server:
        return [name for [name] in server.run("SELECT datname FROM pg_database ORDER BY 1")]


@PostgreSQL
def test_a_deadlock_is_proved_and_comes_with_a_script(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = databases()
    trace = trace_of(tmp_path, pay, close)
    assert main(["prove-deadlock", trace, "--database", url(), "--baseline", ""]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "QA503" in out
    assert "proved" in out
    assert "40P01, deadlock detected" in out
    assert "-- Session 1" in out
    assert "-- tests/integration/test_cli_prove_deadlock.py:" in out
    assert "in close" in out
    assert "84711" not in out
    assert databases() == before


@PostgreSQL
def test_a_note_that_is_proved_is_a_warning_with_its_script(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A condition finds the rows, which may be others: until the server has shown it."""

    def cancel_all() -> None:
        with transaction.atomic():
            Order.objects.filter(note="late").update(status="cancelled")
            Tag.objects.filter(pk=TAG).update(name=F("name"))

    trace = trace_of(tmp_path, cancel_all, close)
    assert main(["report", trace, "--select=QA503", "--baseline", ""]) == 0
    folded = capsys.readouterr().out
    assert "1 note" in folded
    assert "-- Session 1" not in folded
    assert main(["prove-deadlock", trace, "--database", url(), "--baseline", ""]) == 1
    out = capsys.readouterr().out
    assert "1 warning" in out
    assert "-- Session 1" in out


@PostgreSQL
def test_a_note_that_is_refuted_fails_nothing(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A unique column that is written as it was does not lock the key."""

    def order_book() -> None:
        with transaction.atomic():
            Book.objects.filter(title="late").update(stock=1)
            customer = Customer.objects.order_by("pk")[0]
            Order.objects.create(customer=customer, placed_at="2024-01-01T00:00Z")

    def touch() -> None:
        with transaction.atomic():
            Customer.objects.filter(name="late").update(email=F("email"))
            Book.objects.filter(title="late").update(stock=2)

    trace = trace_of(tmp_path, order_book, touch)
    assert main(["report", trace, "--select=QA503", "--baseline", "", "--fail-on", "note"]) == 1
    capsys.readouterr()
    options = ["--database", url(), "--baseline", "", "--fail-on", "note"]
    assert main(["prove-deadlock", trace, *options]) == 0
    assert "1 ignored" in capsys.readouterr().out


def add_trigger_and_generated_column() -> None:
    """Each change of an order locks books as well, and no statement says so. Undone with all else
    that the test does."""
    sql("ALTER TABLE shop_order ADD twice integer GENERATED ALWAYS AS (length(note) * 2) STORED")
    sql(
        "CREATE FUNCTION queryaudit_touch() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN UPDATE shop_book SET stock = stock; RETURN new; END$$"
    )
    sql(
        "CREATE TRIGGER touch AFTER UPDATE ON shop_order"
        " FOR EACH ROW EXECUTE FUNCTION queryaudit_touch()"
    )


@PostgreSQL
def test_triggers_and_generated_columns_take_no_part_and_it_is_said(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order, book = Order.objects.order_by("pk")[0].pk, Book.objects.earliest("pk").pk

    def note() -> None:
        with transaction.atomic():
            Order.objects.filter(pk=order).update(note="n")

    def lock_book() -> None:
        with transaction.atomic():
            Book.objects.select_for_update().get(pk=book)
            Order.objects.filter(pk=order).update(note="b")

    add_trigger_and_generated_column()
    by_trigger = trace_of(tmp_path, note, lock_book)
    assert main(["report", by_trigger, "--select=QA503", "--baseline", ""]) == 0
    (tmp_path / "two").mkdir()
    trace = trace_of(tmp_path / "two", pay, close)
    capsys.readouterr()
    assert main(["prove-deadlock", trace, "--database", url(), "--baseline", ""]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "on a copy of the tables, without triggers: the server ended" in out
    assert "queryaudit_touch" not in out


@PostgreSQL
def test_the_script_raises_the_deadlock_again(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = trace_of(tmp_path, pay, close)
    report = tmp_path / "report.json"
    options = ["--database", url(), "--baseline", "", f"--output=json:{report}"]
    assert main(["prove-deadlock", trace, *options]) == 1
    text = re.search(r'"reproduce": "((?:[^"\\]|\\.)*)"', report.read_text())
    assert text is not None
    script = text.group(1).encode().decode("unicode_escape")
    with scratch_database(url()) as scratch:
        assert run_script(scratch, script) == "40P01"


@PostgreSQL
def test_the_script_can_be_copied_from_the_terminal(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line that is broken would begin with the rest of a comment."""
    trace = trace_of(tmp_path, pay, close)
    assert main(["prove-deadlock", trace, "--database", url(), "--baseline", ""]) == 1
    out = capsys.readouterr().out
    lines = out[out.index("-- For two sessions") : out.index(" seen in")].splitlines()
    assert any(len(line) > 100 for line in lines)
    with scratch_database(url()) as scratch:
        assert run_script(scratch, "\n".join(line.strip() for line in lines)) == "40P01"


def run_script(scratch: str, script: str) -> str:
    """Types a script into two sessions; what waits is left waiting."""
    setup, *parts = re.split(r"^-- Session (\d)$", script, flags=re.MULTILINE)
    states: list[str] = []
    waiting: list[threading.Thread] = []
    with (
        closing(UrlServer.connect(scratch)) as one,
        closing(UrlServer.connect(scratch)) as other,
    ):
        one.run(setup)
        for server in (one, other):
            server.run("SET deadlock_timeout = '50ms'")

        def say(server: UrlServer, statement: str) -> None:
            try:
                server.run(statement)
            except Exception as error:  # noqa: BLE001 - the driver's
                states.append(str(getattr(error, "sqlstate", "")))

        for session, lines in zip(parts[::2], parts[1::2], strict=True):
            for line in lines.splitlines():
                statement = line.partition(";")[0]
                if not statement or statement.startswith("--"):
                    continue
                thread = threading.Thread(
                    target=say, args=((one, other)[session == "2"], statement)
                )
                thread.start()
                thread.join(0.3)
                if thread.is_alive():
                    waiting.append(thread)
        for thread in waiting:
            thread.join(5)
    return "".join(states)


@PostgreSQL
def test_what_the_server_lets_through_fails_nothing(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A unique column that is written as it was does not lock the key."""

    def order_book() -> None:
        with transaction.atomic():
            Book.objects.filter(pk=1).update(stock=1)
            customer = Customer.objects.order_by("pk")[0]
            Order.objects.create(customer=customer, placed_at="2024-01-01T00:00Z")

    def touch() -> None:
        with transaction.atomic():
            Customer.objects.filter(pk=1).update(email=F("email"))
            Book.objects.filter(pk=1).update(stock=2)

    trace = trace_of(tmp_path, order_book, touch)
    assert main(["report", trace, "--select=QA503", "--baseline", ""]) == 1
    capsys.readouterr()
    report = tmp_path / "report.json"
    options = ["--database", url(), "--baseline", "", f"--output=json:{report}"]
    assert main(["prove-deadlock", trace, *options]) == 0
    assert "refuted: replayed in two sessions, the server let both through" in report.read_text()


@PostgreSQL
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('UPDATE "public"."shop_order" SET note = note WHERE id = 1', "could leave the copy"),
        (
            "UPDATE shop_order SET note = note WHERE id = 1 AND pg_sleep(0) IS NULL",
            "it calls pg_sleep()",
        ),
        (
            "UPDATE shop_order SET note = note WHERE id = 1 AND id = -pi() * 3",
            "no row could be made",
        ),
        ("CREATE INDEX later ON shop_order (note)", "it changes the schema"),
    ],
)
def test_what_can_not_be_replayed_stays_and_says_why(
    standing_shop: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    reason: str,
) -> None:
    def other() -> None:
        with transaction.atomic():
            Tag.objects.filter(pk=TAG).update(name=F("name"))
            sql(text)

    trace = trace_of(tmp_path, pay, other)
    assert main(["prove-deadlock", trace, "--database", url(), "--baseline", ""]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "not proved:" in out
    assert reason in out


@PostgreSQL
def test_transactions_by_hand_are_replayed_like_others(
    transactional_db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With autocommit off."""

    def by_hand() -> None:
        transaction.set_autocommit(False)
        try:
            Tag.objects.filter(pk=TAG).update(name=F("name"))
            Order.objects.filter(pk=ORDER).update(note="y")
            transaction.commit()
        finally:
            transaction.rollback()
            transaction.set_autocommit(True)

    trace = trace_of(tmp_path, pay, by_hand)
    assert main(["prove-deadlock", trace, "--database", url(), "--baseline", ""]) == 1
    assert "40P01" in capsys.readouterr().out


@PostgreSQL
def test_a_database_with_tables_is_refused_where_no_other_can_be_made(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = trace_of(tmp_path, pay, close)
    with role() as guest:
        assert main(["prove-deadlock", trace, "--database", guest, "--baseline", ""]) == 4
    err = capsys.readouterr().err
    assert "Nothing is replayed in a database that has tables of its own, as public." in err
    assert "its user may not create another one. Name an empty database, or grant CREATEDB" in err


@PostgreSQL
def test_an_empty_database_will_do(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its user can't shorten the server's second of patience, and may not create databases."""
    trace = trace_of(tmp_path, pay, close)
    with role() as guest, scratch_database(url()) as scratch:
        name = scratch.partition("?")[0].rpartition("/")[2]
        with closing(UrlServer.connect(url())) as server:
            server.run(f"GRANT CREATE ON DATABASE {name} TO queryaudit_guest")
        named = re.sub(r"///[^?]*", f"///{name}", guest)
        assert main(["prove-deadlock", trace, "--database", named, "--baseline", ""]) == 1
        with closing(UrlServer.connect(scratch)) as server:
            left = server.run("SELECT 1 FROM pg_namespace WHERE nspname ~ '^queryaudit'")
    assert "40P01" in capsys.readouterr().out
    assert left == []


@PostgreSQL
def test_sessions_that_are_killed_prove_nothing(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = trace_of(tmp_path, pay, close)
    done = threading.Event()

    def kill() -> None:
        with closing(UrlServer.connect(url())) as server:
            while not done.is_set():
                server.run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname ~ '^queryaudit_scratch' AND state = 'idle in transaction'"
                )
                sleep(0.001)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        assert main(["prove-deadlock", trace, "--database", url(), "--baseline", ""]) == 1
    finally:
        done.set()
        killer.join()
    out = " ".join(capsys.readouterr().out.split())
    assert "not proved: the replay" in out
    assert "ended in" in out


def test_a_server_without_row_locks_is_no_place_to_replay(
    tmp_path: Path,
) -> None:
    import sqlite3

    from queryaudit.errors import DatabaseError

    path = tmp_path / "a.db"
    sqlite3.connect(path).close()
    with (
        pytest.raises(DatabaseError, match="Deadlocks are not replayed on sqlite"),
        scratch_database(f"sqlite:///{path}"),
    ):
        pass


@PostgreSQL
def test_without_a_database_a_private_server_is_started(
    standing_shop: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = trace_of(tmp_path, pay, close)
    assert main(["prove-deadlock", trace, "--baseline", ""]) == 1
    assert "40P01" in capsys.readouterr().out


def test_nothing_is_needed_where_nothing_was_found(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = trace_of(tmp_path, lambda: Category.objects.count())
    assert main(["prove-deadlock", trace, "--baseline", ""]) == 0
    err = capsys.readouterr().err
    if connection.vendor == "sqlite":
        assert "default was not checked: SQLite locks the database as a whole." in err
