"""Sites that are no line of Python: template tags, serializer fields, admin columns, views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Manager, QuerySet
from django.template.loader import render_to_string
from django.test import Client, override_settings

import queryaudit
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind
from sample_app.settings import TEMPLATES
from sample_app.shop.admin import CategoryAdmin
from sample_app.shop.api import serializers
from sample_app.shop.models import Author, Book, Order
from tests.integration.recording import ROOT, Recording
from tests.integration.serving import SERVED

HERE = Path(__file__).resolve().parent
API = ROOT / "sample_app" / "shop" / "api"
FOLDER = "tests/integration/templates/integration"

pytestmark = pytest.mark.usefixtures("standing_shop")


@pytest.fixture(autouse=True)
def our_templates() -> Any:
    engine = {**TEMPLATES[0], "DIRS": [HERE / "templates"]}
    libraries = {"integration_tags": "tests.integration.tags"}
    engine["OPTIONS"] = {**engine["OPTIONS"], "libraries": libraries}
    with override_settings(**{**SERVED, "TEMPLATES": [engine]}):
        yield


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def rendered() -> Recording:
    with Recording() as seen:
        render_to_string("integration/child.html", {"books": Book.objects.all()})
    assert not seen.errors
    return seen


def sites_of(seen: Recording, path: str) -> list[Frame]:
    """The distinct innermost frames of the queries that a relation path caused."""
    return list({seen.site(query): None for query in seen.queries if seen.path(query) == path})


IN_TEMPLATE = [
    ("Book.author", "child.html", "book.author.name"),
    ("Book.publisher", "child.html", "book.publisher.name"),
    ("Book.category", "child.html", "book.category.name"),
    ("Book.author__publisher", "partial.html", "book.author.publisher.name"),
    ("Book.tags", "tags.html", "for tag in tags"),
    ("Book.attachments", "child.html", "with count=book.attachments.count"),
    ("Book.comments", "child.html", "if book.comments.exists"),
]


@pytest.mark.parametrize(("path", "file", "tag"), IN_TEMPLATE)
def test_a_template_s_query_is_found_at_its_tag(path: str, file: str, tag: str) -> None:
    (frame,) = sites_of(rendered(), path)
    assert frame.kind is FrameKind.TEMPLATE
    assert frame.path == f"{FOLDER}/{file}"
    assert frame.function == tag
    assert frame.line == line_of(HERE / "templates/integration" / file, tag)
    assert any(tag in line for line in frame.snippet)


def test_the_loop_of_a_template_is_known() -> None:
    (frame,) = sites_of(rendered(), "Book.author")
    assert frame.loop_text == "for book in books"
    assert frame.loop_line == line_of(
        HERE / "templates/integration/child.html", "{% for book in books %}"
    )


def test_the_stack_goes_from_an_included_template_to_the_one_that_includes_it() -> None:
    seen = rendered()
    query = next(q for q in seen.queries if seen.path(q) == "Book.author__publisher")
    frames = [frame for frame in seen.stack(query).frames if frame.kind is FrameKind.TEMPLATE]
    assert [frame.path.rpartition("/")[2] for frame in frames][:2] == ["partial.html", "child.html"]
    assert frames[1].function == 'include "integration/partial.html"'


def test_an_inclusion_tag_s_query_leads_to_the_tag_in_the_outer_template() -> None:
    seen = rendered()
    query = next(q for q in seen.queries if seen.path(q) == "Book.tags")
    frames = seen.stack(query).frames
    assert [(f.path.rpartition("/")[2], f.function) for f in frames[:2]] == [
        ("tags.html", "for tag in tags"),
        ("child.html", "tag_names book"),
    ]


def test_a_filter_s_query_is_found_in_the_filter_and_then_at_its_tag() -> None:
    seen = rendered()
    query = next(q for q in seen.queries if seen.path(q) == "Book.reviews")
    inner, outer = seen.stack(query).frames[:2]
    assert (inner.kind, inner.function) == (FrameKind.PROJECT, "review_count")
    assert inner.path == "tests/integration/tags.py"
    assert inner.line == line_of(HERE / "tags.py", "book.reviews.count()")
    assert (outer.kind, outer.function) == (FrameKind.TEMPLATE, "book|review_count")


def test_two_lines_of_one_template_that_ask_the_same_are_told_apart() -> None:
    with Recording() as seen:
        for _ in range(3):
            everyone = Author.objects.all()
            render_to_string("integration/twice.html", {"first": everyone, "again": everyone.all()})
    lines = [seen.site(query).line for query in seen.about("shop_author")]
    assert lines == [1, 3] * 3


# Serializers and schemas


def test_a_serializer_s_query_is_found_at_its_field() -> None:
    with Recording() as seen:
        assert serializers.BookSerializer(Book.objects.all(), many=True).data
    (author,) = sites_of(seen, "Book.author")
    assert (author.kind, author.function) == (FrameKind.SERIALIZER, "BookSerializer.author")
    assert author.path == "sample_app/shop/api/serializers.py"
    assert author.line == line_of(API / "serializers.py", "author = AuthorSerializer()")
    assert author.loop_text == "for each item of the serialized list"


def test_a_nested_serializer_s_field_with_a_source_is_named() -> None:
    with Recording() as seen:
        assert serializers.BookSerializer(Book.objects.all(), many=True).data
    (frame,) = sites_of(seen, "Book.author__publisher")
    assert (frame.kind, frame.function) == (FrameKind.SERIALIZER, "AuthorSerializer.publisher")
    assert frame.line == line_of(API / "serializers.py", 'source="publisher.name"')


def test_a_many_field_is_named() -> None:
    with Recording() as seen:
        assert serializers.BookSerializer(Book.objects.all(), many=True).data
        assert serializers.OrderSerializer(Order.objects.all(), many=True).data
    assert {frame.function for frame in sites_of(seen, "Book.tags")} == {"BookSerializer.tags"}
    assert {frame.function for frame in sites_of(seen, "Order.lines")} == {"OrderSerializer.lines"}
    assert {frame.function for frame in sites_of(seen, "Order.lines__book")} == {
        "OrderLineSerializer.book"
    }


def test_a_method_field_s_query_is_found_in_its_method() -> None:
    with Recording() as seen:
        assert serializers.BookSerializer(Book.objects.all(), many=True).data
    (frame,) = sites_of(seen, "Book.reviews")
    assert (frame.kind, frame.function) == (FrameKind.PROJECT, "BookSerializer.get_review_count")
    query = next(q for q in seen.queries if seen.path(q) == "Book.reviews")
    assert seen.stack(query).frames[1].function == "BookSerializer.review_count"


def test_a_schema_s_query_is_found_in_its_resolver() -> None:
    with Recording() as seen:
        assert Client().get("/api/ninja/books").status_code == 200
    (frame,) = sites_of(seen, "Book.author__publisher__country")
    assert (frame.kind, frame.function) == (FrameKind.PROJECT, "AuthorOut.resolve_country")
    (author,) = sites_of(seen, "Book.author")
    assert (author.kind, author.function) == (FrameKind.SERIALIZER, "BookOut.author")
    assert author.line == line_of(API / "ninja.py", "author: AuthorOut")


# The admin


@pytest.fixture
def office() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("clerk"))
    return client


ADMIN: dict[str, Any] = {
    "ROOT_URLCONF": "sample_app.urls",
    "MIDDLEWARE": [
        "queryaudit.middleware.QueryAuditMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
}


def test_a_column_of_the_admin_is_named(office: Client) -> None:
    with override_settings(**ADMIN), Recording() as seen:
        assert office.get("/admin/shop/book/").status_code == 200
    (frame,) = sites_of(seen, "Book.author")
    assert (frame.kind, frame.function) == (FrameKind.PROJECT, "BookAdmin.author_name")
    query = next(q for q in seen.queries if seen.path(q) == "Book.author")
    assert seen.stack(query).frames[1].function == "BookAdmin.list_display[author_name]"
    assert seen.stack(query).frames[1].loop_text == "for each row of the change list"


def test_a_plain_column_of_the_admin_is_named(
    office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CategoryAdmin, "list_select_related", ())  # by itself the admin joins it
    with override_settings(**ADMIN), Recording() as seen:
        assert office.get("/admin/shop/category/").status_code == 200
    (frame,) = sites_of(seen, "Category.parent")
    assert (frame.kind, frame.function) == (
        FrameKind.SERIALIZER,
        "CategoryAdmin.list_display[parent]",
    )
    assert frame.path == "sample_app/shop/admin.py"


class InPrint(Manager[Book]):
    def get_queryset(self) -> QuerySet[Book]:
        return super().get_queryset().filter(pages__gt=0)


def test_rows_that_the_admin_asks_of_a_manager_are_the_admin_s(
    office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = InPrint()
    manager.model = Book
    monkeypatch.setitem(Book._meta.__dict__, "default_manager", manager)
    with override_settings(**ADMIN), queryaudit.audit() as audited:
        assert office.get("/admin/shop/book/").status_code == 200
    [finding] = [f for f in audited.findings if f.rule == "QA101"]
    assert finding.location.function == "BookAdmin"
    assert finding.fix is not None
    assert "return super().get_queryset(request).select_related(" in finding.fix.code


# Views without a frame of their own


def test_two_view_classes_that_run_the_same_library_code_are_told_apart() -> None:
    pk = Book.objects.order_by("pk").values_list("pk", flat=True)[0]
    with Recording() as seen:
        for _ in range(2):
            assert Client().get(f"/one-book/{pk}/").status_code == 200
            assert Client().get(f"/same-book/{pk}/").status_code == 200
    functions = [seen.site(query).function for query in seen.about("shop_book")]
    assert functions == ["OneBook", "SameBook"] * 2
    frame = seen.site(seen.queries[0])
    assert frame.path == "tests/integration/views.py"
