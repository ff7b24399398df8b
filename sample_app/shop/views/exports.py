"""Downloads that are written while they are sent."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from sample_app.shop.models import OrderLine

CHUNK_SIZE = 200


class Echo:
    """A file for ``csv.writer`` that hands each line back."""

    def write(self, line: str) -> str:
        return line


def order_export(request: HttpRequest) -> StreamingHttpResponse:
    lines = OrderLine.objects.order_by("pk")
    return csv_response(order_row(line) for line in lines.iterator(CHUNK_SIZE))


def fast_order_export(request: HttpRequest) -> StreamingHttpResponse:
    lines = OrderLine.objects.select_related("book", "order__customer").order_by("pk")
    return csv_response(order_row(line) for line in lines.iterator(CHUNK_SIZE))


def order_row(line: OrderLine) -> list[Any]:
    return [line.order_id, line.order.customer.email, line.book.title, line.quantity]


def csv_response(rows: Iterable[list[Any]]) -> StreamingHttpResponse:
    return StreamingHttpResponse(csv_lines(rows), content_type="text/csv")


def csv_lines(rows: Iterable[list[Any]]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(["order", "customer", "book", "quantity"])
    for row in rows:
        yield writer.writerow(row)
