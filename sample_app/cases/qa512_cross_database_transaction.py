"""QA512: rows written on two databases. The archive is one that lives as long as the case."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from sample_app.cases.archive import archive
from sample_app.shop.models import Order, Tag


def _close() -> None:
    Order.objects.filter(pk=Order.objects.earliest("pk").pk).update(note="closed")


def bad() -> None:
    """Both at once: the archive commits first, and stays if the shop fails."""
    with archive() as alias, transaction.atomic(), transaction.atomic(using=alias):
        _close()
        Tag.objects.using(alias).create(name="closed")


def good() -> None:
    """The archive is written when the shop has committed."""
    with archive() as alias, transaction.atomic():
        _close()
        transaction.on_commit(partial(Tag.objects.using(alias).create, name="closed"))


def bad_before() -> None:
    """The inner one has committed before the outer one writes."""
    with archive() as alias, transaction.atomic():
        _store(alias)
        _close()


def _store(alias: str) -> None:
    with transaction.atomic(using=alias):
        Tag.objects.using(alias).create(name="closed")
        Tag.objects.using(alias).filter(name="open").delete()


def bad_by_itself() -> None:
    """A write that commits by itself is there even if the transaction fails: perhaps on purpose."""
    with archive() as alias, transaction.atomic():
        _close()
        Tag.objects.using(alias).create(name="closed")


def good_one_after_the_other() -> None:
    """Each commits for itself."""
    with archive() as alias:
        with transaction.atomic():
            _close()
        _store(alias)


def good_read_there() -> int:
    """The other database is only read, as a replica is."""
    with archive() as alias, transaction.atomic(), transaction.atomic(using=alias):
        _close()
        return Tag.objects.using(alias).filter(name="closed").count()


def good_read_here() -> int:
    """The outer one only reads."""
    with archive() as alias, transaction.atomic():
        found = Order.objects.filter(note="closed").count()
        _store(alias)
    return found


def good_undone() -> None:
    """What is rolled back is on neither of them."""
    with archive() as alias, transaction.atomic():
        _close()
        with transaction.atomic(using=alias):
            Tag.objects.using(alias).create(name="closed")
            transaction.set_rollback(True, using=alias)


def good_one_database() -> None:
    """Two blocks on one database are one transaction."""
    with transaction.atomic(), transaction.atomic(using="default"):
        _close()
        Tag.objects.filter(name="none such").delete()
