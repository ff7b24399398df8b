"""QA402: rows are looked up by a foreign key without an index. Judged on large tables."""

from __future__ import annotations

from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Book, Depot, Scan, Shipment

OPTIONS = {"explain": "analyze"}
PREPARE = fill_shipping


def bad() -> int:
    """What a depot has: its shipments are found by reading all."""
    depot = Depot.objects.order_by("pk")[7]
    return depot.shipments.count()


def bad_joined() -> int:
    """The same, as a join."""
    return Shipment.objects.filter(depot__name="Depot 7").count()


def good() -> int:
    """This foreign key has an index."""
    depot = Depot.objects.order_by("pk")[7]
    return depot.scans.count()


def good_from_the_child() -> str:
    """Followed forwards: the parent is found by its primary key."""
    return Shipment.objects.order_by("pk")[0].depot.name


def good_never_followed() -> list[int]:
    """Nobody asks for a depot's shipments."""
    return list(Shipment.objects.order_by("pk").values_list("depot_id", flat=True)[:5])


def good_small_table() -> int:
    """A handful of books."""
    book = Book.objects.order_by("pk")[0]
    return book.reviews.count()


def good_in_a_composite_index() -> int:
    """An index over several columns begins with the key."""
    shipment = Scan.objects.order_by("pk").values_list("shipment_id", flat=True)[0]
    return Scan.objects.filter(shipment=shipment, scanned_at__isnull=False).count()
