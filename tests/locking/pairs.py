"""Pairs of transactions, as an application would write them: can they deadlock?

Each pair is a function that returns two; ``k`` has keys of rows that are there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from django.db import connection, transaction
from django.db.models import F

from sample_app.shop.models import (
    Author,
    Book,
    Category,
    Customer,
    Order,
    OrderLine,
    Publisher,
    Review,
    Tag,
)

Run = Callable[[SimpleNamespace], object]


@dataclass(frozen=True)
class Pair:
    name: str
    why: str
    unsafe: bool
    functions: Callable[[], tuple[Run, Run]]


PAIRS: dict[str, Pair] = {}


def _pair(*, unsafe: bool) -> Callable[[Callable[[], tuple[Run, Run]]], None]:
    def add(functions: Callable[[], tuple[Run, Run]]) -> None:
        why = (functions.__doc__ or "").strip()
        name = functions.__name__
        assert name not in PAIRS
        PAIRS[name] = Pair(name, why, unsafe, functions)

    return add


unsafe = _pair(unsafe=True)
safe = _pair(unsafe=False)


def sql(text: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, params)


def pay(k: SimpleNamespace) -> None:
    with transaction.atomic():
        Order.objects.filter(pk=k.order).update(status="paid")
        Customer.objects.filter(pk=k.customer).update(name="Payer")


# -- opposite orders ---------------------------------------------------------------------------


@unsafe
def updates() -> tuple[Run, Run]:
    """Two updates, crosswise."""

    def close(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.filter(pk=k.customer).update(name="Closer")
            Order.objects.filter(pk=k.order).update(status="cancelled")

    return pay, close


@unsafe
def saves() -> tuple[Run, Run]:
    """Saving writes as well."""

    def close(k: SimpleNamespace) -> None:
        customer = Customer.objects.get(pk=k.customer)
        order = Order.objects.get(pk=k.order)
        with transaction.atomic():
            customer.save()
            order.save()

    return pay, close


@unsafe
def saves_of_one_field() -> tuple[Run, Run]:
    """So does saving one field."""

    def close(k: SimpleNamespace) -> None:
        order = Order.objects.get(pk=k.order)
        with transaction.atomic():
            Customer.objects.filter(pk=k.customer).update(name="C")
            order.note = "x"
            order.save(update_fields=["note"])

    return pay, close


@unsafe
def locked_first() -> tuple[Run, Run]:
    """One locks to be sure, in the wrong order."""

    def close(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            Order.objects.filter(pk=k.order).update(note="x")

    return pay, close


@unsafe
def both_lock() -> tuple[Run, Run]:
    """Locking queries on both sides."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.select_for_update().get(pk=k.book)
            Author.objects.select_for_update().get(pk=k.author)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.select_for_update().get(pk=k.author)
            Book.objects.select_for_update().get(pk=k.book)

    return one, other


@unsafe
def decorated() -> tuple[Run, Run]:
    """A decorator begins the transaction."""

    @transaction.atomic
    def close(k: SimpleNamespace) -> None:
        Customer.objects.filter(pk=k.customer).update(name="C")
        Order.objects.filter(pk=k.order).update(note="x")

    return pay, close


@unsafe
def nested_blocks() -> tuple[Run, Run]:
    """A savepoint that is released keeps its locks."""

    def close(k: SimpleNamespace) -> None:
        with transaction.atomic():
            with transaction.atomic():
                Customer.objects.filter(pk=k.customer).update(name="C")
            with transaction.atomic():
                Order.objects.filter(pk=k.order).update(note="x")

    return pay, close


@unsafe
def delete_last() -> tuple[Run, Run]:
    """A deleted row is locked by deleting it."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=0)
            Review.objects.filter(pk=k.review).delete()

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Review.objects.filter(pk=k.review).update(text="x")
            Book.objects.filter(pk=k.book).update(stock=F("stock") + 1)

    return one, other


@unsafe
def delete_first() -> tuple[Run, Run]:
    """The same from the other side."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Review.objects.filter(pk=k.review)._raw_delete("default")
            Book.objects.filter(pk=k.book).update(stock=0)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=F("stock") + 1)
            Review.objects.filter(pk=k.review).update(text="x")

    return one, other


