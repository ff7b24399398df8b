"""Who wrote the books."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Prefetch
from django.views.generic import ListView, TemplateView

from sample_app.shop.models import Author, Book


class AuthorListView(ListView):
    model = Author
    template_name = "shop/author_list.html"


class FastAuthorListView(AuthorListView):
    template_name = "shop/author_list_fast.html"
    queryset = (
        Author.objects.select_related("profile")
        .annotate(book_count=Count("books"))
        .order_by("name", "pk")
    )


class InStockView(TemplateView):
    """What can be had of each author right now."""

    template_name = "shop/in_stock.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shelves = [
            (author, author.books.filter(stock__gt=0))
            for author in Author.objects.prefetch_related("books")
        ]
        return super().get_context_data(shelves=shelves, **kwargs)


class FastInStockView(InStockView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        available = Prefetch("books", Book.objects.filter(stock__gt=0), to_attr="available")
        authors = Author.objects.prefetch_related(available)
        shelves = [(author, author.available) for author in authors]
        return TemplateView.get_context_data(self, shelves=shelves, **kwargs)
