"""QA405: the planner was wrong by far. Judged on large tables whose columns go together."""

from __future__ import annotations

from django.db.models.functions import Lower

from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Depot, Shipment

OPTIONS = {"explain": "analyze"}
PREPARE = fill_shipping


def bad() -> int:
    """Three columns that say the same: the planner multiplies their shares."""
    rows = Shipment.objects.filter(zone=1, region=1, lane=1, depot__name__gte="D")
    return rows.count()


def bad_of_any_case() -> int:
    """What ``iexact`` compares is an expression, of whose values nothing is known."""
    return Shipment.objects.filter(carrier__iexact="DOVE", depot__name__gte="D").count()


def good() -> int:
    """One of the three says it as well."""
    return Shipment.objects.filter(zone=1, depot__name__gte="D").count()


def good_nothing_joined() -> int:
    """The same estimate decides nothing here."""
    return Shipment.objects.filter(zone=1, region=1, lane=1).count()


def good_small_table() -> int:
    """A thousand rows."""
    return Depot.objects.filter(name__gte="Depot", name__lte="Depot 999").count()


def good_right() -> int:
    """As many as were expected."""
    return Shipment.objects.filter(carrier="dove", depot__name__gte="D").count()


def good_expression() -> int:
    """An expression lets as many through as the planner takes it to do."""
    rows = Shipment.objects.annotate(by=Lower("carrier")).filter(by__gte="kite")
    return rows.filter(depot__name__gte="D").count()


def good_expression_nothing_joined() -> int:
    """The same estimate as of the bad one decides nothing here."""
    return Shipment.objects.filter(carrier__iexact="DOVE").count()
