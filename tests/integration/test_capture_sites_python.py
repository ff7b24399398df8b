"""Where in Python code a query was asked for: line, expression, function and loop."""

# ruff: noqa: B018, C417 - the shape of the code is what is tested

from __future__ import annotations

import asyncio
import functools
import linecache
import random
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from queryaudit.capture import recall
from queryaudit.capture.scopes import AWAITING, CURRENT
from queryaudit.middleware import QueryAuditMiddleware
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind
from sample_app.shop.models import Author, Book, Category, Publisher, Tag
from tests.integration.recording import Recording
from tests.integration.serving import SERVED

pytestmark = pytest.mark.usefixtures("standing_shop")

PATH = "tests/integration/test_capture_sites_python.py"
columns = pytest.mark.skipif(sys.version_info < (3, 11), reason="columns came with Python 3.11")


def in_for() -> None:
    for book in Book.objects.all():
        book.author  # site: in_for


def in_nested_for() -> None:
    for author in Author.objects.all():
        for book in author.books.all():
            book.publisher  # site: in_nested_for


def in_while() -> None:
    books = list(Book.objects.all())
    while books:
        books.pop().author  # site: in_while


def in_list() -> None:
    [book.author for book in Book.objects.all()]  # site: in_list


def in_dict() -> None:
    {book.pk: book.author for book in Book.objects.all()}  # site: in_dict


def in_generator() -> None:
    sum(book.author.pk for book in Book.objects.all())  # site: in_generator


def in_lambda_of_map() -> None:
    list(map(lambda book: book.author, Book.objects.all()))  # site: in_lambda_of_map


def in_key_of_sorted() -> None:
    sorted(Book.objects.all(), key=lambda book: book.author.name)  # site: in_key_of_sorted


def in_called_function() -> None:
    for book in Book.objects.all():
        byline(book)


def byline(book: Book) -> str:
    return book.author.name  # site: in_called_function


def in_multiline_call() -> None:
    for book in Book.objects.all():
        Author.objects.filter(
            pk=book.author_id,
        ).exclude(
            pk=0,
        ).exists()  # end of the site


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


@decorated
def in_decorated() -> None:
    for book in Book.objects.all():
        book.author  # site: in_decorated


class Shelf:
    def __init__(self) -> None:
        self.books = Book.objects.all()

    @property
    def names(self) -> list[str]:
        found = []
        for book in self.books:
            found.append(book.author.name)  # site: in_property
        return found

    def walk(self) -> Iterator[str]:
        for book in self.books:
            yield book.author.name  # site: in_generator_function


def in_property() -> None:
    Shelf().names


def in_generator_function() -> None:
    for name in Shelf().walk():
        len(name)


def in_async_for() -> None:
    async def feed() -> None:
        async for book in Book.objects.all():
            await Author.objects.aget(pk=book.author_id)  # site: in_async_for

    async_to_sync(feed)()


def in_awaited_function() -> None:
    async def feed() -> None:
        for book in await sync_to_async(list)(Book.objects.all()):
            await sync_to_async(byline)(book)

    async_to_sync(feed)()


SITES: list[tuple[Callable[[], None], str, str, str | None]] = [
    (in_for, "in_for", "book.author", "for book in Book.objects.all()"),
    (in_nested_for, "in_nested_for", "book.publisher", "for book in author.books.all()"),
    (in_while, "in_while", "books.pop().author", "while books"),
    (in_list, "in_list", "book.author", "for book in Book.objects.all()"),
    (in_dict, "in_dict", "book.author", "for book in Book.objects.all()"),
    (in_generator, "in_generator", "book.author", "for book in Book.objects.all()"),
    (in_lambda_of_map, "in_lambda_of_map", "book.author", "for book in Book.objects.all()"),
    (in_key_of_sorted, "in_key_of_sorted", "book.author", "for book in Book.objects.all()"),
    (in_called_function, "byline", "book.author", None),
    (in_decorated, "in_decorated", "book.author", "for book in Book.objects.all()"),
    (in_property, "Shelf.names", "book.author", "for book in self.books"),
    (in_generator_function, "Shelf.walk", "book.author", "for book in self.books"),
    (
        in_async_for,
        "in_async_for.feed",
        "Author.objects.aget(pk=book.author_id)",
        "async for book in Book.objects.all()",
    ),
]


