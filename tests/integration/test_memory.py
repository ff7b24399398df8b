"""Memory of a scope does not grow with the number of its queries."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import pytest
from django.db import connection

import queryaudit
from queryaudit.capture import recorder
from sample_app.shop.models import Book
from tests.integration.recording import config_of

pytestmark = pytest.mark.usefixtures("standing_shop")

#: What many times as many queries may add to the peak.
MOST_GROWTH = 32 * 1024
#: What a query may cost at the peak, all told.
MOST_EACH = 400
#: Rows lazily loaded between two measurements.
MORE = 256


def statements(queries: int) -> None:
    with connection.cursor() as cursor:
        for number in range(queries):
            cursor.execute("SELECT %s", [number])


def lazy_loads(queries: int) -> None:
    """As from so many rows, which never are in memory together."""
    book = Book.objects.all()[0]
    for number in range(1, queries):
        book.pk = number
        Book.author.field.delete_cached_value(book) if number > 1 else None
        book.author  # noqa: B018


def peak_of(work: Callable[[int], None], queries: int, rule: str) -> int:
    """Bytes at the peak above the beginning, of an audited block with a query in a loop."""
    audited = queryaudit.audit(config=config_of(strict=False))
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        with audited:
            work(queries)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert audited.queries == queries
    assert [finding.rule for finding in audited.findings] == [rule]
    return peak - before


def test_many_statements_of_a_loop_peak_where_few_do() -> None:
    few, many = 2_000, 20_000
    peak_of(statements, few, "QA103")  # whatever is loaded or remembered once
    least, most = peak_of(statements, few, "QA103"), peak_of(statements, many, "QA103")
    print(f"\n{few} statements peak at {least} bytes, {many} at {most}")
    assert most - least < MOST_GROWTH
    assert most / many < MOST_EACH


def test_nothing_is_held_for_each_row_that_is_lazily_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not the peak: that depends on when cycles of the ORM's own are collected."""
    monkeypatch.setattr(recorder, "CHUNK", 64)
    held: list[int] = []
    with queryaudit.audit(config=config_of(strict=False)) as audited:
        tracemalloc.start()
        try:
            # First some small evaluations: samples are kept of the rows of a few.
            for queries in [70] * 9 + [MORE] * 7:
                lazy_loads(queries)
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
    # The loads, and that the same rows are asked for time and again.
    assert [finding.rule for finding in audited.findings] == ["QA101", "QA701"]
    grown = [after - before for before, after in pairwise(held[-6:])]
    print(f"\n{MORE} lazy loads hold {grown} bytes")
    # What is kept of each row shows every time; a table that doubled, or a source file that was
    # read for the first time, shows once.
    assert sorted(grown)[len(grown) // 2] < 12 * MORE  # less than an object each


def test_what_remains_after_many_audits_does_not_grow() -> None:
    """The interpreter's own frames and the ORM's objects come and go by a few kB either way."""
    remaining: list[int] = []
    tracemalloc.start()
    try:
        for _ in range(6):
            for _ in range(4):
                with queryaudit.audit(config=config_of(strict=False)):
                    lazy_loads(5)
            gc.collect()
            remaining.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    grown = [after - before for before, after in pairwise(remaining)]
    print(f"\nfour audits leave {grown} bytes")
    assert sorted(grown)[len(grown) // 2] < 4 * 4096  # an audit that stays alive keeps far more
