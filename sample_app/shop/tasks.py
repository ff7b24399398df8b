"""What the shop does in the background. It has no broker: tasks run where they are sent."""

from __future__ import annotations

from celery import Celery

from sample_app.shop.models import Order

NEWEST = 25

app = Celery("shop", set_as_current=False)
app.conf.task_always_eager = True
app.conf.task_eager_propagates = True


@app.task(shared=False, name="shop.order_digest")
def order_digest() -> list[str]:
    return [digest(order) for order in Order.objects.all()[:NEWEST]]


@app.task(shared=False, name="shop.fast_order_digest")
def fast_order_digest() -> list[str]:
    orders = Order.objects.select_related("customer").prefetch_related("lines__book")
    return [digest(order) for order in orders[:NEWEST]]


def digest(order: Order) -> str:
    titles = ", ".join(line.book.title for line in order.lines.all())
    return f"{order.customer.email}: {titles}"
