"""What an access says beyond its path: kind, method, narrowing, origin and the causing row."""

# ruff: noqa: B018, C416 - reading attributes and iterating is what is tested

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db.models import Manager, Model, QuerySet

from queryaudit.records.definitions import Access
from queryaudit.records.kinds import AccessKind
from sample_app.shop.models import (
    Author,
    AuthorProfile,
    Book,
    Category,
    Comment,
    Order,
    Review,
    Tag,
)
from tests.integration.recording import Recording

pytestmark = pytest.mark.usefixtures("standing_shop")


def accesses(seen: Recording) -> list[Access]:
    """The distinct accesses on rows."""
    found = {seen.access(query): None for query in seen.queries}
    return [access for access in found if access is not None and access.path]


def only(work: Callable[[], Any]) -> Access:
    with Recording() as seen:
        work()
    (access,) = accesses(seen)
    return access


def some_author() -> Author:
    return Author.objects.filter(books__isnull=False).first()


KINDS: list[tuple[str, Callable[[], Any], AccessKind, str, str]] = [
    ("author", lambda: Book.objects.all()[0].author, AccessKind.FORWARD, "Book", "Author"),
    (
        "author",
        lambda: AuthorProfile.objects.all()[0].author,
        AccessKind.FORWARD,
        "AuthorProfile",
        "Author",
    ),
    (
        "profile",
        lambda: Author.objects.all()[0].profile,
        AccessKind.REVERSE_ONE,
        "Author",
        "AuthorProfile",
    ),
    ("books", lambda: list(some_author().books.all()), AccessKind.COLLECTION, "Author", "Book"),
    ("tags", lambda: list(Book.objects.all()[0].tags.all()), AccessKind.MANY, "Book", "Tag"),
    ("books", lambda: list(Tag.objects.all()[0].books.all()), AccessKind.MANY, "Tag", "Book"),
    ("books", lambda: list(Order.objects.all()[0].books.all()), AccessKind.MANY, "Order", "Book"),
    (
        "comments",
        lambda: list(Book.objects.all()[0].comments.all()),
        AccessKind.GENERIC_COLLECTION,
        "Book",
        "Comment",
    ),
    (
        "title",
        lambda: Book.objects.only("pk")[0].title,
        AccessKind.DEFERRED,
        "Book",
        "Book",
    ),
]


@pytest.mark.parametrize(
    ("name", "work", "kind", "owner", "target"), KINDS, ids=lambda value: str(value)[:20]
)
def test_each_relation_is_known_by_name_kind_owner_and_target(
    name: str, work: Callable[[], Any], kind: AccessKind, owner: str, target: str
) -> None:
    access = only(work)
    assert access.path[-1] == (name, kind, False)
    assert access.owner == f"shop.{owner}"
    assert access.target == f"shop.{target}"
    assert access.narrowed is False
    assert access.prefetched is False


def test_a_deferred_column_is_one_where_the_project_overrides_how_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refresh_from_db(self: Book, *args: Any, **kwargs: Any) -> None:
        Model.refresh_from_db(self, *args, **kwargs)

    monkeypatch.setattr(Book, "refresh_from_db", refresh_from_db, raising=False)
    access = only(lambda: Book.objects.only("pk")[0].title)
    assert access.path[-1] == ("title", AccessKind.DEFERRED, False)


def test_a_row_that_is_refreshed_by_its_override_is_no_deferred_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refresh_from_db(self: Book, *args: Any, **kwargs: Any) -> None:
        Model.refresh_from_db(self, *args, **kwargs)

    monkeypatch.setattr(Book, "refresh_from_db", refresh_from_db, raising=False)
    book = Book.objects.all()[0]
    with Recording() as seen:
        book.refresh_from_db()
    assert accesses(seen) == []


@pytest.mark.parametrize("model", [Author, AuthorProfile], ids=lambda model: model.__name__)
def test_a_relation_is_one_where_the_base_manager_s_queryset_overrides_get(
    monkeypatch: pytest.MonkeyPatch, model: type[Model]
) -> None:
    class Strict(QuerySet[Any]):
        def get(self, *args: Any, **kwargs: Any) -> Any:
            return super().get(*args, **kwargs)

    manager = Manager.from_queryset(Strict)()
    manager.model = model
    monkeypatch.setitem(model._meta.__dict__, "base_manager", manager)
    name, row = ("author", Book) if model is Author else ("profile", Author)
    access = only(lambda: getattr(row._default_manager.all()[0], name))
    assert access.path[-1].name == name


