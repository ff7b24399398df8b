"""QA206: pages far behind. The cases are judged with an offset of six, as the shop is small."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db import connection

from sample_app.shop.models import OrderLine

#: The option under which these cases are judged.
OPTIONS = {"max_offset": 6}


def bad() -> list[int]:
    """The third page, and all before it are read for it."""
    return [line.quantity for line in OrderLine.objects.order_by("pk")[6:9]]


def good() -> list[int]:
    """The rows after the last one that was seen."""
    last_seen = OrderLine.objects.order_by("pk").values_list("pk", flat=True)[5]
    return [line.quantity for line in OrderLine.objects.filter(pk__gt=last_seen).order_by("pk")[:3]]


def bad_paginator() -> list[int]:
    """A late page of a paginator."""
    page = Paginator(OrderLine.objects.order_by("pk"), 2).get_page(5)
    return [line.quantity for line in page]


def bad_raw() -> list[object]:
    """The same in raw SQL."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quantity FROM shop_orderline ORDER BY id LIMIT 3 OFFSET 7")
        return cursor.fetchall()


def good_first_page() -> list[int]:
    """Nothing is skipped."""
    return [line.quantity for line in Paginator(OrderLine.objects.order_by("pk"), 2).get_page(1)]


def good_second_page() -> list[int]:
    """A few rows are."""
    return [line.quantity for line in Paginator(OrderLine.objects.order_by("pk"), 2).get_page(2)]


def good_first_rows() -> int:
    """A limit without an offset."""
    return len(OrderLine.objects.order_by("pk")[:9])


def good_last_rows() -> list[int]:
    """From the other end."""
    return [line.quantity for line in OrderLine.objects.order_by("-pk")[:3]]
