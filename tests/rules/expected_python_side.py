"""What each bad case of QA210 and QA211 must be reported as."""

from __future__ import annotations

from tests.rules.expectation import Expected

PYTHON_SIDE = {
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
        "Book.objects.filter(pages__gt=100, stock__gte=1)",
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
        'Book.objects.aggregate(value=Max("pages"))["value"]',
        note=True,
    ),
}