@unsafe
def three_tables() -> tuple[Run, Run]:
    """Two of three are crossed."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Author.objects.filter(pk=k.author).update(name="A")
            Tag.objects.filter(pk=k.tag).update(name="t")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.filter(pk=k.tag).update(name="u")
            Author.objects.filter(pk=k.author).update(name="B")

    return one, other


@unsafe
def upsert() -> tuple[Run, Run]:
    """INSERT .. ON CONFLICT DO UPDATE locks the row that it finds."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Tag.objects.bulk_create(
                [Tag(name="new")],
                update_conflicts=True,
                unique_fields=["name"],
                update_fields=["name"],
            )

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.filter(name="new").update(name="new")
            Book.objects.filter(pk=k.book).update(stock=2)

    return one, other


@unsafe
def several_rows_at_once() -> tuple[Run, Run]:
    """Many rows in one statement, and one of them in the other."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(author_id=k.author).update(stock=0)
            Author.objects.filter(pk=k.author).update(name="A")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            author = Author.objects.select_for_update().get(pk=k.author)
            Book.objects.filter(pk=k.book, author=author).update(stock=1)

    return one, other


@unsafe
def filter_over_relation() -> tuple[Run, Run]:
    """A row that is found by a relation."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(author__name__gte="").update(stock=0)
            Author.objects.filter(pk=k.author).update(name="A")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.filter(pk=k.author).update(name="B")
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@unsafe
def bulk_update() -> tuple[Run, Run]:
    """A bulk update locks its rows."""

    def one(k: SimpleNamespace) -> None:
        books = list(Book.objects.filter(pk=k.book))
        with transaction.atomic():
            Book.objects.bulk_update(books, ["stock"])
            Author.objects.filter(pk=k.author).update(name="A")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.filter(pk=k.author).update(name="B")
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@unsafe
def update_or_create() -> tuple[Run, Run]:
    """It locks the row that it finds."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=0)
            Author.objects.update_or_create(pk=k.author, defaults={"name": "A"})

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.filter(pk=k.author).update(name="B")
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@unsafe
def with_helpers() -> tuple[Run, Run]:
    """The statements stand in other functions."""

    def note(key: int) -> None:
        Order.objects.filter(pk=key).update(note="noted")

    def rename(key: int) -> None:
        Customer.objects.filter(pk=key).update(name="Renamed")

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            note(k.order)
            rename(k.customer)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            rename(k.customer)
            note(k.order)

    return one, other


@unsafe
def raw_sql() -> tuple[Run, Run]:
    """Statements by hand."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("UPDATE shop_book SET stock = stock + 1 WHERE id = %s", k.book)
            sql("UPDATE shop_author SET name = 'A' WHERE id = %s", k.author)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT id FROM shop_author WHERE id = %s FOR UPDATE", k.author)
            sql("DELETE FROM shop_book WHERE id = %s AND stock = -1", k.book)
            sql("UPDATE shop_book SET stock = 3 WHERE id = %s", k.book)

    return one, other


@unsafe
def condition_on_state() -> tuple[Run, Run]:
    """Rows that are found by a state as well."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.filter(pk=k.order, status="open").update(note="x")
            Customer.objects.filter(pk=k.customer).update(name="C")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            Order.objects.select_for_update().filter(customer_id=k.customer).first()

    return one, other


@unsafe
def null_condition() -> tuple[Run, Run]:
    """Rows that are found by what they lack."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Category.objects.filter(parent=None).update(name=F("name"))
            Publisher.objects.filter(pk=k.publisher).update(name="P")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Publisher.objects.select_for_update().get(pk=k.publisher)
            Category.objects.filter(pk=k.category).update(name=F("name"))

    return one, other


