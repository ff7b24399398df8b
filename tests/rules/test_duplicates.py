"""Questions asked again: silent wherever the answer may have changed or is wanted anew."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable
from typing import Any

import pytest
from django.core import serializers
from django.db import connection, transaction
from django.db.models import F
from django.db.models.signals import post_save

import queryaudit
from queryaudit.analysis.engine import Engine
from queryaudit.analysis.ledger import Ledger
from queryaudit.detectors.duplicates.qa701_duplicate_query import DuplicateQuery
from queryaudit.records.definitions import Frame, SqlText, Stack
from queryaudit.records.events import (
    Header,
    Query,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.records.findings import Finding
from queryaudit.records.kinds import FrameKind, Phase, ScopeKind
from queryaudit.trace.tables import Tables
from sample_app.shop.models import Author, Book, Customer, Order, Review, Tag

pytestmark = pytest.mark.usefixtures("shop")


def findings(work: Callable[[], object]) -> tuple[Finding, ...]:
    with queryaudit.audit() as audited:
        work()
    assert audited.queries > 1
    return audited.findings


# Silent


def reads_after_an_insert() -> None:
    Tag.objects.count()
    Tag.objects.create(name="new")
    Tag.objects.count()


def reads_after_an_update() -> None:
    book = Book.objects.get(slug=slug())
    Book.objects.filter(pk=book.pk).update(stock=F("stock") + 1)
    Book.objects.get(slug=book.slug)


def reads_after_a_deletion() -> None:
    Review.objects.count()
    Review.objects.filter(rating=1).delete()
    Review.objects.count()


def reads_a_join_after_a_write_to_one_side() -> None:
    books = Book.objects.filter(author__name__startswith="A")
    len(books.all())
    Author.objects.update(name=F("name"))
    len(books.all())


def reads_after_raw_sql() -> None:
    Tag.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_tag SET name = name")
    Tag.objects.count()


def reads_after_a_statement_that_may_do_anything() -> None:
    Tag.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE shop_tag")
    Tag.objects.count()


def reads_after_a_rolled_back_savepoint() -> None:
    Tag.objects.count()
    with transaction.atomic():
        savepoint = transaction.savepoint()
        transaction.savepoint_rollback(savepoint)
    Tag.objects.count()


def locks_what_it_has_read() -> None:
    book = Book.objects.get(slug=slug())
    with transaction.atomic():
        Book.objects.select_for_update().get(slug=book.slug)
        Book.objects.select_for_update().get(slug=book.slug)


def makes_sure_twice() -> None:
    Tag.objects.get_or_create(name="classic")
    Tag.objects.get_or_create(name="classic")


def checks_and_creates() -> None:
    if not Tag.objects.filter(name="unheard of").exists():
        Tag.objects.create(name="unheard of")
    assert Tag.objects.filter(name="unheard of").exists()


def refreshes() -> None:
    book = Book.objects.get(pk=Book.objects.order_by("pk").values_list("pk", flat=True)[0])
    book.refresh_from_db()


def asks_for_rows_again_in_a_loop() -> None:
    """Several books have one author: a query per row, and the finding of QA101."""
    authors = [author.pk for author in Author.objects.all()]
    for pk in [*authors, *authors]:
        Author.objects.get(pk=pk)


def reads_two_relations_to_one_table() -> None:
    order = Order.objects.order_by("pk")[0]
    str(order.customer)
    Customer.objects.exclude(pk=order.customer_id).first()


def loads_a_row_for_each_of_those_it_has() -> None:
    """The finding of QA103, whether there are many rows or one."""
    for book in Book.objects.order_by("pk")[:1]:
        Book.objects.get(pk=book.pk)


def loads_in_a_transaction_what_was_read_before_it() -> None:
    book = Book.objects.get(slug=slug())
    with transaction.atomic():
        str(Book.objects.get(pk=book.pk))


def loads_under_a_lock() -> None:
    book = Book.objects.get(slug=slug())
    with transaction.atomic():
        str(Book.objects.select_for_update().get(pk=book.pk))


def loads_what_was_written_to() -> None:
    with transaction.atomic():
        book = Book.objects.get(slug=slug())
        Book.objects.filter(pk=book.pk).update(stock=F("stock") + 1)
        str(Book.objects.get(pk=book.pk))


def loads_a_row_that_nobody_loaded() -> None:
    """It was made, so what the database made of it may differ."""
    tag = Tag.objects.create(name="new")
    str(Tag.objects.get(pk=tag.pk))


class Draft:
    def __init__(self, book: Book) -> None:
        self.instance = book

    def clean(self) -> bool:
        return Book.objects.get(pk=self.instance.pk).stock == self.instance.stock


def compares_before_it_saves() -> None:
    Draft(Book.objects.get(slug=slug())).clean()


class Stored:
    """What a model's own ``save()`` does: it looks at the row as it is stored."""

    def __init__(self, pk: int) -> None:
        self.pk = pk
        self.changed = False

    def save(self) -> None:
        before = Book.objects.get(pk=self.pk)
        self.changed = before.stock > 0


