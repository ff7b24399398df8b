"""The locks that statements are said to take against those that the server says it took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction
from django.db.models import F

from queryaudit.capture.schema import model_row, models
from queryaudit.locking.locks import Lock, taken
from queryaudit.locking.modes import TableLockMode, conflict, covers
from queryaudit.locking.reading import read
from queryaudit.locking.schema import LockSchema
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof.held import Held, held
from queryaudit.sql.locks import RowLockMode
from sample_app.shop.models import Author, Book, Category, Customer, Order, OrderLine, Tag
from sample_app.shop.seeding import fill
from tests.conftest import SHOP_SIZE
from tests.integration.test_cli_explain import url

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL's locks"),
]
LOCKED = ("shop_book", "shop_author", "shop_publisher", "shop_order", "shop_customer", "shop_tag",
          "shop_orderline", "shop_category", "shop_book_tags", "shop_country")  # fmt: skip


def sql(text: str) -> Callable[[], object]:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(text)

    run.__name__ = text[:50]
    return run


def params(text: str, *values: object) -> Callable[[], object]:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(text, values)

    return run


def one(model: Any) -> Any:
    return model.objects.order_by("pk").first()


def line() -> object:
    order, book = one(Order), one(Book)
    OrderLine.objects.filter(order=order, book=book).exists()
    return OrderLine(order=order, book=book, quantity=1, unit_price=1)


def unused_tag() -> Tag:
    return Tag.objects.exclude(pk__in=one(Book).tags.values("pk")).order_by("-pk")[0]


def save(model: Any, *fields: str) -> Callable[[], object]:
    return lambda: one(model).save(**({"update_fields": fields} if fields else {}))


STATEMENTS: dict[str, Callable[[], object]] = {
    "read": lambda: list(Book.objects.all()),
    "read with join": lambda: list(Book.objects.select_related("author")),
    "for update": lambda: list(Book.objects.select_for_update().filter(pk=one(Book).pk)),
    "get for update": lambda: Book.objects.select_for_update().get(pk=one(Book).pk),
    "for update of all": lambda: list(Tag.objects.select_for_update()),
    "no key": lambda: list(Book.objects.select_for_update(no_key=True)[:1]),
    "nowait": lambda: list(Book.objects.select_for_update(nowait=True)[:1]),
    "skip locked": lambda: list(Book.objects.select_for_update(skip_locked=True)[:1]),
    "join": lambda: list(Book.objects.select_related("author").select_for_update()),
    "join of self": lambda: list(
        Book.objects.select_related("author").select_for_update(of=("self",))
    ),
    "join of author": lambda: list(
        Book.objects.select_related("author").select_for_update(of=("author",))
    ),
    "filter over relation": lambda: list(
        Book.objects.filter(author__name__gt="").select_for_update()
    ),
    "exists in condition": lambda: list(
        Author.objects.filter(pk__in=Book.objects.values("author")).select_for_update()
    ),
    "for share": sql("SELECT * FROM shop_book FOR SHARE"),
    "for key share": sql("SELECT * FROM shop_book b FOR KEY SHARE OF b"),
    "update": lambda: Book.objects.update(stock=F("stock") + 1),
    "update of key": lambda: Book.objects.filter(pk=one(Book).pk).update(slug="another"),
    "update by relation": lambda: Book.objects.filter(author__name__gt="").update(stock=1),
    "update of foreign key": lambda: Book.objects.filter(pk=one(Book).pk).update(
        author=Author.objects.order_by("-pk").first()
    ),
    "save": save(Book),
    "save of one field": save(Book, "stock"),
    "save of one unique": lambda: sql("UPDATE shop_tag SET name = name || 'x'")(),
    "bulk update": lambda: Book.objects.bulk_update(list(Book.objects.all()), ["stock"]),
    "insert": lambda: Tag.objects.create(name="new"),
    "insert with parents": lambda: Order.objects.create(
        customer=one(Customer), placed_at="2024-01-01T00:00Z"
    ),
    "insert with null parent": lambda: Category.objects.create(name="top"),
    "insert with nullable parent": lambda: Category.objects.create(
        name="below", parent=one(Category)
    ),
    "update of nullable parent": lambda: Category.objects.filter(
        pk=Category.objects.order_by("-pk")[0].pk
    ).update(parent=one(Category)),
    "update to null": lambda: Category.objects.filter(
        pk=Category.objects.exclude(parent=None)[0].pk
    ).update(parent=None),
    "raw insert of null": params(
        "INSERT INTO shop_category (name, parent_id) VALUES (%s, %s)", "raw", None
    ),
    "raw update of literal": lambda: sql(
        f"UPDATE shop_category SET parent_id = {one(Category).pk}"
        " WHERE id = (SELECT max(id) FROM shop_category)"
    )(),
    "bulk insert": lambda: Tag.objects.bulk_create([Tag(name="n1"), Tag(name="n2")]),
    "insert or ignore": lambda: Tag.objects.bulk_create(
        [Tag(name="n1")], ignore_conflicts=True
    ),
    "insert or update": lambda: Tag.objects.bulk_create(
        [Tag(name=one(Tag).name)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["name"],
    ),
    "upsert that meets a row": sql(
        "INSERT INTO shop_tag (name) SELECT name FROM shop_tag LIMIT 1"
        " ON CONFLICT (name) DO UPDATE SET name = excluded.name"
    ),
    "delete of one": lambda: OrderLine.objects.filter(pk=one(OrderLine).pk).delete(),
    "raw delete": lambda: OrderLine.objects.all()._raw_delete("default"),
    "delete with children": lambda: one(Order).delete(),
    "many to many add": lambda: one(Book).tags.add(unused_tag()),
    "lock table": sql("LOCK TABLE shop_tag"),
    "lock table in mode": sql("LOCK TABLE shop_tag IN SHARE ROW EXCLUSIVE MODE"),
    "truncate": sql("TRUNCATE shop_book_tags"),
    "create index": sql("CREATE INDEX later ON shop_tag (name)"),
    "alter table": sql("ALTER TABLE shop_tag ADD COLUMN extra integer"),
    "validate": sql("ALTER TABLE shop_tag ALTER COLUMN name SET STATISTICS 10"),
    "comment": sql("COMMENT ON TABLE shop_tag IS 'tags'"),
    "analyze": sql("ANALYZE shop_tag"),
    "get or create": lambda: Tag.objects.get_or_create(name="another"),
}  # fmt: skip


class Said(NamedTuple):
    tables: set[tuple[str, TableLockMode]]
    rows: set[tuple[str, RowLockMode]]


@contextmanager
def statements() -> Iterator[list[tuple[str, tuple[int, ...]]]]:
    """Texts, and which of their parameters were NULL."""
    texts: list[tuple[str, tuple[int, ...]]] = []

    def keep(execute: Any, text: str, params: Any, *rest: Any) -> Any:
        texts.append((text, tuple(at for at, p in enumerate(params or ()) if p is None)))
        return execute(text, params, *rest)

    with connection.execute_wrapper(keep):
        yield texts


def strongest(locks: set[tuple[str, Any]]) -> set[tuple[str, Any]]:
    """Without those that say nothing beside another one on the same table."""
    return {
        (table, mode)
        for table, mode in locks
        if not any(t == table and m is not mode and covers(m, mode) for t, m in locks)
    }


def said(locks: list[Lock]) -> Said:
    return Said(
        {(k.table, k.mode) for k in locks if isinstance(k.mode, TableLockMode)},
        {(k.table, k.mode) for k in locks if isinstance(k.mode, RowLockMode)},
    )


def pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def observed(
    server: UrlServer, run: Callable[[], object]
) -> tuple[list[tuple[str, tuple[int, ...]]], Held, Held]:
    """The texts that ran, what was held after them, and what before the commit."""
    with transaction.atomic(), statements() as texts:
        run()
        found = list(texts)
        # Another session may not look into what is locked so that nobody reads it.
        readable = [t for t in LOCKED if not any(t in text and _hides(text) for text, _ in found)]
        now = held(server, pid(), readable)
        sql("SET CONSTRAINTS ALL IMMEDIATE")()
        then = held(server, pid(), readable)
        transaction.set_rollback(True)
    return found, now, then


def _hides(text: str) -> bool:
    return read(text).table_lock is TableLockMode.ACCESS_EXCLUSIVE


def test_the_locks_that_are_derived_are_those_that_the_server_holds() -> None:
    fill(SHOP_SIZE)
    sql("CREATE EXTENSION IF NOT EXISTS pgrowlocks")()
    schema = LockSchema(map(model_row, models()))
    wrong: dict[str, object] = {}
    agreed = total = 0
    with closing(UrlServer.connect(url())) as server:
        for name, run in STATEMENTS.items():
            texts, now, then = observed(server, run)
            assert not now.reason
            found = [taken(read(text), schema, nulls=[nulls]) for text, nulls in texts]
            first = said([lock for each in found for lock in each.now])
            last = said([lock for each in found for lock in (*each.now, *each.at_commit)])
            for what, ours, theirs in (
                ("tables", first.tables, now.tables),
                ("rows", first.rows, now.rows),
                ("rows at commit", last.rows, then.rows),
            ):
                total += 1
                if strongest(ours) == strongest(set(theirs)):
                    agreed += 1
                else:
                    wrong[f"{name}: {what}"] = (ours, set(theirs), texts)
    print(f"locks derived as the server has them: {agreed} of {total}")
    assert len(STATEMENTS) >= 30
    assert wrong == {}
    assert agreed == total


def test_a_foreign_key_locks_its_parent_at_the_commit_and_not_before() -> None:
    """What all of this rests on, measured."""
    fill(SHOP_SIZE)
    sql("CREATE EXTENSION IF NOT EXISTS pgrowlocks")()
    with closing(UrlServer.connect(url())) as server:
        _, now, then = observed(server, STATEMENTS["insert with parents"])
    share = ("shop_customer", RowLockMode.KEY_SHARE)
    assert share not in now.rows
    assert share in then.rows


def test_without_the_extension_it_is_said_that_rows_were_not_compared() -> None:
    sql("DROP EXTENSION IF EXISTS pgrowlocks")()
    with closing(UrlServer.connect(url())) as server:
        found = held(server, pid(), ["shop_book"])
    assert found.rows == frozenset()
    assert found.reason == ("locks of rows were not compared: pgrowlocks answers UndefinedFunction")


def test_rows_are_not_compared_without_the_privilege() -> None:
    sql("CREATE EXTENSION IF NOT EXISTS pgrowlocks")()
    with closing(UrlServer.connect(url())) as server:
        server.run("DROP ROLE IF EXISTS queryaudit_nobody")
        server.run("CREATE ROLE queryaudit_nobody")
        try:
            server.run("SET ROLE queryaudit_nobody")
            found = held(server, pid(), ["shop_book"])
        finally:
            server.run("RESET ROLE")
            server.run("DROP ROLE queryaudit_nobody")
    assert found.reason == (
        "locks of rows were not compared: pgrowlocks answers InsufficientPrivilege, "
        "the user may not read it"
    )


def waits(holder: UrlServer, waiter: UrlServer, first: str, second: str) -> bool:
    holder.run("BEGIN")
    holder.run(first)
    waiter.run("BEGIN")
    try:
        waiter.run(second)
    except Exception as error:
        if getattr(error, "sqlstate", "") != "55P03":  # lock not available
            raise
        return True
    finally:
        waiter.run("ROLLBACK")
        holder.run("ROLLBACK")
    return False


def test_modes_exclude_each_other_as_they_do_on_the_server() -> None:
    fill(SHOP_SIZE)
    row = "SELECT 1 FROM shop_tag WHERE name = (SELECT min(name) FROM shop_tag)"
    with (
        closing(UrlServer.connect(url())) as holder,
        closing(UrlServer.connect(url())) as waiter,
    ):
        for one_mode in RowLockMode:
            for other in RowLockMode:
                met = waits(
                    holder, waiter, f"{row} {one_mode.value}", f"{row} {other.value} NOWAIT"
                )
                assert met is conflict(one_mode, other), (one_mode, other)
        for one_table in TableLockMode:
            for other_table in TableLockMode:
                met = waits(
                    holder,
                    waiter,
                    f"LOCK TABLE shop_tag IN {one_table.value} MODE",
                    f"LOCK TABLE shop_tag IN {other_table.value} MODE NOWAIT",
                )
                assert met is conflict(one_table, other_table), (one_table, other_table)
