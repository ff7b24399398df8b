"""What the bad cases of questions that are asked again must be reported as."""

from __future__ import annotations

from tests.rules.expectation import Expected

DUPLICATES = {
    "QA701.bad_rows_of_two_functions": Expected(
        "_words",
        "for tag in tags:",
        ("",),
    ),
    "QA702.bad": Expected(
        "_price",
        "book = Book.objects.get(pk=book_id)",
        ("",),
    ),
    "QA702.bad_in_one_function": Expected(
        "bad_in_one_function",
        'return f"{author.name}: {Author.objects.get(id=author.id).born}"',
        ("",),
    ),
    "QA702.bad_relation_back": Expected(
        "bad_relation_back",
        "return order.customer.email",
        ("customer",),
        "customer  # is .customer",
    ),
    "QA702.bad_joined_row": Expected(
        "bad_joined_row",
        "found = type(publisher).objects.filter(pk=publisher.pk).first()",
        ("",),
    ),
    "QA702.bad_joined_row_by_column": Expected(
        "bad_joined_row_by_column",
        "author = Author.objects.get(pk=book.author_id)",
        ("",),
    ),
    "QA702.bad_prefetched_row": Expected(
        "bad_prefetched_row",
        "again = Book.objects.get(pk=first.pk)",
        ("",),
    ),
    "QA702.bad_on_self": Expected(
        "_copies",
        "order = Order.objects.get(pk=order_id)",
        ("",),
    ),
}