@unsafe
def nullable_parent() -> tuple[Run, Run]:
    """A new row refers to another one by a key that may be empty, and is not."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.com")
            Customer.objects.create(
                name="N", email="new@example.com", joined_on="2024-01-01", referred_by_id=k.customer
            )

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.org")

    return one, other


@safe
def nullable_parent_left_empty() -> tuple[Run, Run]:
    """The same without a row that it refers to."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.com")
            Customer.objects.create(name="N", email="new@example.com", joined_on="2024-01-01")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.org")

    return one, other


@unsafe
def nullable_parent_that_is_set() -> tuple[Run, Run]:
    """An UPDATE gives the key a value."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.com")
            Book.objects.filter(pk=k.book).update(category=k.category)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Category.objects.select_for_update().get(pk=k.category)
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.org")

    return one, other


@safe
def nullable_parent_that_is_taken_away() -> tuple[Run, Run]:
    """An UPDATE empties the key: the row that it referred to is not locked."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.com")
            Book.objects.filter(pk=k.book).update(category=None)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Category.objects.select_for_update().get(pk=k.category)
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.org")

    return one, other


# -- named rows --------------------------------------------------------------------------------


@unsafe
def same_constants() -> tuple[Run, Run]:
    """Two rows of one table, named in two orders."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.select_for_update().filter(name="stock").first()
            Tag.objects.select_for_update().filter(name="sales").first()

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.select_for_update().filter(name="sales").first()
            Tag.objects.select_for_update().filter(name="stock").first()

    return one, other


@unsafe
def constants_in_sql() -> tuple[Run, Run]:
    """The same in SQL."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("UPDATE shop_book SET stock = 1 WHERE id = 1")
            sql("UPDATE shop_book SET stock = 1 WHERE id = 2")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("UPDATE shop_book SET stock = 1 WHERE id = 2")
            sql("UPDATE shop_book SET stock = 1 WHERE id = 1")

    return one, other


@unsafe
def unique_values() -> tuple[Run, Run]:
    """Two that make the same rows wait for each other's keys."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.create(name="first")
            Tag.objects.create(name="second")
            transaction.set_rollback(True)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.create(name="second")
            Tag.objects.create(name="first")
            transaction.set_rollback(True)

    return one, other


@unsafe
def unique_value_and_row() -> tuple[Run, Run]:
    """A key on one side of the cross, a row on the other."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.create(name="first")
            Book.objects.filter(pk=k.book).update(stock=1)
            transaction.set_rollback(True)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Tag.objects.create(name="first")
            transaction.set_rollback(True)

    return one, other


# -- foreign keys ------------------------------------------------------------------------------


@unsafe
def parent_at_commit() -> tuple[Run, Run]:
    """A child's parent is locked at the commit, when the book has long been held."""

    def order_book(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=F("stock") - 1)
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            Book.objects.filter(pk=k.book).update(stock=1)

    return order_book, other