def test_a_generic_key_names_the_model_that_was_loaded() -> None:
    with Recording() as seen:
        [comment.target for comment in Comment.objects.all()]
    found = accesses(seen)
    assert {access.path for access in found} == {(("target", AccessKind.GENERIC, False),)}
    assert {access.target for access in found} == {"shop.Book", "shop.Review"}


METHODS: list[tuple[Callable[[Author], Any], str | None, bool]] = [
    (lambda author: list(author.books.all()), None, False),
    (lambda author: [book for book in author.books.all()], None, False),
    (lambda author: bool(author.books.all()), None, False),
    (lambda author: len(author.books.all()), None, False),
    (lambda author: list(author.books.iterator()), None, False),
    (lambda author: author.books.count(), "count", False),
    (lambda author: author.books.all().count(), "count", False),
    (lambda author: author.books.exists(), "exists", False),
    (lambda author: author.books.first(), "first", None),
    (lambda author: author.books.filter(stock__gt=2).count(), "count", True),
    (lambda author: list(author.books.filter(stock__gt=2)), None, True),
    (lambda author: list(author.books.exclude(stock=2)), None, True),
    (lambda author: list(author.books.order_by("stock")), None, True),
    (lambda author: list(author.books.all()[:2]), None, True),
    (lambda author: list(author.books.distinct()), None, True),
    (lambda author: list(author.books.values_list("pk")), "values_list", False),
]


@pytest.mark.parametrize(("work", "method", "narrowed"), METHODS)
def test_the_method_and_the_narrowing_of_a_collection_are_known(
    work: Callable[[Author], Any], method: str | None, narrowed: bool | None
) -> None:
    author = some_author()
    access = only(lambda: work(author))
    assert access.path == (("books", AccessKind.COLLECTION, False),)
    assert access.method == method
    if narrowed is not None:
        assert access.narrowed is narrowed


NARROWED_MANY: list[tuple[Callable[[Book], Any], str | None, bool]] = [
    (lambda book: list(book.tags.all()), None, False),
    (lambda book: book.tags.count(), "count", False),
    (lambda book: book.tags.exists(), "exists", False),
    (lambda book: list(book.tags.filter(name__startswith="c")), None, True),
    (lambda book: list(book.tags.order_by("-name")), None, True),
]


@pytest.mark.parametrize(("work", "method", "narrowed"), NARROWED_MANY)
def test_the_method_and_the_narrowing_of_a_many_to_many_are_known(
    work: Callable[[Book], Any], method: str | None, narrowed: bool
) -> None:
    book = Book.objects.all()[0]
    access = only(lambda: work(book))
    assert (access.path[-1].name, access.method, access.narrowed) == ("tags", method, narrowed)


ASYNC: list[tuple[str, str | None, bool]] = [
    ("all", None, False),
    ("manager", None, False),
    ("aiterator", None, False),
    ("acount", "count", False),
    ("aexists", "exists", False),
    ("filtered", None, True),
    ("ordered", None, True),
]


async def _asked(author: Author, how: str) -> None:
    if how == "all":
        [book async for book in author.books.all()]
    elif how == "manager":
        [book async for book in author.books.all().all()]
    elif how == "aiterator":
        [book async for book in author.books.aiterator()]
    elif how == "acount":
        await author.books.acount()
    elif how == "aexists":
        await author.books.aexists()
    elif how == "filtered":
        [book async for book in author.books.filter(stock__gt=2)]
    elif how == "ordered":
        [book async for book in author.books.order_by("stock")]


@pytest.mark.parametrize(("how", "method", "narrowed"), ASYNC)
def test_asynchronous_access_is_told_as_its_synchronous_twin(
    how: str, method: str | None, narrowed: bool
) -> None:
    author = some_author()
    access = only(lambda: async_to_sync(_asked)(author, how))
    assert access.path == (("books", AccessKind.COLLECTION, False),)
    assert access.method == method
    assert access.narrowed is narrowed


def test_asking_past_a_filled_prefetch_is_told_from_a_plain_access() -> None:
    author = Author.objects.prefetch_related("books").first()
    access = only(lambda: list(author.books.filter(stock__gt=2)))
    assert access.prefetched is True
    assert access.narrowed is True


