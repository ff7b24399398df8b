"""What each bad case of the rules about long, split and repeated transactions is reported as."""

# ruff: noqa: E501 - source lines, quoted as they are

from __future__ import annotations

from tests.rules.expectation import Expected

TRANSACTIONS = {
    "QA502.bad": Expected("bad", "with transaction.atomic():", ("",)),
    "QA502.bad_decorated": Expected("_pack", "@transaction.atomic", ("",)),
    "QA502.bad_busy": Expected(
        "bad_busy",
        "with transaction.atomic():",
        ("",),
        "    store(rows)  # locks and writes",
    ),
    "QA506.bad": Expected(
        "_rename",
        'customer = Customer.objects.select_for_update().earliest("pk")',
        ("",),
        'customer = Customer.objects.select_for_update(no_key=True).earliest("pk")',
    ),
    "QA506.bad_in_a_transaction": Expected(
        "bad_in_a_transaction",
        'list(Customer.objects.select_for_update().filter(name__startswith="C").order_by("pk"))',
        ("",),
        'list(Customer.objects.select_for_update(no_key=True).filter(name__startswith="C").order_by("pk"))',
    ),
    "QA506.bad_joined": Expected(
        "bad_joined",
        'first = order.earliest("pk")',
        ("",),
        'order = Order.objects.select_related("customer").select_for_update(no_key=True, of=("self", "customer"))',
    ),
    "QA506.bad_any_table": Expected(
        "_touch",
        'row = model._default_manager.select_for_update().earliest("pk")',
        ("", ""),
        'row = model._default_manager.select_for_update(no_key=True).earliest("pk")',
    ),
    "QA506.bad_nullable": Expected(
        "bad_nullable",
        'customer = Customer.objects.select_for_update().earliest("pk")',
        ("",),
        'customer = Customer.objects.select_for_update(no_key=True).earliest("pk")',
    ),
    "QA508.bad": Expected(
        "_lock", 'cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])', ("",)
    ),
    "QA511.bad": Expected(
        "bad", "with transaction.atomic():", ("",), "with transaction.atomic(savepoint=False):"
    ),
    "QA511.bad_decorated": Expected(
        "_pack", "@transaction.atomic", ("",), "@transaction.atomic(savepoint=False)"
    ),
    "QA511.bad_chain": Expected(
        "_grow", "with transaction.atomic():", ("",), "with transaction.atomic(savepoint=False):"
    ),
    "QA512.bad": Expected(
        "bad",
        'Tag.objects.using(alias).create(name="closed")',
        ("",),
        'transaction.on_commit(partial(Tag.objects.using(alias).create, name="closed"))',
    ),
    "QA512.bad_before": Expected("_store", 'Tag.objects.using(alias).create(name="closed")', ("",)),
    "QA512.bad_by_itself": Expected(
        "bad_by_itself", 'Tag.objects.using(alias).create(name="closed")', ("",), note=True
    ),
    "QA514.bad": Expected(
        "bad",
        'Book.objects.filter(slug="a-slug").update(stock=F("stock") + 1)',
        ("",),
        'transaction.on_commit(partial(Book.objects.filter(slug="a-slug").update, stock=F("stock") + 1))',
    ),
    "QA514.bad_raw": Expected(
        "bad_raw", 'cursor.execute("UPDATE shop_book SET stock = stock + 1 WHERE id = 1")', ("",)
    ),
    "QA514.bad_saved": Expected("bad_saved", 'book.save(update_fields=["stock"])', ("",)),
    "QA514.bad_requests": Expected(
        "order", 'Book.objects.filter(pk=book.pk).update(stock=F("stock") + 1)', ("",)
    ),
}