@unsafe
def insert_before_lock() -> tuple[Run, Run]:
    """Though the child is inserted first, its parent is locked last."""

    def order_book(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")
            Book.objects.filter(pk=k.book).update(stock=F("stock") - 1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            Book.objects.select_for_update().get(pk=k.book)

    return order_book, other


@unsafe
def parents_of_a_line() -> tuple[Run, Run]:
    """Of two parents one is held already, the other is locked at the commit."""

    def add_line(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=k.order)
            OrderLine.objects.create(
                order_id=k.order, book_id=k.unordered, quantity=1, unit_price=1
            )

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.select_for_update().get(pk=k.unordered)
            Order.objects.filter(pk=k.order).update(note="x")

    return add_line, other


@unsafe
def parent_deleted() -> tuple[Run, Run]:
    """Who deletes a parent holds its key."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("DELETE FROM shop_customer WHERE id = %s", k.childless)
            Book.objects.filter(pk=k.book).update(stock=2)

    return one, other


@unsafe
def unique_column_of_parent() -> tuple[Run, Run]:
    """Changing a unique column locks the key."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.filter(pk=k.customer).update(email="new@example.com")
            Book.objects.filter(pk=k.book).update(stock=2)

    return one, other


@unsafe
def constraints_at_once() -> tuple[Run, Run]:
    """With constraints checked at once the parent is locked by the INSERT."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SET CONSTRAINTS ALL IMMEDIATE")
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")
            Book.objects.filter(pk=k.book).update(stock=2)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Customer.objects.select_for_update().get(pk=k.customer)

    return one, other


@unsafe
def moved_child() -> tuple[Run, Run]:
    """A child that gets another parent locks that one at the commit."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(author_id=k.author2)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.select_for_update().get(pk=k.author2)
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


# -- joins, tables, advisory locks, upgrades ---------------------------------------------------


@unsafe
def join() -> tuple[Run, Run]:
    """A query with a join locks rows of both tables, one after the other."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.select_related("author").select_for_update().get(pk=k.book)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.filter(pk=k.author).update(name="B")
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@unsafe
def whole_tables() -> tuple[Run, Run]:
    """Tables that are locked as a whole."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("LOCK TABLE shop_tag IN EXCLUSIVE MODE")
            sql("LOCK TABLE shop_category IN EXCLUSIVE MODE")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("LOCK TABLE shop_category IN SHARE MODE")
            sql("LOCK TABLE shop_tag IN SHARE MODE")

    return one, other


@unsafe
def table_and_row() -> tuple[Run, Run]:
    """Who writes a row stands in the way of who wants the table."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.filter(pk=k.tag).update(name="t")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=2)
            sql("LOCK TABLE shop_tag IN SHARE ROW EXCLUSIVE MODE")

    return one, other


@unsafe
def table_upgrade() -> tuple[Run, Run]:
    """Two that share a table and then want it for themselves."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.filter(pk=k.tag).update(name="t")
            sql("LOCK TABLE shop_tag IN EXCLUSIVE MODE")

    return one, one


@unsafe
def advisory() -> tuple[Run, Run]:
    """Advisory locks count like others."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT pg_advisory_xact_lock(7)")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=2)
            sql("SELECT pg_advisory_xact_lock(7)")

    return one, other


@unsafe
def two_advisory() -> tuple[Run, Run]:
    """Two keys in two orders."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT pg_advisory_xact_lock(1)")
            sql("SELECT pg_advisory_xact_lock(2)")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT pg_advisory_xact_lock(2)")
            sql("SELECT pg_advisory_xact_lock(1)")

    return one, other


@unsafe
def upgrade() -> tuple[Run, Run]:
    """Both share a row, and both want to change it."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            list(Book.objects.raw("SELECT * FROM shop_book WHERE id = 1 FOR SHARE"))
            Book.objects.filter(id=1).update(stock=1)

    return one, one


@unsafe
def gates_of_different_rows() -> tuple[Run, Run]:
    """Rows that are locked before, but not the same one."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.select_for_update().filter(name="left").first()
            Order.objects.filter(pk=k.order).update(note="x")
            Customer.objects.filter(pk=k.customer).update(name="C")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.select_for_update().filter(name="right").first()
            Customer.objects.filter(pk=k.customer).update(name="C")
            Order.objects.filter(pk=k.order).update(note="x")

    return one, other


@unsafe
def gate_too_late() -> tuple[Run, Run]:
    """A common row that is locked after the first of the others keeps nobody apart."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.filter(pk=k.order).update(note="x")
            Book.objects.filter(pk=k.book).update(stock=1)
            Customer.objects.filter(pk=k.customer).update(name="C")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.filter(pk=k.customer).update(name="C")
            Order.objects.filter(pk=k.order).update(note="x")

    return one, other


@unsafe
def exchanged_arguments() -> tuple[Run, Run]:
    """Two rows in the order of the arguments: somebody calls it the other way round."""

    def transfer(source: int, target: int) -> None:
        with transaction.atomic():
            Book.objects.select_for_update().get(pk=source)
            Book.objects.select_for_update().get(pk=target)

    def run(k: SimpleNamespace) -> None:
        transfer(k.book, k.unordered)

    return run, run


@unsafe
def exchanged_objects() -> tuple[Run, Run]:
    """The same by saving what was handed in."""

    def transfer(source: Book, target: Book) -> None:
        with transaction.atomic():
            source.stock -= 1
            source.save()
            target.stock += 1
            target.save()

    def run(k: SimpleNamespace) -> None:
        transfer(Book.objects.get(pk=k.book), Book.objects.get(pk=k.unordered))

    return run, run


# == safe ======================================================================================


@safe
def same_order() -> tuple[Run, Run]:
    """The order comes first in both."""

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=k.order)
            Customer.objects.filter(pk=k.customer).update(name="C")

    return pay, other


@safe
def locked_at_the_beginning() -> tuple[Run, Run]:
    """The usual cure: lock first what is written last."""

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=k.order)
            Customer.objects.filter(pk=k.customer).update(name="C")
            Order.objects.filter(pk=k.order).update(note="x")

    return pay, other


@safe
def gate() -> tuple[Run, Run]:
    """A row that both lock before."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.select_for_update().get(pk=k.book)
            Order.objects.filter(pk=k.order).update(note="x")
            Customer.objects.filter(pk=k.customer).update(name="C")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Customer.objects.filter(pk=k.customer).update(name="C")
            Order.objects.filter(pk=k.order).update(note="x")

    return one, other


@safe
def gate_by_constant() -> tuple[Run, Run]:
    """A row that both name."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.select_for_update().filter(name="gate").first()
            Order.objects.filter(pk=k.order).update(note="x")
            Customer.objects.filter(pk=k.customer).update(name="C")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.select_for_update().filter(name="gate").first()
            Customer.objects.filter(pk=k.customer).update(name="C")
            Order.objects.filter(pk=k.order).update(note="x")

    return one, other


@safe
def advisory_gate() -> tuple[Run, Run]:
    """An advisory lock that both take before."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT pg_advisory_xact_lock(%s)", k.book)
            Order.objects.filter(pk=k.order).update(note="x")
            Customer.objects.filter(pk=k.customer).update(name="C")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT pg_advisory_xact_lock(%s)", k.book)
            Customer.objects.filter(pk=k.customer).update(name="C")
            Order.objects.filter(pk=k.order).update(note="x")

    return one, other


