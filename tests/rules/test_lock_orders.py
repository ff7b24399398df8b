"""Two orders of locks: a warning where the rows may well be the same, else a note."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction

import queryaudit
from queryaudit.records.findings import Finding
from queryaudit.records.rules import Severity
from sample_app.shop.models import Book, Customer, Order, Tag

pytestmark = [
    pytest.mark.usefixtures("shop"),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="locks the database as a whole"),
]


def by_key() -> object:
    return Order.objects.filter(pk=1).update(note="x")


def of_the_customer() -> object:
    return Order.objects.filter(customer_id=1).update(note="x")


def on_purpose() -> object:
    return list(Order.objects.select_for_update().filter(note="x"))


def by_condition() -> object:
    return Order.objects.filter(note="x").update(note="y")


def crossed(lock: Callable[[], object]) -> tuple[Finding, ...]:
    with queryaudit.audit(select=["QA503"]) as audited:
        with transaction.atomic():
            lock()
            Customer.objects.filter(pk=1).update(name="A")
        with transaction.atomic():
            Customer.objects.filter(pk=1).update(name="B")
            Order.objects.filter(pk=1).update(note="z")
    return audited.findings


@pytest.mark.parametrize(
    ("lock", "severity"),
    [
        (by_key, Severity.WARNING),
        (of_the_customer, Severity.WARNING),
        (on_purpose, Severity.WARNING),
        (by_condition, Severity.NOTE),
    ],
)
def test_rows_that_a_condition_finds_are_a_note(
    lock: Callable[[], object], severity: Severity
) -> None:
    [finding] = crossed(lock)
    assert finding.severity is severity


def test_one_place_against_many_is_one_finding() -> None:
    with queryaudit.audit(select=["QA503"]) as audited:
        late()
        for other in (one, two, three):
            other()
    [finding] = audited.findings
    assert finding.location.function == "late"
    assert "and 1 more the other way round" in finding.message


def late() -> None:
    with transaction.atomic():
        Book.objects.filter(pk=1).update(stock=1)
        Tag.objects.filter(pk=1).update(name="late")


def one() -> None:
    with transaction.atomic():
        Tag.objects.filter(pk=1).update(name="one")
        Book.objects.filter(pk=1).update(stock=2)


def two() -> None:
    with transaction.atomic():
        Tag.objects.filter(pk=1).update(name="two")
        Book.objects.filter(pk=1).update(stock=3)


def three() -> None:
    with transaction.atomic():
        Tag.objects.filter(pk=1).update(name="three")
        Book.objects.filter(pk=1).update(stock=4)
