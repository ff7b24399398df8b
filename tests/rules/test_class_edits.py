"""Views and admins whose querysets a library makes: the edit is one of the class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from django.conf import settings
from django.db.models import Count, QuerySet
from django.test import override_settings

import queryaudit
from queryaudit.records.findings import Applicability
from sample_app.shop.models import OrderLine, Publisher
from tests.rules.written_modules import WrittenModule, mended, visiting

pytestmark = pytest.mark.usefixtures("shop")

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [str(Path(__file__).parent / "templates")],
        "APP_DIRS": True,
        "OPTIONS": settings.TEMPLATES[0]["OPTIONS"],
    }
]

VIEWS = """
from django.urls import path
from django.views.generic import DetailView, ListView
from rest_framework import generics, serializers, viewsets

from sample_app.shop.models import Author, Book, Publisher


class BookSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.name")

    class Meta:
        model = Book
        fields = ["title", "author"]


"""


@pytest.fixture(autouse=True)
def templates() -> Iterator[None]:
    with override_settings(TEMPLATES=TEMPLATES):
        yield


def view(body: str, call: str) -> str:
    return f"{VIEWS}{dedent(body)}\n\nurlpatterns = [path('', {call})]\n"


def lines_of(source: str) -> list[str]:
    return [line.strip() for line in source.splitlines()]


def test_a_list_view_of_a_model_gets_a_queryset_besides() -> None:
    source = view(
        """
        class Books(ListView):
            model = Book
            template_name = "classes/books.html"
            ordering = "pk"
        """,
        "Books.as_view()",
    )
    lines = lines_of(mended(source, "QA101", visit))
    at = lines.index("model = Book", lines.index("class Books(ListView):"))
    assert lines[at + 1] == (
        'queryset = Book.objects.select_related("author").prefetch_related("tags")'
    )


def test_a_detail_view_loads_what_is_behind_its_rows_collection() -> None:
    source = view(
        """
        class OneAuthor(DetailView):
            model = Author
            template_name = "classes/author.html"
        """,
        """OneAuthor.as_view(), {"pk": Author.objects.filter(books__isnull=False).first().pk}""",
    )
    assert 'queryset = Author.objects.prefetch_related("books__publisher")' in lines_of(
        mended(source, "QA101", visit)
    )


def test_a_queryset_of_a_class_is_extended() -> None:
    source = view(
        """
        class Books(generics.ListAPIView):
            queryset = Book.objects.order_by("pk")
            serializer_class = BookSerializer
        """,
        "Books.as_view()",
    )
    assert 'queryset = Book.objects.order_by("pk").select_related("author")' in lines_of(
        mended(source, "QA101", visit)
    )


def test_an_inherited_queryset_is_extended_in_a_method() -> None:
    source = view(
        """
        class Titles(viewsets.ReadOnlyModelViewSet):
            queryset = Book.objects.order_by("pk")


        class Books(Titles, viewsets.ReadOnlyModelViewSet):
            serializer_class = BookSerializer
        """,
        'Books.as_view({"get": "list"})',
    )
    lines = lines_of(mended(source, "QA101", visit))
    assert 'queryset = Book.objects.order_by("pk").select_related("author")' in lines


def test_a_method_that_is_there_is_extended() -> None:
    source = view(
        """
        class Books(ListView):
            model = Book
            template_name = "classes/books.html"

            def get_queryset(self):
                return super().get_queryset().order_by("pk")
        """,
        "Books.as_view()",
    )
    lines = lines_of(mended(source, "QA101", visit))
    assert (
        'return super().get_queryset().order_by("pk")'
        '.select_related("author").prefetch_related("tags")'
    ) in lines


ADMINS = """
from django.contrib import admin
from django.urls import path

from sample_app.shop.models import Book


@admin.display(description="author")
def author_name(book):
    return book.author.name


@admin.display(description="category")
def category_name(book):
    return book.category and book.category.name


@admin.display(description="tags")
def tag_names(book):
    return [tag.name for tag in book.tags.all()]


"""


def office(body: str) -> str:
    return f"""{ADMINS}{dedent(body)}

site = admin.AdminSite()
site.register(Book, Books)


