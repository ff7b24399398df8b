"""Loops that write to the tables that they read: one query before them may find other rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.db.models import F

import queryaudit
from queryaudit.records.findings import Applicability, Finding
from sample_app.shop.models import (
    Author,
    Book,
    Category,
    Customer,
    OrderLine,
    Publisher,
    Review,
    Tag,
)

pytestmark = pytest.mark.usefixtures("shop")

NAMES = ["harbour", "island", "journey", "kingdom"]


def findings(work: Callable[[], object]) -> tuple[Finding, ...]:
    with queryaudit.audit() as audited:
        work()
    assert audited.queries > 2
    return audited.findings


def book_ids() -> list[int]:
    return list(Book.objects.order_by("pk").values_list("pk", flat=True)[:5])


# Silent: what the next round reads depends on what this one wrote


def counts_what_it_adds() -> None:
    for category in Category.objects.order_by("pk")[:4]:
        Category.objects.create(name=f"new in {category.pk}", parent=category)
        category.level = Category.objects.filter(parent=category).count()


def counts_before_it_adds() -> None:
    for number, parent in enumerate([*Category.objects.order_by("pk")[:4]]):
        if Category.objects.filter(parent=parent).count() < 100:
            Category.objects.create(name=f"new {number}", parent=parent)


def asks_for_the_last_and_adds() -> None:
    for author in Author.objects.order_by("pk")[:4]:
        last = Book.objects.filter(author_id=author.pk).order_by("-pages").first()
        if last is not None:
            last.pk, last.slug, last.pages = None, f"again-{last.slug}", last.pages + 1
            last.save(force_insert=True)


def numbers_anew() -> None:
    """The highest number is asked for after each row has taken its own."""
    for book in [*Book.objects.order_by("pk")[:4]]:
        top = Book.objects.filter(pages__gt=book.pages).order_by("-pages").first()
        Book.objects.filter(pk=book.pk).update(pages=(top or book).pages + 1)


def moves_by_condition() -> None:
    for pk in book_ids():
        book = Book.objects.get(pk=pk)
        Book.objects.filter(pages__gte=book.pages).update(pages=F("pages") + 1)


def reads_what_the_database_has_made() -> None:
    books = [*Book.objects.order_by("pk")[:4]]
    for book in books:
        book.stock = F("stock") + 1
        book.save(update_fields=["stock"])
        book.refresh_from_db(fields=["stock"])


def locks_what_it_changes() -> None:
    with transaction.atomic():
        for pk in book_ids():
            locked = Book.objects.select_for_update()
            book = locked.get(pk=pk)
            book.stock += 1
            book.save(update_fields=["stock"])


def gets_or_creates_by_hand() -> None:
    for name in list(NAMES):
        try:
            Tag.objects.get(name=name)
        except Tag.DoesNotExist:
            Tag.objects.create(name=name)


def creates_what_is_not_there() -> None:
    for name in list(NAMES):
        if not Tag.objects.filter(name=name).exists():
            Tag.objects.create(name=name)


def makes_unique_slugs() -> None:
    for title in ["A", "B", "C"]:
        slug, number = title.lower(), 0
        while Tag.objects.filter(name=slug).exists() and number < 5:
            number += 1
            slug = f"{title}-{number}"
        Tag.objects.create(name=slug)


def counts_a_relation_that_it_adds_to() -> None:
    for parent in Category.objects.order_by("pk")[:4]:
        position = parent.children.count()
        Category.objects.create(name=f"child {position}", parent=parent)


def takes_the_last_of_a_relation_that_it_adds_to() -> None:
    for parent in Category.objects.order_by("pk")[:4]:
        last = parent.children.order_by("-name").first()
        Category.objects.create(name=f"{last} and one", parent=parent)


def adds_by_hand_written_sql() -> None:
    with connection.cursor() as cursor:
        for name in list(NAMES):
            cursor.execute("SELECT COUNT(*) FROM shop_tag WHERE name < %s", [name])
            (number,) = cursor.fetchone()
            cursor.execute("INSERT INTO shop_tag (name) VALUES (%s)", [f"{name}-{number}"])


def follows_what_it_has_just_made() -> None:
    house = Publisher.objects.order_by("pk")[0]
    for number in range(len(NAMES)):
        author = Author.objects.create(name=f"Author {number}", publisher=house)
        Book.objects.filter(author_id=author.pk).first()


def follows_many_to_many_of_what_it_has_just_made() -> None:
    for name in list(NAMES):
        tag = Tag.objects.create(name=name)
        list(tag.books.all())
        tag.books.filter(stock__gt=1).first()
        tag.books.count()


def follows_what_it_has_got_or_created() -> None:
    for name in list(NAMES):
        tag, _ = Tag.objects.get_or_create(name=name)
        list(tag.books.all())


def asks_by_hand_for_many_to_many_of_what_it_has_just_made() -> None:
    for name in list(NAMES):
        tag = Tag.objects.create(name=name)
        list(Book.objects.filter(tags=tag))


def follows_a_generic_relation_of_what_it_has_just_made() -> None:
    customer = Customer.objects.earliest("pk")
    for pk in Book.objects.exclude(reviews__customer=customer).values_list("pk", flat=True)[:4]:
        review = Review.objects.create(
            book_id=pk, customer=customer, rating=3, created_at="2024-01-01T00:00Z"
        )
        list(review.comments.all())


def follows_one_to_one_of_what_it_has_just_made() -> None:
    house = Publisher.objects.order_by("pk")[0]
    for name in list(NAMES):
        author = Author.objects.create(name=name, publisher=house)
        hasattr(author, "profile")


def asks_for_a_relation_before_it_adds_to_it() -> None:
    """The key of a tag does not say which books have it."""
    tags = list(Tag.objects.order_by("pk")[:3])
    for book in Book.objects.order_by("pk")[:4]:
        for tag in tags:
            if not book.tags.filter(pk=tag.pk).exists():
                book.tags.add(tag)


def asks_for_what_it_has_just_made() -> None:
    """Whether a manager would show the row."""
    for name in list(NAMES):
        tag = Tag.objects.create(name=name)
        assert Tag.objects.filter(pk=tag.pk).exists()


def reads_back_what_a_condition_has_changed() -> None:
    books = [*Book.objects.order_by("pk")[:4]]
    Book.objects.update(stock=F("stock") + 1)
    for book in books:
        book.refresh_from_db()
        assert book.stock


SILENT = [
    asks_for_what_it_has_just_made,
    reads_back_what_a_condition_has_changed,
    follows_what_it_has_just_made,
    follows_many_to_many_of_what_it_has_just_made,
    follows_what_it_has_got_or_created,
    asks_by_hand_for_many_to_many_of_what_it_has_just_made,
    follows_a_generic_relation_of_what_it_has_just_made,
    follows_one_to_one_of_what_it_has_just_made,
    asks_for_a_relation_before_it_adds_to_it,
    counts_what_it_adds,
    counts_before_it_adds,
    asks_for_the_last_and_adds,
    numbers_anew,
    moves_by_condition,
    gets_or_creates_by_hand,
    locks_what_it_changes,
    reads_what_the_database_has_made,
    creates_what_is_not_there,
    makes_unique_slugs,
    counts_a_relation_that_it_adds_to,
    takes_the_last_of_a_relation_that_it_adds_to,
    adds_by_hand_written_sql,
]


@pytest.mark.parametrize("work", SILENT, ids=lambda work: work.__name__)
def test_a_read_that_needs_what_the_loop_has_written_is_silent(work: Callable[[], None]) -> None:
    assert [f for f in findings(work) if f.rule.startswith("QA1")] == []


# Firing: the writes go elsewhere, or to rows that nobody else reads


def gets_and_saves() -> None:
    for pk in book_ids():
        book = Book.objects.get(pk=pk)
        book.stock += 1
        book.save()


def gets_by_name_and_saves() -> None:
    for slug in list(Book.objects.order_by("pk").values_list("slug", flat=True)[:5]):
        book = Book.objects.get(slug=slug)
        book.stock += 1
        book.save(update_fields=["stock"])


def gets_and_deletes() -> None:
    for pk in list(Review.objects.order_by("pk").values_list("pk", flat=True)[:4]):
        Review.objects.get(pk=pk).delete()


def gets_and_copies() -> None:
    for pk in book_ids():
        book = Book.objects.get(pk=pk)
        book.pk, book.slug = None, f"copy-of-{book.slug}"
        book.save(force_insert=True)


def changes_rows_of_each() -> None:
    for author in Author.objects.order_by("pk")[:4]:
        for book in author.books.all():
            book.stock += 1
            book.save()


def saves_what_it_follows() -> None:
    for line in OrderLine.objects.order_by("pk")[:5]:
        line.book.stock += 1
        line.book.save()


def adds_to_another_table() -> None:
    for pk in book_ids():
        book = Book.objects.get(pk=pk)
        Tag.objects.create(name=f"of {book.pk}")


def adds_now_and_then() -> None:
    for number, name in enumerate([*NAMES, *(f"tag {n}" for n in range(8))]):
        if not Tag.objects.filter(name=name).exists() and number == 0:
            Tag.objects.create(name=name)


@pytest.mark.parametrize(
    ("work", "rule", "warned"),
    [
        (gets_and_saves, "QA103", True),
        (gets_by_name_and_saves, "QA103", True),
        (gets_and_deletes, "QA103", True),
        (gets_and_copies, "QA103", False),
        (changes_rows_of_each, "QA102", True),
        (saves_what_it_follows, "QA101", True),
        (adds_to_another_table, "QA103", False),
        (adds_now_and_then, "QA104", True),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_read_of_rows_that_are_as_they_were_is_a_finding(
    work: Callable[[], None], rule: str, warned: bool
) -> None:
    [finding] = [f for f in findings(work) if f.rule.startswith("QA1")]
    assert finding.rule == rule
    assert finding.fix is not None
    assert finding.fix.applicability is not Applicability.SAFE
    assert ("also written in between" in finding.fix.note) is warned


def test_a_join_stays_safe_if_only_other_tables_are_written() -> None:
    def work() -> None:
        for book in Book.objects.order_by("pk")[:5]:
            Tag.objects.create(name=f"{book.pk} {book.publisher.name}"[:40])

    [finding] = [f for f in findings(work) if f.rule.startswith("QA1")]
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.SAFE


def test_one_warning_is_enough_for_all_scopes() -> None:
    """What is safe in one request is not if another one writes in between."""

    def work(write: bool) -> None:
        for author in Author.objects.order_by("pk")[: 4 + write]:
            house = author.publisher
            if write:
                Publisher.objects.filter(pk=house.pk).update(website="https://example.org")

    with queryaudit.audit() as audited:
        work(False)
        work(True)
    [finding] = [f for f in audited.findings if f.rule.startswith("QA1")]
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.UNSAFE
