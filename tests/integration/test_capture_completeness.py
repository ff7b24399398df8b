"""How complete the capture is, as a number: what it saw against what PostgreSQL logged."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from queue import SimpleQueue
from typing import Any, NamedTuple

import psycopg
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.paginator import Paginator
from django.db import DataError, connection, connections, transaction
from django.test import Client, override_settings

import queryaudit
from sample_app.shop.models import Book, Tag
from tests.integration import statement_log
from tests.integration.recording import ROOT, Recording
from tests.integration.serving import SERVED, outside, over_asgi, over_wsgi
from tests.integration.statement_log import StatementLog, kinds, shape
from tests.integration.views import count_and_close

DOCUMENTATION = ROOT / "docs" / "capture.md"
HEADER = "| Channel | Captured | Logged | Not captured |"

SELECT = 'SELECT "id" FROM "shop_tag" WHERE "id" > %s'


def orm() -> None:
    for book in Book.objects.prefetch_related("tags"):
        book.author.name  # noqa: B018
    Tag.objects.create(name="new")
    Tag.objects.filter(name="new").update(name="newer")
    Tag.objects.filter(name="newer").delete()
    list(Paginator(Book.objects.all(), 4).page(1))


def other_alias() -> None:
    list(Tag.objects.using("other").filter(pk__gt=1))
    Tag.objects.using("other").count()


def thread() -> None:
    workers = [threading.Thread(target=count_and_close) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def thread_pool() -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: count_and_close(), range(5)))
        pool.submit(count_and_close).result()


def executor_of_a_loop() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, count_and_close)
        await asyncio.to_thread(count_and_close)

    asyncio.run(main())


def client() -> None:
    Client().get("/lazy/")


def sensitive() -> None:
    async def main() -> None:
        await sync_to_async(Book.objects.count)()
        await asyncio.gather(*(Tag.objects.acount() for _ in range(3)))
        async for tag in Tag.objects.all():
            await tag.books.acount()

    async_to_sync(main)()


def insensitive() -> None:
    async def main() -> None:
        count = sync_to_async(count_and_close, thread_sensitive=False)
        await asyncio.gather(count(), count())

    async_to_sync(main)()


def gathered() -> None:
    async def main() -> None:
        await asyncio.gather(*(asyncio.create_task(Tag.objects.acount()) for _ in range(3)))
        await asyncio.wait_for(Book.objects.acount(), 20)

    async_to_sync(main)()


def many() -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            'UPDATE "shop_tag" SET "name" = "name" WHERE "id" = %s', [(1,), (2,), (3,)]
        )


def raw_cursor() -> None:
    with connection.cursor() as cursor:
        cursor.execute(SELECT, [1])
        cursor.fetchall()
        cursor.execute("SELECT 'it''s' || %s", ["x"])


def raw_queryset() -> None:
    list(Tag.objects.raw(SELECT, [1]))


def server_side_cursor() -> None:
    list(Book.objects.iterator(chunk_size=3))
    list(Book.objects.values_list("pk").iterator(chunk_size=3))


def nested_scopes() -> None:
    with queryaudit.audit() as outer:
        Tag.objects.count()
        with queryaudit.audit() as inner:
            Tag.objects.exists()
    assert (outer.queries, inner.queries) == (2, 1)


def savepoints() -> None:
    with transaction.atomic():
        Tag.objects.count()
        with transaction.atomic():
            Tag.objects.exists()


def rolled_back() -> None:
    with transaction.atomic():
        Tag.objects.create(name="gone")
        transaction.set_rollback(True)


def failed_statement() -> None:
    with pytest.raises(DataError), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def new_connection() -> None:
    connection.close()
    Tag.objects.count()


def copied() -> None:
    with connection.cursor() as cursor, cursor.copy('COPY "shop_tag" TO STDOUT') as rows:
        for _ in rows:
            pass


def procedure_called() -> None:
    with connection.cursor() as cursor:
        cursor.callproc("lower", ["X"])


def driver_connection() -> None:
    connection.ensure_connection()
    connection.connection.execute(SELECT, [1])
    with connection.connection.cursor() as cursor:
        cursor.execute(SELECT, [1])


def driver_alone() -> None:
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    with psycopg.connect(**parameters) as alone:
        alone.execute(SELECT, [1])


def older_thread() -> None:
    """As a broker's consumer or a scheduler works: a plain queue carries no context."""
    jobs: SimpleQueue[Callable[[], object]] = SimpleQueue()
    done = threading.Event()

    def consume() -> None:
        jobs.get()()
        done.set()

    outside(threading.Thread(target=consume).start)
    jobs.put(count_and_close)
    assert done.wait(20)


