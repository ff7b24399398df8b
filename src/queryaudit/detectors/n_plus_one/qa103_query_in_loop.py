"""QA103: a query written by hand stands in a loop."""

from __future__ import annotations

import re

from queryaudit.advice.fixed_lists import has_fixed_lists
from queryaudit.advice.function_source import FunctionSource
from queryaudit.detectors.base import View
from queryaudit.detectors.n_plus_one.changes import Change
from queryaudit.detectors.n_plus_one.loads import Load
from queryaudit.detectors.n_plus_one.rule import LoadRule
from queryaudit.detectors.places import function_of, is_read_back, reads_as_stored
from queryaudit.records.kinds import FrameKind

#: Content types are kept for the life of the process, and there are as many as models.
_CACHED = ("django_content_type",)

#: What databases say of themselves: it grows with the tables, not with what is in them.
_CATALOGS = ("pg_", "sqlite_")

#: What a formset asks for its own rows with: there are as many formsets as somebody has made.
_FORMSETS = frozenset(
    f"django.forms.models.{name}" for name in ("get_queryset", "initial_form_count")
)

#: What reads a row anew as it is written; a lock leaves no trace in the text of SQLite.
_AFRESH = re.compile(r"\ba?refresh_from_db\(|\bselect_for_update\(")


class QueryInLoop(LoadRule):
    """The same query runs in a loop of the project, each time for another value.

    What it detects
    ---------------
    One statement from one call path, run in one unit of work with different parameters, below a
    loop that can grow: ``.get()``, ``.filter()``, ``.raw()`` and ``cursor.execute()`` alike. The
    loop may be in a caller, in a template or in a serializer, or be a call: ``map()``, the ``key``
    of a sort, or tasks that are gathered, whose queries still run one after the other. A serializer
    of Django REST framework that looks up each key it is sent, as a field with ``many=True`` does,
    is such a loop too.

    Why it matters
    --------------
    A round trip for each element, where one query with all the values would do.

    Example
    -------
    ::

        for number in numbers:
            order = Order.objects.get(number=number)

    Better
    ------
    ::

        orders = Order.objects.in_bulk(numbers, field_name="number")
        for number in numbers:
            order = orders[number]

    When it is fine
    ---------------
    Batches (a list of values in each query), pages that go on after the last key, chunks of
    ``iterator()``, retries and polling: all are recognised and silent, as are loops over a literal
    (and over a ``range()`` in figures of fewer than ten, or that ends at the first success) and
    content types, which Django keeps once they were asked for, and the database's own catalogs.
    Where each step depends on what the one before has found or written, a loop is the only way: a
    free name that is looked for, rows that are counted and then added to, rows drawn by chance,
    rows that are locked to be changed, or read again after it, by ``refresh_from_db()`` in a test
    or beside other calls, and the collections of a row that the same round has made. What a
    formset asks for its own rows is none either: there are as many formsets as a view has
    written down. What a ``save()`` reads of its own row before it writes it goes with the
    write.

    Evidence
    --------
    OBSERVED: same statement, same instructions of the same call path, different parameters.

    Options
    -------
    ``n-plus-one-threshold`` (2): different parameter sets that are needed.
    """

    code = "QA103"
    name = "query-in-loop"
    summary = "A query runs in a loop, each time for another value."
    order = 90

    def claims(self, load: Load, view: View) -> bool:
        return is_hand_written_loop(load, view)


def is_hand_written_loop(load: Load, view: View) -> bool:
    """Whether the project's own loop runs this statement for one value after the other."""
    if load.eager or load.params < view.threshold or _belongs_to_one_row(load):
        return False
    statement = load.statement
    if _is_batch(load) or statement.is_keyset_page or statement.lock is not None:
        return False
    if statement.tables == _CACHED or statement.is_random:
        return False
    if _is_of_catalogs(statement.tables, view) or load.stack.via in _FORMSETS:
        return False
    if _needs_each_round(load):
        return False
    site = load.site
    if site is None or reads_as_stored(site) or is_read_back(site):
        return False
    loop = load.loop
    if loop is None:
        return False
    if site.kind in view.own:
        # A test's own loop over the code under test says nothing about that code.
        return loop.kind in view.own and not _built_apart(load, view)
    return site.kind is FrameKind.TEST and load.direct


def _is_batch(load: Load) -> bool:
    """Whether each query asks for several values; a list that is always the same is a condition
    like any other."""
    if not load.statement.binds_list:
        return False
    function = function_of(load.site, load.tables) if load.site is not None else None
    return function is None or not has_fixed_lists(
        FunctionSource(function.first_line, function.lines)
    )


def _is_of_catalogs(tables: tuple[str, ...], view: View) -> bool:
    if not tables or not all(name.startswith(_CATALOGS) for name in tables):
        return False
    return not any(model.table in tables for model in view.tables.models.values())


def _needs_each_round(load: Load) -> bool:
    """Whether the loop changes what it asks for, so that one query before it finds other rows."""
    if load.change is not Change.ROWS:
        return load.change is Change.ANY
    if load.site is not None and _AFRESH.search("\n".join(load.site.snippet)):
        return True
    # A row by its key is what it was before, until its own round; a number or an order is not.
    method = load.access.method if load.access is not None else None
    return load.statement.is_aggregate_only or method not in (None, "get")


def _built_apart(load: Load, view: View) -> bool:
    """Whether the loop goes over querysets that were made at several places of the source."""
    places = {
        (origin.built.path, origin.built.line)
        for origin in view.tables.origins_at(load.sql, load.stack.id)
        if origin.built is not None
    }
    return len(places) > 1


def _belongs_to_one_row(load: Load) -> bool:
    """A lazy load of a queryset that was itself evaluated anew in each round."""
    return load.lazy
