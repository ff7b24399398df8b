"""QA510: rows that are created if they are not there, and nothing keeps them from being twice."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from sample_app.shop.models import Author, Category, Customer, Publisher, Tag


def bad() -> None:
    """Names of authors are not unique."""
    house = Publisher.objects.earliest("pk")
    Author.objects.get_or_create(name="New", defaults={"publisher": house})


def bad_exists() -> None:
    """Two who register at once are both new."""
    if not Customer.objects.filter(name="New").exists():
        Customer.objects.create(name="New", email="new@example.com", joined_on=date(2024, 1, 1))


def good() -> None:
    """The name of a tag is unique."""
    Tag.objects.get_or_create(name="new")


def good_unique_together() -> None:
    """Unique below its parent."""
    parent = Category.objects.earliest("pk")
    Category.objects.get_or_create(parent=parent, name="new")


def good_exists_by_unique_column() -> None:
    """The second insert fails, and nothing is there twice."""
    if not Customer.objects.filter(email="new@example.com").exists():
        Customer.objects.create(name="N.", email="new@example.com", joined_on=date(2024, 1, 1))


def good_behind_a_lock() -> None:
    """Who creates one has locked the publisher."""
    with transaction.atomic():
        publisher = Publisher.objects.select_for_update().earliest("pk")
        if not Author.objects.filter(name="New").exists():
            Author.objects.create(name="New", publisher=publisher)


def good_found() -> None:
    """Nothing is created where there is one."""
    author = Author.objects.earliest("pk")
    Author.objects.get_or_create(name=author.name, defaults={"publisher_id": author.publisher_id})


def good_another_check() -> None:
    """What is created is not what was looked for."""
    if not Author.objects.filter(name="New").exists():
        Tag.objects.create(name="no new house")
