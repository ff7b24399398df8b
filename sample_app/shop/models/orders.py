"""Customers and what they bought."""

from __future__ import annotations

from django.db import models

from sample_app.shop.constraints import check_constraint
from sample_app.shop.models.catalogue import Book


class Customer(models.Model):
    name = models.CharField(max_length=120)
    email = models.EmailField(unique=True)
    referred_by = models.ForeignKey(
        "self", models.SET_NULL, related_name="referrals", null=True, blank=True
    )
    joined_on = models.DateField()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    class Status(models.TextChoices):
        OPEN = "open"
        PAID = "paid"
        SHIPPED = "shipped"
        CANCELLED = "cancelled"

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    placed_at = models.DateTimeField()
    note = models.TextField(blank=True)
    books = models.ManyToManyField(Book, through="OrderLine", related_name="orders")

    class Meta:
        ordering = ["-placed_at", "-pk"]
        indexes = [models.Index(fields=["status", "placed_at"], name="order_by_status")]

    def __str__(self) -> str:
        return f"Order {self.pk}"


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    book = models.ForeignKey(Book, models.PROTECT, related_name="order_lines")
    quantity = models.PositiveIntegerField(default=1)
    unit_price = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "book"], name="book_once_in_order"),
            check_constraint(models.Q(quantity__gt=0), name="order_line_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.book_id}"
