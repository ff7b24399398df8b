"""What the bad cases of rows saved as a whole, and of rows committed one by one, must be reported
as."""

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
    "QA606.bad": Expected(
        "bad", "parent = Category.objects.create(name=name, parent=parent)", ("",), "        ..."
    ),
    "QA606.bad_atomic_rounds": Expected(
        "bad_atomic_rounds", "parent = Category.objects.create(name=name, parent=parent)", ("",)
    ),
    "QA606.bad_asks_for_the_last": Expected(
        "bad_asks_for_the_last", "Customer.objects.create(", ("",)
    ),
    "QA606.bad_bulk": Expected("bad_bulk", "Tag.objects.create(name=name)", ("", "")),
}
