"""Reviews, and comments and attachments that can hang on anything."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from sample_app.shop.constraints import check_constraint
from sample_app.shop.models.catalogue import Book
from sample_app.shop.models.orders import Customer


class Review(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="reviews")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    created_at = models.DateTimeField()

    comments = GenericRelation("shop.Comment", related_query_name="review")

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["book", "customer"], name="one_review_each"),
            check_constraint(
                models.Q(rating__gte=1) & models.Q(rating__lte=5), name="review_one_to_five"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating}/5"


class Comment(models.Model):
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey("content_type", "object_id")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="comments")
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [models.Index(fields=["content_type", "object_id"], name="comment_target")]

    def __str__(self) -> str:
        return self.body[:40]


class Attachment(models.Model):
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey("content_type", "object_id")
    name = models.CharField(max_length=120)
    url = models.URLField()

    class Meta:
        ordering = ["name", "pk"]
        indexes = [models.Index(fields=["content_type", "object_id"], name="attachment_target")]

    def __str__(self) -> str:
        return self.name