@safe
def table_gate() -> tuple[Run, Run]:
    """A table that one locks and the other writes to first."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("LOCK TABLE shop_tag IN EXCLUSIVE MODE")
            Order.objects.filter(pk=k.order).update(note="x")
            Customer.objects.filter(pk=k.customer).update(name="C")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.filter(pk=k.tag).update(name="t")
            Customer.objects.filter(pk=k.customer).update(name="C")
            Order.objects.filter(pk=k.order).update(note="x")

    return one, other


@safe
def skip_locked() -> tuple[Run, Run]:
    """Who skips what is locked never waits."""

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.filter(pk=k.customer).update(name="C")
            list(Order.objects.select_for_update(skip_locked=True).filter(pk=k.order))

    return pay, other


@safe
def nowait() -> tuple[Run, Run]:
    """Who gives up at once does not either."""

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.filter(pk=k.customer).update(name="C")
            Order.objects.select_for_update(nowait=True).get(pk=k.order)

    return pay, other


@safe
def try_advisory() -> tuple[Run, Run]:
    """Nor who only tries."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT pg_advisory_xact_lock(7)")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=2)
            sql("SELECT pg_try_advisory_xact_lock(7)")

    return one, other


@safe
def table_nowait() -> tuple[Run, Run]:
    """A table that is not waited for."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.filter(pk=k.tag).update(name="t")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=2)
            sql("LOCK TABLE shop_tag IN EXCLUSIVE MODE NOWAIT")

    return one, other


@safe
def no_key_and_children() -> tuple[Run, Run]:
    """A parent that is locked without its key lets children come."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=F("stock") - 1)
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update(no_key=True).get(pk=k.customer)
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@safe
def update_and_children() -> tuple[Run, Run]:
    """So does a parent whose key stays."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=F("stock") - 1)
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.filter(pk=k.customer).update(name="C")
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@safe
def save_and_children() -> tuple[Run, Run]:
    """Saving writes the key as it was."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=F("stock") - 1)
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")

    def other(k: SimpleNamespace) -> None:
        customer = Customer.objects.get(pk=k.customer)
        with transaction.atomic():
            customer.save()
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@safe
def children_of_one_parent() -> tuple[Run, Run]:
    """Two that refer to the same rows share them."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")
            Review.objects.filter(pk=k.review).update(text="x")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")
            Review.objects.filter(pk=k.review).update(text="x")

    return one, other


@safe
def parent_locked_by_both() -> tuple[Run, Run]:
    """Who locks the parent first meets the other there."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            Book.objects.filter(pk=k.book).update(stock=1)
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")

    return one, other