def test_one_place_asks_rows_with_prefetched_ones_and_without() -> None:
    def in_stock(authors: Any) -> None:
        for author in authors:
            list(author.books.filter(stock__gt=2))

    plain, prefetched = Author.objects.all(), Author.objects.prefetch_related("books")
    with Recording() as seen:
        for authors in (plain, prefetched, plain.all(), prefetched.all()):
            in_stock(authors)
    asked = [
        access.prefetched for q in seen.queries if (access := seen.access(q)) and access.narrowed
    ]
    each = len(plain)
    assert each > 1
    assert asked == [False] * each + [True] * each + [False] * each + [True] * each


def test_two_foreign_keys_to_one_model_on_one_line_are_told_apart() -> None:
    with Recording() as seen:
        for book in Book.objects.all():
            book.publisher.name + book.author.publisher.name
    by_path = {seen.path(query): seen.text(query) for query in seen.queries}
    assert by_path["Book.publisher"] == by_path["Book.author__publisher"]


def test_the_origin_is_the_model_and_the_place_of_the_evaluation() -> None:
    books = Book.objects.all()
    with Recording() as seen:
        for book in books:
            book.author.publisher.name
    origins = {seen.origin(query) for query in seen.about("shop_author")}
    (origin,) = origins
    assert origin is not None
    assert origin.model == "shop.Book"
    first = test_the_origin_is_the_model_and_the_place_of_the_evaluation.__code__.co_firstlineno
    assert seen.session.hub.tables.stacks[origin.stack].frames[0].line == first + 3
    assert seen.session.hub.tables.sql[origin.sql].text == seen.text(seen.about("shop_book")[0])


def test_a_queryset_built_in_scope_remembers_where() -> None:
    with Recording() as seen:
        books = Book.objects.filter(stock__gte=0)
        for book in books:
            book.author
    origin = seen.origin(seen.queries[-1])
    assert origin is not None
    assert origin.built is not None
    first = test_a_queryset_built_in_scope_remembers_where.__code__.co_firstlineno
    assert origin.built.line == first + 2


def test_each_evaluation_of_one_line_is_told_apart() -> None:
    with Recording() as seen:
        for _ in range(3):
            for book in Book.objects.order_by("pk")[:2]:
                book.author
    lazy = seen.about("shop_author")
    assert len({query.access for query in lazy}) == 1
    assert len({query.evaluation for query in lazy}) == 3


def test_each_causing_row_has_a_digest_of_its_own() -> None:
    with Recording() as seen:
        books = list(Book.objects.order_by("pk"))
        for book in books + books:
            list(book.reviews.all())
    lazy = seen.about("shop_review")
    assert len(lazy) == 2 * len(books)
    rows = [query.row for query in lazy]
    assert None not in rows
    assert rows[: len(books)] == rows[len(books) :]
    assert len(set(rows)) == len(books)


def test_equal_parameters_have_equal_digests_and_other_ones_have_not() -> None:
    with Recording() as seen:
        for pk in (1, 2, 1):
            Author.objects.filter(pk=pk).exists()
    first, second, third = (query.params for query in seen.queries)
    assert first == third != second


def test_values_have_no_lineage_and_no_effect() -> None:
    with Recording() as seen:
        rows = list(Book.objects.values("author_id"))
        names = list(Book.objects.values_list("title", flat=True))
    assert len(rows) == len(names) == Book.objects.count()
    assert seen.paths == {None: 2}


def test_rows_that_nobody_under_audit_loaded_have_a_path_without_origin() -> None:
    books = list(Book.objects.all()[:3])
    with Recording() as seen:
        [book.author for book in books]
    assert set(seen.paths) == {"?.author"}


def test_a_query_written_out_by_hand_knows_its_model_and_method() -> None:
    with Recording() as seen:
        for category in Category.objects.all():
            Book.objects.filter(category=category).count()
    found = {seen.access(query) for query in seen.about("shop_book")}
    (access,) = found
    assert access is not None
    assert (access.path, access.method, access.target) == ((), "count", "shop.Book")


def test_a_review_of_a_prefetched_book_knows_the_prefetch() -> None:
    with Recording() as seen:
        for author in Author.objects.prefetch_related("books"):
            for book in author.books.all():
                book.reviews.count()
    (access,) = {
        seen.access(query) for query in seen.queries if seen.access(query).method == "count"
    }
    assert access.path == (
        ("books", AccessKind.COLLECTION, True),
        ("reviews", AccessKind.COLLECTION, False),
    )
    assert Review._meta.label == access.target
