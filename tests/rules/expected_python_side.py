"""What each bad case of QA204, QA210 and QA211 must be reported as."""

from __future__ import annotations

from tests.rules.expectation import Expected

PYTHON_SIDE = {
    "QA204.bad": Expected(
        "bad", "return len(Book.objects.all())", ("",), "Book.objects.count()", note=True
    ),
    "QA204.bad_condition": Expected(
        "bad_condition",
        "if Book.objects.filter(stock__gte=0):",
        ("",),
        "Book.objects.filter(stock__gte=0).exists()",
        note=True,
    ),
    "QA204.bad_named_queryset": Expected(
        "bad_named_queryset",
        "return bool(authors)",
        ("",),
        'Author.objects.order_by("pk").exists()',
        note=True,
    ),
    "QA204.bad_negated": Expected(
        "bad_negated",
        'return "none" if not Author.objects.all() else "some"',
        ("",),
        "Author.objects.exists()",
        note=True,
    ),
    "QA204.bad_returned_negation": Expected(
        "bad_returned_negation",
        "return not Book.objects.filter(stock__gte=0)",
        ("",),
        "Book.objects.filter(stock__gte=0).exists()",
        note=True,
    ),
    "QA210.bad": Expected(
        "bad",
        "return [book.title for book in Book.objects.all() if book.stock == 0]",
        ("",),
        "Book.objects.filter(stock=0)",
        note=True,
    ),
    "QA210.bad_named_queryset": Expected(
        "bad_named_queryset",
        "return [book for book in books if book.pages > 100 and book.stock >= 1]",
        ("",),
        'Book.objects.order_by("title", "pk").filter(pages__gt=100, stock__gte=1)',
        note=True,
    ),
    "QA210.bad_loop": Expected(
        "bad_loop",
        "for book in Book.objects.all():",
        ("",),
        "Book.objects.filter(pages__gt=100)",
        note=True,
    ),
    "QA210.bad_guard": Expected(
        "bad_guard",
        "for book in Book.objects.all():",
        ("",),
        "Book.objects.exclude(stock=0)",
        note=True,
    ),
    "QA210.bad_counted": Expected(
        "bad_counted",
        "return len([book for book in Book.objects.all() if book.stock == 0])",
        ("",),
        "Book.objects.filter(stock=0).count()",
        note=True,
    ),
    "QA210.bad_any": Expected(
        "bad_any",
        "return any(author.born is None for author in Author.objects.all())",
        ("",),
        "Author.objects.filter(born__isnull=True).exists()",
        note=True,
    ),
    "QA211.bad": Expected(
        "bad",
        "return sum(book.stock for book in Book.objects.all())",
        ("",),
        'Book.objects.aggregate(value=Sum("stock"))["value"]',
        note=True,
    ),
    "QA211.bad_product": Expected(
        "bad_product",
        "return sum(book.stock * book.pages for book in Book.objects.all())",
        ("",),
        'Book.objects.aggregate(value=Sum(F("stock") * F("pages")))["value"]',
        note=True,
    ),
    "QA211.bad_loop": Expected(
        "bad_loop",
        "for book in Book.objects.all():",
        ("",),
        'Book.objects.aggregate(value=Sum("stock"))["value"]',
        note=True,
    ),
    "QA211.bad_greatest": Expected(
        "bad_greatest",
        "return max(book.pages for book in books)",
        ("",),
        'Book.objects.filter(stock__gte=0).aggregate(value=Max("pages"))["value"]',
        note=True,
    ),
}