class Channel(NamedTuple):
    name: str
    work: Callable[[], Any]


CHANNELS = [
    Channel("ORM: select, prefetch, lazy load, insert, update, delete", orm),
    Channel("another alias", other_alias),
    Channel("`threading.Thread`", thread),
    Channel("`ThreadPoolExecutor`", thread_pool),
    Channel("`run_in_executor`, `asyncio.to_thread`", executor_of_a_loop),
    Channel("sync view, test client", client),
    Channel("sync view, WSGI", lambda: over_wsgi("/lazy/")),
    Channel("sync view, ASGI", lambda: over_asgi("/lazy/")),
    Channel("async view, WSGI", lambda: over_wsgi("/async/")),
    Channel("async view, ASGI", lambda: over_asgi("/async/")),
    Channel("`asyncio.gather` in a view, ASGI", lambda: over_asgi("/gathered/")),
    Channel("`thread_sensitive=False` in a view, ASGI", lambda: over_asgi("/insensitive/")),
    Channel("streaming view, WSGI", lambda: over_wsgi("/streamed/")),
    Channel("streaming view, ASGI", lambda: over_asgi("/streamed/")),
    Channel("async streaming view, WSGI", lambda: over_wsgi("/streamed-async/")),
    Channel("async streaming view, ASGI", lambda: over_asgi("/streamed-async/")),
    Channel("`sync_to_async`", sensitive),
    Channel("`sync_to_async(thread_sensitive=False)`", insensitive),
    Channel("`asyncio.gather`, tasks", gathered),
    Channel("`executemany`", many),
    Channel("cursor", raw_cursor),
    Channel("`raw()`", raw_queryset),
    Channel("statement that fails", failed_statement),
    Channel("nested audits", nested_scopes),
    Channel("server-side cursor: `iterator()`", server_side_cursor),
    Channel("transaction with savepoint", savepoints),
    Channel("transaction rolled back", rolled_back),
    Channel("new connection", new_connection),
    Channel("`COPY`", copied),
    Channel("`callproc`", procedure_called),
    Channel("driver connection of Django's", driver_connection),
    Channel("thread from before, fed by a queue", older_thread),
    Channel("driver connection of one's own", driver_alone),
]


class Measured(NamedTuple):
    """Statements by shape."""

    captured: Counter[str]
    logged: Counter[str]

    @property
    def invented(self) -> Counter[str]:
        return self.captured - self.logged

    def row(self, name: str) -> str:
        """A row of the documentation's table."""
        unseen = kinds(self.logged - self.captured)
        words = ", ".join(f"{count} {word}" for word, count in unseen.items())
        captured, logged = sum(self.captured.values()), sum(self.logged.values())
        return f"| {name} | {captured} | {logged} | {words} |"


def measure(log: StatementLog) -> dict[str, Measured]:
    """Run all channels one after the other, each between two positions of the log."""
    captured: list[Counter[str]] = []
    bounds = [log.position()]
    with Recording() as seen:
        for channel in CHANNELS:
            before = len(seen.queries)
            channel.work()
            seen.session.recorder.flush()
            captured.append(Counter())
            for query in seen.queries[before:]:
                captured[-1][shape(seen.text(query))] += query.batch or 1
            bounds.append(log.position())
        assert seen.session.recorder.outside == 0
    connections.close_all()
    logged: list[Counter[str]] = [Counter() for _ in CHANNELS]
    for place, text in log.statements(bounds[0]):
        index = sum(place >= bound for bound in bounds) - 1
        if index < len(CHANNELS):
            logged[index][shape(text)] += 1
    return {c.name: Measured(captured[i], logged[i]) for i, c in enumerate(CHANNELS)}


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_capture_sees_all_that_postgresql_logs_but_what_the_documentation_names(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = StatementLog()
    for name, value in statement_log.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    connections.close_all()
    log.end_other_connections()
    try:
        with override_settings(**SERVED):
            measured = measure(log)
    finally:
        connections.close_all()
        log.close()
    table = [found.row(name) for name, found in measured.items()]
    print("", HEADER, *table, sep="\n")
    assert {name: found.invented for name, found in measured.items() if found.invented} == {}
    assert table == documented()


def documented() -> list[str]:
    """The rows of the table in the documentation."""
    lines = DOCUMENTATION.read_text(encoding="utf-8").splitlines()
    start = lines.index(HEADER) + 2
    return list(takewhile(lambda line: line.startswith("|"), lines[start:]))
