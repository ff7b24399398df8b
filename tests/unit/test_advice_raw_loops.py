"""What is written for a query in a loop, in the user's own names."""

from __future__ import annotations

import ast
from textwrap import dedent, indent

import pytest

from queryaudit.advice.raw_loops import advise_loop
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import FrameKind
from queryaudit.sql.statement import parse

BY_ID = 'SELECT "shop_book"."id" FROM "shop_book" WHERE "shop_book"."id" = %s'
BY_AUTHOR = 'SELECT "shop_book"."id" FROM "shop_book" WHERE "shop_book"."author_id" = %s'
JOINED = (
    'SELECT "shop_book"."id" FROM "shop_book" INNER JOIN "shop_author" '
    'ON ("shop_book"."author_id" = "shop_author"."id") WHERE "shop_author".'
)
BY_CITY = f'{JOINED}"city_id" = %s'
BY_TAG = (
    'SELECT "shop_book"."id" FROM "shop_book" INNER JOIN "shop_book_tags" '
    'ON ("shop_book"."id" = "shop_book_tags"."book_id") WHERE "shop_book_tags"."kind_id" = %s'
)


def frame_of(code: str, loop: str | None) -> Frame:
    """A frame whose range stands between the guillemets."""
    start, end = code.index("«"), code.index("»") - 1
    return Frame(
        kind=FrameKind.PROJECT,
        path="shop/views.py",
        line=10,
        end_line=10,
        column=start,
        end_column=end,
        function="view",
        loop_line=9,
        loop_text=loop,
        snippet_line=10,
        snippet=(code.replace("«", "").replace("»", ""),),
    )


def advice(code: str, loop: str | None, sql: str = BY_ID, model: str | None = "shop.Book") -> Fix:
    return advise_loop(frame_of(code, loop), parse(sql), model)


