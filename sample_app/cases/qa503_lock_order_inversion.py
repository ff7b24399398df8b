"""QA503: rows of two tables, locked in two orders. What runs one by one may meet one day."""

from __future__ import annotations

from django.db import transaction

from sample_app.shop.models import Book, Customer, Order, Tag


def _order() -> None:
    Order.objects.filter(pk=1).update(note="seen")


def _customer() -> None:
    Customer.objects.filter(pk=1).update(name="C.")


def _order_first() -> None:
    with transaction.atomic():
        _order()
        _customer()


def _customer_first() -> None:
    with transaction.atomic():
        _customer()
        _order()


def bad() -> None:
    """The order and then its customer, and the other way round."""
    _order_first()
    _customer_first()


def bad_locked() -> None:
    """One locks to be sure, and in the wrong order."""
    _order_first()
    with transaction.atomic():
        list(Customer.objects.select_for_update().filter(pk=1))
        _order()


def _swap(one: int, other: int) -> None:
    with transaction.atomic():
        list(Customer.objects.select_for_update().filter(pk=one))
        list(Customer.objects.select_for_update().filter(pk=other))


def bad_arguments() -> None:
    """Two rows in the order of the arguments, which may come the other way round."""
    _swap(1, 2)


def good_arguments_in_order() -> None:
    """Two rows in the order of their keys."""

    def swap(one: int, other: int) -> None:
        one, other = sorted((one, other))
        with transaction.atomic():
            list(Customer.objects.select_for_update().filter(pk=one))
            list(Customer.objects.select_for_update().filter(pk=other))

    swap(1, 2)


def good() -> None:
    """Everybody locks the order first."""
    _order_first()
    with transaction.atomic():
        list(Order.objects.select_for_update().filter(pk=1))
        _customer()


def good_gate() -> None:
    """Both lock a book before, and meet there."""
    with transaction.atomic():
        list(Book.objects.select_for_update().filter(pk=1))
        _order()
        _customer()
    with transaction.atomic():
        list(Book.objects.select_for_update().filter(pk=1))
        _customer()
        _order()


def good_waits_for_nobody() -> None:
    """Who skips what is locked holds nobody up."""
    _order_first()
    with transaction.atomic():
        _customer()
        list(Order.objects.select_for_update(skip_locked=True).filter(pk=1))


def good_modes_go_together() -> None:
    """Two that share a row do not wait for each other."""
    with transaction.atomic():
        list(Customer.objects.raw("SELECT * FROM shop_customer WHERE id = 1 FOR SHARE"))
        _order()
    with transaction.atomic():
        _order()
        list(Customer.objects.raw("SELECT * FROM shop_customer WHERE id = 1 FOR SHARE"))


def good_own_rows() -> None:
    """Nobody waits for a row that nobody else can see."""
    with transaction.atomic():
        tag = Tag.objects.create(name="new")
        _customer()
        Tag.objects.filter(pk=tag.pk).update(name="newer")
    with transaction.atomic():
        _customer()
        Tag.objects.filter(pk=1).update(name="other")


def good_each_by_itself() -> None:
    """Nothing is held between the two."""
    _order()
    _customer()
    _order()


def good_only_read() -> None:
    """Reading locks nothing."""
    _order_first()
    with transaction.atomic():
        Customer.objects.filter(pk=1).exists()
        _order()


def bad_rows_of_one() -> None:
    """All orders of a customer and then the customer: one of them may be the order of the other."""
    with transaction.atomic():
        Order.objects.filter(customer_id=1).update(note="seen")
        Customer.objects.filter(pk=1).update(name="R.")
    with transaction.atomic():
        _customer()
        Order.objects.filter(pk=1).update(note="of one")


def bad_one_against_others() -> None:
    """Where one place is in the way of several, it is the one to change."""
    with transaction.atomic():
        Order.objects.filter(pk=1).update(note="first")
        Customer.objects.filter(pk=1).update(name="O.")
    _customer_first()
    with transaction.atomic():
        _customer()
        _note()


def _note() -> None:
    Order.objects.filter(pk=1).update(note="read")
