"""QA511: savepoints in the rounds of a loop within one transaction."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from sample_app.shop.models import Book, Category, Order, Tag

ROUNDS = 12
FEW = 4


def _note(order: Order, number: int) -> None:
    order.note = f"{number} books packed"
    order.save(update_fields=["note"])


@transaction.atomic
def _pack(order: Order, number: int) -> None:
    _note(order, number)


def bad() -> str:
    """A block in each round, within a block around them all."""
    with transaction.atomic():
        order = Order.objects.earliest("pk")
        for number in range(ROUNDS):
            with transaction.atomic():
                _note(order, number)
    return order.note


def good() -> str:
    """The same without savepoints."""
    with transaction.atomic():
        order = Order.objects.earliest("pk")
        for number in range(ROUNDS):
            with transaction.atomic(savepoint=False):
                _note(order, number)
    return order.note


def bad_decorated() -> str:
    """A decorated function that is called in a loop."""
    with transaction.atomic():
        order = Order.objects.earliest("pk")
        for number in range(ROUNDS):
            _pack(order, number)
    return order.note


def bad_chain() -> int:
    """A category in each round; an error is caught where it's too late."""
    try:
        _grow()
    except IntegrityError:
        return 0
    return Category.objects.count()


@transaction.atomic
def _grow() -> None:
    node = None
    for number in range(ROUNDS):
        with transaction.atomic():
            node = Category.objects.create(name=f"{number}", parent=node)


def good_commit_each() -> str:
    """No transaction around the loop: each round commits."""
    order = Order.objects.earliest("pk")
    for number in range(ROUNDS):
        _pack(order, number)
    return order.note


def good_tolerant() -> int:
    """A round that fails is left out, the others stay."""
    failed = 0
    with transaction.atomic():
        for number in range(ROUNDS):
            try:
                with transaction.atomic():
                    Tag.objects.create(name=f"tag {number // 2}"[:40])
            except IntegrityError:
                failed += 1
    return failed


def good_tolerant_callee() -> int:
    """The same, with the block in a function that knows what to do."""
    with transaction.atomic():
        return sum(_added(f"tag {number // 2}") for number in range(ROUNDS))


def _added(name: str) -> bool:
    try:
        with transaction.atomic():
            Tag.objects.create(name=name)
    except IntegrityError:
        return False
    return True


def good_by_hand() -> int:
    """Made by hand, and rolled back by hand."""
    order = Order.objects.earliest("pk")
    with transaction.atomic():
        for number in range(ROUNDS):
            savepoint = transaction.savepoint()
            _note(order, number)
            if number % 2:
                transaction.savepoint_rollback(savepoint)
            else:
                transaction.savepoint_commit(savepoint)
    return ROUNDS


def good_few() -> str:
    """A loop of a few rounds."""
    with transaction.atomic():
        order = Order.objects.earliest("pk")
        for number in range(FEW):
            with transaction.atomic():
                _note(order, number)
    return order.note


def good_one_block() -> str:
    """One block around the loop."""
    with transaction.atomic():
        order = Order.objects.earliest("pk")
        with transaction.atomic():
            for number in range(ROUNDS):
                _note(order, number)
    return order.note


def good_implicit() -> int:
    """``delete()`` has a block of its own, and no savepoint."""
    with transaction.atomic():
        for _ in range(ROUNDS):
            Book.objects.filter(slug="none such").delete()
    return Book.objects.count()


def good_made_by_a_call() -> int:
    """``get_or_create()`` makes a savepoint to catch the error of a row that is there after all."""
    with transaction.atomic():
        for _ in range(ROUNDS):
            Tag.objects.filter(name="again").delete()
            Tag.objects.get_or_create(name="again")
    return ROUNDS