urlpatterns = [path("", site.urls)]
"""


visit, list_books = visiting("/"), visiting("/shop/book/")


def test_a_list_of_the_admin_joins_what_its_columns_show() -> None:
    source = office(
        """
        class Books(admin.ModelAdmin):
            list_display = ["pk", author_name]
            ordering = ["pk"]
        """
    )
    lines = lines_of(mended(source, "QA101", list_books))
    at = lines.index('list_display = ["pk", author_name]')
    assert lines[at + 1] == 'list_select_related = ["author"]'


def test_what_django_joins_by_itself_for_a_list_of_the_admin_stays_joined() -> None:
    source = office(
        """
        class Books(admin.ModelAdmin):
            list_display = ["pk", "author", "publisher", category_name]
            ordering = ["pk"]
        """
    )
    lines = lines_of(mended(source, "QA101", list_books))
    assert 'list_select_related = ["author", "category", "publisher"]' in lines
    fix = WrittenModule(source).run(list_books).of("QA101").fix
    assert fix is not None
    assert fix.applicability is Applicability.UNSAFE
    assert "name what is read of that too" in fix.note


def test_rows_of_an_inline_are_not_those_of_the_admin() -> None:
    source = office(
        """
        class LineInline(admin.TabularInline):
            model = OrderLine
            readonly_fields = ["book"]


        class Books(admin.ModelAdmin):
            inlines = [LineInline]
        """
    )
    source = source.replace("import Book", "import Book, Order, OrderLine")
    source = source.replace("register(Book", "register(Order")
    lines = OrderLine.objects.values("order").annotate(number=Count("pk"))
    order = lines.filter(number__gt=1).values_list("order", flat=True)[:1].get()
    finding = WrittenModule(source).run(visiting(f"/shop/order/{order}/change/")).of("QA101")
    assert finding.fix is not None
    assert finding.fix.edits == ()


def test_a_join_is_added_to_those_of_the_admin() -> None:
    source = office(
        """
        class Books(admin.ModelAdmin):
            list_display = ["pk", author_name]
            list_select_related = ("publisher",)
            ordering = ["pk"]
        """
    )
    assert 'list_select_related = ("publisher", "author")' in lines_of(
        mended(source, "QA101", list_books)
    )


def test_a_list_of_the_admin_prefetches_in_a_method() -> None:
    source = office(
        """
        class Books(admin.ModelAdmin):
            list_display = ["pk", author_name, tag_names]
            ordering = ["pk"]
        """
    )
    lines = lines_of(mended(source, "QA101", list_books))
    at = lines.index("def get_queryset(self, request):")
    assert lines[at + 1] == (
        'return super().get_queryset(request).select_related("author").prefetch_related("tags")'
    )


@pytest.mark.parametrize(
    "body",
    [
        # What comes from elsewhere is not known.
        """
        class Books(admin.ModelAdmin):
            list_display = ["pk", author_name]
            list_select_related = COLUMNS
        """,
        """
        class Books(admin.ModelAdmin):
            list_display = ["pk", author_name]
            list_select_related = True
        """,
    ],
)
def test_joins_that_are_not_written_out_are_left_alone(body: str) -> None:
    source = office(f"COLUMNS = ()\n\n\n{dedent(body)}".replace("= True", "= ['publisher'][:1]"))
    finding = WrittenModule(source).run(list_books).of("QA101")
    assert finding.fix is not None
    assert finding.fix.edits == () or all(
        "def get_queryset(self, request):" in "".join(edit.after) for edit in finding.fix.edits
    )


class Shelves:
    """A view whose queryset serves more than one of its methods."""

    def get_queryset(self) -> QuerySet[Publisher]:
        return Publisher.objects.order_by("pk")

    def ratings(self) -> list[int]:
        publisher = self.get_queryset()[0]
        books = publisher.books.all()
        return [review.rating for book in books for review in book.reviews.all()]

    def countries(self) -> list[int]:
        return [len(publisher.books.all()) for publisher in self.get_queryset()]


@pytest.mark.parametrize(("method", "for_one"), [("ratings", True), ("countries", False)])
def test_what_one_method_reads_far_away_is_not_for_all_to_load(method: str, for_one: bool) -> None:
    with queryaudit.audit() as audited:
        getattr(Shelves(), method)()
    [finding] = [f for f in audited.findings if f.rule == "QA102"]
    fix = finding.fix
    assert fix is not None
    assert fix.edits
    assert ("All that use this queryset" in fix.note) is for_one
    assert (fix.applicability is not Applicability.SAFE) >= for_one
