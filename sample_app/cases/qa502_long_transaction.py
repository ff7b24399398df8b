"""QA502: transactions that go on and on with rows locked. What counts as long is less here."""

from __future__ import annotations

import time

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from sample_app.shop.models import Book, Customer, Order

OPTIONS = {
    "max_transaction_queries": 20,
    "max_transaction_ms": 200,
    "batch_files": ["*/none.py"],
    "ignore": ["QA104", "QA701"],
}
MANY = 30
FEW = 10


def _note(order: Order, number: int) -> None:
    order.note = f"{number} books packed"
    order.save(update_fields=["note"])


def _think(seconds: float) -> int:
    """Keeps Python busy."""
    end, rounds = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        rounds += 1
    return rounds


def bad() -> str:
    """A customer is locked while an order is packed, book by book."""
    with transaction.atomic():
        Customer.objects.select_for_update().order_by("pk")[:1].get()
        order = Order.objects.earliest("pk")
        for number in range(MANY):
            _note(order, number)
    return order.note


def good() -> str:
    """The same in several transactions."""
    order = Order.objects.earliest("pk")
    for start in range(0, MANY, FEW):
        with transaction.atomic():
            Customer.objects.select_for_update().order_by("pk")[:1].get()
            for number in range(start, start + FEW):
                _note(order, number)
    return order.note


@transaction.atomic
def _pack() -> None:
    order = Order.objects.earliest("pk")
    for number in range(MANY):
        _note(order, number)


def bad_decorated() -> None:
    """The function is the transaction."""
    _pack()


def bad_busy() -> None:
    """Python computes with a row locked: far too long, whatever else the machine does."""
    with transaction.atomic():
        order = Order.objects.only("pk").earliest("pk")
        Order.objects.filter(pk=order.pk).update(status=Order.Status.PAID)
        rounds = _think(1.1)
        Order.objects.filter(pk=order.pk).update(note=f"{rounds}")


def good_computed_before() -> None:
    """Nothing is locked meanwhile."""
    with transaction.atomic():
        rounds = _think(0.25)
        order = Order.objects.select_for_update().order_by("pk")[:1].get()
        Order.objects.filter(pk=order.pk).update(note=f"{rounds}")


def good_only_reads() -> int:
    """Many statements that lock nothing."""
    with transaction.atomic():
        return sum(Book.objects.filter(pages__gt=number).exists() for number in range(MANY))


def good_locked_last() -> None:
    """The lock is taken when nearly all is done."""
    with transaction.atomic():
        order = Order.objects.earliest("pk")
        _note(order, 1)


class Command(BaseCommand):
    def handle(self, *args: object, **options: object) -> None:
        _pack()


def good_command() -> None:
    """Nobody waits for a command's answer."""
    call_command(Command())


def good_each_commits() -> None:
    """No block around the loop."""
    order = Order.objects.earliest("pk")
    for number in range(MANY):
        _note(order, number)
