"""What the bad cases of rows that are saved as a whole must be reported as."""

from __future__ import annotations

from tests.rules.expectation import Expected

FULL_ROWS = {
    "QA604.bad": Expected("bad", "book.save()", ("",), 'book.save(update_fields=["stock"])'),
    "QA604.bad_read_before": Expected(
        "bad_read_before", "order.save()", ("",), 'order.save(update_fields=["note"])'
    ),
    "QA604.bad_nothing_changed": Expected(
        "bad_nothing_changed", "book.save()", ("",), "# without book.save()"
    ),
    "QA604.bad_in_place": Expected(
        "bad_in_place", "book.save()", ("",), 'book.save(update_fields=["metadata"])'
    ),
}
