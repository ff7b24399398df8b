"""Calls written into source code in the styles in which people write Django."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from queryaudit.advice.edits import append_calls, is_of_any_model
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Edit
from queryaudit.records.kinds import FrameKind

JOIN = '.select_related("author")'
FETCH = '.prefetch_related("reviews")'
COUNT = '.annotate(reviews_count=Count("reviews"))'
NESTED = '.prefetch_related(Prefetch("reviews", queryset=Review.objects.select_related("author")))'
BODY = '.only(..., "body")'


def frame_of(marked: str, *, columns: bool = True, kind: FrameKind = FrameKind.PROJECT) -> Frame:
    """A frame whose range stands between the guillemets; its snippet begins in line 10."""
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")

    def place(offset: int) -> tuple[int, int]:
        line_start = text.rfind("\n", 0, offset) + 1
        return text.count("\n", 0, offset), len(text[line_start:offset].encode())

    line, column = place(start)
    end_line, end_column = place(end)
    return Frame(
        kind=kind,
        path="shop/views.py",
        line=10 + line,
        end_line=10 + end_line if columns else None,
        column=column if columns else None,
        end_column=end_column if columns else None,
        function="view",
        loop_line=None,
        loop_text=None,
        snippet_line=10,
        snippet=tuple(text.split("\n")),
    )


def applied(frame: Frame, edit: Edit) -> str:
    first, last = edit.first_line - 10, edit.last_line - 10
    lines = list(frame.snippet)
    assert tuple(lines[first : last + 1]) == edit.before
    assert edit.path == frame.path
    return "\n".join([*lines[:first], *edit.after, *lines[last + 1 :]])


def edited(marked: str, *calls: str, model: str = "shop.Book", columns: bool = True) -> str | None:
    frame = frame_of(marked, columns=columns)
    edit = append_calls(frame, calls, model)
    return None if edit is None else applied(frame, edit)


ONE_LINE = [
    ("for b in «Book.objects.all()»:", f"for b in Book.objects.all(){JOIN}:"),
    ("    for b in «Book.objects.all()»:", f"    for b in Book.objects.all(){JOIN}:"),
    ("\tfor b in «Book.objects.all()»:", f"\tfor b in Book.objects.all(){JOIN}:"),
    ("async for b in «Book.objects.all()»:", f"async for b in Book.objects.all(){JOIN}:"),
    ("    books = «Book.objects.all()»", f"    books = Book.objects.all(){JOIN}"),
    ("books = «list(Book.objects.all())»", f"books = list(Book.objects.all(){JOIN})"),
    ("books = list(«Book.objects.all()»)", f"books = list(Book.objects.all(){JOIN})"),
    ("n = «len(Book.objects.all())»", f"n = len(Book.objects.all(){JOIN})"),
    ("return [b.author for b in «Book.objects.all()»]",
     f"return [b.author for b in Book.objects.all(){JOIN}]"),
    ("x = {b.pk: b async for b in «Book.objects.filter(a=1)»}",
     f"x = {{b.pk: b async for b in Book.objects.filter(a=1){JOIN}}}"),
    ("book = «Book.objects.get(pk=pk)»", f"book = Book.objects{JOIN}.get(pk=pk)"),
    ("book = «Book.objects.filter(a=1).first()»", f"book = Book.objects.filter(a=1){JOIN}.first()"),
    ("book = «await Book.objects.aget(pk=1)»", f"book = await Book.objects{JOIN}.aget(pk=1)"),
    ("book = await «Book.objects.filter(a=1).afirst()»",
     f"book = await Book.objects.filter(a=1){JOIN}.afirst()"),
    ("book = «Book.objects.latest('pk')»", f"book = Book.objects{JOIN}.latest('pk')"),
    ("for b in «Book.objects.order_by('pk')[:10]»:",
     f"for b in Book.objects.order_by('pk'){JOIN}[:10]:"),
    ("b = «Book.objects.all()[0]»", f"b = Book.objects.all(){JOIN}[0]"),
    ("for b in «Book.objects.all().iterator()»:", f"for b in Book.objects.all(){JOIN}.iterator():"),
    ("d = «Book.objects.in_bulk(pks)»", f"d = Book.objects{JOIN}.in_bulk(pks)"),
    ("return «super().get_queryset().filter(a=1)»",
     f"return super().get_queryset().filter(a=1){JOIN}"),
    ("        return «super().get_queryset()»", f"        return super().get_queryset(){JOIN}"),
    ("for b in «self.get_queryset()»:", f"for b in self.get_queryset(){JOIN}:"),
    ("qs = «super(BookAdmin, self).get_queryset(request)»",
     f"qs = super(BookAdmin, self).get_queryset(request){JOIN}"),
    ("for b in «self.queryset.filter(a=1)»:", f"for b in self.queryset.filter(a=1){JOIN}:"),
    ("b = «self.queryset.get(pk=1)»", f"b = self.queryset{JOIN}.get(pk=1)"),
    ("b = «queryset.first()»", f"b = queryset{JOIN}.first()"),
    ("for b in «queryset.order_by('pk')»:", f"for b in queryset.order_by('pk'){JOIN}:"),
    ("for b in «publisher.books.all()»:", f"for b in publisher.books.all(){JOIN}:"),
    ("for b in «request.user.book_set.filter(a=1)»:",
     f"for b in request.user.book_set.filter(a=1){JOIN}:"),
    ("for b in «Publisher.objects.get(pk=1).books.all()»:",
     f"for b in Publisher.objects.get(pk=1).books.all(){JOIN}:"),
    ("for b in «Publisher.objects.first().books.all()[:3]»:",
     f"for b in Publisher.objects.first().books.all(){JOIN}[:3]:"),
    ("    queryset = «Book.objects.all()»", f"    queryset = Book.objects.all(){JOIN}"),
    ("    queryset = «Book.objects»", f"    queryset = Book.objects{JOIN}"),
    ("    queryset = «Book.objects.all»", f"    queryset = Book.objects{JOIN}.all"),
    ("class V(ListView): queryset = «Book.objects.all()»",
     f"class V(ListView): queryset = Book.objects.all(){JOIN}"),
    ("x = «Book.published.all()»", f"x = Book.published.all(){JOIN}"),
    ("x = «Book.published.recent()»", f"x = Book.published.recent(){JOIN}"),
    ("x = «Book.objects.recent()»", f"x = Book.objects.recent(){JOIN}"),
    ("x = «Book.objects.filter(a=1).recent()»", f"x = Book.objects.filter(a=1){JOIN}.recent()"),
    ("x = «Book._default_manager.all()»", f"x = Book._default_manager.all(){JOIN}"),
    ("x = «self.model.objects.all()»", f"x = self.model.objects.all(){JOIN}"),
    ("x = «models.Book.objects.all()»", f"x = models.Book.objects.all(){JOIN}"),
    ("x = «Book.live_objects.all()»", f"x = Book.live_objects.all(){JOIN}"),
    ("b = «get_object_or_404(Book, pk=pk)»",
     f"b = get_object_or_404(Book.objects{JOIN}, pk=pk)"),
    ("b = «shortcuts.get_object_or_404(models.Book, pk=pk)»",
     f"b = shortcuts.get_object_or_404(models.Book.objects{JOIN}, pk=pk)"),
    ("b = «get_list_or_404(Book, a=1)»", f"b = get_list_or_404(Book.objects{JOIN}, a=1)"),
    ("b = «await aget_object_or_404(Book, a=1)»",
     f"b = await aget_object_or_404(Book.objects{JOIN}, a=1)"),
    ("b = «get_object_or_404(Book.objects.filter(a=1), pk=pk)»",
     f"b = get_object_or_404(Book.objects.filter(a=1){JOIN}, pk=pk)"),
    ("b = «get_object_or_404(Book.objects, pk=pk)»",
     f"b = get_object_or_404(Book.objects{JOIN}, pk=pk)"),
    ("return «render(request, 'b.html', {'books': Book.objects.all()})»",
     f"return render(request, 'b.html', {{'books': Book.objects.all(){JOIN}}})"),
    ("return «render(r, 'b.html', {'b': Book.objects.all(), 'a': Author.objects.all()})»",
     f"return render(r, 'b.html', {{'b': Book.objects.all(){JOIN}, 'a': Author.objects.all()}})"),
    ("elif «Book.objects.filter(a=1)»:", f"elif Book.objects.filter(a=1){JOIN}:"),
    ("with open(f) as x, y(«Book.objects.all()»):",
     f"with open(f) as x, y(Book.objects.all(){JOIN}):"),
    ("for é in «Book.objects.filter(ä='ö')»:  # ü",
     f"for é in Book.objects.filter(ä='ö'){JOIN}:  # ü"),
    ("x = «Book.objects.filter(author__in=Author.objects.filter(a=1))»",
     f"x = Book.objects.filter(author__in=Author.objects.filter(a=1)){JOIN}"),
    ("x = «User.objects.filter(a=1)»", f"x = User.objects.filter(a=1){JOIN}"),
    ("x = «Book.objects.values('a')»", f"x = Book.objects{JOIN}.values('a')"),
    ("x = «Book.objects.using('b').all()»", f"x = Book.objects.using('b').all(){JOIN}"),
    ("x = «yes and Book.objects.all()»", f"x = yes and Book.objects.all(){JOIN}"),
    ("x = «Book.objects.all() if y else Book.objects.none()»", None),
    ("for b in «books»:", None),
    ("for b in «self.books()»:", None),
    ("x = «Author.objects.all(), Author.objects.filter(a=1)»", None),
    ("x = f(«Author.objects.filter(b=1)», Book.objects.all())",
     f"x = f(Author.objects.filter(b=1){JOIN}, Book.objects.all())"),
    ("x = «f(Author.objects.all())»", None),
    ("x = «Book.objects.all().union(other)»", None),
    ("x = «Book.objects.raw('SELECT 1')»", None),
    ("x = «Book.objects.select_for_update().filter(a=1)»", None),
    ("x = «Book.objects.select_for_update(of=('self',)).all()»",
     f"x = Book.objects.select_for_update(of=('self',)).all(){JOIN}"),
    ("x = «cursor.execute('SELECT 1')»", None),
    ("x = «d.values()»", None),
    ("x = «get_object_or_404(klass, pk=1)»", None),
    ("x = «f'{Book.objects.all()}'»", None),
    ("x = «Book.objects.filter(» syntax error", None),
    ("    {% for b in «books» %}", None),
    ("«x, *y» = Book.objects.all()", f"x, *y = Book.objects.all(){JOIN}"),
    ("«x» = Book.objects.all()", f"x = Book.objects.all(){JOIN}"),
    ("x = (Book.objects.\n    «get(pk=1)»)", f"x = (Book.objects{JOIN}.\n    get(pk=1))"),
    ("x = (Book.objects\n    .«get(pk=1)»)", f"x = (Book.objects\n    {JOIN}\n    .get(pk=1))"),
    ("x = (Book.objects\n    .«filter(a=1)»\n    .first())",
     f"x = (Book.objects\n    .filter(a=1)\n    {JOIN}\n    .first())"),
    ("x = Book.objects.filter(a=«f(1)»)", None),
    ("x = Book.objects.filter(a=«b.author»)", None),
    ("«»", None),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "expected"), ONE_LINE)
def test_a_call_is_appended_to_the_queryset(marked: str, expected: str | None) -> None:
    assert edited(marked, JOIN) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("for b in «Book.objects.all()»:", f"for b in Book.objects.all(){JOIN}:"),
        ("x = «list(Book.objects.all())»", f"x = list(Book.objects.all(){JOIN})"),
        ("b = «get_object_or_404(Book, pk=1)»", f"b = get_object_or_404(Book.objects{JOIN}, pk=1)"),
        (
            "x = «f(Book.objects.all(), Author.objects.all())»",
            f"x = f(Book.objects.all(){JOIN}, Author.objects.all())",
        ),
        (
            "x = «Publisher.objects.get(pk=1).books.all()»",
            f"x = Publisher.objects.get(pk=1).books.all(){JOIN}",
        ),
        ("x = «Author.objects.filter(b__in=Book.objects.all())»",
         f"x = Author.objects.filter(b__in=Book.objects.all(){JOIN})"),
        ("x = «Book.objects.all(), Book.objects.none()»", None),
        ("x = «Author.objects.all()»", None),
        ("for b in «books»:", None),
        (
            "x = (\n    Book.objects\n    «.filter(a=1)»\n)",
            f"x = (\n    Book.objects\n    .filter(a=1)\n    {JOIN}\n)",
        ),
        (
            "for b in «(»\n    Book.objects.filter(a=1)\n):",
            f"for b in (\n    Book.objects.filter(a=1){JOIN}\n):",
        ),
        (
            "if «a» and (\n    b\n):\n    Book.objects.all()",
            None,
        ),
        (
            "return «render»(\n    r,\n    {'b': Book.objects.all()},\n)",
            f"return render(\n    r,\n    {{'b': Book.objects.all(){JOIN}}},\n)",
        ),
    ],
)  # fmt: skip
def test_without_columns_the_only_fitting_queryset_is_taken(
    marked: str, expected: str | None
) -> None:
    assert edited(marked, JOIN, columns=False) == expected


MANY_LINES = [
    (
        """\
        books = (
            «Book.objects.filter(a=1)
            .order_by("title")»
        )
        """,
        """\
        books = (
            Book.objects.filter(a=1)
            .order_by("title")
            .select_related("author")
        )
        """,
    ),
    (
        """\
        books = (
            «Book.objects
            .filter(a=1)  # only these
            .order_by("title")  # by name
            [:10]»
        )
        """,
        """\
        books = (
            Book.objects
            .filter(a=1)  # only these
            .order_by("title")  # by name
            .select_related("author")
            [:10]
        )
        """,
    ),
    (
        """\
        book = (
            «Book.objects.filter(a=1)  # these
            .first()»
        )
        """,
        """\
        book = (
            Book.objects.filter(a=1)  # these
            .select_related("author")
            .first()
        )
        """,
    ),
    (
        """\
        books = list(
            «Book.objects.filter(
                a=1,
                b=2,
            )»
        )
        """,
        """\
        books = list(
            Book.objects.filter(
                a=1,
                b=2,
            ).select_related("author")
        )
        """,
    ),
    (
        """\
        books = list(«Book.objects
                     .filter(a=1)
                     .order_by("b")»)
        """,
        """\
        books = list(Book.objects
                     .filter(a=1)
                     .order_by("b")
                     .select_related("author"))
        """,
    ),
    (
        """\
        books = «Book.objects.filter(a=1) \\
            .order_by("b")»
        """,
        """\
        books = Book.objects.filter(a=1) \\
            .order_by("b").select_related("author")
        """,
    ),
    (
        """\
        books = («Book.objects.
                 filter(a=1).
                 order_by("b")»)
        """,
        """\
        books = (Book.objects.
                 filter(a=1).
                 order_by("b").select_related("author"))
        """,
    ),
    (
        """\
                return 1

            def books(self):
                for book in «Book.objects.all()»:
                    print(book.author)
        """,
        """\
                return 1

            def books(self):
                for book in Book.objects.all().select_related("author"):
                    print(book.author)
        """,
    ),
    (
        """\
                except KeyError:
                    books = «Book.objects.all()»
                    x = f(
        """,
        """\
                except KeyError:
                    books = Book.objects.all().select_related("author")
                    x = f(
        """,
    ),
    (
        """\
            )
            for book in «Book.objects.filter(
                a=1
            )»:
                if book:
        """,
        """\
            )
            for book in Book.objects.filter(
                a=1
            ).select_related("author"):
                if book:
        """,
    ),
    (
        """\
            text = '''
        no indent'''
            for book in «Book.objects.all()»:
                pass
        """,
        """\
            text = '''
        no indent'''
            for book in Book.objects.all().select_related("author"):
                pass
        """,
    ),
    (
        """\
        class BookViewSet(ModelViewSet):
            queryset = «Book.objects.all()»
            serializer_class = BookSerializer

            def get_queryset(self):
        """,
        """\
        class BookViewSet(ModelViewSet):
            queryset = Book.objects.all().select_related("author")
            serializer_class = BookSerializer

            def get_queryset(self):
        """,
    ),
    (
        """\
        field = forms.ModelChoiceField(
            queryset=«Book.objects»,
            required=False,
        )
        """,
        """\
        field = forms.ModelChoiceField(
            queryset=Book.objects.select_related("author"),
            required=False,
        )
        """,
    ),
    (
        """\
        books = (
            «Book.objects.select_related(
                "publisher",  # always
                "series",  # if any
            )
            .all()»
        )
        """,
        """\
        books = (
            Book.objects.select_related(
                "publisher",  # always
                "series",  # if any
                "author",
            )
            .all()
        )
        """,
    ),
    (
        """\
        books = «Book.objects.select_related(
            "publisher",
            "series"  # if any
        )»
        """,
        """\
        books = Book.objects.select_related(
            "publisher",
            "series",  # if any
            "author"
        )
        """,
    ),
    (
        """\
        books = «Book.objects.select_related("publisher",
                                            "series")»
        """,
        """\
        books = Book.objects.select_related("publisher",
                                            "series", "author")
        """,
    ),
]


@pytest.mark.parametrize(("marked", "expected"), MANY_LINES)
def test_the_layout_of_the_chain_is_kept(marked: str, expected: str) -> None:
    assert edited(dedent(marked), JOIN) == dedent(expected)


def test_each_call_gets_its_own_line_in_a_chain_of_lines() -> None:
    marked = "x = (\n    «Book.objects\n    .all()»\n)"
    expected = f"x = (\n    Book.objects\n    .all()\n    {JOIN}\n    {FETCH}\n    {COUNT}\n)"
    assert edited(marked, JOIN, FETCH, COUNT) == expected


@pytest.mark.parametrize(
    ("chain", "call", "expected"),
    [
        ('.select_related("x")', JOIN, '.select_related("x", "author")'),
        ('.select_related("x",)', JOIN, '.select_related("x", "author",)'),
        (".select_related(*NAMES)", JOIN, '.select_related(*NAMES, "author")'),
        ('.select_related("x").all()', JOIN, '.select_related("x", "author").all()'),
        ('.select_related("x")[:5]', JOIN, '.select_related("x", "author")[:5]'),
        ('.select_related(("x"))', JOIN, '.select_related(("x")).select_related("author")'),
        ('.select_related("author")', JOIN, None),
        ('.select_related("author__publisher")', JOIN, None),
        (
            '.select_related("author")',
            '.select_related("author__publisher", "series")',
            '.select_related("author", "author__publisher", "series")',
        ),
        (".select_related(None)", JOIN, f".select_related(None){JOIN}"),
        ('.select_related("author").select_related(None)', JOIN,
         f'.select_related("author").select_related(None){JOIN}'),
        ('.select_related(None).select_related("x")', JOIN,
         '.select_related(None).select_related("x", "author")'),
        (".select_related()", JOIN, None),
        ('.prefetch_related("x")', FETCH, '.prefetch_related("x", "reviews")'),
        (".prefetch_related()", FETCH, '.prefetch_related("reviews")'),
        ('.prefetch_related("reviews")', FETCH, None),
        ('.prefetch_related("reviews__tags")', FETCH, None),
        ('.prefetch_related(Prefetch("reviews", queryset=x))', FETCH, None),
        ('.prefetch_related(Prefetch("reviews", x, to_attr="y"))', FETCH,
         '.prefetch_related(Prefetch("reviews", x, to_attr="y"), "reviews")'),
        (".prefetch_related(None)", FETCH, f".prefetch_related(None){FETCH}"),
        (".prefetch_related(*MORE)", FETCH, '.prefetch_related(*MORE, "reviews")'),
        ('.prefetch_related("reviews")', '.prefetch_related("reviews__tags")',
         '.prefetch_related("reviews", "reviews__tags")'),
        (".all()", NESTED, f".all(){NESTED}"),
        ('.prefetch_related("x", "reviews")', NESTED,
         '.prefetch_related("x", Prefetch("reviews", '
         'queryset=Review.objects.select_related("author")))'),
        ('.prefetch_related("x", "reviews__tags")', NESTED,
         '.prefetch_related("x", Prefetch("reviews", '
         'queryset=Review.objects.select_related("author")), "reviews__tags")'),
        ('.prefetch_related(Prefetch("reviews", Review.objects.filter(a=1)), "x")', NESTED,
         '.prefetch_related(Prefetch("reviews", Review.objects.filter(a=1)'
         '.select_related("author")), "x")'),
        ('.prefetch_related(Prefetch("reviews", queryset=Review.objects.select_related("b")))',
         NESTED,
         '.prefetch_related(Prefetch("reviews", '
         'queryset=Review.objects.select_related("b", "author")))'),
        ('.prefetch_related(Prefetch("reviews", queryset=newest))', NESTED,
         '.prefetch_related(Prefetch("reviews", queryset=newest.select_related("author")))'),
        ('.prefetch_related(Prefetch("reviews"))', NESTED, f".{NESTED[1:]}"),
        ('.prefetch_related(Prefetch(lookup="reviews", queryset=make()))', NESTED, None),
        (".prefetch_related(*MORE)", NESTED, None),
        (".iterator()", FETCH, f"{FETCH}.iterator(chunk_size=2000)"),
        (".iterator(chunk_size=5)", FETCH, f"{FETCH}.iterator(chunk_size=5)"),
        (".iterator()", JOIN, f"{JOIN}.iterator()"),
        ('.only("title")', JOIN, '.only("title", "author").select_related("author")'),
        ('.only("title", "author")', JOIN, '.only("title", "author").select_related("author")'),
        ('.only("title", "author__name")', JOIN,
         '.only("title", "author__name").select_related("author")'),
        ('.only("author__name")', '.select_related("author__publisher")',
         '.only("author__name", "author__publisher").select_related("author__publisher")'),
        (".only(*FIELDS)", JOIN, None),
        ('.defer("author")', JOIN, f".all(){JOIN}"),
        ('.defer("body", "author")', JOIN, f'.defer("body"){JOIN}'),
        ('.only("title")', BODY, '.only("title", "body")'),
        ('.only("title", "body")', BODY, None),
        ('.only("a").only("title")', BODY, '.only("a").only("title", "body")'),
        ('.defer("body")', BODY, ".all()"),
        ('.defer("body")[:9]', BODY, ".all()[:9]"),
        ('.defer("body").defer("a")', '.only(..., "a", "body")', ".all()"),
        ('.defer("body").defer("a")', BODY, '.defer("a")'),
        (".defer()", BODY, None),
        ('.defer("body").first()', BODY, ".first()"),
        ('.defer("body").all()', BODY, ".all()"),
        ('.defer("body", "notes")', BODY, '.defer("notes")'),
        ('.defer("notes", "body")', BODY, '.defer("notes")'),
        ('.defer("a", "body", "b")', BODY, '.defer("a", "b")'),
        ('.defer("a", "body", "b")', '.only(..., "a", "b")', '.defer("body")'),
        ('.defer("a", "body", "b")', '.only(..., "body", "b")', '.defer("a")'),
        ('.defer("notes")', BODY, None),
        (".defer(*BIG)", BODY, None),
        (".all()", BODY, None),
        (".all()", COUNT, f".all(){COUNT}"),
        ('.annotate(x=F("y"))', COUNT, f'.annotate(x=F("y")){COUNT}'),
        ('.annotate(n=Count("tags"))', COUNT, None),
        ('.annotate(reviews_count=F("x"))', COUNT, None),
        (".all()", '.annotate(n=Count("r", filter=Q(...)))', None),
        (".all()", '.prefetch_related(Prefetch("r", queryset=..., to_attr="f"))', None),
        (".all()", ".fetch_mode(FETCH_PEERS)", ".all().fetch_mode(FETCH_PEERS)"),
        (".fetch_mode(FETCH_PEERS).all()", ".fetch_mode(FETCH_PEERS)", None),
        (".fetch_mode(RAISE)", ".fetch_mode(FETCH_PEERS)", None),
        (".all()", "not a call", None),
        (".all()", ".select_related(1)", None),
    ],
)  # fmt: skip
def test_calls_are_merged_into_what_is_there(chain: str, call: str, expected: str | None) -> None:
    wanted = None if expected is None else f"x = Book.objects{expected}"
    assert edited(f"x = «Book.objects{chain}»", call) == wanted


def test_a_dropped_defer_takes_its_line_with_it() -> None:
    marked = 'x = (\n    «Book.objects\n    .defer("body")\n    .all()»\n)'
    assert edited(marked, BODY) == "x = (\n    Book.objects\n    .all()\n)"


def test_several_calls_are_merged_together() -> None:
    marked = 'x = «Book.objects.select_related("x").only("title").prefetch_related("y")»'
    assert edited(marked, JOIN, FETCH, COUNT, BODY) == (
        'x = Book.objects.select_related("x", "author").only("title", "author", "body")'
        f'.prefetch_related("y", "reviews"){COUNT}'
    )


def test_only_changed_lines_are_in_the_edit() -> None:
    edit = append_calls(frame_of("a = 1\nx = «Book.objects.all()»\nb = 2"), [JOIN], "shop.Book")
    assert edit == Edit(
        path="shop/views.py",
        first_line=11,
        last_line=11,
        before=("x = Book.objects.all()",),
        after=(f"x = Book.objects.all(){JOIN}",),
    )


def test_a_new_line_keeps_its_neighbour_in_the_edit() -> None:
    edit = append_calls(frame_of("x = (\n    «Book.objects\n    .all()»\n)"), [JOIN], "shop.Book")
    assert edit is not None
    assert edit.before == ("    .all()",)
    assert edit.after == ("    .all()", f"    {JOIN}")


@pytest.mark.parametrize(
    "change",
    [
        {"snippet_line": None},
        {"snippet_line": 90},
        {"snippet_line": 11},
        {"snippet": ()},
        {"line": -3},
        {"column": 900, "end_column": 901},
        {"end_line": 3},
        {"kind": FrameKind.TEMPLATE},
        {"snippet": ("x = Book.objects.all()\n",)},
        {"snippet": ("x = Book.objects.all()\r",)},
        {"snippet": ("x = Book.objects.filter('\ud800')",)},
        {"snippet": ("x = Book.objects.all()\0",)},
    ],
)
def test_a_frame_without_its_source_gives_no_edit(change: dict[str, object]) -> None:
    frame = frame_of("x = «Book.objects.all()»")._replace(**change)  # type: ignore[arg-type]
    assert append_calls(frame, [JOIN], "shop.Book") is None


def test_no_calls_give_no_edit() -> None:
    assert append_calls(frame_of("x = «Book.objects.all()»"), [], "shop.Book") is None


def test_a_manager_that_is_asked_for_a_method_by_name_is_left_alone() -> None:
    assert edited("return «getattr(Book.objects, name)(self)»", JOIN) is None
    assert edited("return «list(Book.objects)»", JOIN) == f"return list(Book.objects{JOIN})"


def test_an_invalid_escape_in_the_source_warns_nobody(recwarn: pytest.WarningsRecorder) -> None:
    assert edited("x = «Book.objects.filter(a='\\d')»", JOIN) is not None
    assert not recwarn.list


@pytest.mark.parametrize("expected", [e for _, e in ONE_LINE if e and "elif" not in e])
def test_what_is_expected_here_is_python(expected: str) -> None:
    code = expected.strip()
    ast.parse(code + "\n    pass" if code.endswith(":") or "# ü" in code else code)


@pytest.mark.parametrize(
    "code",
    [
        "self.get_submission_class()._default_manager.filter(page=self)",
        "self.model.objects.all()",
        "model._default_manager.all()",
        "apps.get_model(label).objects.filter(a=1)",
        "forms[0].objects.all()",
        "history_manager.filter(a=1)",
    ],
)
def test_a_model_that_is_chosen_at_run_time_may_be_any(code: str) -> None:
    assert is_of_any_model(frame_of(f"for b in «{code}»:"), "shop.Book")


@pytest.mark.parametrize(
    "code",
    [
        "Book.objects.all()",
        "models.Book.objects.filter(a=1)",
        "_Book._default_manager.all()",
        "cls.objects.all()",
        "type(book).objects.all()",
        "author.books.all()",
        "super().get_queryset().filter(a=1)",
        "self.get_queryset()",
        "queryset.filter(a=1)",
        "unknown(1)",
    ],
)
def test_others_are_of_one(code: str) -> None:
    assert not is_of_any_model(frame_of(f"for b in «{code}»:"), "shop.Book")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("OwnRowsMixin.get_queryset", True),
        ("BaseListView.get_queryset", True),
        ("shelf.<locals>.AbstractShelf.get_queryset", True),
        ("BookListView.get_queryset", False),
        ("Mixing.<locals>.get_queryset", False),
        ("view", False),
    ],
)
def test_a_class_for_others_to_inherit_from_has_rows_of_any_model(
    function: str, expected: bool
) -> None:
    asked = frame_of("return «super().get_queryset()»")._replace(function=function)
    assert is_of_any_model(asked, "shop.Book") is expected
    other = frame_of("return «Book.objects.all()»")._replace(function=function)
    assert not is_of_any_model(other, "shop.Book")
