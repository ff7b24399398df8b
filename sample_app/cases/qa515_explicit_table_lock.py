"""QA515: LOCK TABLE where rows would do."""

from __future__ import annotations

from django.db import connection, transaction

from sample_app.shop.models import Order


def bad() -> None:
    """Nobody can place an order meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE shop_order IN EXCLUSIVE MODE")


def good() -> int:
    """The row that is meant."""
    with transaction.atomic():
        return Order.objects.select_for_update().earliest("pk").pk


def good_advisory() -> None:
    """A lock that only those know who ask for it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [4711])
