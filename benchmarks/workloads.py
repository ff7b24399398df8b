"""The work that is measured, each piece at a stack of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.core.cache import cache
from django.db import transaction

from benchmarks.models import Author, Book
from benchmarks.stacks import Call, layered, mixed

#: Rows in the table; hydration is measured as the difference between all and half of them.
ROWS = 200


def point_select() -> object:
    return Author.objects.get(pk=1)


def point_selects() -> None:
    for _ in range(10):
        Author.objects.get(pk=1)


def lazy_load() -> object:
    book = Book.objects.get(pk=1)
    return book.author


def lazy_loads() -> None:
    for book in Book.objects.all()[:10]:
        book.author  # noqa: B018


def transact() -> None:
    with transaction.atomic():
        pass


def store() -> None:
    for _ in range(10):
        cache.set("key", 1)


def store_in_a_transaction() -> None:
    with transaction.atomic():
        store()


def hydrate(rows: int) -> Call:
    def hydrating() -> None:
        list(Book.objects.all()[:rows])

    return hydrating


def hydrate_joined(rows: int) -> Call:
    def hydrating() -> None:
        list(Book.objects.select_related("author__publisher")[:rows])

    return hydrating


def values(rows: int) -> Call:
    def reading() -> None:
        list(Book.objects.values("id", "title")[:rows])

    return reading


@dataclass(frozen=True)
class Workload:
    """``make`` gives the call to repeat; one call runs ``queries`` queries, or as many of what is
    measured in their place.

    ``above`` is the number of frames that stand above the call already.
    """

    name: str
    make: Callable[[int], Call]
    queries: int = 1
    repeat: int = 8


def _at(total: int, innermost: Call, *, outer: int = 0, inner: int = 0, only: str = "") -> Call:
    frames = total - outer - inner
    layout = "L" * outer + (only * frames if only else mixed(frames)) + "L" * inner
    return layered(layout, innermost)


WORKLOADS: tuple[Workload, ...] = (
    Workload("select, no stack", lambda _above: point_select),
    Workload("select, depth 40", lambda above: _at(39 - above, point_select)),
    Workload(
        "select, depth 40, all project", lambda above: _at(39 - above, point_select, only="P")
    ),
    Workload(
        "select, depth 160, 120 library frames outside",
        lambda above: _at(159 - above, point_select, outer=120),
    ),
    Workload(
        "select, depth 160, 120 library frames inside",
        lambda above: _at(159 - above, Author.objects.filter(pk=1).get, inner=120),
    ),
    Workload("ten selects in a loop", lambda above: _at(39 - above, point_selects), 10, 2),
    Workload("select and lazy load", lambda above: _at(39 - above, lazy_load), 2, 4),
    Workload("ten lazy loads in a loop", lambda above: _at(39 - above, lazy_loads), 11, 2),
    Workload("transaction without a query", lambda above: _at(39 - above, transact)),
    # A hooked call that counts as an effect only where a transaction is open.
    Workload("cache.set() in no transaction", lambda above: _at(39 - above, store), 10, 2),
    Workload(
        "cache.set() in a transaction",
        lambda above: _at(39 - above, store_in_a_transaction),
        10,
        2,
    ),
)

#: Measured with all rows and with half of them: the difference is what the rows cost.
ROW_WORKLOADS: dict[str, Callable[[int], Call]] = {
    "row": hydrate,
    "row with two joined": hydrate_joined,
    "row of values()": values,
}
