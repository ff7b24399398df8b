"""The queries, as a project writes them. Each is asked with a common value and a rare one."""
# ruff: noqa: ARG005 - many are asked in one way only

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Avg, Count, F, Q, Sum

from benchmarks.advisor.filling import Sizes
from benchmarks.advisor.models import (
    Category,
    Customer,
    Event,
    Line,
    Order,
    Parcel,
    Payment,
    Product,
    Region,
    Stock,
)

DAY = timedelta(days=1)


class Statement(NamedTuple):
    """What Django made of a query."""

    sql: str
    params: tuple[Any, ...]


class Query(NamedTuple):
    name: str
    ask: Callable[[int], Any]  #: 0 a common value, 1 a rare one
    is_trap: bool


def queries(sizes: Sizes) -> list[Query]:
    """All of them; traps are those for which no index pays, or none that is to be had cheaply."""
    found = [Query(name, ask, False) for name, ask in _useful(sizes).items()]
    return found + [Query(name, ask, True) for name, ask in _traps().items()]


def at(day: float) -> datetime:
    return datetime(2020, 1, 1, tzinfo=timezone.utc) + day * DAY


def _useful(sizes: Sizes) -> dict[str, Callable[[int], Any]]:
    def one(common: Any, rare: Any) -> Callable[[int], Any]:
        return lambda turn: (common, rare)[turn]

    customer = one(1, sizes.customers * 2 // 3)
    order = one(sizes.orders // 2, sizes.orders - 7)
    product = one(1, sizes.products * 2 // 3)
    number = one(7, sizes.orders // 3)
    day = one(900, 1990)
    reference = one("0" * 32, "F" * 32)
    return {
        "order by reference": lambda t: list(Order.objects.filter(reference=reference(t))),
        "lines of an order": lambda t: list(Line.objects.filter(order=order(t))),
        "lines with products": lambda t: list(
            Line.objects.filter(order=order(t)).select_related("product")
        ),
        "payments of an order": lambda t: list(Payment.objects.filter(order=order(t))),
        "lines of many orders": lambda t: list(
            Line.objects.filter(order__in=[order(t) + n for n in range(-30, 0)])
        ),
        "lines of a product": lambda t: Line.objects.filter(product=product(1)).count(),
        "sold of a product": lambda t: Line.objects.filter(product=product(t)).aggregate(
            Sum("quantity")
        ),
        "latest of a customer": lambda t: list(
            Order.objects.filter(customer=customer(t)).order_by("-placed_at")[:10]
        ),
        "spent by a customer": lambda t: Order.objects.filter(customer=customer(t)).aggregate(
            Sum("total")
        ),
        "open orders": lambda t: list(
            Order.objects.filter(status="open").order_by("-placed_at")[:20]
        ),
        "errors": lambda t: Order.objects.filter(status="error").count(),
        "latest errors": lambda t: list(
            Order.objects.filter(status="error").order_by("-placed_at")[:20]
        ),
        "not shipped, oldest": lambda t: list(
            Order.objects.filter(shipped_at__isnull=True).order_by("placed_at")[:50]
        ),
        "faxes of high priority": lambda t: list(
            Order.objects.filter(channel="fax", priority=9).values_list("id", "total")
        ),
        "orders of a week": lambda t: Order.objects.filter(
            placed_at__range=(at(day(t)), at(day(t) + 7))
        ).aggregate(Sum("total")),
        "orders of a day": lambda t: Order.objects.filter(
            placed_at__gte=at(day(t)), placed_at__lt=at(day(t) + 1)
        ).count(),
        "largest orders": lambda t: list(Order.objects.order_by("-total")[:20]),
        "largest errors": lambda t: list(
            Order.objects.filter(status="error").order_by("-total")[:20]
        ),
        "a page of the latest": lambda t: list(Order.objects.order_by("-placed_at", "-id")[:50]),
        "orders of a campaign": lambda t: list(
            Order.objects.filter(meta__contains={"campaign": f"c{(5, 2900)[t]}"}).values_list("id")
        ),
        "errors of a customer": lambda t: Order.objects.filter(
            customer=customer(t), status="error"
        ).exists(),
        "customer by e-mail": lambda t: list(
            Customer.objects.filter(email=f"user{number(t)}@example{number(t) % 7}.org")
        ),
        "customer by e-mail, any case": lambda t: list(
            Customer.objects.filter(email__iexact=f"User{number(t)}@example{number(t) % 7}.ORG")
        ),
        "customer by e-mail or name": lambda t: list(
            Customer.objects.filter(
                Q(email=f"user{number(t)}@example{number(t) % 7}.org")
                | Q(name=f"Customer {number(t)}")
            )
        ),
        "customers of a city": lambda t: list(
            Customer.objects.filter(city=f"City {(390, 300)[t]}").order_by("-joined_at")[:20]
        ),
        "inactive customers": lambda t: Customer.objects.filter(active=False).count(),
        "customers of a month": lambda t: list(
            Customer.objects.filter(
                joined_at__gte=at(-365 + day(t)), joined_at__lt=at(-335 + day(t))
            ).values_list("id")
        ),
        "products of a supplier": lambda t: list(Product.objects.filter(supplier=(3, 1999)[t])),
        "cheapest of a category": lambda t: list(
            Product.objects.filter(category=(1, 180)[t]).order_by("price")[:10]
        ),
        "discontinued products": lambda t: list(Product.objects.filter(discontinued=True)),
        "dear products": lambda t: list(Product.objects.filter(price__gt=89_000)),
        "products with a tag": lambda t: list(
            Product.objects.filter(tags__contains=[("t1", "t490")[t]]).values_list("id")
        ),
        "stock of a product": lambda t: list(Stock.objects.filter(product=product(t))),
        "stock in a warehouse": lambda t: list(
            Stock.objects.filter(product=product(t), warehouse=2)
        ),
        "large stock": lambda t: list(Stock.objects.filter(quantity__gt=990)),
        "failed payments": lambda t: Payment.objects.filter(failed=True).count(),
        "payments of a day": lambda t: Payment.objects.filter(
            paid_at__gte=at(day(t)), paid_at__lt=at(day(t) + 1)
        ).aggregate(Sum("amount")),
        "largest payments": lambda t: list(Payment.objects.order_by("-amount")[:10]),
        "parcel by code": lambda t: list(Parcel.objects.filter(code="0" * 31 + "17"[t])),
        "not delivered": lambda t: Parcel.objects.filter(delivered_at__isnull=True).count(),
        "latest of a carrier": lambda t: list(
            Parcel.objects.filter(carrier=("dove", "bike")[t]).order_by("-sent_at")[:10]
        ),
        "customer's lines": lambda t: list(
            Line.objects.filter(order__customer=customer(1)).values_list("id", "price")
        ),
        "customer's payments": lambda t: Payment.objects.filter(
            order__customer=customer(1)
        ).aggregate(Sum("amount")),
        "buyers of a product": lambda t: list(
            Customer.objects.filter(order__line__product=product(1)).distinct().values_list("id")
        ),
        "returned of a supplier": lambda t: Line.objects.filter(
            returned=True, product__supplier=(3, 1999)[t]
        ).aggregate(Count("id"), Avg("price")),
        "spending of a segment's city": lambda t: Order.objects.filter(
            customer__city=f"City {(390, 300)[t]}"
        ).aggregate(Sum("total")),
        "events of an actor": lambda t: list(
            Event.objects.filter(actor=customer(t)).order_by("-at")[:20]
        ),
    }


def _traps() -> dict[str, Callable[[int], Any]]:
    return {
        "done, low selectivity": lambda t: Order.objects.filter(status="done").aggregate(
            Avg("total")
        ),
        "totals by channel": lambda t: list(
            Order.objects.values("channel").annotate(Sum("total")).order_by("channel")
        ),
        "tiny table by name": lambda t: list(Region.objects.filter(name="Region 7")),
        "tiny table by parent": lambda t: list(Category.objects.filter(parent=3)),
        "covered: by sku": lambda t: list(Product.objects.filter(sku="SKU00000077")),
        "covered: of a category": lambda t: Product.objects.filter(category=180).count(),
        "covered: parcels of an order": lambda t: list(Parcel.objects.filter(order=77)),
        "used but slower: last order of each": lambda t: list(
            Order.objects.order_by("customer_id", "-placed_at")
            .distinct("customer_id")
            .values_list("id")
        ),
        "half of the dates": lambda t: Order.objects.filter(placed_at__gte=at(1_000)).aggregate(
            Avg("total")
        ),
        "most lines": lambda t: Line.objects.filter(quantity__gte=1).count(),
        "most customers are active": lambda t: Customer.objects.filter(active=True).aggregate(
            Count("region_id")
        ),
        "dear lines by arithmetic": lambda t: (
            Line.objects.annotate(worth=F("price") * F("quantity"))
            .filter(worth__gt=1_700_000)
            .count()
        ),
        "events of a kind": lambda t: Event.objects.filter(kind="seen").count(),
    }


def write(count: int) -> None:
    """Some writes of the workload: events above all."""
    now = at(2_001)
    for number in range(count):
        Event.objects.create(kind="seen", actor=number + 1, at=now, detail="x")
    Order.objects.filter(id=1).update(priority=3)


def statements(chosen: Sequence[Query]) -> dict[str, list[Statement]]:
    """The SQL of each query, for each of its values."""
    found: dict[str, list[Statement]] = {}
    for query in chosen:
        for turn in (0, 1):
            caught: list[Statement] = []

            def catch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
                caught.append(Statement(sql, tuple(params or ())))  # noqa: B023
                return execute(sql, params, many, context)

            with connection.execute_wrapper(catch):
                query.ask(turn)
            (statement,) = caught
            known = found.setdefault(query.name, [])
            if statement not in known:
                known.append(statement)
    return found
