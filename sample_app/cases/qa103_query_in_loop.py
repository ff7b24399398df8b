"""QA103: a query written in the body of a loop, asked once for each key."""

# ruff: noqa: C417 - a map() is a loop, too

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from decimal import Decimal

from asgiref.sync import async_to_sync
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import OuterRef, Q, Subquery
from django.forms import modelformset_factory

from sample_app.shop.models import Author, Book, Category, Customer, Order, OrderLine, Review, Tag

PAGE_SIZE = 3
ATTEMPTS = 4


def bad() -> list[str]:
    """One query for each key."""
    titles = []
    for book_id in _popular_book_ids():
        book = Book.objects.get(pk=book_id)
        titles.append(book.title)
    return titles


def good() -> list[str]:
    """One query for all keys."""
    book_ids = _popular_book_ids()
    books = Book.objects.in_bulk(book_ids)
    titles = []
    for book_id in book_ids:
        titles.append(books[book_id].title)
    return titles


def _popular_book_ids() -> list[int]:
    """Keys as they would come from a search index or a request."""
    return list(Book.objects.order_by("-stock", "pk").values_list("pk", flat=True)[:10])


def bad_filter_first() -> list[Review | None]:
    """The newest review of each book, book by book."""
    return [
        Review.objects.filter(book_id=book_id).order_by("-created_at", "-pk").first()
        for book_id in _popular_book_ids()
    ]


def bad_foreign_key_by_hand() -> list[str]:
    """What ``order.customer`` would do, written out."""
    names = []
    for order in Order.objects.all():
        customer = Customer.objects.get(pk=order.customer_id)
        names.append(customer.name)
    return names


def bad_children_by_hand() -> list[int]:
    """What ``order.lines.all()`` would do, written out."""
    return [len(OrderLine.objects.filter(order=order)) for order in Order.objects.all()]


def bad_raw() -> list[str]:
    """Raw SQL is a query a key too."""
    titles = []
    for book_id in _popular_book_ids():
        rows = Book.objects.raw("SELECT id, title FROM shop_book WHERE id = %s", [book_id])
        titles += [book.title for book in rows]
    return titles


def bad_cursor() -> list[str]:
    """So is a cursor."""
    titles = []
    with connection.cursor() as cursor:
        for book_id in _popular_book_ids():
            cursor.execute("SELECT title FROM shop_book WHERE id = %s", [book_id])
            titles.append(cursor.fetchone()[0])
    return titles


def bad_query_in_function() -> list[str]:
    """The loop is here, the query is in a function that it calls."""
    return [_title(book_id) for book_id in _popular_book_ids()]


def _title(book_id: int) -> str:
    return Book.objects.values_list("title", flat=True).get(pk=book_id)


def bad_while() -> list[str]:
    """A list that is worked off is a loop over its rows."""
    waiting = _popular_book_ids()
    titles = []
    while waiting:
        titles.append(Book.objects.get(pk=waiting.pop()).title)
    return titles


def bad_last_order_of_each() -> list[object]:
    """The last order of each customer, customer by customer."""
    return [
        Order.objects.filter(customer=customer).order_by("-placed_at").values("placed_at").first()
        for customer in Customer.objects.all()
    ]


def bad_deep_below_loop() -> list[str]:
    """The loop is ten calls away from the query."""
    return [_through_layers(book_id)[0] for book_id in _popular_book_ids()]


def _through_layers(book_id: int) -> list[str]:
    """What layered code does: each layer only calls the next one."""
    return _layer_1([book_id])


def _layer_1(book_ids: list[int]) -> list[str]:
    return _layer_2(book_ids)


def _layer_2(book_ids: list[int]) -> list[str]:
    return _layer_3(book_ids)


def _layer_3(book_ids: list[int]) -> list[str]:
    return _layer_4(book_ids)


def _layer_4(book_ids: list[int]) -> list[str]:
    return _layer_5(book_ids)


def _layer_5(book_ids: list[int]) -> list[str]:
    return _layer_6(book_ids)


def _layer_6(book_ids: list[int]) -> list[str]:
    return _layer_7(book_ids)


def _layer_7(book_ids: list[int]) -> list[str]:
    return _layer_8(book_ids[0])


def _layer_8(book_id: int) -> list[str]:
    return [Book.objects.values_list("title", flat=True).get(pk=book_id)]


