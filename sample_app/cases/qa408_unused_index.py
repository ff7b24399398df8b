"""QA408: an index that no plan of the run uses. Judged by the plans of large tables."""

from __future__ import annotations

from django.db.models import Model

from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Author, Book, Depot, OrderLine, Publisher, Scan, Shipment, Tag

OPTIONS = {"explain": "analyze"}
PREPARE = fill_shipping

SHIPMENT = ("tracking_code", "carrier", "status", "weight", "zone", "region", "lane", "note")
MORE: tuple[type[Model], ...] = (Author, Book, Depot, OrderLine, Publisher, Tag)


def bad() -> int:
    """Shipments are read by key and by recipient; ``sent_at`` has an index that nobody asks for."""
    return _read(Shipment, SHIPMENT) + _others() + _by_recipient()


def good_asked_for() -> int:
    """The same, and the last of all are looked at as well: their order is that of the index."""
    last = len(Shipment.objects.order_by("-sent_at").values_list("pk", flat=True)[:3])
    return _read(Shipment, SHIPMENT) + _others() + _by_recipient() + last


def good_filtered_otherwise() -> int:
    """The planner did not use the index for these values; with others it might."""
    many = Shipment.objects.filter(sent_at__year__gte=2000, pk=1).count()
    return _read(Shipment, SHIPMENT) + _others() + _by_recipient() + many


def good_few_statements() -> int:
    """Three statements say little about what an application does."""
    return _read(Shipment, SHIPMENT[:3])


def good_hardly_read() -> int:
    """Enough statements, but this table is hardly in them."""
    return _read(Shipment, SHIPMENT[:2]) + _others() + _others("id") + _others("id", "id")


def good_small_table() -> int:
    """Books are few: their indexes are in no plan, as none is needed."""
    return _read(Book, ("title", "price", "stock", "pk")) + _others() + _others("id")


def good_foreign_key() -> int:
    """Scans are read by key; the indexes of foreign keys are for deletions of parents, too."""
    count = Scan.objects.filter(pk=1).count() + Scan.objects.filter(pk__in=[1, 2]).count()
    return (
        _read(Scan, ("scanned_at", "pk", "shipment", "depot")) + count + _others() + _others("id")
    )


def _by_recipient() -> int:
    return Shipment.objects.filter(recipient="Person 77").count()


def _read(model: type[Model], columns: tuple[str, ...]) -> int:
    """One statement for each column: by key."""
    found = 0
    for column in columns:
        found += len(model._default_manager.filter(pk=1).values_list(column))
    return found


def _others(*columns: str) -> int:
    """Statements on small tables."""
    found = 0
    for model in MORE:
        found += len(model._default_manager.filter(pk=1).values_list("pk", *columns))
        found += model._default_manager.filter(pk__lt=3).count() if not columns else 0
    return found
