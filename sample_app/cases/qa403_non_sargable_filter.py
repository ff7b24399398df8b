"""QA403: a condition is written past the index of its column. Judged on large tables."""

from __future__ import annotations

from datetime import date, datetime, timezone

from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Depot, Shipment

OPTIONS = {"explain": "analyze"}
PREPARE = fill_shipping

DAY = date(2024, 2, 2)
START = datetime(2024, 2, 2, tzinfo=timezone.utc)
END = datetime(2024, 2, 3, tzinfo=timezone.utc)


def bad() -> int:
    """The date of an indexed moment."""
    return Shipment.objects.filter(sent_at__date=DAY).count()


def bad_any_case() -> int:
    """The index has the names as they are written."""
    return Shipment.objects.filter(recipient__iexact="PERSON 77").count()


def bad_inside() -> int:
    """A pattern that begins with anything."""
    return Shipment.objects.filter(recipient__contains="n 1234").count()


def good() -> int:
    """The day as a range."""
    return Shipment.objects.filter(sent_at__gte=START, sent_at__lt=END).count()


def good_exact() -> int:
    """As it is written."""
    return Shipment.objects.filter(recipient="Person 77").count()


def good_prefix() -> int:
    """Django made an index for patterns."""
    rows = Shipment.objects.filter(recipient__startswith="Person 77")
    return len(rows.values_list("recipient", flat=True))


def good_year() -> int:
    """Django writes a year as a range."""
    return Shipment.objects.filter(sent_at__year=2023).count()


def good_small_table() -> int:
    """A thousand rows."""
    return Depot.objects.filter(name__icontains="7").count()


def good_most_rows() -> int:
    """Every name has it: nothing leads to all rows."""
    return Shipment.objects.filter(recipient__icontains="PERSON").count()


def good_narrowed_before() -> int:
    """Another condition leads to few rows."""
    return Shipment.objects.filter(recipient="Person 77", sent_at__date=DAY).count()