@safe
def own_child_of_locked_parent() -> tuple[Run, Run]:
    """The parent that is locked at the commit is held already."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")

    return one, one


@safe
def own_rows() -> tuple[Run, Run]:
    """Nobody waits for a row that nobody else can see."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            order = Order.objects.create(customer_id=k.customer, placed_at="2024-01-01T00:00Z")
            Book.objects.filter(pk=k.book).update(stock=1)
            order.note = "x"
            order.save()

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Order.objects.filter(pk=k.order).update(note="x")

    return one, other


@safe
def parents_made_on_the_way() -> tuple[Run, Run]:
    """Nor for a parent that was made in the same transaction."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            tag = Tag.objects.create(name="brand new")
            Book.tags.through.objects.create(book_id=k.book, tag_id=tag.pk)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.select_for_update().get(pk=k.tag)
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@safe
def different_constants() -> tuple[Run, Run]:
    """Rows that are named apart."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.select_for_update().filter(name="left").first()
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Tag.objects.select_for_update().filter(name="right").first()

    return one, other


@safe
def different_constants_in_sql() -> tuple[Run, Run]:
    """The same in SQL."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("UPDATE shop_author SET name = 'A' WHERE id = 1")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            sql("UPDATE shop_author SET name = 'B' WHERE id = 2")

    return one, other


@safe
def different_states() -> tuple[Run, Run]:
    """A row is in one state at a time."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.filter(status="open").update(note="x")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Order.objects.filter(status="shipped").update(note="x")

    return one, other


@safe
def different_advisory_keys() -> tuple[Run, Run]:
    """Advisory locks of other keys."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT pg_advisory_xact_lock(1)")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=2)
            sql("SELECT pg_advisory_xact_lock(2)")

    return one, other


@safe
def shared_advisory() -> tuple[Run, Run]:
    """Shared ones go together."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT pg_advisory_xact_lock_shared(1)")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=2)
            sql("SELECT pg_advisory_xact_lock_shared(1)")

    return one, other


