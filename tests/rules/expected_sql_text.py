"""What each bad case of the family sql_text must be reported as."""

# ruff: noqa: E501 - source lines, quoted as they are

from __future__ import annotations

from tests.rules.expectation import Expected

SQL_TEXT = {
    "QA301.bad": Expected(
        "bad",
        "cursor.execute(f\"SELECT id, title FROM shop_book WHERE title = '{title}'\")",
        ("",),
        "cursor.execute('SELECT id, title FROM shop_book WHERE title = %s', [title])",
    ),
    "QA301.bad_percent": Expected(
        "bad_percent",
        "cursor.execute(\"SELECT id, title FROM shop_book WHERE title = '%s'\" % title)",
        ("",),
        "cursor.execute('SELECT id, title FROM shop_book WHERE title = %s', [title])",
    ),
    "QA301.bad_format": Expected(
        "bad_format",
        "sql = \"SELECT id, title FROM shop_book WHERE title = '{}'\".format(title)",
        ("",),
        "cursor.execute(sql, [title])",
    ),
    "QA301.bad_plus": Expected(
        "bad_plus",
        'cursor.execute("SELECT id, title FROM shop_book WHERE title = \'" + title + "\'")',
        ("",),
        "cursor.execute('SELECT id, title FROM shop_book WHERE title = %s', [title])",
    ),
    "QA301.bad_longer_and_longer": Expected(
        "bad_longer_and_longer", "sql += f\" AND title = '{title}'\"", ("",), "params += [title]"
    ),
    "QA301.bad_pattern": Expected(
        "bad_pattern",
        "cursor.execute(f\"SELECT id, title FROM shop_book WHERE title LIKE '%{word}%'\")",
        ("",),
        "cursor.execute('SELECT id, title FROM shop_book WHERE title LIKE %s', [f'%{word}%'])",
    ),
    "QA301.bad_joined_keys": Expected(
        "bad_joined_keys",
        'listed = ", ".join(f"\'{title}\'" for title in titles)',
        ("",),
        'cursor.execute("... WHERE column = %s", [value])',
    ),
    "QA301.bad_raw": Expected(
        "bad_raw",
        "return list(Book.objects.raw(f\"SELECT * FROM shop_book WHERE title = '{title}'\"))",
        ("",),
        "Book.objects.raw('SELECT * FROM shop_book WHERE title = %s', [title])",
    ),
    "QA301.bad_extra": Expected(
        "bad_extra",
        "return list(Book.objects.extra(where=[f\"title = '{title}'\"]))",
        ("",),
        'Book.objects.extra(where=["title = %s"], params=[title])',
    ),
    "QA301.bad_raw_expression": Expected(
        "bad_raw_expression",
        "found = RawSQL(\"CASE WHEN title = '%s' THEN 1 ELSE 0 END\" % _some_title(), [])",
        ("",),
        "RawSQL('CASE WHEN title = %s THEN 1 ELSE 0 END', [_some_title()])",
    ),
    "QA301.bad_in_function": Expected(
        "_by_title",
        "return f\"SELECT id, title FROM shop_book WHERE title = '{title}'\"",
        ("",),
        "cursor.execute(sql, [title])",
    ),
    "QA302.bad": Expected(
        "search",
        "cursor.execute(f\"SELECT title FROM shop_book WHERE title = '{q}'\")",
        ("", ""),
        "cursor.execute('SELECT title FROM shop_book WHERE title = %s', [q])",
    ),
    "QA302.bad_form": Expected(
        "form",
        'sql = "SELECT title FROM shop_book WHERE LOWER(title) LIKE \'%" + word + "%\'"',
        ("", ""),
        "cursor.execute(sql, [f'%{word}%'])",
    ),
    "QA302.bad_pattern": Expected(
        "pattern",
        'sql = "SELECT title FROM shop_book WHERE title LIKE \'%{}%\'".format(request.GET["q"])',
        ("", ""),
        "cursor.execute(sql, ['%{}%'.format(request.GET['q'])])",
    ),
    "QA302.bad_body": Expected(
        "body",
        'books = Book.objects.raw("SELECT * FROM shop_book WHERE title = \'%s\'" % wanted["title"])',
        ("", ""),
        "Book.objects.raw('SELECT * FROM shop_book WHERE title = %s', [wanted['title']])",
    ),
    "QA302.bad_path": Expected(
        "detail",
        "books = Book.objects.extra(where=[\"slug = '{}'\".format(slug)])",
        ("", ""),
        'Book.objects.extra(where=["slug = %s"], params=[slug])',
    ),
    "QA302.bad_cookie": Expected(
        "language",
        "return _titles(f\"SELECT title FROM shop_book WHERE title <> '{request.COOKIES['lang']}'\")",
        ("", ""),
        "cursor.execute(sql, [request.COOKIES['lang']])",
    ),
    "QA302.bad_header": Expected(
        "tenant",
        "return _titles(f\"SELECT title FROM shop_book WHERE title <> '{request.headers['X-Tenant']}'\")",
        ("", ""),
        "cursor.execute(sql, [request.headers['X-Tenant']])",
    ),
    "QA302.bad_short": Expected(
        "by_number",
        "return _titles(f\"SELECT title FROM shop_book WHERE id = {request.GET['id']}\")",
        ("", ""),
        "cursor.execute(sql, [request.GET['id']])",
    ),
    "QA303.bad": Expected(
        "_stock_between",
        'sql = f"SELECT SUM(stock) FROM shop_book WHERE id BETWEEN {int(low)} AND {int(high)}"  # type: ignore[call-overload]',
        ("",),
        "cursor.execute(sql, [int(low), int(high)])",
    ),
    "QA304.bad": Expected(
        "_sorted_by",
        'return _rows(f"SELECT id FROM shop_book ORDER BY {sort}, id")',
        ("",),
        "column = COLUMNS[choice]",
    ),
    "QA304.bad_table": Expected(
        "_count",
        'return _rows("SELECT COUNT(*) FROM {}".format(table))',
        ("",),
        "column = COLUMNS[choice]",
    ),
    "QA304.bad_order_of_request": Expected(
        "ordered",
        'books = Book.objects.order_by(request.GET["sort"], "pk")[:5]',
        ("",),
        'queryset.order_by(sort if sort in allowed else "name")',
    ),
    "QA304.bad_order_of_request_or_none": Expected(
        "ordered_or_not",
        'books = Book.objects.order_by(request.GET.get("sort", "title"), "pk")[:5]',
        ("",),
        'queryset.order_by(sort if sort in allowed else "name")',
    ),
    "QA304.bad_filter_of_request": Expected(
        "found_by",
        'books = Book.objects.filter(**{request.GET["by"]: request.GET["value"]}).order_by("pk")[:5]',
        ("",),
        "queryset.filter(**{name: value for name, value in given.items() if name in allowed})",
    ),
    "QA304.bad_lookup_of_request": Expected(
        "searched_by",
        'given = {f"{request.GET[\'by\']}__icontains": request.GET["value"]}',
        ("",),
        "queryset.filter(**{name: value for name, value in given.items() if name in allowed})",
    ),
    "QA304.bad_names_of_request": Expected(
        "found_by_names",
        'given = {f"{name}__icontains": value for name, value in request.GET.items() if value}',
        ("",),
        "queryset.filter(**{name: value for name, value in given.items() if name in allowed})",
    ),
    "QA304.bad_all_of_request": Expected(
        "found_by_all",
        'books = Book.objects.filter(**request.GET.dict()).order_by("pk")[:5]',
        ("",),
        "queryset.filter(**{name: value for name, value in given.items() if name in allowed})",
    ),
    "QA304.bad_values_of_request": Expected(
        "grouped",
        'rows = Book.objects.order_by().values(request.GET["by"]).annotate(n=Count("pk"))[:5]',
        ("",),
        "queryset.values(*(name for name in names if name in allowed))",
    ),
    "QA304.bad_function": Expected(
        "_rounded",
        'rounded = Func(F("price"), template=f"{function}(%(expressions)s)", output_field=FloatField())',
        ("",),
        "column = COLUMNS[choice]",
    ),
    "QA305.bad": Expected(
        "bad",
        "cursor.execute(\"SELECT id FROM shop_book WHERE slug LIKE '%%%s%%'\", [number])",
        ("",),
        "cursor.execute('SELECT id FROM shop_book WHERE slug LIKE %s', [f'%{number}%'])",
    ),
    "QA305.bad_quoted": Expected(
        "bad_quoted",
        "cursor.execute(\"SELECT id FROM shop_book WHERE id = '%s'\", [number])",
        ("",),
        "cursor.execute('SELECT id FROM shop_book WHERE id = %s', [number])",
    ),
    "QA305.bad_raw": Expected(
        "bad_raw",
        "return list(Book.objects.raw(\"SELECT * FROM shop_book WHERE id = '%s'\", [number]))",
        ("",),
        "Book.objects.raw('SELECT * FROM shop_book WHERE id = %s', [number])",
    ),
}
