"""Books, who wrote them, who publishes them and how they are sorted."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse

from sample_app.shop.constraints import check_constraint


class Country(models.Model):
    name = models.CharField(max_length=80, unique=True)
    code = models.CharField(max_length=2, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "countries"

    def __str__(self) -> str:
        return self.name


class Publisher(models.Model):
    name = models.CharField(max_length=120, unique=True)
    country = models.ForeignKey(Country, models.PROTECT, related_name="publishers")
    website = models.URLField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Author(models.Model):
    name = models.CharField(max_length=120)
    publisher = models.ForeignKey(
        Publisher,
        models.PROTECT,
        related_name="authors",
        help_text="The house that the author is under contract with.",
    )
    born = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class AuthorProfile(models.Model):
    author = models.OneToOneField(Author, models.CASCADE, related_name="profile")
    biography = models.TextField(blank=True)
    website = models.URLField(blank=True)

    def __str__(self) -> str:
        return f"Profile {self.pk}"


class Tag(models.Model):
    name = models.CharField(max_length=40, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    name = models.CharField(max_length=80)
    parent = models.ForeignKey(
        "self", models.CASCADE, related_name="children", null=True, blank=True
    )

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="category_name_in_parent"),
        ]

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=220, unique=True)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="books")
    category = models.ForeignKey(
        Category, models.SET_NULL, related_name="books", null=True, blank=True
    )
    tags = models.ManyToManyField(Tag, related_name="books", blank=True)
    description = models.TextField(blank=True)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    pages = models.PositiveIntegerField()
    stock = models.PositiveIntegerField(default=0)
    published_on = models.DateField()
    metadata = models.JSONField(default=dict, blank=True)

    comments = GenericRelation("shop.Comment", related_query_name="book")
    attachments = GenericRelation("shop.Attachment", related_query_name="book")

    class Meta:
        ordering = ["title", "pk"]
        indexes = [
            GinIndex(fields=["metadata"], name="book_metadata"),
            models.Index(fields=["-published_on", "-id"], name="book_newest"),
        ]
        constraints = [
            check_constraint(models.Q(price__gte=0), name="book_price_not_negative"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("shop:book", args=[self.slug])


class Audiobook(Book):
    narrator = models.CharField(max_length=120)
    minutes = models.PositiveIntegerField()