def bad_gather() -> list[str]:
    """Awaited together, and still a query for each key, one after the other."""
    book_ids = _popular_book_ids()

    async def titles() -> list[str]:
        books = await asyncio.gather(*[Book.objects.aget(pk=book_id) for book_id in book_ids])
        return [book.title for book in books]

    return async_to_sync(titles)()


def bad_tasks() -> list[int]:
    """A task for each key, made in a loop."""
    book_ids = _popular_book_ids()

    async def stars() -> list[int]:
        tasks = []
        for book_id in book_ids:
            tasks.append(asyncio.create_task(_stars(book_id)))
        return [await task for task in tasks]

    return async_to_sync(stars)()


async def _stars(book_id: int) -> int:
    best = await Review.objects.filter(book_id=book_id).order_by("-rating", "pk").afirst()
    return best.rating if best is not None else 0


def bad_gathered_later() -> list[Review | None]:
    """What is gathered was collected before."""
    book_ids = _popular_book_ids()

    async def reviews() -> list[Review | None]:
        todo = [_first_review(book_id) for book_id in book_ids]
        return [*await asyncio.gather(*todo)]

    return async_to_sync(reviews)()


async def _first_review(book_id: int) -> Review | None:
    return await Review.objects.filter(book_id=book_id).order_by("pk").afirst()


def bad_map() -> list[str]:
    """A function that is mapped runs in a loop."""
    return list(map(lambda book_id: Book.objects.get(pk=book_id).title, _popular_book_ids()))


def _price(book_id: int) -> Decimal:
    return Book.objects.values_list("price", flat=True).get(pk=book_id)


def bad_mapped_function() -> list[Decimal]:
    """The loop is in ``map()``, the query in the function."""
    prices = []
    book_ids = _popular_book_ids()
    for price in map(_price, book_ids):
        prices.append(price)
    return prices


def bad_sort_key() -> list[int]:
    """Sorting asks for the key of each."""
    return sorted(
        _popular_book_ids(),
        key=lambda book_id: Book.objects.values_list("title", flat=True).get(pk=book_id),
    )


def good_gathered_in_one() -> list[str]:
    """One query, next to another question."""
    book_ids = _popular_book_ids()

    async def titles() -> list[str]:
        books, _ = await asyncio.gather(Book.objects.ain_bulk(book_ids), Review.objects.acount())
        return [book.title for book in books.values()]

    return async_to_sync(titles)()


def good_gathered_by_name() -> list[int]:
    """As many as somebody has written out."""

    async def counts() -> list[int]:
        todo = [Order.objects.filter(status="paid").acount()]
        todo += [Order.objects.filter(status="shipped").acount()]
        first = await asyncio.gather(*todo)
        names = [Tag.objects.filter(name=name).acount() for name in ("new", "old")]
        return [*first, *await asyncio.gather(*names)]

    return async_to_sync(counts)()


def good_gathered_twice() -> list[int]:
    """What runs the tasks of two calls is not a loop over them."""
    [first, second] = _popular_book_ids()[:2]

    async def stars() -> list[int]:
        return [*await asyncio.gather(_stars(first), _stars(second))]

    return async_to_sync(stars)()


def good_map_of_statuses() -> list[int]:
    """Over names that are written out, the rounds can't grow."""
    found = map(lambda status: Order.objects.filter(status=status).count(), ("paid", "shipped"))
    return [*found, *map(_with_status, ["paid", "shipped"])]


def _with_status(status: str) -> int:
    return Order.objects.filter(status=status).order_by("pk").count()


def good_map_of_loaded() -> list[str]:
    """Nothing is asked for a row that is there."""
    books = Book.objects.in_bulk(_popular_book_ids())
    titles = sorted(map(lambda book_id: books[book_id].title, books), key=lambda title: title)
    return list(filter(lambda title: bool(title), titles))


def good_lambda_of_one() -> list[str]:
    """A lambda that is called by name, twice."""
    title = lambda book_id: Book.objects.get(pk=book_id).title  # noqa: E731
    [first, second] = _popular_book_ids()[:2]
    return [title(first), title(second)]


def good_in() -> list[str]:
    """``__in`` asks for all keys at once."""
    return [book.title for book in Book.objects.filter(pk__in=_popular_book_ids())]


def good_subquery() -> list[object]:
    """The last order of each customer in one statement."""
    orders = Order.objects.filter(customer=OuterRef("pk")).order_by("-placed_at")
    customers = Customer.objects.annotate(last=Subquery(orders.values("placed_at")[:1]))
    return [customer.last for customer in customers]


