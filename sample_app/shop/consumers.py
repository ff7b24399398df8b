"""Questions over a socket; the ``fast`` consumer answers the same."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import JsonWebsocketConsumer
from django.db.models import QuerySet

from sample_app.shop.models import Book


class StockConsumer(JsonWebsocketConsumer):
    """Told a part of a title, tells what there is."""

    def receive_json(self, content: Any, **kwargs: Any) -> None:
        books = self.books().filter(title__icontains=content["title"])[:10]
        found = [{"title": b.title, "author": b.author.name, "stock": b.stock} for b in books]
        self.send_json(found)

    def books(self) -> QuerySet[Book]:
        return Book.objects.all()


class FastStockConsumer(StockConsumer):
    def books(self) -> QuerySet[Book]:
        return Book.objects.select_related("author")
