"""Resolvers of GraphQL: what its library asks on behalf of a class stands at the class's field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import graphene
import pytest
from django.db.models import QuerySet
from graphene_django import DjangoListField, DjangoObjectType

import queryaudit
from queryaudit.records.findings import Finding
from sample_app.shop.models import Author, Book, Review

pytestmark = pytest.mark.usefixtures("standing_shop")


class AuthorType(DjangoObjectType):
    class Meta:
        model = Author
        fields = ("name", "books")


class BookType(DjangoObjectType):
    stars = graphene.Int()

    class Meta:
        model = Book
        fields = ("title", "author")

    def resolve_stars(self, info: Any) -> int:
        review = Review.objects.filter(book_id=self.pk).order_by("pk").first()
        return review.rating if review is not None else 0


class Query(graphene.ObjectType):
    authors = DjangoListField(AuthorType)
    books = graphene.List(BookType)
    joined = graphene.List(BookType)
    book = graphene.Field(BookType)

    def resolve_books(self, info: Any) -> QuerySet[Book]:
        return Book.objects.order_by("pk")

    def resolve_joined(self, info: Any) -> QuerySet[Book]:
        return Book.objects.order_by("pk").select_related("author")

    def resolve_book(self, info: Any) -> Book | None:
        return Book.objects.order_by("pk").first()


SCHEMA = graphene.Schema(query=Query)


def found_in(query: str) -> Sequence[Finding]:
    with queryaudit.audit() as audited:
        result = SCHEMA.execute(query)
    assert result.errors is None
    assert result.data
    return [f for f in audited.findings if f.rule.startswith("QA1")]


def test_a_relation_that_no_code_of_the_project_reads_stands_at_the_queryset() -> None:
    [finding] = found_in("{ books { title author { name } } }")
    assert finding.rule == "QA101"
    assert finding.location.source == 'return Book.objects.order_by("pk")'
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.select_related("author")'


def test_a_list_that_the_library_asks_for_stands_at_its_field() -> None:
    [finding] = found_in("{ everybody: authors { name books { title } } }")
    assert finding.rule == "QA102"
    assert finding.location.function == "Query.authors"
    assert finding.location.source == "authors = DjangoListField(AuthorType)"
    assert finding.fix is not None
    assert finding.fix.code == 'Author.objects.prefetch_related("books")'


def test_a_query_that_a_resolver_asks_for_each_item_is_in_a_loop() -> None:
    [finding] = found_in("{ books { stars } }")
    assert finding.rule == "QA103"
    assert finding.location.function == "BookType.resolve_stars"
    assert "once for each item of the resolved list" in finding.message


@pytest.mark.parametrize(
    "query",
    [
        "{ books { title } }",
        "{ joined { title author { name } } }",
        "{ book { title stars author { name } } }",
        "{ authors { name } one: book { stars } other: book { stars } }",
    ],
)
def test_what_is_asked_once_is_none(query: str) -> None:
    assert found_in(query) == []
