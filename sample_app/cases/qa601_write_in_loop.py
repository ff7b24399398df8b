"""QA601: rows created or updated one at a time."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max

from sample_app.cases.undoing import undone
from sample_app.shop.models import Book, Category, Customer, Order, OrderLine, Tag

ATTEMPTS = 4
SHELVES = ("window", "counter", "cellar")


def _names() -> list[str]:
    """Names as they would come from a file or a request."""
    return [f"new {book_id}" for book_id in Book.objects.values_list("pk", flat=True)[:5]]


@undone
def bad() -> int:
    """An INSERT for each row."""
    for name in _names():
        Tag.objects.create(name=name)
    return Tag.objects.count()


@undone
def good() -> int:
    """One INSERT for all rows."""
    Tag.objects.bulk_create([Tag(name=name) for name in _names()], batch_size=500)
    return Tag.objects.count()


@undone
def bad_save_of_new_rows() -> int:
    """``save()`` of a new row inserts it."""
    for number, name in enumerate(_names()):
        tag = Tag()
        tag.name = f"{number}: {name}"
        tag.save()
    return Tag.objects.count()


@undone
def bad_comprehension() -> list[str]:
    """A comprehension is a loop."""
    tags = [Tag.objects.create(name=name) for name in _names()]
    return [tag.name for tag in tags]


@undone
def bad_save() -> list[int]:
    """An UPDATE for each row, of all columns."""
    for book in Book.objects.all():
        book.stock = 7
        book.save()
    return list(Book.objects.values_list("stock", flat=True))


@undone
def bad_save_of_one_field() -> list[int]:
    """Fewer columns, as many statements."""
    for book in Book.objects.order_by("pk"):
        book.stock = book.pages % 7
        book.save(update_fields=["stock"])
    return list(Book.objects.values_list("stock", flat=True))


@undone
def bad_update_by_key() -> int:
    """``update()`` of a queryset that finds one row."""
    book_ids = list(Book.objects.values_list("pk", flat=True))
    for book_id in book_ids:
        Book.objects.filter(pk=book_id).update(stock=0)
    return Book.objects.filter(stock=0).count()


@undone
def bad_add() -> int:
    """A row of the relation's table at a time."""
    book = Book.objects.order_by("pk")[0]
    book.tags.clear()
    tags = list(Tag.objects.all())
    for tag in tags:
        book.tags.add(tag)
    return book.tags.count()


@undone
def bad_lines_of_an_order() -> int:
    """Through the manager of the parent, and through a model of its own between two others."""
    order = Order.objects.create(customer=Customer.objects.all()[0], placed_at="2024-01-01T00:00Z")
    for book in Book.objects.all():
        order.lines.create(book=book, unit_price=book.price)
    return OrderLine.objects.filter(order=order).count()


@undone
def bad_insert_by_cursor() -> int:
    """SQL by hand, a row at a time."""
    with connection.cursor() as cursor:
        for name in _names():
            cursor.execute("INSERT INTO shop_tag (name) VALUES (%s)", [name])
    return Tag.objects.count()


@undone
def bad_update_by_cursor() -> int:
    """The same with UPDATE."""
    with connection.cursor() as cursor:
        for book_id in list(Book.objects.values_list("pk", flat=True)):
            cursor.execute("UPDATE shop_book SET stock = 0 WHERE id = %s", [book_id])
    return Book.objects.filter(stock=0).count()


@undone
def bad_function() -> int:
    """The loop is here, the write is in a function that it calls."""
    for name in _names():
        _add_tag(name)
    return Tag.objects.count()


def _add_tag(name: str) -> None:
    Tag.objects.create(name=name.lower())


@undone
def good_bulk_update() -> list[int]:
    """One UPDATE for each batch of rows."""
    books = list(Book.objects.all())
    for book in books:
        book.stock += 1
    Book.objects.bulk_update(books, ["stock"], batch_size=500)
    return list(Book.objects.values_list("stock", flat=True))


@undone
def good_update_expression() -> list[int]:
    """One UPDATE that needs no row in memory."""
    Book.objects.update(stock=F("stock") + 1)
    return list(Book.objects.values_list("stock", flat=True))


@undone
def good_add_all() -> int:
    """``add()`` takes any number of rows."""
    book = Book.objects.order_by("pk")[0]
    book.tags.clear()
    book.tags.add(*Tag.objects.all())
    return book.tags.count()