CASES = [
    (
        "book = «Book.objects.get(pk=pk)»",
        "for pk in sorted(wanted)",
        BY_ID,
        """\
        pks = sorted(wanted)
        books = Book.objects.in_bulk(pks)
        for pk in pks:
            book = books[pk]
        """,
    ),
    (
        "book = «Book.objects.get(pk=x)»",
        "for x in xs",
        BY_ID,
        """\
        books = Book.objects.in_bulk(xs)
        for x in xs:
            book = books[x]
        """,
    ),
    (
        "    book = «Book.objects.select_related('author').get(id=row.book_id)»",
        "for row in order.rows",
        BY_ID,
        """\
        books = Book.objects.select_related("author").in_bulk([row.book_id for row in order.rows])
        for row in order.rows:
            book = books[row.book_id]
        """,
    ),
    (
        "book = «Book.objects.filter(live=True).get(pk=x)»",
        "for x in [1, 2]",
        BY_ID,
        """\
        books = Book.objects.filter(live=True).in_bulk([1, 2])
        for x in [1, 2]:
            book = books[x]
        """,
    ),
    (
        "book = «Book.objects.filter(pk=x).first()»",
        "for x in range(9)",
        BY_ID,
        """\
        books = Book.objects.in_bulk(range(9))
        for x in range(9):
            book = books.get(x)
        """,
    ),
    (
        "book = await «Book.objects.aget(pk=x)»",
        "for x in xs",
        BY_ID,
        """\
        books = await Book.objects.ain_bulk(xs)
        for x in xs:
            book = books[x]
        """,
    ),
    (
        "book = await «Book.objects.aget(pk=x)»",
        "async for x in stream()",
        BY_ID,
        """\
        xs = [x async for x in stream()]
        books = await Book.objects.ain_bulk(xs)
        for x in xs:
            book = books[x]
        """,
    ),
    (
        "parent = «get_object_or_404(Book, pk=book.parent_id)»",
        "for book in books",
        BY_ID,
        """\
        books_by_pk = Book.objects.in_bulk([book.parent_id for book in books])
        for book in books:
            parent = books_by_pk[book.parent_id]
        """,
    ),
    (
        'book = «Book.objects.get(isbn=row["isbn"])»',
        "for row in csv.DictReader(file)",
        BY_ID,
        """\
        rows = list(csv.DictReader(file))
        books = {
            book.isbn: book
            for book in Book.objects.filter(isbn__in=[row["isbn"] for row in rows])
        }
        for row in rows:
            book = books[row["isbn"]]
        """,
    ),
    (
        "f(«Book.objects.get(author__name=x)»)",
        "for x in xs",
        f'{JOINED}"name" = %s',
        """\
        books = {
            book.author.name: book
            for book in Book.objects.filter(author__name__in=xs).select_related("author")
        }
        for x in xs:
            books[x]
        """,
    ),
    (
        "for b in «Book.objects.filter(author=a, live=True).order_by('title')»: pass",
        "for a in authors",
        BY_AUTHOR,
        """\
        from collections import defaultdict

        books_by_author = defaultdict(list)
        for book in Book.objects.filter(live=True, author__in=authors).order_by("title"):
            books_by_author[book.author_id].append(book)
        for a in authors:
            for b in books_by_author[a.pk]:
                ...
        """,
    ),
    (
        "found = list(«Book.objects.filter(author_id=pk)»)",
        "for pk, name in pairs.items()",
        BY_AUTHOR,
        """\
        from collections import defaultdict

        items = list(pairs.items())
        books_by_author_id = defaultdict(list)
        for book in Book.objects.filter(author_id__in=[pk for pk, name in items]):
            books_by_author_id[book.author_id].append(book)
        for pk, name in items:
            books_by_author_id[pk]
        """,
    ),
    (
        "n = «Book.objects.filter(status=s).count()»",
        "for s in STATUSES",
        'SELECT COUNT(*) FROM "shop_book" WHERE "shop_book"."status" = %s',
        """\
        from django.db.models import Count

        counts = {
            row["status"]: row["n"]
            for row in Book.objects.filter(status__in=STATUSES)
            .values("status").annotate(n=Count("pk"))
        }
        for s in STATUSES:
            n = counts.get(s, 0)
        """,
    ),
    (
        "n = «Book.objects.filter(author=a).count()»",
        "for a in Author.objects.all()",
        BY_AUTHOR,
        """\
        from django.db.models import Count

        a_list = list(Author.objects.all())
        counts = {
            row["author"]: row["n"]
            for row in Book.objects.filter(author__in=a_list)
            .values("author").annotate(n=Count("pk"))
        }
        for a in a_list:
            n = counts.get(a.pk, 0)
        """,
    ),
    (
        "if «Book.objects.filter(isbn=isbn).exists()»: pass",
        "for isbn in isbns",
        BY_ID,
        """\
        existing = set(Book.objects.filter(isbn__in=isbns).values_list("isbn", flat=True))
        for isbn in isbns:
            isbn in existing
        """,
    ),
    (
        "if «Book.objects.filter(city__land=c).exists()»: pass",
        "for c in all",
        BY_CITY.replace("city", "land").replace("author", "city"),
        """\
        existing = set(Book.objects.filter(city__land__in=all).values_list("city__land", flat=True))
        for c in all:
            c.pk in existing
        """,
    ),
    (
        "n = «Book.objects.filter(author__city=c).count()»",
        "for c in cities",
        BY_CITY,
        """\
        from django.db.models import Count

        counts = {
            row["author__city"]: row["n"]
            for row in Book.objects.filter(author__city__in=cities)
            .values("author__city").annotate(n=Count("pk"))
        }
        for c in cities:
            n = counts.get(c.pk, 0)
        """,
    ),
    (
        "for b in «Book.objects.filter(author__city=c)»: pass",
        "for c in cities",
        BY_CITY,
        """\
        from collections import defaultdict

        books_by_author_city = defaultdict(list)
        for book in Book.objects.filter(author__city__in=cities).select_related("author"):
            books_by_author_city[book.author.city_id].append(book)
        for c in cities:
            for b in books_by_author_city[c.pk]:
                ...
        """,
    ),
    (
        "n = «Book.objects.filter(tags__kind=k).count()»",
        "for k in kinds",
        BY_TAG,
        """\
        from django.db.models import Count

        counts = {
            row["tags__kind"]: row["n"]
            for row in Book.objects.filter(tags__kind__in=kinds)
            .values("tags__kind").annotate(n=Count("pk"))
        }
        for k in kinds:
            n = counts.get(k.pk, 0)
        """,
    ),
    (
        "t = «Book.objects.filter(author=a.pk).aggregate(total=Sum('price'))»",
        "for a in authors",
        BY_AUTHOR,
        """\
        totals = {
            row["author"]: row
            for row in Book.objects.filter(author__in=[a.pk for a in authors])
            .values("author").annotate(total=Sum("price"))
        }
        for a in authors:
            t = totals[a.pk]
        """,
    ),
    (
        "b = «Book.objects.filter(author=a).order_by('-date').first()»",
        "for a in authors",
        BY_AUTHOR,
        """\
        from collections import defaultdict

        books_by_author = defaultdict(list)
        for book in Book.objects.filter(author__in=authors).order_by("-date"):
            books_by_author[book.author_id].append(book)
        for a in authors:
            b = next(iter(books_by_author[a.pk]), None)
        """,
    ),
    (
        "«c.execute('SELECT a FROM b WHERE id = %s', (x,))»",
        "for x in xs",
        BY_ID,
        """\
        values = list(xs)
        marks = ", ".join(["%s"] * len(values))
        c.execute(f"SELECT a FROM b WHERE id IN ({marks})", values)
        """,
    ),
    (
        "«c.execute('SELECT a FROM \"b\" WHERE c = \\'{}\\' AND id = %s', [x.pk])»",
        "for x in xs",
        BY_ID,
        """\
        values = [x.pk for x in xs]
        marks = ", ".join(["%s"] * len(values))
        c.execute(f"SELECT a FROM \\"b\\" WHERE c = '{{}}' AND id IN ({marks})", values)
        """,
    ),
]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "«cursor.execute('SELECT a FROM b WHERE id = %s', [x.pk])»",
            'cursor.execute("SELECT a FROM b WHERE id = ANY(%s)", [[x.pk for x in xs]])',
        ),
        (
            "«c.execute('SELECT a FROM b WHERE id = %s', (x,))»",
            'c.execute("SELECT a FROM b WHERE id = ANY(%s)", [list(xs)])',
        ),
    ],
)
def test_postgresql_takes_a_list_for_one_parameter(code: str, expected: str) -> None:
    frame = frame_of(code, "for x in xs")
    assert advise_loop(frame, parse(BY_ID), None, arrays=True).code == expected


