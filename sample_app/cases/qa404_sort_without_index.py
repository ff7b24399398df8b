"""QA404: all rows are sorted for the first few. Judged on large tables."""

from __future__ import annotations

from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Depot, Shipment

OPTIONS = {"explain": "analyze", "max_rows": 1_000_000, "ignore": ["QA204"]}
PREPARE = fill_shipping


def bad() -> list[int]:
    """The ten heaviest of all."""
    return list(Shipment.objects.order_by("-weight").values_list("weight", flat=True)[:10])


def bad_of_one_carrier() -> list[int]:
    """The ten heaviest of a fifth."""
    rows = Shipment.objects.filter(carrier="dove").order_by("-weight")
    return list(rows.values_list("weight", flat=True)[:10])


def good() -> list[int]:
    """The ten latest: an index has the order."""
    return list(Shipment.objects.order_by("-sent_at").values_list("pk", flat=True)[:10])


def good_all_wanted() -> int:
    """All are wanted in this order."""
    return len(Shipment.objects.filter(zone=1).order_by("weight").values_list("pk", flat=True))


def good_few_sorted() -> list[int]:
    """Five rows, found by an index."""
    rows = Shipment.objects.filter(recipient="Person 77").order_by("weight")
    return list(rows.values_list("weight", flat=True)[:3])


def good_small_table() -> list[str]:
    """A thousand rows."""
    return list(Depot.objects.order_by("-name").values_list("name", flat=True)[:5])


def good_unordered() -> int:
    """No order at all."""
    return len(Shipment.objects.order_by().values_list("pk", flat=True)[:10])


def good_most_of_it() -> int:
    """A fifth of the table is taken: reading it in order would cost more."""
    return len(Shipment.objects.order_by("weight").values_list("pk", flat=True)[:20_000])