def saves_what_it_has_loaded() -> None:
    book = Book.objects.get(pk=Book.objects.order_by("pk").values_list("pk", flat=True)[0])
    Stored(book.pk).save()
    Stored(book.pk).save()


def saves_one_after_the_other() -> None:
    for pk in Book.objects.order_by("pk").values_list("pk", flat=True)[:3]:
        Stored(pk).save()


def asks_for_more_than_the_row() -> None:
    book = Book.objects.get(slug=slug())
    str(Book.objects.prefetch_related("tags").get(pk=book.pk))


SILENT = [
    saves_what_it_has_loaded,
    saves_one_after_the_other,
    asks_for_more_than_the_row,
    loads_a_row_for_each_of_those_it_has,
    loads_in_a_transaction_what_was_read_before_it,
    loads_under_a_lock,
    loads_what_was_written_to,
    loads_a_row_that_nobody_loaded,
    compares_before_it_saves,
    reads_after_an_insert,
    reads_after_an_update,
    reads_after_a_deletion,
    reads_a_join_after_a_write_to_one_side,
    reads_after_raw_sql,
    reads_after_a_statement_that_may_do_anything,
    reads_after_a_rolled_back_savepoint,
    locks_what_it_has_read,
    makes_sure_twice,
    checks_and_creates,
    refreshes,
    asks_for_rows_again_in_a_loop,
    reads_two_relations_to_one_table,
]


def slug() -> str:
    return Book.objects.order_by("pk").values_list("slug", flat=True)[0]


@pytest.mark.parametrize("work", SILENT, ids=lambda work: work.__name__)
def test_what_may_have_changed_is_asked_again_in_silence(work: Callable[[], None]) -> None:
    assert "QA701" not in {rule for finding in findings(work) for rule in finding.rules}


def kept_by_a_library() -> Any:
    """A receiver of an installed package that keeps each state of a row."""
    path = os.path.join(sysconfig.get_path("purelib"), "versions", "__init__.py")
    source = (
        "def keep(sender, instance, **named):\n"
        "    return serializers.serialize('json', [instance])\n"
    )
    module: dict[str, Any] = {"__name__": "versions", "serializers": serializers}
    exec(compile(source, path, "exec"), module)
    return module["keep"]


def test_what_a_library_reads_at_each_save_is_nobody_elses_to_keep() -> None:
    book = Book.objects.get(slug=slug())
    keep = kept_by_a_library()

    def saves_twice() -> None:
        with transaction.atomic():
            book.save(update_fields=["stock"])
            book.save(update_fields=["title"])

    post_save.connect(keep, sender=Book)
    try:
        found = findings(saves_twice)
    finally:
        post_save.disconnect(keep, sender=Book)
    assert "QA701" not in {rule for finding in found for rule in finding.rules}


# Fires


def serializes_twice() -> None:
    book = Book.objects.get(slug=slug())
    serializers.serialize("json", [book])
    serializers.serialize("json", [book])


def reads_past_a_write_to_another_table() -> None:
    Tag.objects.filter(name="classic").count()
    Customer.objects.update(name=F("name"))
    Tag.objects.filter(name="classic").count()


def loads_a_row_twice_and_follows_it() -> None:
    """What is read of the second object follows from loading it."""
    first = Order.objects.order_by("pk")[0]
    again = Order.objects.order_by("pk")[0]
    assert str(first.customer) == str(again.customer)


@pytest.mark.parametrize(
    "work",
    [reads_past_a_write_to_another_table, loads_a_row_twice_and_follows_it, serializes_twice],
)
def test_a_question_whose_answer_stands_is_one_finding(work: Callable[[], None]) -> None:
    [finding] = findings(work)
    assert finding.rule == "QA701"
    assert finding.queries == 1
    assert finding.fix is not None
    assert finding.fix.saving is not None
    assert finding.fix.saving.queries == 1


def test_rows_that_were_counted_are_the_answer_to_keep() -> None:
    def counts_and_reads() -> None:
        tags = Tag.objects.order_by("name")
        if len(tags.all()) > 0:
            list(tags.all())

    [finding] = [f for f in findings(counts_and_reads) if f.rule == "QA701"]
    assert finding.fix is not None
    if finding.location.column is not None:
        assert finding.fix.code.endswith("rows = list(tags.all())")


# What a test calls more than once


def frame(kind: FrameKind, line: int, function: str, loop: str | None = None) -> Frame:
    path = "tests/test_it.py" if kind is FrameKind.TEST else "shop/views.py"
    return Frame(
        kind, path, line, line, 0, 9, function, line - 1 if loop else None, loop, line, ("x",)
    )


