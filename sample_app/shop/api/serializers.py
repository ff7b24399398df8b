"""What Django REST framework sends."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from sample_app.shop.models import Author, Book, Customer, Order, OrderLine


class AuthorSerializer(serializers.ModelSerializer):
    publisher = serializers.CharField(source="publisher.name")

    class Meta:
        model = Author
        fields = ["id", "name", "publisher"]


class BookSerializer(serializers.ModelSerializer):
    author = AuthorSerializer()
    tags = serializers.SlugRelatedField("name", many=True, read_only=True)
    review_count = serializers.SerializerMethodField()

    class Meta:
        model = Book
        fields = ["id", "title", "price", "author", "tags", "review_count"]

    def get_review_count(self, book: Book) -> int:
        return book.reviews.count()


class FastBookSerializer(BookSerializer):
    review_count = serializers.IntegerField()


class OrderLineSerializer(serializers.ModelSerializer):
    book = serializers.StringRelatedField()

    class Meta:
        model = OrderLine
        fields = ["book", "quantity", "unit_price"]


class OrderSerializer(serializers.ModelSerializer):
    customer = serializers.StringRelatedField()
    lines = OrderLineSerializer(many=True)

    class Meta:
        model = Order
        fields = ["id", "status", "placed_at", "customer", "lines"]


class CustomerSerializer(serializers.ModelSerializer):
    last_order = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = ["id", "name", "last_order"]

    def get_last_order(self, customer: Customer) -> Any:
        order = customer.orders.order_by("-placed_at").first()
        return order.placed_at if order else None


class FastCustomerSerializer(CustomerSerializer):
    last_order = serializers.DateTimeField(format=None)