@pytest.mark.parametrize(("code", "loop", "sql", "expected"), CASES)
def test_the_code_uses_the_names_of_the_source(
    code: str, loop: str, sql: str, expected: str
) -> None:
    fix = advice(code, loop, sql)
    assert fix.code == dedent(expected).rstrip("\n")
    assert fix.applicability is Applicability.DISPLAY_ONLY
    assert fix.edits == ()
    ast.parse("async def f():\n" + indent(fix.code, "    "))


@pytest.mark.parametrize(
    ("code", "loop"),
    [
        ("b = «Book.objects.get(pk=x)»", None),
        ("b = «Book.objects.get(pk=x)»", "while True"),
        ("b = «Book.objects.get(pk=x)»", "for x in ("),
        ("b = «Book.objects.get(pk=x)»", "for x in xs\nimport os"),
        ("b = «Book.objects.get(pk=other)»", "for x in xs"),
        ("b = «Book.objects.get(Q(pk=x))»", "for x in xs"),
        ("b = «Book.objects.get(**x)»", "for x in xs"),
        ("b = «Book.objects.get(pk=x, author=x.author)»", "for x in xs"),
        ("b = «Book.objects.filter(name__iexact=x).first()»", "for x in xs"),
        ("b = «Book.objects.filter(name=x).values('a')»", "for x in xs"),
        ("b = «Book.objects.filter(name=x)[:3]»", "for x in xs"),
        ("b = «Book.objects.filter(name=x).recent().first()»", "for x in xs"),
        ("b = «find(x)»", "for x in xs"),
        ("b = «Book.objects.get(pk=x) syntax»", "for x in xs"),
    ],
)
def test_what_is_not_understood_gets_a_sentence(code: str, loop: str | None) -> None:
    fix = advice(code, loop)
    assert fix.title == "ask once, before the loop"
    assert fix.code == "books = {book.pk: book for book in Book.objects.filter(pk__in=pks)}"
    assert fix.note == (
        "Collect the values that the loop asks for, ask shop_book once for all of them, "
        "and look the rows up in a dict."
    )


@pytest.mark.parametrize(
    "code",
    [
        "b = «Book.objects.get(tags__kind=k)»",
        "b = «Book.objects.filter(tags__kind=k).first()»",
        "for b in «Book.objects.filter(tags__kind=k)»: pass",
    ],
)
def test_a_row_of_many_relations_is_not_looked_up_by_one(code: str) -> None:
    assert advice(code, "for k in kinds", BY_TAG).title == "ask once, before the loop"


@pytest.mark.parametrize("whole", [True, False])
def test_what_the_loop_finds_out_is_not_asked_for_before_it(whole: bool) -> None:
    lines = (
        "for name, word in found:",
        "    author = Author.objects.get(name=name)",
        "    if author.books.filter(author=author, title=word).exists():",
    )
    start = lines[2].index("author.")
    frame = Frame(
        FrameKind.PROJECT, "shop/views.py", 11, 11, start, len(lines[2]) - 1, "view",
        9, "for (name, word) in found", 9, lines,
        (*lines, "        continue") if whole else (),
    )  # fmt: skip
    fix = advise_loop(frame, parse(BY_AUTHOR), "shop.Book")
    assert fix.title == "ask once, before the loop"
    known = frame._replace(snippet=(lines[0], "    pass", lines[2]), loop_source=())
    assert "author=author" in advise_loop(known, parse(BY_AUTHOR), "shop.Book").code


