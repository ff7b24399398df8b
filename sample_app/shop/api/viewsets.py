"""Django REST framework; the ``fast-`` routes send the same."""

from __future__ import annotations

from django.db.models import Count, Max
from rest_framework.routers import DefaultRouter
from rest_framework.viewsets import ReadOnlyModelViewSet

from sample_app.shop.api import serializers
from sample_app.shop.models import Book, Customer, Order


class BookViewSet(ReadOnlyModelViewSet):
    queryset = Book.objects.all()
    serializer_class = serializers.BookSerializer


class FastBookViewSet(BookViewSet):
    queryset = (
        Book.objects.select_related("author__publisher")
        .prefetch_related("tags")
        .annotate(review_count=Count("reviews"))
        .order_by("title", "pk")
    )
    serializer_class = serializers.FastBookSerializer


class OrderViewSet(ReadOnlyModelViewSet):
    queryset = Order.objects.all()
    serializer_class = serializers.OrderSerializer


class FastOrderViewSet(OrderViewSet):
    queryset = Order.objects.select_related("customer").prefetch_related("lines__book")


class CustomerViewSet(ReadOnlyModelViewSet):
    queryset = Customer.objects.all()
    serializer_class = serializers.CustomerSerializer


class FastCustomerViewSet(CustomerViewSet):
    queryset = Customer.objects.annotate(last_order=Max("orders__placed_at")).order_by("name", "pk")
    serializer_class = serializers.FastCustomerSerializer


router = DefaultRouter()
router.register("books", BookViewSet, basename="api-book")
router.register("fast-books", FastBookViewSet, basename="api-fast-book")
router.register("orders", OrderViewSet, basename="api-order")
router.register("fast-orders", FastOrderViewSet, basename="api-fast-order")
router.register("customers", CustomerViewSet, basename="api-customer")
router.register("fast-customers", FastCustomerViewSet, basename="api-fast-customer")
