"""The order desk."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sample_app.shop.models import Customer, Order, OrderLine

NEWEST = 25


def order_list(request: HttpRequest) -> HttpResponse:
    rows = []
    for order in Order.objects.all()[:NEWEST]:
        customer = Customer.objects.get(pk=order.customer_id)
        lines = OrderLine.objects.filter(order=order)
        rows.append((order, customer, sum(line.quantity * line.unit_price for line in lines)))
    return render(request, "shop/order_list.html", {"rows": rows})


def fast_order_list(request: HttpRequest) -> HttpResponse:
    orders = Order.objects.select_related("customer").prefetch_related("lines")[:NEWEST]
    rows = [
        (order, order.customer, sum(line.quantity * line.unit_price for line in order.lines.all()))
        for order in orders
    ]
    return render(request, "shop/order_list.html", {"rows": rows})