def line_of(marker: str) -> int:
    wanted = f"# site: {marker}"
    return next(
        number for number, line in enumerate(linecache.getlines(__file__), 1)
        if line.rstrip().endswith(wanted)
    )  # fmt: skip


def segment(frame: Frame) -> str:
    """The source that a frame's position covers."""
    assert frame.column is not None
    assert frame.end_line is not None
    lines = linecache.getlines(__file__)[frame.line - 1 : frame.end_line]
    lines[-1] = lines[-1].encode()[: frame.end_column].decode()
    lines[0] = lines[0].encode()[frame.column :].decode()
    return "".join(lines)


def repeated_site(seen: Recording) -> Frame:
    """The site that most queries have."""
    stacks = [query.stack for query in seen.queries]
    most = max(set(stacks), key=lambda stack: (stacks.count(stack), stack))
    return seen.session.hub.tables.stacks[most].frames[0]


@pytest.mark.parametrize(
    ("work", "function", "expression", "loop"), SITES, ids=[work.__name__ for work, *_ in SITES]
)
def test_a_query_is_found_at_its_line_in_its_function_and_loop(
    work: Callable[[], None], function: str, expression: str, loop: str | None
) -> None:
    with Recording() as seen:
        work()
    frame = repeated_site(seen)
    assert (frame.kind, frame.path) == (FrameKind.PROJECT, PATH)
    assert frame.line == line_of(work.__name__)
    assert frame.function == function
    assert frame.loop_text == loop
    if sys.version_info >= (3, 11):
        assert segment(frame).removeprefix("await ") == expression
    assert any(expression in line for line in frame.snippet)
    assert frame.snippet_line is not None
    assert linecache.getlines(__file__)[frame.snippet_line - 1].rstrip() == frame.snippet[0]


@columns
def test_a_call_over_many_lines_is_covered_to_its_end() -> None:
    with Recording() as seen:
        in_multiline_call()
    frame = repeated_site(seen)
    # Of a chain over many lines, newer Pythons give the last call alone.
    assert segment(frame).endswith("exists()")
    assert frame.loop_text == "for book in Book.objects.all()"


def test_the_loop_of_a_caller_is_in_its_frame() -> None:
    with Recording() as seen:
        in_called_function()
    inner, outer = seen.stack(seen.queries[-1]).frames[:2]
    assert (inner.function, outer.function) == ("byline", "in_called_function")
    assert outer.loop_text == "for book in Book.objects.all()"
    assert outer.loop_line == outer.line - 1


def test_frames_end_with_the_block_under_audit() -> None:
    with Recording() as seen:
        in_called_function()
    functions = [frame.function for frame in seen.stack(seen.queries[-1]).frames]
    assert functions == [
        "byline",
        "in_called_function",
        "test_frames_end_with_the_block_under_audit",
    ]


def test_a_loop_around_the_block_is_not_part_of_it() -> None:
    for _ in range(1):
        with Recording() as seen:
            Tag.objects.count()
            Tag.objects.count()
        assert [seen.site(query).loop_text for query in seen.queries] == [None, None]


def test_the_frames_that_await_are_part_of_the_stack() -> None:
    with Recording() as seen:
        in_awaited_function()
    frames = seen.stack(seen.about("shop_author")[-1]).frames
    assert [frame.function for frame in frames[:2]] == ["byline", "in_awaited_function.feed"]
    assert frames[1].loop_text is not None
    assert frames[1].loop_text.startswith("for book in await sync_to_async(list)")


def descend(node: Category) -> None:
    for child in node.children.all():  # site: descend
        descend(child)


def test_recursion_is_collapsed_and_its_depth_known() -> None:
    with Recording() as seen:
        for root in Category.objects.filter(parent=None):
            descend(root)
    lines = {seen.site(query).line for query in seen.about("shop_category")[1:]}
    assert lines == {line_of("descend")}
    repeats = {seen.stack(query).repeats for query in seen.queries}
    assert {1, 2, 3} <= repeats
    deepest = max((seen.stack(query) for query in seen.queries), key=lambda s: s.repeats)
    functions = [frame.function for frame in deepest.frames]
    assert functions.count("descend") <= 2


def two_on_one_line(book: Book) -> tuple[object, object]:
    return book.author.publisher, book.publisher


@columns
def test_two_relations_on_one_line_have_sites_of_their_own() -> None:
    with Recording() as seen:
        for book in Book.objects.select_related("author"):
            two_on_one_line(book)
    by_path = {
        seen.path(query): segment(seen.site(query)) for query in seen.about("shop_publisher")
    }
    assert by_path == {
        "Book.+author__publisher": "book.author.publisher",
        "Book.publisher": "book.publisher",
    }