LOAD = frame(FrameKind.PROJECT, 5, "load")
LOOP = frame(FrameKind.PROJECT, 5, "load", "for book in books")
ONE, TWO = frame(FrameKind.TEST, 10, "test"), frame(FrameKind.TEST, 11, "test")
ROUND = frame(FrameKind.TEST, 12, "test", "for size in sizes")
HELP, HELPS = frame(FrameKind.TEST, 15, "check"), frame(FrameKind.TEST, 17, "check")
OUTER, LATER = frame(FrameKind.PROJECT, 20, "view"), frame(FrameKind.PROJECT, 21, "view")


def judged(kind: ScopeKind, first: tuple[Frame, ...], again: tuple[Frame, ...]) -> int:
    tables = Tables(Header(1, "r", "p", "0", "3", "6", (("default", "sqlite"),)))
    tables.add(SqlText(1, "SELECT a FROM shop_book WHERE id = %s"))
    tables.add(Stack(1, first, 1))
    tables.add(Stack(2, again, 1))
    ledger = Ledger()
    engine = Engine(tables, [DuplicateQuery()], ledger, strict=True)
    engine.start(ScopeStart(1, None, kind, "name", Phase.CALL))
    stacks = (1, 1 if first == again else 2)
    engine.record(
        [
            Query(1, seq, 0, 9, "default", 1, stack, None, None, None, 7, None, None, None)
            for seq, stack in enumerate(stacks)
        ]
    )
    engine.end(ScopeEnd(1, 99, 0, 0, None))
    return len(ledger.causes)


@pytest.mark.parametrize(
    ("first", "again", "in_test"),
    [
        pytest.param((LOAD, ONE), (LOAD, TWO), 0, id="two calls"),
        pytest.param((LOAD, ROUND), (LOAD, ROUND), 0, id="a loop of the test"),
        pytest.param((LOAD, ONE), (LOAD, ONE), 0, id="no loop to be seen"),
        pytest.param((LOAD, HELP, ONE), (LOAD, HELPS, ONE), 0, id="two lines of a helper"),
        pytest.param((LOAD,), (LOAD, OUTER), 0, id="no test to be seen"),
        pytest.param((LOAD, OUTER, ONE), (LOAD, LATER, ONE), 1, id="one call"),
        pytest.param((LOAD, OUTER, HELP, ONE), (LOAD, LATER, HELP, ONE), 1, id="one of a helper"),
        pytest.param((LOOP, ONE), (LOOP, ONE), 1, id="a loop of the project"),
    ],
)
def test_calls_of_one_test_are_separate_pieces_of_work(
    first: tuple[Frame, ...], again: tuple[Frame, ...], in_test: int
) -> None:
    assert judged(ScopeKind.TEST, first, again) == in_test
    assert judged(ScopeKind.REQUEST, first, again) == 1


def written(line: int, code: str) -> Frame:
    shown = frame(FrameKind.PROJECT, line, "view")
    return shown._replace(column=None, end_column=None, snippet=(code,))


@pytest.mark.parametrize(
    "queued",
    [
        "digest.delay(order.pk)",
        "transaction.on_commit(lambda: digest.delay_on_commit(order.pk))",
        "digest.apply_async((order.pk,))",
        "digest.enqueue(order.pk)",
        "AsyncTask(_digest, order.pk, q_options={}).run()",
    ],
)
def test_a_task_that_runs_at_once_is_another_piece_of_work(queued: str) -> None:
    task, here = written(21, queued), written(20, "order = Order.objects.get(pk=key)")
    request = ScopeKind.REQUEST
    assert judged(request, (here,), (LOAD, task)) == 0
    assert judged(request, (LOAD, task), (LOAD, task)) == 0
    assert judged(request, (LOAD, OUTER, task), (LOAD, LATER, task)) == 1, "inside of one task"
    assert judged(request, (LOOP, task), (LOOP, task)) == 1, "a loop inside of one task"
    called = written(21, "digest(order.pk)")
    assert judged(request, (here,), (LOAD, called)) == 1


def test_what_a_scope_inside_may_have_written_is_asked_again_in_silence() -> None:
    """A test reads, posts a form, and reads again."""
    tables = Tables(Header(1, "r", "p", "0", "3", "6", (("default", "sqlite"),)))
    tables.add(SqlText(1, "SELECT a FROM shop_book WHERE id = %s"))
    tables.add(Stack(1, (LOAD, OUTER, ONE), 1))
    tables.add(Stack(2, (LOAD, LATER, ONE), 1))
    ledger = Ledger()
    engine = Engine(tables, [DuplicateQuery()], ledger, strict=True)
    engine.start(ScopeStart(1, None, ScopeKind.TEST, "test", Phase.CALL))
    for seq, stack in enumerate((1, 2)):
        asked = Query(1, seq, 0, 9, "default", 1, stack, None, None, None, 7, None, None, None)
        engine.record([asked])
        inner = ScopeStart(2 + seq, 1, ScopeKind.REQUEST, "POST /", Phase.CALL)
        engine.start(inner)
        engine.end(ScopeEnd(inner.id, 99, 0, 0, None))
    engine.end(ScopeEnd(1, 99, 0, 0, None))
    assert not ledger.causes
