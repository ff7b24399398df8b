"""QA506: rows locked by ``FOR UPDATE`` that rows inserted elsewhere refer to."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Model

from sample_app.shop.models import Author, Book, Category, Customer, Order, Publisher, Tag


def _rename() -> None:
    with transaction.atomic():
        customer = Customer.objects.select_for_update().earliest("pk")
        customer.name = "C."
        customer.save(update_fields=["name"])


def _rename_gently() -> None:
    with transaction.atomic():
        customer = Customer.objects.select_for_update(no_key=True).earliest("pk")
        customer.name = "C."
        customer.save(update_fields=["name"])


def _order() -> None:
    customer = Customer.objects.only("pk").latest("pk")
    Order.objects.create(customer=customer, placed_at="2024-01-01T00:00Z")


def bad() -> None:
    """A customer is locked to be renamed; who orders something waits."""
    _rename()
    _order()


def good() -> None:
    """Who renames and who orders do not meet."""
    _rename_gently()
    _order()


def bad_in_a_transaction() -> None:
    """The order is placed in a transaction of its own, before."""
    with transaction.atomic():
        _order()
    with transaction.atomic():
        list(Customer.objects.select_for_update().filter(name__startswith="C").order_by("pk"))
        Customer.objects.filter(name__startswith="C").update(name="C.")


def bad_joined() -> None:
    """The join locks the parent along."""
    with transaction.atomic():
        order = Order.objects.select_related("customer").select_for_update(of=("self", "customer"))
        first = order.earliest("pk")
        Order.objects.filter(pk=first.pk).update(note=first.customer.name)
        Customer.objects.filter(pk=first.customer_id).update(name="C.")
    _order()


def good_joined() -> None:
    """Only the order is locked, and nobody inserts what refers to orders."""
    with transaction.atomic():
        order = Order.objects.select_related("customer").select_for_update(of=("self",))
        first = order.earliest("pk")
        Order.objects.filter(pk=first.pk).update(note=first.customer.name)
    _order()


def good_deleted() -> None:
    """The row goes away: nobody may refer to it."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update().latest("pk")
        Order.objects.filter(customer=customer).delete()
        customer.delete()
    _order()


def good_key_changes() -> None:
    """Somebody could refer to the column by a foreign key."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update().earliest("pk")
        customer.email = "new@example.com"
        customer.save(update_fields=["email"])
    _order()


def good_nobody_inserts() -> None:
    """No row that refers to it is inserted."""
    _rename()


def good_inserted_under_the_lock() -> None:
    """Who inserts has locked the parent, as all do: they wait for each other anyway."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update().earliest("pk")
        Order.objects.create(customer=customer, placed_at="2024-01-01T00:00Z")


def good_other_parent() -> None:
    """The lock is on rows that the new row does not refer to."""
    with transaction.atomic():
        book = Book.objects.select_for_update().earliest("pk")
        book.stock = 3
        book.save(update_fields=["stock"])
    _order()


def _touch(model: type[Model]) -> None:
    with transaction.atomic():
        row = model._default_manager.select_for_update().earliest("pk")
        model._default_manager.filter(pk=row.pk).update(name="N.")


def bad_any_table() -> None:
    """One line that locks rows of whatever it is given is one thing to mend."""
    _touch(Customer)
    _touch(Author)
    _order()
    Book.objects.create(
        slug="b",
        author=Author.objects.only("pk").latest("pk"),
        publisher=Publisher.objects.only("pk").latest("pk"),
        title="B.",
        price=1,
        pages=1,
        published_on="2024-01-01",
    )


def good_any_table() -> None:
    """Of what the line locks nothing is referred to by what is inserted."""
    _touch(Tag)
    _touch(Category)
    _order()


def good_made_together() -> None:
    """The customer is as new as his order: nobody else can have locked him."""
    _rename()
    with transaction.atomic():
        customer = Customer.objects.create(name="C.", email="c@example.com", joined_on="2024-01-01")
        Order.objects.create(customer=customer, placed_at="2024-01-01T00:00Z")


def good_made_one_after_the_other() -> None:
    """Without a transaction, too, the customer is new where he orders."""
    _rename()
    customer = Customer.objects.create(name="C.", email="c@example.com", joined_on="2024-01-01")
    Order.objects.create(customer=customer, placed_at="2024-01-01T00:00Z")


def _invite(referred_by: Customer | None) -> None:
    Customer.objects.create(
        name="N.", email="n@example.com", joined_on="2024-01-01", referred_by=referred_by
    )


def bad_nullable() -> None:
    """The key may be empty, and is not: the customer who invited is locked."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update().earliest("pk")
        customer.name = "D."
        customer.save(update_fields=["name"])
    _invite(Customer.objects.only("pk").latest("pk"))


def good_left_empty() -> None:
    """Nobody has invited the new customer."""
    _rename()
    _invite(None)
