"""QA606: each row is committed by itself."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from sample_app.shop.models import Category, Customer, Tag

LEVELS = 4


def _names() -> list[str]:
    """A path as it would come from a file."""
    return [f"level {number}" for number in range(LEVELS)]


def bad() -> int:
    """Each row needs the one before, and each is committed."""
    parent = None
    for name in _names():
        parent = Category.objects.create(name=name, parent=parent)
    return Category.objects.count()


def good() -> int:
    """One transaction for all."""
    parent = None
    with transaction.atomic():
        for name in _names():
            parent = Category.objects.create(name=name, parent=parent)
    return Category.objects.count()


def bad_atomic_rounds() -> int:
    """A transaction in each round is a commit in each round."""
    parent = None
    for name in _names():
        with transaction.atomic():
            parent = Category.objects.create(name=name, parent=parent)
    return Category.objects.count()


def bad_asks_for_the_last() -> int:
    """Each row has the number after the last one's."""
    for name in _names():
        number = Customer.objects.count()
        Customer.objects.create(
            name=name, email=f"{number}@numbers.example", joined_on="2024-05-01"
        )
    return Customer.objects.count()


def bad_bulk() -> int:
    """Where all rows can be written at once, that is said first."""
    for name in _names():
        Tag.objects.create(name=name)
    return Tag.objects.count()


@transaction.atomic
def good_decorated() -> int:
    """The function is a transaction."""
    parent = None
    for name in _names():
        parent = Category.objects.create(name=name, parent=parent)
    return Category.objects.count()


def good_called_within() -> int:
    """So is its caller."""
    with transaction.atomic():
        return _create_path()


def _create_path() -> int:
    parent = None
    for name in _names():
        parent = Category.objects.create(name=name, parent=parent)
    return Category.objects.count()


def good_import_that_goes_on() -> int:
    """A bad row must not undo those before it."""
    parent, skipped = None, 0
    for name in _names():
        try:
            with transaction.atomic():
                parent = Category.objects.create(name=name, parent=parent)
        except IntegrityError:
            skipped += 1
    return skipped


def good_few() -> int:
    """Two commits are nothing."""
    parent = None
    for name in _names()[:2]:
        parent = Category.objects.create(name=name, parent=parent)
    return Category.objects.count()


def good_progress() -> str:
    """Others are to see how far the work is."""
    customer = Customer.objects.order_by("pk")[0]
    for name in _names():
        customer.name = name
        customer.save(update_fields=["name"])
    return customer.name


def good_tells_others() -> list[str]:
    """Each round waits for another system, and no lock should."""
    parent, told = None, _Channel()
    for name in _names():
        parent = Category.objects.create(name=name, parent=parent)
        told.send(parent.name)
    return told.sent


class _Channel:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, text: str) -> None:
        self.sent.append(text)


def good_bulk_rows() -> int:
    """One statement is one commit."""
    Tag.objects.bulk_create([Tag(name=name) for name in _names()])
    return Tag.objects.count()
