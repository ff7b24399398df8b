"""Tests that freeze time are audited as others are, by a clock that goes on."""

from __future__ import annotations

import time

import pytest
from django.db.models import Count
from freezegun import freeze_time

import queryaudit
from sample_app.shop.models import Book
from tests.integration.recording import Recording

pytestmark = pytest.mark.usefixtures("shop")

#: More nanoseconds than any of these units of work can take: an hour.
LONG = 3_600_000_000_000


def test_what_can_not_be_found_after_a_query_of_the_same_moment() -> None:
    with freeze_time("2026-06-15 12:00"), Recording() as seen:
        assert len(Book.objects.all()) > 1
        assert list(Book.objects.filter(pk__in=[])) == []
        assert not Book.objects.none().exists()
        assert Book.objects.filter(pk__in=[]).aggregate(n=Count("pk")) == {"n": 0}
    assert seen.errors == {}
    assert len(seen.fetches) == 1


@pytest.mark.parametrize("chunk_size", [2, 100])
def test_rows_that_come_in_chunks(chunk_size: int) -> None:
    with freeze_time("2026-06-15 12:00"), Recording() as seen:
        books = list(Book.objects.order_by("pk").iterator(chunk_size=chunk_size))
    assert [fetch.rows for fetch in seen.fetches] == [len(books)]


def test_time_goes_on_for_the_audit() -> None:
    with queryaudit.audit() as audited, freeze_time("2036-06-15 12:00"):
        frozen = time.perf_counter_ns()
        assert list(Book.objects.all())
        assert time.perf_counter_ns() == frozen
    [scope] = audited.report.scopes
    assert 0 < scope.duration_ns < LONG
    assert 0 < scope.elapsed_ns < LONG


def test_time_that_is_frozen_in_the_middle_is_no_long_time() -> None:
    with queryaudit.audit() as audited:
        with freeze_time("2036-06-15 12:00"):
            assert list(Book.objects.all())
        assert list(Book.objects.all())
    [scope] = audited.report.scopes
    assert 0 < scope.elapsed_ns < LONG
