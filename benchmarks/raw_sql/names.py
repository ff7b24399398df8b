"""Names and helpers that the call sites import."""

from __future__ import annotations

from enum import Enum

BOOKS = "shop_book"
SORTS = {"title": "title", "price": "price DESC"}
FIELDS = ("title", "price", "pages")
BASE = "SELECT title FROM shop_book"


class Direction(Enum):
    UP = "ASC"
    DOWN = "DESC"


def by_title(title: str) -> str:
    return f"SELECT title FROM shop_book WHERE title = '{title}'"


def in_list(count: int) -> str:
    return ", ".join(["%s"] * count)
