"""Peak memory of one unit of work: what a query costs while it waits, and that a million are free.

    python -m benchmarks.memory [--queries N]

The queries are a loop of lazy loads as a command makes them, on a connection that answers without
a database. tracemalloc counts what Python allocates, so the numbers repeat. Exits with 1 when a
number is over what ``budgets.toml`` allows.
"""

from __future__ import annotations

import argparse
import gc
import os
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from benchmarks.budgets import budgets, verdict
from benchmarks.tables import table

_FEW = 10_000
#: Fewer queries than are handed over at once, so that all of them are held.
_HELD = 500


def _setup() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django

    django.setup()


def _answer(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> None:
    """Stands in for the database."""


def loop(queries: int) -> None:
    """One statement, ``queries`` times, each with a parameter of its own."""
    from django.db import connection

    with connection.cursor() as cursor:
        for number in range(queries):
            cursor.execute("SELECT name FROM book WHERE id = %s", [number])


def peak(variant: Callable[[], AbstractContextManager[None]], queries: int) -> int:
    """Bytes at the highest point of a unit of work, over what there was before its loop."""
    from django.db import connection

    with connection.execute_wrapper(_answer), variant():
        loop(10)
        gc.collect()
        tracemalloc.start()
        loop(queries)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return highest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--queries", type=int, default=1_000_000)
    many = parser.parse_args().queries
    _setup()
    from benchmarks.variants import audit, bare, capture, traced

    variants = {"bare": bare, "capture": capture, "audit": audit, "traced": traced}
    peaks = {
        name: {number: peak(variant, number) for number in (_HELD, _FEW, many)}
        for name, variant in variants.items()
        if name != "bare"
    }
    base = peak(bare, _HELD)
    rows = [
        (
            name,
            f"{(found[_HELD] - base) / _HELD:,.0f}",
            f"{found[_FEW] / 2**20:,.2f}",
            f"{found[many] / 2**20:,.2f}",
        )
        for name, found in peaks.items()
    ]
    head = ("", "bytes a query held", f"MiB at {_FEW:,}", f"MiB at {many:,}")
    print(table(head, rows))
    kept = True
    for budget in budgets("memory"):
        found = peaks[budget.variant]
        if budget.name == "bytes a query held":
            kept &= verdict(budget, (found[_HELD] - base) / _HELD)
        else:
            kept &= verdict(budget, (found[many] - found[_FEW]) / 2**20, " MiB")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