@pytest.mark.parametrize(
    "code",
    [
        "«cursor.execute(sql, [x])»",
        "«cursor.execute('SELECT a FROM b WHERE id > %s', [x])»",
        "«cursor.execute('SELECT a FROM b WHERE id = %s AND c = %s', [x, 1])»",
        "«cursor.execute('SELECT a FROM b WHERE id = %s', [1])»",
    ],
)
def test_sql_that_is_not_understood_gets_a_sentence(code: str) -> None:
    fix = advice(code, "for x in xs", model=None)
    assert fix.code == ""
    assert "ask shop_book once" in fix.note


def test_of_several_columns_none_is_taken_for_the_key() -> None:
    asked = 'SELECT "a" FROM "shop_book" WHERE "shop_book"."slug" = %s AND "shop_book"."kind" = %s'
    fix = advice("n = «f(x)»", "for x in xs", asked)
    assert fix.code == ""
    assert "ask shop_book once" in fix.note


def test_the_column_of_a_joined_table_is_no_key_of_the_rows() -> None:
    joined = (
        'SELECT "shop_tag"."id" FROM "shop_tag" INNER JOIN "shop_book_tags" '
        'ON ("shop_tag"."id" = "shop_book_tags"."tag_id") WHERE "shop_book_tags"."book_id" = %s'
    )
    fix = advice("n = «f(x)»", "for x in xs", joined, "shop.Tag")
    assert fix.code == ""
    assert "ask shop_tag once" in fix.note


def test_an_aggregate_is_told_to_be_grouped() -> None:
    asked = 'SELECT COUNT(*) FROM "shop_book" WHERE "shop_book"."author_id" = %s'
    fix = advice("n = «f(x)»", "for x in xs", asked)
    assert fix.code == (
        'Book.objects.filter(author_id__in=author_ids).values("author_id").annotate(n=Count("pk"))'
    )
    assert fix.note.endswith("grouped by the value that changes.")


def test_a_range_is_not_told_to_be_looked_up_by_key() -> None:
    sql = 'SELECT * FROM "shop_book" WHERE "shop_book"."pages" > %s ORDER BY "pages" LIMIT 1'
    fix = advice("book = «f(x)»", "for x in xs", sql)
    assert fix.code == ""
    assert fix.note.startswith("What the loop asks of shop_book is no plain lookup by a value")


def test_of_a_value_that_several_rows_may_have_no_row_is_lost() -> None:
    fix = advice("n = «f(x)»", "for x in xs", BY_AUTHOR)
    assert fix.code == dedent(
        """\
        from collections import defaultdict

        books_by_author_id = defaultdict(list)
        for book in Book.objects.filter(author_id__in=author_ids):
            books_by_author_id[book.author_id].append(book)"""
    )
    assert "the rows of each" in fix.note


def test_a_value_that_get_asks_for_is_one_row_s() -> None:
    sql = 'SELECT "shop_book"."id" FROM "shop_book" WHERE "shop_book"."slug" = %s LIMIT 21'
    fix = advise_loop(frame_of("n = «f(x)»", "for x in xs"), parse(sql), "shop.Book", "get")
    assert fix.code == "books = {book.slug: book for book in Book.objects.filter(slug__in=slugs)}"


def test_a_loop_of_an_asynchronous_function_is_awaited() -> None:
    fix = advice("book = await «Book.objects.aget(pk=pk)»", "async for pk in wanted()")
    assert fix.code.startswith("pks = [pk async for pk in wanted()]\n")
    assert "await Book.objects.ain_bulk(pks)" in fix.code


@pytest.mark.parametrize(
    ("loop", "text"),
    [
        ('for pk in request.POST.getlist("pk")', True),
        ("for pk in request.GET['pks'].split(',')", True),
        ("for pk in wanted", False),
        ("for pk in Author.objects.values_list('pk', flat=True)", False),
    ],
)
def test_values_that_are_text_find_no_row_by_a_number(loop: str, text: bool) -> None:
    fix = advice("book = «Book.objects.get(pk=pk)»", loop)
    assert fix.code.startswith("books = ") or fix.code.startswith("pks = ")
    assert ("int(value)" in fix.note) is text
