"""Transactions as records: what begins where, how it ends, and which queries belong to it."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import DatabaseError, Error, connection, connections, transaction
from django.db.models import F
from django.http import HttpResponse
from django.test import RequestFactory, TestCase
from django.views import View

from queryaudit.capture.transactions import ATTRIBUTE
from queryaudit.records.events import Query, Transaction
from queryaudit.records.kinds import Boundary
from sample_app.shop.models import Audiobook, Author, Book, Tag
from tests.integration.recording import Recording

BEGIN, COMMIT, ROLLBACK = Boundary.BEGIN, Boundary.COMMIT, Boundary.ROLLBACK
SAVEPOINT, RELEASE, FOREIGN = Boundary.SAVEPOINT, Boundary.RELEASE, Boundary.FOREIGN

#: Inside the transaction of a test case, and on a connection that really commits.
both = pytest.mark.parametrize(
    "real",
    [
        pytest.param(False, id="in a test case", marks=pytest.mark.django_db),
        pytest.param(True, id="real", marks=pytest.mark.django_db(transaction=True)),
    ],
)


def boundaries(seen: Recording) -> list[Boundary]:
    return [event.boundary for event in transactions(seen)]


def transactions(seen: Recording) -> list[Transaction]:
    return [e for e in seen.events.occurrences if isinstance(e, Transaction)]


def line(seen: Recording, event: Transaction) -> tuple[str, str]:
    frame = seen.session.hub.tables.stacks[event.stack].frames[0]
    source = frame.snippet[frame.line - frame.snippet_line] if frame.snippet_line else ""
    return frame.function.rpartition(".")[2], source.strip()


@both
def test_a_block_is_a_transaction_of_its_queries(real: bool) -> None:
    with Recording() as seen:
        Tag.objects.create(name="before")
        with transaction.atomic():
            Tag.objects.create(name="inside")
            Tag.objects.count()
        Tag.objects.count()
    begin, commit = transactions(seen)
    assert (begin.boundary, commit.boundary) == (BEGIN, COMMIT)
    assert begin.id == commit.id
    assert line(seen, begin) == (
        "test_a_block_is_a_transaction_of_its_queries",
        "with transaction.atomic():",
    )
    assert not begin.implicit
    assert begin.time_ns < commit.time_ns
    held = [query.transaction for query in seen.about("shop_tag")]
    assert held == [None, begin.id, begin.id, None]
    assert getattr(connection, ATTRIBUTE, None) is None


@both
def test_what_is_raised_rolls_back(real: bool) -> None:
    with Recording() as seen, pytest.raises(ZeroDivisionError), transaction.atomic():
        1 / 0  # noqa: B018
    assert boundaries(seen) == [BEGIN, ROLLBACK]


@both
def test_a_transaction_marked_for_rollback_is_rolled_back(real: bool) -> None:
    with Recording() as seen, transaction.atomic():
        transaction.set_rollback(True)
    assert boundaries(seen) == [BEGIN, ROLLBACK]


@both
def test_blocks_within_are_savepoints_of_the_same_transaction(real: bool) -> None:
    with Recording() as seen, transaction.atomic():
        with transaction.atomic():
            Tag.objects.count()
        with transaction.atomic(savepoint=False):
            Tag.objects.count()
    assert boundaries(seen) == [BEGIN, SAVEPOINT, RELEASE, COMMIT]
    assert len({event.id for event in transactions(seen)}) == 1
    assert [event.level for event in transactions(seen)] == [0, 1, 1, 0]
    assert line(seen, transactions(seen)[1])[1] == "with transaction.atomic():"
    assert {q.transaction for q in seen.about("shop_tag")} == {transactions(seen)[0].id}


@both
def test_a_savepoint_is_rolled_back_alone(real: bool) -> None:
    with Recording() as seen, transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            1 / 0  # noqa: B018
        Tag.objects.count()
    assert boundaries(seen) == [
        BEGIN,
        SAVEPOINT,
        Boundary.SAVEPOINT_ROLLBACK,
        RELEASE,
        COMMIT,
    ]


@both
def test_savepoints_made_by_hand(real: bool) -> None:
    with Recording() as seen, transaction.atomic():
        outer = connection.savepoint()
        connection.savepoint()
        connection.savepoint_commit(outer)
    assert boundaries(seen) == [BEGIN, SAVEPOINT, SAVEPOINT, RELEASE, COMMIT]
    assert line(seen, transactions(seen)[1])[1] == "outer = connection.savepoint()"


@transaction.atomic
def _decorated() -> int:
    return Tag.objects.count()


@both
def test_a_decorated_function_is_where_its_transaction_begins(real: bool) -> None:
    with Recording() as seen:
        _decorated()
        _decorated()
    assert boundaries(seen) == [BEGIN, COMMIT] * 2
    assert line(seen, transactions(seen)[0]) == ("_decorated", "@transaction.atomic")
    assert transactions(seen)[0].stack != transactions(seen)[2].stack
    outer = seen.session.hub.tables.stacks[transactions(seen)[0].stack].frames[1]
    assert outer.function.endswith("test_a_decorated_function_is_where_its_transaction_begins")


class _Page(View):
    def get(self, request: object) -> HttpResponse:
        return HttpResponse(Tag.objects.count())


@both
def test_a_class_of_views_is_where_its_transaction_begins(real: bool) -> None:
    view = transaction.atomic(_Page.as_view())
    with Recording() as seen:
        view(RequestFactory().get("/"))
    frame = seen.session.hub.tables.stacks[transactions(seen)[0].stack].frames[0]
    assert frame.function == "_Page"


@both
def test_what_django_opens_for_one_call_is_implicit(real: bool) -> None:
    Tag.objects.create(name="gone")
    with Recording() as seen:
        Tag.objects.filter(name="gone").update(name="still there")
        Tag.objects.get(name="still there").delete()
        list(Audiobook.objects.all())
    assert {event.implicit for event in transactions(seen)} == {True}
    assert boundaries(seen) == [BEGIN, COMMIT]
    source = line(seen, transactions(seen)[0])[1]
    assert source == 'Tag.objects.get(name="still there").delete()'


@both
def test_callbacks_come_after_the_transaction(real: bool) -> None:
    found: list[int] = []
    with Recording() as seen:
        with TestCase.captureOnCommitCallbacks(execute=not real), transaction.atomic():
            transaction.on_commit(lambda: found.append(Tag.objects.count()))
            Book.objects.filter(stock=0).update(stock=F("stock") + 1)
        assert len(found) == 1
    marked = [BEGIN, COMMIT]
    if real:
        marked += [Boundary.CALLBACKS, Boundary.CALLED]
    assert boundaries(seen) == marked
    assert [query.transaction for query in seen.about("shop_tag")] == [None]
    assert [query.transaction for query in seen.about("shop_book")] == [transactions(seen)[0].id]


@pytest.mark.django_db(transaction=True)
def test_durable_blocks_are_transactions() -> None:
    with Recording() as seen, transaction.atomic(durable=True):
        Tag.objects.count()
    assert boundaries(seen) == [BEGIN, COMMIT]


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_each_database_has_its_own() -> None:
    with Recording() as seen, transaction.atomic(), transaction.atomic(using="other"):
        Tag.objects.count()
        Tag.objects.using("other").count()
    assert boundaries(seen) == [BEGIN, BEGIN, COMMIT, COMMIT]
    assert [event.alias for event in transactions(seen)] == ["default", "other", "other", "default"]
    first, second = transactions(seen)[:2]
    assert [q.transaction for q in seen.about("shop_tag")] == [first.id, second.id]


@pytest.mark.django_db(transaction=True)
def test_with_autocommit_off_a_transaction_follows_the_other() -> None:
    try:
        with Recording() as seen:
            transaction.set_autocommit(False)
            Tag.objects.count()
            transaction.commit()
            Tag.objects.count()
            with transaction.atomic():
                Tag.objects.count()
            transaction.rollback()
            transaction.set_autocommit(True)
            Tag.objects.count()
    finally:
        connection.set_autocommit(True)
    held = [query.transaction for query in seen.about("shop_tag")]
    assert held[0] != held[1] == held[2] is not None
    assert held[3] is None
    ends = [e.boundary for e in transactions(seen) if e.id in (held[0], held[1])]
    assert [e for e in ends if e not in (SAVEPOINT, RELEASE)] == [BEGIN, COMMIT, BEGIN, ROLLBACK]


def _lose_the_connection() -> None:
    with transaction.atomic():
        Tag.objects.count()
        connection.close()
        Tag.objects.count()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="in memory nothing is ever closed")
@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_in_a_transaction_leaves_none_open() -> None:
    with Recording() as seen, pytest.raises(Error):
        _lose_the_connection()
    assert boundaries(seen) == [BEGIN, ROLLBACK]
    assert getattr(connection, ATTRIBUTE, None) is None
    assert not seen.errors


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_fails_is_a_rollback() -> None:
    with Recording() as seen, pytest.raises(DatabaseError), transaction.atomic():
        Book.objects.create(
            title="t", slug="t", author_id=-1, publisher_id=-1, price=1, pages=1,
            published_on="2020-01-01",
        )  # fmt: skip
    assert boundaries(seen)[-1] is ROLLBACK


@pytest.mark.django_db(transaction=True)
def test_a_thread_behind_async_code_has_its_own_connection_and_transaction() -> None:
    @sync_to_async
    def work() -> None:
        with transaction.atomic():
            Tag.objects.count()
        connections.close_all()

    async def main() -> None:
        await work()

    with Recording() as seen:
        asyncio.run(main())
    assert boundaries(seen) == [BEGIN, COMMIT]
    assert [q.transaction for q in seen.about("shop_tag")] == [transactions(seen)[0].id]


@pytest.mark.django_db
def test_a_query_of_another_task_is_told_and_those_of_the_tasks_own_are_not() -> None:
    block = transaction.atomic()

    async def outsider(opened: asyncio.Event, done: asyncio.Event) -> None:
        await opened.wait()
        await Tag.objects.acount()
        done.set()

    async def main() -> None:
        opened, done = asyncio.Event(), asyncio.Event()
        other = asyncio.create_task(outsider(opened, done))
        await sync_to_async(block.__enter__)()
        await Tag.objects.acount()
        opened.set()
        await done.wait()
        await asyncio.gather(Tag.objects.acount(), Tag.objects.acount())
        await sync_to_async(block.__exit__)(None, None, None)
        await other

    with Recording() as seen:
        async_to_sync(main)()
    assert boundaries(seen) == [BEGIN, FOREIGN, COMMIT]
    told = [e for e in seen.events.occurrences if isinstance(e, (Query, Transaction))]
    at = told.index(transactions(seen)[1])
    assert told[at + 1] == seen.about("shop_tag")[1]


@pytest.mark.django_db
def test_it_is_noted_which_parameters_were_null_and_not_what_the_others_were() -> None:
    def make(born: int | None) -> None:
        Author.objects.create(name="somebody", publisher_id=1, born=born)

    with Recording() as seen, transaction.atomic():
        make(1900)
        transaction.set_rollback(True)
    with Recording() as again, transaction.atomic():
        make(None)
        transaction.set_rollback(True)
    for recording, positions in ((seen, ()), (again, (2,))):
        [query] = [q for q in recording.queries if recording.text(q).startswith("INSERT")]
        known = recording.session.hub.tables.nulls
        assert known[query.sql, query.stack] == (positions,)


@pytest.mark.django_db
def test_what_we_take_to_look_at_a_place_for_the_first_time_is_told_apart() -> None:
    with Recording() as seen:
        for _ in range(2):
            with transaction.atomic():
                Tag.objects.count()
    [_, first, _, second] = transactions(seen)
    assert first.ours_ns > 0
    assert second.ours_ns == 0


@pytest.mark.django_db
def test_a_block_around_the_audit_is_not_the_codes() -> None:
    with transaction.atomic():
        with Recording() as seen:
            Tag.objects.count()
            with transaction.atomic():
                Tag.objects.count()
        assert getattr(connection, ATTRIBUTE, None) is None
    assert boundaries(seen) == [BEGIN, COMMIT]
    assert seen.about("shop_tag")[0].transaction is None


@pytest.mark.django_db
def test_nothing_is_left_on_when_the_session_is_closed() -> None:
    with Recording():
        pass
    assert not hasattr(transaction.Atomic.__enter__, "__queryaudit_original__")
    assert not hasattr(connection, ATTRIBUTE)
