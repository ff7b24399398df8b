"""QA409: plans are compared with those in ``qa409_plans.json``, as far as they are there."""

from __future__ import annotations

from pathlib import Path

from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Book, Shipment

OPTIONS = {"explain": "plan", "plan_baseline": str(Path(__file__).with_name("qa409_plans.json"))}
PREPARE = fill_shipping


def bad() -> int:
    """An index led to the carrier's shipments when the plan was accepted."""
    return Shipment.objects.filter(carrier="dove").count()


def bad_dearer() -> int:
    """The table was read as a whole then as well, at a hundredth of the cost and as many rows."""
    return Shipment.objects.filter(carrier="hawk", zone__lt=7).count()


def good() -> int:
    """The plan is the one that was accepted."""
    return Shipment.objects.filter(zone__lt=6).count()


def good_not_accepted() -> int:
    """There is no plan to compare with."""
    return Shipment.objects.filter(region__lt=6).count()


def good_hardly_dearer() -> int:
    """The index went, and it makes no odds: the cost is much as it was."""
    return Shipment.objects.filter(lane__lt=6).count()


def good_grown() -> int:
    """Twenty times the cost, as there are fifty times the rows."""
    return Shipment.objects.filter(zone__lt=6, lane__lt=6).count()


def good_planned_otherwise() -> int:
    """The accepted plan was for any values: its cost can't be compared."""
    return Shipment.objects.filter(zone__lt=6, region__lt=6).count()


def good_small_table() -> int:
    """A few books are read in no time, with an index or without."""
    return Book.objects.filter(stock__gte=0).count()