@safe
def shares() -> tuple[Run, Run]:
    """Two that share a row do not wait for each other."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT id FROM shop_book WHERE id = %s FOR SHARE", k.book)
            sql("SELECT id FROM shop_author WHERE id = %s FOR UPDATE", k.author)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT id FROM shop_author WHERE id = %s FOR UPDATE", k.author)
            sql("SELECT id FROM shop_book WHERE id = %s FOR SHARE", k.book)

    return one, other


@safe
def key_share_and_update() -> tuple[Run, Run]:
    """A key that is shared lets the rest be changed."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("SELECT id FROM shop_book WHERE id = %s FOR KEY SHARE", k.book)
            Author.objects.filter(pk=k.author).update(name="A")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.filter(pk=k.author).update(name="B")
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@safe
def table_modes_go_together() -> tuple[Run, Run]:
    """Tables in modes that do not exclude each other."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("LOCK TABLE shop_tag IN SHARE MODE")
            sql("LOCK TABLE shop_category IN SHARE MODE")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            sql("LOCK TABLE shop_category IN SHARE MODE")
            sql("LOCK TABLE shop_tag IN SHARE MODE")

    return one, other


@safe
def no_transaction() -> tuple[Run, Run]:
    """Nothing is held between two statements of their own."""

    def other(k: SimpleNamespace) -> None:
        Customer.objects.filter(pk=k.customer).update(name="C")
        Order.objects.filter(pk=k.order).update(note="x")

    return pay, other


@safe
def two_transactions() -> tuple[Run, Run]:
    """Nor between two transactions."""

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.filter(pk=k.customer).update(name="C")
        with transaction.atomic():
            Order.objects.filter(pk=k.order).update(note="x")

    return pay, other


@safe
def only_read() -> tuple[Run, Run]:
    """Reading locks nothing."""

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.get(pk=k.customer)
            Order.objects.filter(pk=k.order).update(note="x")

    return pay, other


@safe
def rolled_back() -> tuple[Run, Run]:
    """A savepoint that is rolled back gives its locks back."""

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            with transaction.atomic():
                Customer.objects.filter(pk=k.customer).update(name="C")
                transaction.set_rollback(True)
            Order.objects.filter(pk=k.order).update(note="x")

    return pay, other


@safe
def of_self() -> tuple[Run, Run]:
    """A join of which one table is locked."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.select_related("author").select_for_update(of=("self",)).get(pk=k.book)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.filter(pk=k.author).update(name="B")
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@safe
def subquery() -> tuple[Run, Run]:
    """A table that is only asked in a condition."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            list(
                Book.objects.filter(
                    author__in=Author.objects.filter(name__gt="")
                ).select_for_update(of=("self",))
            )

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.filter(pk=k.author).update(name="B")
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@safe
def one_common_table() -> tuple[Run, Run]:
    """One thing in common is no cross."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Author.objects.filter(pk=k.author).update(name="A")

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.filter(pk=k.tag).update(name="t")
            Book.objects.filter(pk=k.book).update(stock=1)

    return one, other


@safe
def new_values() -> tuple[Run, Run]:
    """Rows with values of their own."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Tag.objects.create(name=f"tag {k.book}")
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=1)
            Tag.objects.create(name=f"tag for {k.book}")

    return one, other


@safe
def sorted_arguments() -> tuple[Run, Run]:
    """Two rows in the order of their keys."""

    def transfer(source: int, target: int) -> None:
        source, target = sorted((source, target))
        with transaction.atomic():
            Book.objects.select_for_update().get(pk=source)
            Book.objects.select_for_update().get(pk=target)

    def run(k: SimpleNamespace) -> None:
        transfer(k.book, k.unordered)

    return run, run


@safe
def compared_arguments() -> tuple[Run, Run]:
    """The same by hand."""

    def transfer(source: int, target: int) -> None:
        with transaction.atomic():
            if source < target:
                Book.objects.select_for_update().get(pk=source)
                Book.objects.select_for_update().get(pk=target)
            else:
                Book.objects.select_for_update().get(pk=target)
                Book.objects.select_for_update().get(pk=source)

    def run(k: SimpleNamespace) -> None:
        transfer(min(k.book, k.unordered), max(k.book, k.unordered))
        transfer(max(k.book, k.unordered), min(k.book, k.unordered))

    return run, run


@safe
def arguments_under_a_gate() -> tuple[Run, Run]:
    """A row that every call locks first."""

    def transfer(author: int, source: int, target: int) -> None:
        with transaction.atomic():
            Author.objects.select_for_update().get(pk=author)
            Book.objects.select_for_update().get(pk=source)
            Book.objects.select_for_update().get(pk=target)

    def run(k: SimpleNamespace) -> None:
        transfer(k.author, k.book, k.unordered)

    return run, run


@safe
def a_row_and_what_it_leads_to() -> tuple[Run, Run]:
    """A child and its parent: no parent is its child's child."""

    def move(category: int) -> None:
        with transaction.atomic():
            child = Category.objects.select_for_update().get(pk=category)
            Category.objects.select_for_update().get(pk=child.parent_id)

    def run(k: SimpleNamespace) -> None:
        child = Category.objects.exclude(parent=None).first()
        assert child is not None
        move(child.pk)

    return run, run


