"""What the source says of a SQL text: each way to put one together, and each look-alike."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from queryaudit.composition.matching import filled, squeezed
from queryaudit.composition.modules import CallSite, Module
from queryaudit.composition.reading import Composition, compositions, heaviest
from queryaudit.composition.rows import provenance
from queryaudit.composition.spots import quoted_placeholder
from queryaudit.composition.values import Gap, Text
from queryaudit.records.texts import HoleKind, Spot


class Alone:
    """A project of one file."""

    def module(self, name: str) -> Module | None:
        return None

    def callers(self, module: Module, function: ast.AST) -> Sequence[CallSite]:
        name = getattr(function, "name", "")
        return [CallSite(module, c) for c in module.calls if getattr(c.func, "id", "") == name]


def read(source: str) -> list[Composition]:
    module = Module("shop/books.py", "shop.books", source)
    return heaviest(c for call in module.calls for c in compositions(module, call, Alone()))


DYNAMIC = {
    "f-string": 'def f(x):\n    cursor.execute(f"SELECT a FROM b WHERE c = {x}")\n',
    "percent": 'def f(x):\n    cursor.execute("SELECT a FROM b WHERE c = %s" % x)\n',
    "percent tuple": 'def f(x):\n    cursor.execute("SELECT a FROM b WHERE c = %s" % (x,))\n',
    "format": 'def f(x):\n    cursor.execute("SELECT a FROM b WHERE c = {}".format(x))\n',
    "format mapping": 'def f(x):\n    cursor.execute("SELECT a WHERE c={n}".format(**{"n": x}))\n',
    "plus": 'def f(x):\n    cursor.execute("SELECT a FROM b WHERE c = " + x)\n',
    "annotated": 'def f(x: int):\n    cursor.execute(f"SELECT a FROM b WHERE c = {x}")\n',
    "keyword": 'def f(x):\n    cursor.execute(sql=f"SELECT a FROM b WHERE c = {x}")\n',
    "many": 'def f(x):\n    cursor.executemany(f"INSERT INTO b VALUES ({x}, %s)", rows)\n',
    "walrus": 'def f(x):\n    if (q := f"SELECT a WHERE c = {x}"):\n        cursor.execute(q)\n',
    "loop": 'def f(rows):\n    for r in rows:\n        cursor.execute(f"SELECT a WHERE c={r}")\n',
    "column": 'def f(x):\n    cursor.execute(f"SELECT {x} FROM b")\n',
    "psycopg": 'def f(x):\n    cursor.execute(sql.SQL(f"SELECT a FROM b WHERE c = {x}"))\n',
    "checked too late": (
        'def f(x):\n    cursor.execute(f"SELECT a FROM {x}")\n    assert x in ("a", "b")\n'
    ),
    "other branch": (
        'def f(x):\n    if x == "a":\n        pass\n    else:\n'
        '        cursor.execute(f"SELECT a FROM {x}")\n'
    ),
    "lambda": 'run = lambda x: cursor.execute(f"SELECT a FROM b WHERE c = {x}")\n',
    "nested": (
        'def f(x):\n    def g():\n        cursor.execute(f"SELECT a WHERE c = {x}")\n    g()\n'
    ),
}


@pytest.mark.parametrize("source", DYNAMIC.values(), ids=DYNAMIC)
def test_what_is_put_in_at_run_time_is_told(source: str) -> None:
    [one] = read(source)
    assert one.bad


HARMLESS = {
    "constant": 'cursor.execute("SELECT 1")\n',
    "bound": 'def f(x):\n    cursor.execute("SELECT a FROM b WHERE c = %s", [x])\n',
    "percents": "def f(x):\n    cursor.execute(\"SELECT a WHERE c LIKE '%%' OR d=%s\", [x])\n",
    "module constant": 'T = "b"\ndef f():\n    cursor.execute(f"SELECT a FROM {T}")\n',
    "class constant": (
        'class A:\n    table = "b"\n    def f(self):\n'
        '        cursor.execute(f"SELECT a FROM {self.table}")\n'
    ),
    "imported constant": (
        'from shop.names import TABLE\ndef f():\n    cursor.execute(f"SELECT a FROM {TABLE}")\n'
    ),
    "defining": 'def f(t):\n    cursor.execute(f"CREATE TABLE {t} (a int)")\n',
    "setting": 'def f(t):\n    cursor.execute(f"SET LOCAL statement_timeout = {t}")\n',
    "savepoint": 'def f(t):\n    cursor.execute("SAVEPOINT " + t)\n',
    "no SQL": 'def f(x):\n    command.execute(f"copy {x}")\n',
    "no SQL either": 'def f(x):\n    pool.execute("task " + x)\n',
    "raw of a string": 'def f(x):\n    print("a".raw(x))\n',
    "opaque text": "def f(x):\n    cursor.execute(build(x))\n",
    "any text": "def f(sql, params):\n    cursor.execute(sql, params)\n",
    "compiled": (
        "def f(qs):\n    sql, params = qs.query.sql_with_params()\n"
        '    cursor.execute(f"EXPLAIN {sql}", params)\n'
    ),
    "matched": (
        'import re\ndef f(x):\n    if not re.fullmatch("[a-z]+", x):\n        raise ValueError\n'
        '    cursor.execute(f"SELECT {x} FROM b")\n'
    ),
    "identifier test": (
        'def f(x):\n    assert x.isidentifier()\n    cursor.execute(f"SELECT {x} FROM b")\n'
    ),
    "equals": 'def f(x):\n    if x == "a":\n        cursor.execute(f"SELECT {x} FROM b")\n',
    "limit": 'def f(n: int):\n    cursor.execute(f"SELECT a FROM b LIMIT {n}")\n',
    "written as a number": 'def f(n):\n    cursor.execute(f"SELECT a FROM b WHERE c = {n:d}")\n',
    "template of constants": 'A = "%s = %%s"\ncursor.execute("SELECT a WHERE " + A % "c", [1])\n',
    "pairs": (
        'for table, column in (("a", "b"), ("c", "d")):\n'
        '    cursor.execute(f"SELECT {column} FROM {table}")\n'
    ),
    "dict items": (
        'D = {"a": "b"}\nfor table, column in D.items():\n'
        '    cursor.execute(f"SELECT {column} FROM {table}")\n'
    ),
    "a form's order": (
        'def f(request, form):\n    return Book.objects.order_by(form.cleaned_data["sort"])\n'
    ),
    "a hook's order": (
        "def filter_queryset(self, request, queryset, view):\n"
        "    return queryset.order_by(*self.get_ordering(request, queryset, view))\n"
    ),
    "filtered": (
        "def f(request):\n"
        '    names = [n for n in request.GET.getlist("sort") if is_allowed(n)]\n'
        "    return Book.objects.order_by(*names)\n"
    ),
    "argument of its only caller": (
        'def f(t):\n    cursor.execute(f"SELECT a FROM {t}")\ndef g():\n    f("b")\n    f("c")\n'
    ),
    "recursion": 'def f(x):\n    return f(x) + "a"\ncursor.execute(f("b"))\n',
    "names itself": "sql = sql + sql\ncursor.execute(sql)\n",
}


@pytest.mark.parametrize("source", HARMLESS.values(), ids=HARMLESS)
def test_what_nobody_else_can_choose_is_silent(source: str) -> None:
    assert read(source) == []


@pytest.mark.parametrize(
    ("before", "after", "spot"),
    [
        ("SELECT a FROM b WHERE c = '", "'", Spot.LITERAL),
        ("SELECT a FROM b WHERE c = ", "", Spot.VALUE),
        ("SELECT a FROM b WHERE c IN (", ")", Spot.VALUE),
        ("INSERT INTO b VALUES (1, ", ")", Spot.VALUE),
        ("SELECT a FROM ", " WHERE c = 1", Spot.IDENTIFIER),
        ("SELECT a FROM b ORDER BY ", "", Spot.IDENTIFIER),
        ("SELECT a FROM b ORDER BY a ", "", Spot.IDENTIFIER),
        ("SELECT a FROM b WHERE ", " = %s", Spot.IDENTIFIER),
        ('SELECT a FROM "', '"', Spot.IDENTIFIER),
        ("SELECT a FROM b LIMIT ", "", Spot.LIMIT),
        ("SELECT a FROM b WHERE ", "", Spot.CLAUSE),
        ("SELECT 'it''s' FROM b -- '\n WHERE c = ", "", Spot.VALUE),
    ],
)
def test_where_a_part_stands(before: str, after: str, spot: Spot) -> None:
    [one] = read(f"def f(x):\n    cursor.execute({before!r} + x + {after!r})\n")
    assert [hole.spot for hole in one.holes] == [spot]


def test_the_request_is_named() -> None:
    [one] = read(
        'def f(request):\n    q = request.GET.get("q", "").strip()\n'
        "    cursor.execute(f\"SELECT a FROM b WHERE c = '{q}'\")\n"
    )
    assert [(hole.kind, hole.code) for hole in one.bad] == [(HoleKind.REQUEST, 'GET["q"]')]


def test_the_line_that_built_the_text_is_named() -> None:
    [one] = read(
        'def build(x):\n    return f"SELECT a FROM b WHERE c = {x}"\n'
        "def run(sql):\n    cursor.execute(sql)\n"
        "def ask(request):\n    run(build(request.GET['q']))\n"
    )
    told = provenance(one)
    assert (told.built.line, told.built.function, told.how) == (2, "build", "f-string")
    assert (told.call.line, told.method) == (4, "cursor.execute")


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a = '%s'", True),
        ("a LIKE '%%%s%%'", True),
        ("a = '%(name)s'", True),
        ("a = %s", False),
        ("a LIKE '%%s'", False),
        ("a = 'it''s' AND b = %s", False),
        ("", False),
    ],
)
def test_placeholders_between_quotes(text: str, quoted: bool) -> None:
    assert quoted_placeholder(text) is quoted


GAP = Gap(HoleKind.UNKNOWN, "x")


@given(st.lists(st.one_of(st.text(max_size=8).map(Text), st.just(GAP))))
@example([GAP, Text("Z"), Text("")])
@example([GAP, Text("z"), Text("A"), GAP])
def test_a_text_fits_what_made_it(parts: list[Text | Gap]) -> None:
    # White space and case are left out before parts are compared, so whole texts fit as well.
    made = "".join(squeezed(p.text) if isinstance(p, Text) else "zz" for p in parts)
    found = filled(tuple(parts), made)
    assert found is not None
    assert len(found) == parts.count(GAP)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((Text("a"),), "ab"),
        ((Text("a"), GAP), "ba"),
        ((GAP, Text("a")), "ab"),
        ((Text("ab"), GAP, Text("bc")), "abc"),
        ((GAP, Text("a"), Text("b"), GAP), "acb"),
    ],
)
def test_a_text_does_not_fit_what_did_not_make_it(parts: tuple[Text | Gap, ...], text: str) -> None:
    assert filled(parts, text) is None


@given(st.text(alphabet="'\"%s({})=- \n*/$;,aSELECTFROM", max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    for made in (f"{text!r} + x", f"{text!r} % x", f"{text!r}.format(x)", f"{text!r}"):
        read(f"def f(x):\n    cursor.execute({made}, [x])\n")


def test_a_large_source_is_read_in_time_or_not_at_all() -> None:
    read("x = 'a'\n" + "".join(f"x = x + x{n % 7}\n" for n in range(3000)) + "cursor.execute(x)\n")
    read("cursor.execute(" + " + ".join(["a"] * 400) + ")\n")
