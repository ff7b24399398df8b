"""What the bad cases of pages and lists must be reported as."""

from __future__ import annotations

from tests.rules.expectation import Expected

LOADS = {
    "QA205.bad": Expected("bad", "number = books.count()", ("",)),
    "QA205.bad_afterwards": Expected(
        "bad_afterwards",
        "return f\"{Tag.objects.count()} tags: {', '.join(tag.name for tag in tags)}\"",
        ("",),
    ),
    "QA205.bad_related": Expected(
        "bad_related",
        "return order.lines.count(), [line.quantity for line in order.lines.all()]",
        ("",),
    ),
    "QA205.bad_values": Expected(
        "bad_values", 'return books.count(), list(books.values_list("title", flat=True))', ("",)
    ),
    "QA205.bad_exists": Expected("bad_exists", "if not books.exists():", ("",)),
    "QA205.bad_async_count": Expected(
        "_numbered",
        "number = await books.acount()",
        ("",),
        "len(rows)  # instead of books.acount()",
    ),
    "QA205.bad_async_exists": Expected(
        "_any",
        "if not await books.aexists():",
        ("",),
        "bool(rows)  # instead of books.aexists()",
    ),
    "QA205.bad_joined": Expected("bad_joined", "number = books.count()", ("",)),
    "QA205.bad_length": Expected(
        "bad_length", "number = len(books)", ("",), "len(rows)  # instead of len(books)"
    ),
    "QA205.bad_template": Expected(
        "bad_template",
        'return Engine().from_string(text).render(Context({"reviews": Review.objects.all()}))',
        ("",),
    ),
    "QA206.bad": Expected(
        "bad",
        'return [line.quantity for line in OrderLine.objects.order_by("pk")[6:9]]',
        ("",),
    ),
    "QA206.bad_paginator": Expected(
        "bad_paginator",
        'page = Paginator(OrderLine.objects.order_by("pk"), 2).get_page(5)',
        ("",),
    ),
    "QA206.bad_raw": Expected(
        "bad_raw",
        'cursor.execute("SELECT quantity FROM shop_orderline ORDER BY id LIMIT 3 OFFSET 7")',
        ("",),
    ),
    "QA207.bad": Expected(
        "bad",
        "return [line.quantity for line in OrderLine.objects.order_by()[PAGE : 2 * PAGE]]",
        ("",),
    ),
    "QA207.bad_paginator": Expected(
        "bad_paginator",
        "page = Paginator(OrderLine.objects.order_by(), PAGE).get_page(1)",
        ("",),
    ),
    "QA207.bad_values": Expected(
        "bad_values",
        'return list(Review.objects.order_by().values_list("rating", "text")[2:5])',
        ("",),
    ),
    "QA207.bad_ties": Expected(
        "bad_ties",
        'page = Paginator(OrderLine.objects.order_by("quantity"), PAGE).get_page(2)',
        ("",),
        '.order_by(..., "pk")',
        note=True,
    ),
    "QA207.bad_ties_of_another_table": Expected(
        "bad_ties_of_another_table",
        'books = Book.objects.order_by("author__name", "published_on")',
        ("",),
        '.order_by(..., "pk")',
        note=True,
    ),
    "QA207.bad_shuffled": Expected(
        "bad_shuffled",
        'return [book.title for book in Paginator(Book.objects.order_by("?"), PAGE).get_page(2)]',
        ("",),
        "rows = Book.objects.in_bulk(page_keys)",
    ),
    "QA207.bad_grouped": Expected(
        "bad_grouped", 'authors = Author.objects.annotate(size=Count("books"))', ("",)
    ),
    "QA207.bad_chunks": Expected(
        "bad_chunks",
        "while rows := list(OrderLine.objects.order_by()[done : done + PAGE]):",
        ("",),
    ),
    "QA207.bad_streamed_chunks": Expected(
        "bad_streamed_chunks",
        "lines = OrderLine.objects.order_by()[start : start + PAGE]",
        ("",),
    ),
    "QA208.bad": Expected(
        "bad",
        "authors = Author.objects.filter(books__stock__gte=0).distinct()",
        ("",),
        "Author.objects.filter(Exists(found))",
        note=True,
    ),
    "QA208.bad_or_otherwise": Expected(
        "bad_or_otherwise",
        "return sorted(author.name for author in Author.objects.filter(late).distinct())",
        ("",),
        "Author.objects.filter(Q(...) | Exists(found))",
        note=True,
    ),
    "QA208.bad_many_to_many": Expected(
        "bad_many_to_many",
        'books = Book.objects.filter(tags__name__contains="a").distinct()',
        ("",),
        note=True,
    ),
    "QA208.bad_copies": Expected(
        "bad_copies",
        "return [order.pk for order in Order.objects.filter(lines__quantity__gte=1)]",
        ("",),
        "Order.objects.filter(Exists(found))",
    ),
    "QA208.bad_copied_values": Expected(
        "bad_copied_values",
        'return list(Author.objects.filter(books__price__gt=0).values("pk", "name"))',
        ("",),
    ),
    "QA208.bad_copied_keys": Expected(
        "bad_copied_keys",
        'return sorted(Book.objects.filter(tags__isnull=False).values_list("pk", flat=True))',
        ("",),
    ),
    "QA208.bad_ordered_by_many": Expected(
        "bad_ordered_by_many",
        'return [author.name for author in Author.objects.order_by("-books__published_on")]',
        ("",),
        'Author.objects.annotate(max_value=Max("books__published_on")).order_by("-max_value")',
    ),
    "QA208.bad_ordered_by_relation": Expected(
        "bad_ordered_by_relation",
        'return [book.title for book in Book.objects.order_by("tags", "title")]',
        ("",),
        'Book.objects.annotate(min_value=Min("tags__name")).order_by("min_value", "title")',
    ),
    "QA208.bad_ordered_by_latest": Expected(
        "bad_ordered_by_latest",
        'return [customer.name for customer in Customer.objects.order_by("orders", "pk")]',
        ("",),
        'Customer.objects.annotate(max_value=Max("orders__placed_at"))'
        '.order_by("-max_value", "pk")',
    ),
    "QA208.bad_two_levels": Expected(
        "bad_two_levels",
        "publishers = Publisher.objects.filter(books__reviews__rating__gte=1).distinct()",
        ("",),
        note=True,
    ),
    "QA209.bad": Expected(
        "bad",
        "return len(OrderLine.objects.filter(book_id__in=keys))",
        ("",),
    ),
    "QA209.bad_excluded": Expected(
        "bad_excluded",
        "return Review.objects.exclude(book_id__in=keys).count()",
        ("",),
    ),
    "QA209.bad_raw": Expected(
        "bad_raw",
        'cursor.execute(f"SELECT title FROM shop_book WHERE id IN ({marks})", keys)',
        ("",),
    ),
}