def good_any_of_pairs() -> list[Book]:
    """Pairs of keys, joined with OR into one query."""
    pairs = Book.objects.values_list("author_id", "publisher_id")[:PAGE_SIZE]
    wanted = Q()
    for author_id, publisher_id in pairs:
        wanted |= Q(author_id=author_id, publisher_id=publisher_id)
    return list(Book.objects.filter(wanted))


def good_batches() -> list[str]:
    """One query for each batch of keys."""
    book_ids = _popular_book_ids()
    titles = []
    for start in range(0, len(book_ids), PAGE_SIZE):
        books = Book.objects.in_bulk(book_ids[start : start + PAGE_SIZE])
        titles += [book.title for book in books.values()]
    return titles


def good_batches_of_filter() -> list[int]:
    """The same with ``__in`` and a list of fixed length."""
    book_ids = _popular_book_ids()
    counts = []
    for start in range(0, len(book_ids) - 1, 2):
        counts.append(Review.objects.filter(book_id__in=book_ids[start : start + 2]).count())
    return counts


def bad_beside_fixed_list() -> list[str]:
    """A list that is the same in each round makes no batch of it."""
    best = []
    for book_id in _popular_book_ids():
        best += Review.objects.filter(book_id=book_id, rating__in=(4, 5)).order_by("pk")[:1]
    return [review.text for review in best]


def good_batches_beside_a_value() -> list[int]:
    """A list of two keys for each round, beside what is the same."""
    book_ids = _popular_book_ids()
    counts = []
    for start in range(0, len(book_ids) - 1, 2):
        found = Review.objects.filter(rating=5, book_id__in=book_ids[start : start + 2])
        counts.append(found.count())
    return counts


def good_iterator() -> list[str]:
    """One query, fetched in chunks."""
    return [book.title for book in Book.objects.iterator(chunk_size=2)]


def good_keyset_pages() -> list[str]:
    """Each page starts after the last row of the one before: no query could ask for all."""
    titles: list[str] = []
    last_id = 0
    while page := list(Book.objects.filter(pk__gt=last_id).order_by("pk")[:PAGE_SIZE]):
        titles += [book.title for book in page]
        last_id = page[-1].pk
    return titles


def good_keyset_pages_from_generator() -> list[str]:
    """The same behind a generator."""
    return [book.title for page in _pages_of_books() for book in page]


def _pages_of_books() -> Iterator[list[Book]]:
    last_id = 0
    while True:
        page = list(Book.objects.filter(pk__gt=last_id).order_by("pk")[:PAGE_SIZE])
        if not page:
            return
        yield page
        last_id = page[-1].pk


def good_paginator() -> list[str]:
    """One query a page."""
    pages = Paginator(Book.objects.order_by("pk"), per_page=PAGE_SIZE)
    return [book.title for page in pages for book in page]


def good_polling() -> list[bool]:
    """The same question with the same parameters: something waits for a change."""
    seen = []
    for _ in range(ATTEMPTS):
        seen.append(Order.objects.filter(status=Order.Status.OPEN).exists())
    return seen


def good_retry() -> Book | None:
    """The same question until it is answered or given up."""
    for _ in range(ATTEMPTS):
        try:
            return Book.objects.get(slug="not-in-the-shop-yet")
        except Book.DoesNotExist:
            continue
    return None


def good_statuses() -> dict[str, list[Order]]:
    """The loop is over the members of an enumeration: their number does not grow with the data."""
    newest = {}
    for status in Order.Status:
        newest[status.label] = list(Order.objects.filter(status=status)[:PAGE_SIZE])
    return newest


def good_literal_names() -> list[Tag | None]:
    """The loop is over names that stand in the source."""
    tags = []
    for name in ("classic", "crime", "poetry"):
        tags.append(Tag.objects.filter(name=name).first())
    return tags


def good_get_or_create() -> list[Tag]:
    """Fixed rows are made sure of when a program starts."""
    tags = []
    for name in ("classic", "crime", "poetry"):
        tag, _ = Tag.objects.get_or_create(name=name)
        tags.append(tag)
    return tags


def good_different_models() -> list[object]:
    """A loop over models asks a different table each time."""
    return [model.objects.order_by("pk").first() for model in (Author, Book, Category, Customer)]


def good_different_questions() -> list[Book | None]:
    """A loop over sort orders asks a different question each time."""
    return [Book.objects.order_by(field, "pk").first() for field in ("price", "-price", "pages")]


