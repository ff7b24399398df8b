"""What a function that is asked twice is advised to do: code only where it can be pasted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.test import RequestFactory
from django.utils.functional import cached_property
from django.views.generic import DetailView, ListView

import queryaudit
from queryaudit.detectors.duplicates.questions import question_at, question_in_template
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Finding
from queryaudit.records.kinds import FrameKind
from sample_app.shop.models import Author, Book, Order, Review

pytestmark = pytest.mark.usefixtures("shop")
columns = pytest.mark.skipif(sys.version_info < (3, 11), reason="columns came with Python 3.11")


def duplicate(work: Callable[[], object]) -> Finding:
    with queryaudit.audit() as audited:
        work()
    [finding] = [f for f in audited.findings if f.rule == "QA701"]
    assert finding.fix is not None
    return finding


class Shelf:
    def __init__(self, author: Author | None = None) -> None:
        self.author = author

    @property
    def total(self) -> Decimal:
        """What all books cost."""
        prices = Book.objects.values_list("price", flat=True)
        return sum(prices, Decimal(0))

    def newest(self) -> Book | None:
        return (
            Book.objects.filter(stock__gt=0)
            .order_by("-published_on", "-pk")
            .first()
        )  # fmt: skip

    def dearer(self, price: Decimal) -> list[Book]:
        return list(Book.objects.filter(price__gt=price).order_by("pk"))

    def count(self) -> None:
        self.counted = Book.objects.filter(stock__gte=0).count()

    @cached_property
    def best(self) -> list[Review]:
        return list(Review.objects.filter(rating=5).order_by("pk"))


def test_a_property_becomes_a_cached_one() -> None:
    def work() -> None:
        shelf = Shelf()
        assert shelf.total == shelf.total + 0

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.code == (
        "from django.utils.functional import cached_property\n"
        "\n"
        "class Shelf:\n"
        "    @cached_property\n"
        "    def total(self) -> Decimal:\n"
        '        """What all books cost."""\n'
        '        prices = Book.objects.values_list("price", flat=True)\n'
        "        return sum(prices, Decimal(0))"
    )
    assert "parentheses" not in fix.note


def test_a_method_that_only_answers_becomes_a_cached_property() -> None:
    def work() -> None:
        shelf = Shelf()
        assert shelf.newest() == shelf.newest()

    fix = duplicate(work).fix
    assert fix is not None
    assert "    @cached_property\n    def newest(self)" in fix.code
    assert '.order_by("-published_on", "-pk")' in fix.code
    assert "without parentheses" in fix.note


@columns
def test_a_method_with_arguments_does_not() -> None:
    def titles(shelf: Shelf) -> list[str]:
        return [book.title for book in shelf.dearer(Decimal(1))]

    def work() -> None:
        shelf = Shelf()
        assert titles(shelf) == titles(shelf)

    fix = duplicate(work).fix
    assert fix is not None
    assert "cached_property" not in fix.code
    assert fix.code.splitlines()[-1].endswith("= shelf.dearer(Decimal(1))")
    assert "Shelf.dearer()" in fix.note


def test_a_method_that_stores_does_not() -> None:
    def twice() -> None:
        shelf = Shelf()
        shelf.count()
        shelf.count()

    fix = duplicate(twice).fix
    assert fix is not None
    assert "cached_property" not in fix.code


class Cheapest(DetailView):  # type: ignore[type-arg]
    """Django calls ``get_object()`` of a view itself."""

    def get_object(self) -> Book:  # type: ignore[override]
        return Book.objects.filter(stock__gte=0).order_by("price", "pk")[0]

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        return {**super().get_context_data(**kwargs), "title": self.get_object().title}

    def render_to_response(self, context: object, **kwargs: object) -> HttpResponse:  # type: ignore[override]
        return HttpResponse(str(context))


def test_a_method_that_others_call_by_its_name_stays_one() -> None:
    request = RequestFactory().get("/")
    fix = duplicate(lambda: Cheapest.as_view()(request)).fix
    assert fix is not None
    assert "cached_property" not in fix.code


def test_what_is_kept_already_is_of_several_objects() -> None:
    def work() -> None:
        assert Shelf().best == Shelf().best

    fix = duplicate(work).fix
    assert fix is not None
    assert "cached_property" not in fix.code
    assert fix.title == "hand the object on"
    assert "Shelf.best" in fix.note


def test_what_is_kept_is_of_several_objects_in_a_loop_too() -> None:
    def work() -> None:
        for _ in Book.objects.all()[:3]:
            assert Shelf().best

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.title == "hand the object on"


@columns
def test_a_chain_over_several_lines_is_shown_whole() -> None:
    def work() -> str:
        first = (
            Order.objects.filter(lines__isnull=False)
            .order_by("pk")
            .first()
        )  # fmt: skip
        again = Order.objects.filter(lines__isnull=False).order_by("pk").first()
        return f"{first} {again}"

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.code.splitlines()[-1] == (
        'first = Order.objects.filter(lines__isnull=False).order_by("pk").first()'
    )


def test_a_question_without_a_name() -> None:
    def ask() -> object:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM shop_book, shop_author")
            return cursor.fetchone()

    message = duplicate(lambda: [ask(), ask()]).message
    assert message.endswith("asks once more for the same question, and nothing has changed.")


def test_a_method_that_a_framework_calls_stays_one() -> None:
    class Listing(ListView):  # type: ignore[type-arg]
        template_name = "none.html"

        def get_queryset(self) -> list[Book]:
            return list(Book.objects.filter(stock__gt=0).order_by("pk"))

    def work() -> None:
        view = Listing()
        view.setup(RequestFactory().get("/"))
        with transaction.atomic():
            view.get(view.request)
            view.get(view.request)

    finding = duplicate(work)
    assert finding.fix is not None
    assert "cached_property" not in finding.fix.code
    # What calls the view is not what asks.
    assert "view.get(" not in finding.fix.code


def _audited(function: Callable[..., object]) -> Callable[..., object]:
    def wrapper(*args: object, **kwargs: object) -> object:
        if not Author.objects.filter(books__pages__gt=0).exists():
            return None
        return function(*args, **kwargs)

    return wrapper


@columns
def test_what_a_wrapper_asks_is_not_what_its_function_gives() -> None:
    @_audited
    def shelve(number: int) -> int:
        return number

    def work() -> None:
        shelve(1)
        shelve(2)

    fix = duplicate(work).fix
    assert fix is not None
    assert "shelve(" not in fix.code
    assert fix.code == "author_exists = Author.objects.filter(books__pages__gt=0).exists()"


class Removal:
    def __init__(self) -> None:
        self.log: list[str] = []

    def run(self) -> list[str]:
        for book in Book.objects.filter(stock__gt=0):
            self.log.append(book.title)
        return self.log

    def titles(self) -> list[str]:
        found = []
        for book in Book.objects.filter(stock__gt=1):
            found.append(book.title)
        return found


def test_a_method_that_does_more_than_answer_is_not_kept() -> None:
    def work() -> None:
        removal = Removal()
        removal.run()
        removal.run()

    fix = duplicate(work).fix
    assert fix is not None
    assert "cached_property" not in fix.code


def test_a_list_that_grows_is_an_answer() -> None:
    def work() -> None:
        removal = Removal()
        assert removal.titles() == removal.titles()

    fix = duplicate(work).fix
    assert fix is not None
    assert "@cached_property" in fix.code


@columns
def test_the_answer_of_a_function_that_asks_on_the_way_has_no_model_s_name() -> None:
    def prices(factor: int) -> list[Decimal]:
        books = list(Book.objects.filter(pages__gt=2))
        return [book.price * factor for book in books]

    def work() -> None:
        assert prices(2) != prices(3)

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.code.splitlines()[-1].startswith("answer = prices(")


@pytest.mark.parametrize(
    ("code", "question"),
    [
        ("«{b.pk: b for b in Book.objects.all()}»", "list(Book.objects.all())"),
        ("«[b for b in author.books.all() if b.stock]»", "list(author.books.all())"),
        ("«len(books.all())»", "list(books.all())"),
        ("«Book.objects.filter(stock=1).exists()»", "Book.objects.filter(stock=1).exists()"),
        ("«books»", None),
        ("«Book.objects.filter(" + "stock=1, " * 60 + ")»", None),
    ],
)
def test_what_is_kept_is_the_question_and_not_what_is_made_of_it(
    code: str, question: str | None
) -> None:
    """Whichever instruction of a comprehension a version of Python names."""
    text = code.replace("«", "").replace("»", "")
    end = code.index("»") - 1
    place = ("shop/views.py", 7, 7, code.index("«"), end, "view", None, None, 7, (text,))
    assert question_at(Frame(FrameKind.PROJECT, *place)) == question


def test_two_tags_of_a_template_share_a_variable() -> None:
    author = Author.objects.order_by("pk")[0]
    finding = duplicate(lambda: render("two_tags", author=author))
    assert finding.location.path == "tests/rules/templates/duplicates/two_tags.html"
    fix = finding.fix
    assert fix is not None
    assert fix.code == "{% with book_exists=author.books.exists %}\n    ...\n{% endwith %}"
    assert "lines 1 to 4" in fix.note


def test_a_template_that_is_rendered_twice_is_handed_the_answer() -> None:
    author = Author.objects.order_by("pk")[0]

    def part() -> None:
        render("part", author=author)

    def work() -> None:
        part()
        part()

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.code == ""
    assert "`author.books.exists`" in fix.note


@pytest.mark.parametrize(
    ("tag", "asked"),
    [
        ("for book in author.books.all", "author.books.all"),
        ("if author.books.count > 1", "author.books.count"),
        ("blocktrans trimmed count number=author.books.count", "author.books.count"),
        ("with number=author.books.count", "author.books.count"),
        ("if author.books.all and author.reviews.all", None),
        ('url "book" author.books.first', None),
        ("include author.template with books=author.books.all", None),
    ],
)
def test_a_tag_is_kept_by_the_one_variable_that_it_evaluates(tag: str, asked: str | None) -> None:
    place = ("shop/list.html", 7, None, None, None, tag, None, None, 7, (tag,))
    assert question_in_template(Frame(FrameKind.TEMPLATE, *place)) == asked


def test_what_a_template_finds_is_asked_before_it() -> None:
    author = Author.objects.order_by("pk")[0]

    def work() -> bool:
        render("part", author=author)
        return author.books.exists()

    fix = duplicate(work).fix
    assert fix is not None
    assert "before part.html is rendered" in fix.note
    if sys.version_info >= (3, 11):
        assert fix.code.endswith("\nbook_exists = author.books.exists()")

    def templates() -> None:
        render("part", author=author)
        render("two_tags", author=author)

    with queryaudit.audit() as audited:
        templates()
    notes = [f.fix.note for f in audited.findings if f.fix is not None]
    assert any("part.html and two_tags.html are rendered" in note for note in notes)


@columns
def test_a_question_whose_variable_may_change_in_between_is_the_same_where_it_does_not() -> None:
    def counted(title: str = "") -> tuple[int, int]:
        books = Book.objects.filter(stock__gte=0)
        total = books.count()
        if title:
            books = books.filter(title=title)
        return total, books.count()

    fix = duplicate(counted).fix
    assert fix is not None
    assert fix.note.startswith("Use `total` in line ")
    assert fix.note.endswith(" too where `books` has not changed.")


def test_a_number_and_the_rows_of_a_collection_share_a_variable() -> None:
    """A related manager has no length, and gives another queryset each time."""
    author = Author.objects.annotate(number=Count("books")).filter(number__gt=1)[0]
    with queryaudit.audit() as audited:
        render("counted", author=author)
    [finding] = [f for f in audited.findings if f.rule == "QA205"]
    assert finding.fix is not None
    assert finding.fix.code == (
        "{% with rows=author.books.all %}\n    {{ rows|length }}\n    ...\n{% endwith %}"
    )


def render(name: str, **values: object) -> None:
    engine = Engine(dirs=[str(Path(__file__).parent / "templates")])
    engine.get_template(f"duplicates/{name}.html").render(Context(values))


@pytest.fixture
def one_book() -> int:
    """The key of a book with several reviews."""
    return Review.objects.values_list("book", flat=True).annotate(n=Count("pk")).order_by("-n")[0]


@columns
def test_one_row_that_each_round_loads_anew_is_joined(one_book: int) -> None:
    """The reviews that a test makes are of one book; another day they are of several."""

    def work() -> None:
        for review in Review.objects.filter(book=one_book):
            assert review.book.author

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.title == "load the relation with the row"
    assert fix.code.startswith('.select_related("book__author")')


@columns
def test_what_is_read_of_rows_that_are_loaded_again_goes_with_them(one_book: int) -> None:
    def work() -> None:
        for review in Review.objects.filter(book=one_book):
            assert review.book.author.publisher

    assert "Book.author" in duplicate(work).message


@columns
def test_a_collection_of_each_round_s_object_is_prefetched(one_book: int) -> None:
    def work() -> None:
        for review in Review.objects.filter(book=one_book):
            assert list(review.book.tags.all()) is not None

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.code.startswith('.prefetch_related("book__tags")')


@columns
def test_a_collection_of_one_object_is_read_before_the_loop() -> None:
    book = Book.objects.order_by("pk")[0]

    def work() -> None:
        for review in Review.objects.all():
            assert list(book.tags.all()) is not review

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.code.startswith("tags = list(book.tags.all())\nfor review in")


class Guarded(DetailView):  # type: ignore[type-arg]
    model = Book

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        assert self.get_object().price is not None
        return super().get(request, *args, **kwargs)


def test_what_a_library_asks_again_is_not_handed_on_to_it() -> None:
    request, key = RequestFactory().get("/"), Book.objects.order_by("pk")[0].pk
    fix = duplicate(lambda: Guarded.as_view()(request, pk=key)).fix
    assert fix is not None
    assert fix.note.startswith("A library asks again for line ")
    assert " on `self`, and let the method " in fix.note