def test_code_of_a_library_is_no_site_and_the_project_s_call_of_it_is() -> None:
    from django.shortcuts import get_object_or_404

    with Recording() as seen:
        get_object_or_404(Tag, pk=Tag.objects.values_list("pk", flat=True)[0])
    (frame,) = seen.stack(seen.queries[-1]).frames
    assert frame.path == PATH


def test_typed_in_code_is_a_site() -> None:
    code = compile("Tag.objects.count()", "<console>", "exec")
    with Recording() as seen:
        exec(code, {"Tag": Tag})
    assert seen.site(seen.queries[0]).path == "<console>"


def test_test_files_are_told_from_code_under_test() -> None:
    with Recording(test_files=["tests/**"]) as seen:
        in_for()
    assert {frame.kind for q in seen.queries for frame in seen.stack(q).frames} == {FrameKind.TEST}


def test_omitted_files_are_no_sites() -> None:
    with Recording(omit=["test_capture_sites_python.py"]) as seen:
        in_for()
    assert all(
        frame.kind is FrameKind.LIBRARY for q in seen.queries for frame in seen.stack(q).frames
    )


def test_a_site_in_a_thread_is_told_from_the_same_one_that_something_awaits() -> None:
    async def first() -> None:
        await sync_to_async(by_pk)()

    async def second() -> None:
        await sync_to_async(by_pk)()

    with Recording() as seen:
        for awaiting in (first, second, first):
            async_to_sync(awaiting)()
    functions = [[f.function for f in seen.stack(query).frames[:2]] for query in seen.queries]
    assert [inner for inner, _ in functions] == ["by_pk"] * 3
    assert [outer.rpartition(".")[2] for _, outer in functions] == ["first", "second", "first"]


def makers(work: Callable[[], Coroutine[Any, Any, Any]]) -> list[list[str]]:
    """For each query of a coroutine the names of the functions that led to it."""
    with Recording() as seen:
        async_to_sync(work)()
    stacks = [seen.stack(query).frames for query in seen.queries]
    return [[(frame.function or "").rpartition(".")[2] for frame in frames] for frames in stacks]


def test_a_query_of_a_task_knows_who_made_the_task() -> None:
    async def asks() -> None:
        await Tag.objects.acount()

    async def makes() -> asyncio.Task[None]:
        return asyncio.create_task(asks())

    async def elsewhere() -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(asks())

    async def waits() -> None:
        made = [await makes(), await elsewhere()]
        await asyncio.gather(*made, asks())
        await asks()

    ways = [names[: names.index("waits") + 1] for names in makers(waits)]
    assert sorted(ways) == [
        ["asks", "elsewhere", "waits"],
        ["asks", "makes", "waits"],
        ["asks", "waits"],
        ["asks", "waits"],
    ]


def test_a_task_of_a_task_knows_both_makers() -> None:
    async def asks() -> None:
        await Tag.objects.acount()

    async def inner() -> None:
        await asyncio.gather(asks())

    async def outer() -> None:
        await asyncio.create_task(inner())

    [names] = makers(outer)
    assert names[:3] == ["asks", "inner", "outer"]


def test_what_a_task_carries_ends_with_it() -> None:
    async def asks() -> None:
        await Tag.objects.acount()

    async def around() -> bool:
        before = AWAITING.get()
        await asyncio.create_task(asks())
        return AWAITING.get() == before

    with Recording():
        before = AWAITING.get()
        assert async_to_sync(around)()
        assert AWAITING.get() == before


def test_what_a_loop_calls_by_itself_keeps_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

    async def calls() -> None:
        asyncio.get_running_loop().call_soon(Tag.objects.count)
        await asyncio.sleep(0)

    with Recording() as seen:
        asyncio.run(calls())
    [query] = seen.queries
    access = seen.access(query)
    assert access is not None
    assert (access.method, access.path) == ("count", ())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="task groups came with Python 3.11")
def test_a_query_of_a_task_group_knows_who_made_its_task() -> None:
    async def asks() -> None:
        await Tag.objects.acount()

    async def groups() -> None:
        async with asyncio.TaskGroup() as group:  # type: ignore[attr-defined,unused-ignore]
            for _ in range(2):
                group.create_task(asks())

    assert [names[:2] for names in makers(groups)] == [["asks", "groups"]] * 2


