"""QA901: more queries than a unit of work may run. The cases are judged with a budget of 5."""

from __future__ import annotations

from sample_app.shop.models import Author, Book, Category, Customer, Order, Publisher, Tag

MODELS = (Author, Book, Category, Customer, Order, Publisher, Tag)

#: The option under which these cases are judged.
OPTIONS = {"max_queries": 5}


def bad() -> list[int]:
    """Seven questions where five are allowed."""
    return [model.objects.count() for model in MODELS]


def good() -> list[int]:
    """Five are within the budget."""
    return [model.objects.count() for model in MODELS[:5]]


def good_one_row() -> Book | None:
    """One query."""
    return Book.objects.select_related("author", "publisher").first()


def good_nothing_asked() -> int:
    """No query at all."""
    return len(MODELS)
