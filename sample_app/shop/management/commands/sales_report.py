"""Who bought for how much."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import DecimalField, F, Sum

from sample_app.shop.models import Customer, OrderLine

TURNOVER = Sum(F("quantity") * F("unit_price"), output_field=DecimalField())
ALL_TURNOVER = Sum(
    F("orders__lines__quantity") * F("orders__lines__unit_price"), output_field=DecimalField()
)


class Command(BaseCommand):
    help = "Prints the turnover of each customer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fast", action="store_true", help="let the database add up")

    def handle(self, *args: Any, fast: bool, **options: Any) -> None:
        for name, turnover in fast_turnovers() if fast else turnovers():
            self.stdout.write(f"{name:30} {turnover:>10.2f}")


def turnovers() -> Iterator[tuple[str, Decimal]]:
    for customer in Customer.objects.order_by("pk"):
        lines = OrderLine.objects.filter(order__customer=customer)
        yield customer.name, lines.aggregate(total=TURNOVER)["total"] or Decimal()


def fast_turnovers() -> Iterator[tuple[str, Decimal]]:
    for customer in Customer.objects.annotate(total=ALL_TURNOVER).order_by("pk"):
        yield customer.name, customer.total or Decimal()