@undone
def good_executemany() -> int:
    """One call of the cursor for all rows."""
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO shop_tag (name) VALUES (%s)", [[name] for name in _names()])
    return Tag.objects.count()


@undone
def good_batches() -> int:
    """An INSERT for each batch is what bulk writing is."""
    names = _names() * 2
    for start in range(0, len(names), 5):
        batch = [Tag(name=f"{start}: {name}") for name in names[start : start + 5]]
        Tag.objects.bulk_create(batch)
    return Tag.objects.count()


@undone
def good_children_in_bulk() -> int:
    """One INSERT for the children of each parent."""
    orders = list(Order.objects.all()[:3])
    OrderLine.objects.all().delete()
    books = list(Book.objects.all()[:3])
    for order in orders:
        lines = [OrderLine(order=order, book=book, unit_price=book.price) for book in books]
        OrderLine.objects.bulk_create(lines)
    return OrderLine.objects.count()


@undone
def good_values_rows_by_cursor() -> int:
    """Several rows in one statement."""
    names = _names()
    with connection.cursor() as cursor:
        for start in range(0, len(names) - 1, 2):
            cursor.execute(
                "INSERT INTO shop_tag (name) VALUES (%s), (%s)", names[start : start + 2]
            )
    return Tag.objects.count()


@undone
def good_constants() -> int:
    """The rows stand in the source."""
    for name in SHELVES:
        Tag.objects.create(name=name)
    return Tag.objects.count()


@undone
def good_one_row() -> int:
    """A loop that turns once."""
    for name in _names()[:1]:
        Tag.objects.create(name=name)
    return Tag.objects.count()


@undone
def good_two_writes() -> int:
    """Two writes at two places, no loop."""
    first, second = _names()[:2]
    Tag.objects.create(name=first)
    Tag.objects.create(name=second)
    return Tag.objects.count()


@undone
def good_progress() -> int:
    """One row is saved again and again: others read how far the work is."""
    order = Order.objects.order_by("pk")[0]
    for number, _book in enumerate(Book.objects.all()):
        order.note = f"{number} books packed"
        order.save(update_fields=["note"])
    return len(order.note)


@undone
def good_steps() -> int:
    """Each row says that it is being worked on, and then that it is done."""
    for order in Order.objects.all():
        order.status = Order.Status.PAID
        order.save(update_fields=["status"])
        order.note = "packed"
        order.status = Order.Status.SHIPPED
        order.save(update_fields=["status", "note"])
    return Order.objects.filter(note="packed").count()


@undone
def good_chain() -> int:
    """Each row is the child of the one before."""
    node = None
    for name in _names():
        node = Category.objects.create(name=name, parent=node)
    return Category.objects.count()


@undone
def good_next_number() -> int:
    """Each row's number follows from those that are there."""
    for name in _names():
        last = Tag.objects.aggregate(last=Max("pk"))["last"]
        Tag.objects.create(name=f"{name} after {last}")
    return Tag.objects.count()


@undone
def good_retry() -> int:
    """The same row is tried until it is written."""
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                Tag.objects.create(name="retried")
        except IntegrityError:
            Tag.objects.filter(name="retried").delete()
    return Tag.objects.count()


@undone
def good_queue() -> int:
    """A queue is worked off: what is next depends on what was done."""
    done = 0
    while order := Order.objects.filter(note="").order_by("pk").first():
        order.note = "seen"
        order.save(update_fields=["note"])
        done += 1
    return done


@undone
def good_different_tables() -> int:
    """A loop over models writes to a table once."""
    for model in (Tag, Category):
        model.objects.create(name="various")
    return Tag.objects.count()


@undone
def bad_counted_loop() -> int:
    """Nobody writes out fifty rows: it is a loop, however constant."""
    for number in range(50):
        Tag.objects.create(name=f"shelf {number}")
    return Tag.objects.count()


@undone
def bad_counted_comprehension() -> int:
    """The same as an expression."""
    tags = [Tag.objects.create(name=f"shelf {number}") for number in range(1, 21)]
    return len(tags)


@undone
def good_attempts_by_number() -> int:
    """So many attempts at most: the first that succeeds is the last."""
    for attempt in range(20):
        Tag.objects.create(name=f"attempt {attempt}")
        if attempt == ATTEMPTS:
            break
    return Tag.objects.count()


@undone
def good_short_count() -> int:
    """A few rows that are known in advance."""
    for number in range(1, 4):
        Tag.objects.create(name=f"shelf {number}")
    return Tag.objects.count()