@unsafe
def deleted_and_then_others_written() -> tuple[Run, Run]:
    """Rows are deleted, and then others of their table written, which a replay has not got."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            OrderLine.objects.filter(order_id=k.order).delete()
            OrderLine.objects.filter(book_id=k.book).update(quantity=1)
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=2)
            OrderLine.objects.filter(order_id=k.order).update(quantity=2)

    return one, other


@unsafe
def children_moved_away() -> tuple[Run, Run]:
    """Rows are found by the reference that is changed."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Category.objects.select_for_update().get(pk=k.category)
            Book.objects.filter(category_id=k.category).update(category_id=k.category2)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(category_id=k.category).update(stock=1)
            Category.objects.filter(pk=k.category).update(name="N")

    return one, other


@unsafe
def children_moved_to_a_locked_parent() -> tuple[Run, Run]:
    """The new parent is locked as the move is committed; the old one is another row."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.com")
            Book.objects.filter(author_id=k.author2).update(author_id=k.author)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Author.objects.select_for_update().get(pk=k.author)
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.org")

    return one, other


@unsafe
def all_but_those_of_others() -> tuple[Run, Run]:
    """Rows are left out that a subquery on their own table finds."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            others = Review.objects.filter(book_id=k.unordered).values("customer")
            Review.objects.filter(book_id=k.book).exclude(customer__in=others).update(rating=1)
            Book.objects.filter(pk=k.book).update(stock=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Book.objects.filter(pk=k.book).update(stock=2)
            Review.objects.filter(book_id=k.book).update(rating=2)

    return one, other


@unsafe
def many_children_at_once() -> tuple[Run, Run]:
    """Rows that are made by one statement lock what they refer to as well."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.com")
            OrderLine.objects.bulk_create(
                OrderLine(order_id=k.order, book_id=book, quantity=1, unit_price=1)
                for book in (k.unordered, k.unordered2)
            )

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=k.order)
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.org")

    return one, other


@safe
def many_children_of_a_lock_that_leaves_the_key() -> tuple[Run, Run]:
    """The same, and whoever locks the parent leaves its key free."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.com")
            OrderLine.objects.bulk_create(
                OrderLine(order_id=k.order, book_id=book, quantity=1, unit_price=1)
                for book in (k.unordered, k.unordered2)
            )

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Order.objects.select_for_update(no_key=True).get(pk=k.order)
            Publisher.objects.filter(pk=k.publisher).update(website="https://example.org")

    return one, other


@unsafe
def met_with_something_in_hand() -> tuple[Run, Run]:
    """They come to wait for each other before the statements on which they were expected to."""

    def one(k: SimpleNamespace) -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=k.customer)
            _order(k)
            Review.objects.filter(customer_id=k.customer).update(rating=1)

    def other(k: SimpleNamespace) -> None:
        with transaction.atomic():
            _order(k)
            Review.objects.filter(customer_id=k.customer).update(rating=2)
            Customer.objects.filter(pk=k.customer).update(name="N")

    return one, other


def _order(k: SimpleNamespace) -> None:
    """One is made, so that the table's rows seem to be one's own; all are written."""
    order = Order.objects.create(customer_id=k.childless, placed_at="2024-01-01T00:00Z")
    OrderLine.objects.create(order=order, book_id=k.book, quantity=1, unit_price=1)
    OrderLine.objects.filter(book_id=k.book).update(quantity=2)