def good_content_types() -> list[str]:
    """``get_for_model`` keeps what it has found, for all later calls."""
    names = []
    for book in Book.objects.all():
        names.append(ContentType.objects.get_for_model(book).model)
    return names


def good_catalogs() -> int:
    """What the database says of its tables grows with these, not with what is in them."""
    constraints = 0
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor)[:4]:
            constraints += len(connection.introspection.get_constraints(cursor, table))
    return constraints


def good_one_turn() -> list[str]:
    """A loop that turns once."""
    return [Book.objects.get(pk=book_id).title for book_id in _popular_book_ids()[:1]]


def good_two_lookups_in_a_row() -> list[str]:
    """Two lookups at two places, no loop."""
    first_id, *_, last_id = _popular_book_ids()
    first = Book.objects.get(pk=first_id)
    last = Book.objects.get(pk=last_id)
    return [first.title, last.title]


def good_two_deep_calls_in_a_row() -> list[str]:
    """Two calls of layered code whose loop turns once in each."""
    first_id, *_, last_id = _popular_book_ids()
    titles = _through_looping_layers([first_id])
    titles += _through_looping_layers([last_id])
    return titles


def _through_looping_layers(book_ids: list[int]) -> list[str]:
    return _looping_1(book_ids)


def _looping_1(book_ids: list[int]) -> list[str]:
    return _looping_2(book_ids)


def _looping_2(book_ids: list[int]) -> list[str]:
    return _looping_3(book_ids)


def _looping_3(book_ids: list[int]) -> list[str]:
    return _looping_4(book_ids)


def _looping_4(book_ids: list[int]) -> list[str]:
    return _looping_5(book_ids)


def _looping_5(book_ids: list[int]) -> list[str]:
    titles = []
    for book_id in book_ids:
        titles.append(_title(book_id))
    return titles


def good_cached() -> list[str]:
    """One query for each distinct author at most, and here there is one author."""
    author_id = Author.objects.order_by("pk").values_list("pk", flat=True)[0]
    known: dict[int, Author] = {}
    names = []
    for book in Book.objects.filter(author_id=author_id):
        if book.author_id not in known:
            known[book.author_id] = Author.objects.get(pk=book.author_id)
        names.append(known[book.author_id].name)
    return names


def good_formset() -> list[int]:
    """A formset loads its rows once."""
    formset = modelformset_factory(Review, fields=["rating", "text"], extra=0)
    return [form.instance.rating for form in formset(queryset=Review.objects.all()[:PAGE_SIZE])]


def good_free_name() -> str:
    """A name is tried until one is free: that goes over nothing, and each try needs the last."""
    number = 0
    while True:
        name = f"customer-{number}"
        if not Customer.objects.filter(name=name).exists() and number > 3:
            return name
        number += 1


def good_drawn_by_chance() -> list[Book | None]:
    """Each round draws a row of its own: no single query would draw the same ones."""
    drawn: list[int] = []
    for _ in _popular_book_ids():
        book = Book.objects.exclude(pk__in=drawn).order_by("?").first()
        drawn += [book.pk] if book is not None else []
    return [None for _ in drawn]


def good_free_slug() -> str:
    """The question is the condition of the loop, which ends when the answer is no."""
    names = [customer.name for customer in Customer.objects.order_by("pk")[:ATTEMPTS]]
    name = names.pop()
    while Customer.objects.filter(name=name).exists() and names:
        name = names.pop()
    return name


def good_free_number() -> str:
    """A count without an end goes over no data."""
    for number in itertools.count(1):
        name = f"customer-{number}"
        if not Customer.objects.filter(name=name).exists() and number > ATTEMPTS:
            return name
    return ""


def good_name_is_taken() -> str:
    """Each answer decides whether the loop goes on."""
    number, taken = 0, True
    while taken:
        number += 1
        name = f"customer-{number}"
        taken = Customer.objects.filter(name=name).exists() or number < ATTEMPTS
    return name


def good_attempts() -> list[bool]:
    """As many attempts as a constant says."""
    return [Tag.objects.filter(name=f"try {n}").exists() for n in range(ATTEMPTS)]


def good_step_by_step() -> list[str]:
    """Each step asks for what the one before has found."""
    names = []
    category = Category.objects.filter(parent__parent__isnull=False).order_by("pk").first()
    while category is not None:
        names.append(category.name)
        category = Category.objects.filter(pk=category.parent_id).first()
    return names
