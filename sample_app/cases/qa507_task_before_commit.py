"""QA507: messages that name a row which is not committed yet, on a channel layer in memory."""

from __future__ import annotations

from functools import partial

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer
from django.db import transaction

from sample_app.shop.models import Order, Tag

LAYER = InMemoryChannelLayer()


def _publish(message: dict[str, object]) -> None:
    async_to_sync(LAYER.send)("orders", {"type": "paid", **message})


def bad() -> None:
    """The worker may look for the tag before it is there."""
    with transaction.atomic():
        tag = Tag.objects.create(name="new")
        _publish({"tag": tag.pk})


def bad_updated() -> None:
    """The worker may see the order as it was."""
    _pay()


@transaction.atomic
def _pay() -> None:
    order = Order.objects.order_by("pk")[0]
    order.status = Order.Status.PAID
    order.save(update_fields=["status"])
    async_to_sync(LAYER.send)("orders", {"type": "paid", "order": str(order.pk)})


def good() -> None:
    """Published when the row is there for everybody."""
    with transaction.atomic():
        tag = Tag.objects.create(name="new")
        transaction.on_commit(partial(_publish, {"tag": tag.pk}))


def good_autocommit() -> None:
    """The row is committed by itself."""
    tag = Tag.objects.create(name="new")
    _publish({"tag": tag.pk})


def good_after_the_block() -> None:
    """The block has ended."""
    with transaction.atomic():
        tag = Tag.objects.create(name="new")
    _publish({"tag": tag.pk})


def good_nothing_written() -> None:
    """The order was only read."""
    with transaction.atomic():
        order = Order.objects.order_by("pk")[0]
        _publish({"order": order.pk})
