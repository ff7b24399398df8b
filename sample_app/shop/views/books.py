"""The catalogue's pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.forms import BaseModelForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.generic import CreateView, DetailView, ListView, TemplateView

from sample_app.shop.models import Book, Review


class HomeView(TemplateView):
    template_name = "shop/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        newest = Book.objects.select_related("author").order_by("-published_on", "-pk")[:5]
        return super().get_context_data(newest=newest, **kwargs)


class BookListView(ListView):
    model = Book
    template_name = "shop/book_list.html"
    paginate_by = 25


class FastBookListView(BookListView):
    queryset = Book.objects.select_related("author__publisher").prefetch_related("tags")


class PriceListView(ListView):
    template_name = "shop/price_list.html"
    paginate_by = 25
    queryset = Book.objects.only("title")


class FastPriceListView(PriceListView):
    queryset = Book.objects.only("title", "price", "stock")


class BookDetailView(DetailView):
    template_name = "shop/book_detail.html"
    queryset = Book.objects.select_related("author", "publisher", "category")


class ReviewsView(ListView):
    """The part of a book's page that HTMX fetches when it scrolls into view."""

    template_name = "shop/partials/reviews.html"

    def get_queryset(self) -> QuerySet[Review]:
        book = get_object_or_404(Book, slug=self.kwargs["slug"])
        return book.reviews.all()


class FastReviewsView(ReviewsView):
    def get_queryset(self) -> QuerySet[Review]:
        return super().get_queryset().select_related("customer").prefetch_related("comments")


class ReviewCreateView(CreateView):
    model = Review
    fields = ["customer", "rating", "text"]
    template_name = "shop/review_form.html"

    def form_valid(self, form: BaseModelForm) -> HttpResponse:
        form.instance.book = get_object_or_404(Book, slug=self.kwargs["slug"])
        form.instance.created_at = timezone.now()
        return super().form_valid(form)

    def get_success_url(self) -> str:
        return reverse("shop:book", args=[self.kwargs["slug"]])
