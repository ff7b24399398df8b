"""QA406: a sort does not fit into memory. Judged on large tables."""

from __future__ import annotations

from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Depot, Shipment

OPTIONS = {"explain": "analyze", "max_rows": 1_000_000, "ignore": ["QA204"]}
PREPARE = fill_shipping


def bad() -> int:
    """A hundred thousand rows, sorted on disk."""
    return len(Shipment.objects.order_by("note").values_list("pk", "note", "recipient", "lane"))


def good() -> list[str]:
    """The first ones, by the primary key."""
    return list(Shipment.objects.order_by("pk").values_list("note", flat=True)[:100])


def good_in_memory() -> int:
    """A thousand rows fit."""
    return len(Depot.objects.order_by("-name").values_list("name", flat=True))


def good_unsorted() -> int:
    """In whatever order."""
    return len(Shipment.objects.order_by().values_list("note", flat=True))
