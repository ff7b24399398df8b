"""Reads that no prefetch replaces: what the permission backend asks, and rows that are deleted."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.db import models
from django.db.models.signals import post_delete

import queryaudit
from queryaudit.blocks import Audit
from queryaudit.records.findings import Fix
from sample_app.shop.models import Book, Customer, OrderLine, Review

pytestmark = pytest.mark.usefixtures("shop")

User = get_user_model()
NOW = datetime(2024, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def users(shop: None) -> None:
    group = Group.objects.create(name="staff")
    group.permissions.set(Permission.objects.all()[:5])
    books = ContentType.objects.get_for_model(Book)
    for number in range(4):
        user = User.objects.create_user(f"user-{number}")
        user.groups.add(group)
        LogEntry.objects.create(user=user, content_type=books, object_id=1, action_flag=CHANGE)


@pytest.fixture
def asking() -> Iterator[None]:
    """A receiver that asks for a relation of each row that is deleted."""

    def receiver(sender: type, instance: Review, **kwargs: object) -> None:
        str(instance.customer.name)

    post_delete.connect(receiver, sender=Review)
    yield
    post_delete.disconnect(receiver, sender=Review)


@pytest.fixture
def reviews(shop: None) -> Book:
    """A book with reviews of several customers."""
    Review.objects.all().delete()
    OrderLine.objects.all().delete()
    book = Book.objects.earliest("pk")
    for customer in Customer.objects.all()[:3]:
        Review.objects.create(book=book, customer=customer, rating=3, created_at=NOW)
    assert book.reviews.count() > 2
    return book


def fixes(audited: Audit) -> list[Fix]:
    assert audited.findings
    return [finding.fix for finding in audited.findings if finding.fix is not None]


def no_prefetch(fix: Fix) -> None:
    assert "prefetch_related" not in fix.code
    assert "permissions" not in fix.code.replace("with_perm", "")
    assert not any("prefetch" in line for edit in fix.edits for line in edit.after)


@pytest.mark.usefixtures("users")
def test_permissions_of_many_users_are_asked_of_the_manager() -> None:
    with queryaudit.audit() as audited:
        for user in User.objects.all():
            user.has_perm("shop.add_book")
    found = fixes(audited)
    assert len(found) == len(audited.findings)
    for fix in found:
        no_prefetch(fix)
        assert ".with_perm(" in fix.code
        assert fix.edits == ()


@pytest.mark.usefixtures("users")
def test_all_permissions_of_many_users_are_not_prefetched() -> None:
    with queryaudit.audit() as audited:
        [user.get_all_permissions() for user in User.objects.all()]
    for fix in fixes(audited):
        no_prefetch(fix)
        assert fix.edits == ()


@pytest.mark.usefixtures("users")
def test_the_users_are_joined_where_only_their_permissions_are_out_of_reach() -> None:
    with queryaudit.audit() as audited:
        for entry in LogEntry.objects.all():
            entry.user.has_perm("shop.add_book")
    [fix] = [fix for fix in fixes(audited) if "select_related" in fix.code]
    assert '.select_related("user")' in fix.code
    assert ".with_perm(" in fix.code
    no_prefetch(fix)
    assert [e.after[0].strip() for e in fix.edits] in (
        [],
        ['for entry in LogEntry.objects.all().select_related("user"):'],
    )


@pytest.mark.usefixtures("users")
def test_what_the_project_asks_of_the_same_relation_is_prefetched() -> None:
    with queryaudit.audit() as audited:
        for user in User.objects.all():
            [permission.codename for permission in user.user_permissions.all()]
    [fix] = fixes(audited)
    assert fix.code == 'User.objects.prefetch_related("user_permissions")'
    assert fix.edits


@pytest.mark.usefixtures("asking")
def test_rows_of_a_cascade_take_no_join(reviews: Book) -> None:
    with queryaudit.audit() as audited:
        reviews.delete()
    [fix] = fixes(audited)
    assert (fix.code, fix.edits) == ("", ())
    assert "before they are deleted" in fix.title


@pytest.mark.usefixtures("asking")
def test_rows_of_a_deleted_queryset_take_no_join(reviews: Book) -> None:
    with queryaudit.audit() as audited:
        Review.objects.filter(book=reviews).delete()
    [fix] = fixes(audited)
    assert (fix.code, fix.edits) == ("", ())


@pytest.mark.usefixtures("asking")
def test_rows_that_the_code_loads_and_then_deletes_are_joined(reviews: Book) -> None:
    with queryaudit.audit() as audited:
        for review in Review.objects.filter(book=reviews):
            review.delete()
    [fix] = [fix for fix in fixes(audited) if "select_related" in fix.code]
    assert '.select_related("customer")' in fix.code
    assert fix.edits


def test_what_a_serializer_reads_is_prefetched_as_it_is() -> None:
    with queryaudit.audit() as audited:
        serializers.serialize("python", Book.objects.order_by("pk"))
    [fix] = fixes(audited)
    assert fix.code == 'Book.objects.prefetch_related("tags")'
    assert "to_attr" not in fix.note
    with queryaudit.audit() as audited:
        serializers.serialize("python", Book.objects.order_by("pk").prefetch_related("tags"))
    assert audited.findings == ()


_TRANSLATING = """
def translated(row, language):
    return row.reviews.filter(rating=language).first()
