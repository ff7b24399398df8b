"""QA401: a table is read to find few of its rows. Judged with EXPLAIN ANALYZE, on large tables."""

from __future__ import annotations

from django.db.models import OuterRef, Q, Subquery

from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Depot, Scan, Shipment

OPTIONS = {"explain": "analyze"}
PREPARE = fill_shipping

CODE = "T7x1"


def bad() -> list[int]:
    """One of a hundred thousand, and all are read."""
    return list(Shipment.objects.filter(tracking_code=CODE).values_list("pk", flat=True))


def bad_state() -> int:
    """Half a percent is still under way."""
    return Shipment.objects.filter(delivered_at__isnull=True).count()


def bad_two_columns() -> int:
    """Neither column has an index, and together they choose few."""
    return Shipment.objects.filter(status="open", carrier="dove").count()


def bad_range() -> list[int]:
    """The heaviest few."""
    return list(Shipment.objects.filter(weight__gt=99_900).values_list("weight", flat=True))


def bad_list() -> int:
    """Several values at once."""
    return Shipment.objects.filter(tracking_code__in=["T7x1", "T14x2", "T21x3"]).count()


def bad_json() -> int:
    """JSON is looked into row by row."""
    return Shipment.objects.filter(details__contains={"fragile": True}).count()


def bad_prefix() -> int:
    """The beginning of a code."""
    return Shipment.objects.filter(tracking_code__startswith="T7x").count()


def bad_update() -> int:
    """An update looks for its rows as a query does. There are none of this name."""
    return Shipment.objects.filter(tracking_code="no such code").update(note="lost")


def bad_state_in_order() -> list[int]:
    """The first of the few that are under way: an index over these alone, in order."""
    waiting = Shipment.objects.filter(delivered_at__isnull=True)
    return list(waiting.order_by("weight").values_list("weight", flat=True)[:5])


def bad_either() -> list[int]:
    """One of two conditions, and neither column has an index: it takes both."""
    found = Shipment.objects.filter(Q(tracking_code=CODE) | Q(weight__gt=99_990))
    return list(found.values_list("weight", flat=True))


def bad_either_half_indexed() -> int:
    """An index leads to one of two conditions, so that all is read for the other one."""
    return Shipment.objects.filter(Q(recipient="Person 77") | Q(tracking_code=CODE)).count()


def good_either_indexed() -> int:
    """Both columns have an index."""
    pk = Shipment.objects.values_list("pk", flat=True).order_by("pk")[0]
    return Shipment.objects.filter(Q(recipient="Person 77") | Q(pk=pk)).count()


def good_either_common() -> int:
    """One of two conditions lets a fifth of the rows pass: no index helps with the other."""
    return Shipment.objects.filter(Q(tracking_code=CODE) | Q(carrier="dove")).count()


def good() -> list[int]:
    """By the primary key."""
    pk = Shipment.objects.values_list("pk", flat=True).order_by("pk")[0]
    return list(Shipment.objects.filter(pk=pk).values_list("pk", flat=True))


def good_indexed() -> int:
    """The column has an index."""
    return Shipment.objects.filter(recipient="Person 77").count()


def good_indexed_range() -> int:
    """A range of an indexed column."""
    first = Shipment.objects.order_by("sent_at").values_list("sent_at", flat=True)[0]
    return Shipment.objects.filter(sent_at__lte=first).count()


def good_most_rows() -> int:
    """A fifth of the table: reading it is the way to go."""
    return Shipment.objects.filter(carrier="dove").count()


def good_all_but_few() -> int:
    """Almost all."""
    return Shipment.objects.filter(status="done").count()


def good_small_table() -> list[str]:
    """A thousand rows are read in no time."""
    return list(Depot.objects.filter(name="Depot 7").values_list("name", flat=True))


def good_narrowed_by_an_index() -> int:
    """The index leads to five rows, of which one is left out."""
    return Shipment.objects.filter(recipient="Person 77", carrier="kite").count()


def good_everything() -> int:
    """No condition, no index."""
    return Shipment.objects.count()


def good_first_found() -> bool:
    """EXISTS stops at the first row, which is soon found."""
    return Shipment.objects.filter(carrier="swan").exists()


def good_joined_whole() -> int:
    """All rows of both tables are wanted."""
    return Shipment.objects.filter(depot__name__gte="Depot").count()


def good_composite() -> int:
    """An index over two columns begins with the one that is asked for."""
    pk = Scan.objects.order_by("pk").values_list("shipment_id", flat=True)[0]
    return Scan.objects.filter(shipment_id=pk).count()


def good_inner_query() -> list[int]:
    """The inner query is answered by an index, once for each depot."""
    latest = Scan.objects.filter(shipment=OuterRef("pk")).order_by("-scanned_at")
    rows = Shipment.objects.order_by("pk").annotate(seen=Subquery(latest.values("pk")[:1]))
    return list(rows.values_list("seen", flat=True)[:5])


def good_nothing_found_by_index() -> int:
    """No row, found by an index."""
    return Shipment.objects.filter(recipient="Nobody").count()


def good_value_that_nobody_has() -> int:
    """None of this carrier, by chance: each of the five that there are has a fifth of the rows."""
    return Shipment.objects.filter(carrier="eagle").count()


def good_negated() -> int:
    """What is left out is the few."""
    return Shipment.objects.exclude(tracking_code=CODE).count()
