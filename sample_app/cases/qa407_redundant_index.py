"""QA407: an index is the beginning of another. Judged by the catalogue, of large tables."""

from __future__ import annotations

from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Book, Depot, OrderLine, Scan, Shipment, Trip

OPTIONS = {"explain": "analyze"}
PREPARE = fill_shipping


def bad() -> int:
    """``trip_of_depot`` begins with the foreign key, which has an index of its own."""
    pk = Depot.objects.order_by("pk").values_list("pk", flat=True)[0]
    return Trip.objects.filter(depot=pk).count()


def good() -> int:
    """Each index of this table has its own use; that for patterns is of another kind."""
    return Shipment.objects.filter(recipient="Person 77").count()


def good_small_table() -> int:
    """``book_once_in_order`` begins with the order, but there are few lines."""
    return OrderLine.objects.count()


def good_foreign_key_without() -> int:
    """``scan_of_shipment`` begins with the foreign key, which has no index of its own."""
    pk = Shipment.objects.order_by("pk").values_list("pk", flat=True)[0]
    return Scan.objects.filter(shipment=pk).count()


def good_nothing_alike() -> int:
    """No index begins another."""
    return Book.objects.count()
