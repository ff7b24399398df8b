"""Template tags of these tests."""

from __future__ import annotations

from typing import Any

from django import template

from sample_app.shop.models import Book

register = template.Library()


@register.inclusion_tag("integration/tags.html")
def tag_names(book: Book) -> dict[str, Any]:
    return {"tags": book.tags.all()}


@register.filter
def review_count(book: Book) -> int:
    return book.reviews.count()