def test_what_one_line_hands_to_threads_is_told_apart() -> None:
    async def each() -> None:
        for work in (by_pk, lambda: by_pk(), by_pk):
            await sync_to_async(work)()

    with Recording() as seen:
        async_to_sync(each)()
    counts = [len(seen.stack(query).frames) for query in seen.queries]
    assert counts[0] == counts[2] == counts[1] - 1


def test_a_view_that_a_view_calls_is_told_from_the_view_alone() -> None:
    def outer(request: Any) -> Any:
        for _ in range(2):
            response = inner(request)
        return response

    def inner(request: Any) -> HttpResponse:
        return HttpResponse(str(Tag.objects.count()))

    request = RequestFactory().get("/")
    with override_settings(**SERVED), Recording() as seen:
        CURRENT.set(None)
        for view in (inner, outer, inner):
            QueryAuditMiddleware(view)(request)
        CURRENT.set(seen.scope)
    functions = [
        [frame.function.rpartition(".")[2] for frame in seen.stack(query).frames]
        for query in seen.queries
    ]
    assert functions == [["inner"], ["inner", "outer"], ["inner", "outer"], ["inner"]]


def test_nothing_awaits_a_thread_when_its_work_is_done() -> None:
    with Recording():
        async_to_sync(sync_to_async(by_pk))()
        assert AWAITING.get() == ()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(by_pk_and_close).result()
        assert AWAITING.get() == ()


def by_pk_and_close() -> Any:
    try:
        return Tag.objects.none().count()
    finally:
        connection.close()


# The memo: what is remembered of a site must never be taken for another.


def deeper(level: int, work: Callable[[], Any]) -> Any:
    return deeper(level - 1, work) if level else work()


def around(work: Callable[[], Any]) -> Any:
    return work()


def other_way(work: Callable[[], Any]) -> Any:
    for _ in range(1):
        return work()


def by_pk() -> Any:
    return Publisher.objects.filter(pk=1).first()


def by_pk_too() -> Any:
    first = Publisher.objects.filter(pk=1).first()
    return first


def twice_on_a_line() -> Any:
    return Publisher.objects.filter(pk=1).first(), Publisher.objects.filter(pk=1).first()


def lazily() -> Any:
    return [(book.publisher.name, book.author.publisher.name) for book in Book.objects.all()[:2]]


def through_getattr() -> Any:
    return [
        getattr(book, name) for book in Book.objects.all()[:2] for name in ("author", "publisher")
    ]


def prefetched() -> Any:
    return [list(book.tags.all()) for book in Book.objects.prefetch_related("tags", "reviews")]


WORK = [by_pk, by_pk_too, twice_on_a_line, lazily, through_getattr, prefetched, in_for, in_list]
WAYS: list[Callable[[Callable[[], Any]], Any]] = [
    lambda work: work(),
    around,
    other_way,
    lambda work: around(lambda: other_way(work)),
    lambda work: deeper(1, work),
    lambda work: deeper(3, work),
    lambda work: async_to_sync(sync_to_async(work))(),
]


def random_workload(seed: int) -> list[tuple[Any, ...]]:
    """What was captured of each query: text, places and cause."""
    rng = random.Random(seed)
    with Recording() as seen:
        for _ in range(40):
            rng.choice(WAYS)(rng.choice(WORK))
    return [
        (
            seen.text(query),
            [(f.kind, f.path, f.line, f.column, f.end_column) for f in seen.stack(query).frames],
            min(seen.stack(query).repeats, 4),
            seen.path(query),
        )
        for query in seen.queries
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_remembered_site_is_the_one_that_a_walk_would_find(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    remembered = random_workload(seed)
    monkeypatch.setattr(recall, "MAX_SITES", 0)
    walked = random_workload(seed)
    assert len(remembered) == len(walked) > 100
    for one, other in zip(remembered, walked, strict=True):
        assert one == other


def test_savepoints_are_few_statements_whatever_their_names() -> None:
    with Recording() as seen:
        for _ in range(5):
            with transaction.atomic(), transaction.atomic():
                Tag.objects.count()
    texts = {seen.text(query) for query in seen.queries}
    assert {"SAVEPOINT s", "RELEASE SAVEPOINT s"} <= texts
    assert len([text for text in texts if "SAVEPOINT" in text]) == 2
