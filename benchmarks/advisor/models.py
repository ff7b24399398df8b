"""Order processing, after TPC-H: some foreign keys have no index, as in tables that grew."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Region(models.Model):
    name = models.CharField(max_length=40)


class Customer(models.Model):
    name = models.CharField(max_length=80)
    email = models.CharField(max_length=120)
    city = models.CharField(max_length=40)
    segment = models.CharField(max_length=20)
    region = models.ForeignKey(Region, models.CASCADE, db_index=False)
    active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()


class Supplier(models.Model):
    name = models.CharField(max_length=80)
    region = models.ForeignKey(Region, models.CASCADE)


class Category(models.Model):
    name = models.CharField(max_length=40)
    parent = models.ForeignKey("self", models.CASCADE, null=True, db_index=False)


class Product(models.Model):
    sku = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    category = models.ForeignKey(Category, models.CASCADE)
    supplier = models.ForeignKey(Supplier, models.CASCADE, db_index=False)
    price = models.IntegerField()
    discontinued = models.BooleanField(default=False)
    tags = ArrayField(models.CharField(max_length=20))


class Stock(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, db_index=False)
    warehouse = models.IntegerField()
    quantity = models.IntegerField()


class Order(models.Model):
    reference = models.CharField(max_length=32)
    customer = models.ForeignKey(Customer, models.CASCADE)
    status = models.CharField(max_length=12)
    channel = models.CharField(max_length=12)
    placed_at = models.DateTimeField()
    shipped_at = models.DateTimeField(null=True)
    total = models.IntegerField()
    priority = models.IntegerField()
    note = models.TextField()
    meta = models.JSONField()


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, db_index=False)
    product = models.ForeignKey(Product, models.CASCADE, db_index=False)
    quantity = models.IntegerField()
    price = models.IntegerField()
    discount = models.IntegerField()
    returned = models.BooleanField(default=False)


class Payment(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, db_index=False)
    method = models.CharField(max_length=12)
    amount = models.IntegerField()
    paid_at = models.DateTimeField()
    failed = models.BooleanField(default=False)


class Parcel(models.Model):
    order = models.ForeignKey(Order, models.CASCADE)
    carrier = models.CharField(max_length=12)
    code = models.CharField(max_length=32)
    sent_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)


class Event(models.Model):
    """Written all the time and read now and then."""

    kind = models.CharField(max_length=20)
    actor = models.IntegerField()
    at = models.DateTimeField()
    detail = models.CharField(max_length=200)


#: Parents before children.
MODELS = (Region, Customer, Supplier, Category, Product, Stock, Order, Line, Payment, Parcel, Event)