"""


def test_a_list_of_the_projects_own_is_no_help_to_a_library() -> None:
    path = os.path.join(sysconfig.get_path("purelib"), "translating", "__init__.py")
    library: dict[str, Any] = {"__name__": "translating"}
    exec(compile(_TRANSLATING, path, "exec"), library)
    with queryaudit.audit() as audited:
        for book in Book.objects.order_by("pk"):
            library["translated"](book, 3)
    [fix] = fixes(audited)
    assert fix.code == 'Book.objects.prefetch_related("reviews")'
    assert "translating.translated() asks in a way of its own" in fix.note
    assert not fix.edits


class Careful(models.QuerySet[Book]):
    """Does something with its rows as soon as they are there."""

    def _fetch_all(self) -> None:
        super()._fetch_all()  # type: ignore[misc]


def test_a_queryset_that_overrides_how_rows_are_fetched_is_read_where_it_is_read() -> None:
    with queryaudit.audit() as audited:
        for book in Careful(Book).order_by("pk"):
            _ = book.author.name
    [finding] = audited.findings
    assert finding.location.function.startswith("test_a_queryset_that_overrides")
    assert finding.rule == "QA101"


def test_a_raw_query_prefetches_its_relations() -> None:
    table = Book._meta.db_table
    with queryaudit.audit() as audited:
        for book in Book.objects.raw(f"SELECT * FROM {table} ORDER BY id"):
            str(book.author.name)
            [review.rating for review in book.reviews.all()]
    [fix] = fixes(audited)
    assert fix.code.splitlines() == ['.prefetch_related("author")', '.prefetch_related("reviews")']
    assert "raw query" in fix.note
    rows = Book.objects.raw(f"SELECT * FROM {table} ORDER BY id")
    with queryaudit.audit() as audited:
        for book in rows.prefetch_related("author").prefetch_related("reviews"):
            str(book.author.name)
            [review.rating for review in book.reviews.all()]
    assert audited.findings == ()


def test_a_raw_query_names_its_columns() -> None:
    with queryaudit.audit() as audited:
        for book in Book.objects.raw(f"SELECT id, title FROM {Book._meta.db_table}"):
            str(book.description)
    [fix] = fixes(audited)
    assert fix.title == "name the column in the query"


def test_a_queryset_joins_its_relations_wherever_it_is_evaluated() -> None:
    def shown(books: models.QuerySet[Book]) -> None:
        for book in books:
            str(book.author.name)

    with queryaudit.audit() as audited:
        shown(Book.objects.extra(select={"one": "1"}))
        shown(Book.objects.distinct())
    assert all("select_related" in fix.code for fix in fixes(audited))
