"""QA602: rows looked up and created one at a time."""

from __future__ import annotations

from sample_app.cases.undoing import undone
from sample_app.shop.models import Author, Book, Customer, Publisher, Review, Tag

NAMES = ("classic", "crime", "poetry")


def _names() -> list[str]:
    """Names as they would come from a file; one is there already."""
    new = [f"new {book_id}" for book_id in Book.objects.values_list("pk", flat=True)[:5]]
    return [*Tag.objects.values_list("name", flat=True)[:1], *new]


@undone
def bad() -> int:
    """A SELECT, a savepoint and an INSERT for each row."""
    for name in _names():
        Tag.objects.get_or_create(name=name)
    return Tag.objects.count()


@undone
def good() -> int:
    """One INSERT that leaves alone what is there."""
    names = list(_names())
    Tag.objects.bulk_create(
        [Tag(name=name) for name in names],
        ignore_conflicts=True,
        batch_size=500,
    )
    return Tag.objects.count()


@undone
def bad_update_or_create() -> int:
    """Each row is locked, and updated or inserted."""
    for book in Book.objects.select_related("publisher"):
        Publisher.objects.update_or_create(
            name=book.title[:100], defaults={"country_id": book.publisher.country_id}
        )
    return Publisher.objects.count()


@undone
def bad_tags_of_a_book() -> int:
    """The rows that were found or made are put to use."""
    book = Book.objects.order_by("pk")[0]
    tags = []
    for name in _names():
        tag, _created = Tag.objects.get_or_create(name=name)
        tags.append(tag)
    book.tags.add(*tags)
    return book.tags.count()


@undone
def bad_no_constraint() -> int:
    """Nothing in the database keeps two authors of one name apart."""
    publisher = Publisher.objects.all()[0]
    for name in _names():
        Author.objects.get_or_create(name=name, publisher=publisher)
    return Author.objects.count()


@undone
def bad_through_a_parent() -> int:
    """The related manager fills in the parent."""
    book = Book.objects.order_by("pk")[0]
    for customer in Customer.objects.all():
        book.reviews.get_or_create(
            customer=customer, defaults={"rating": 3, "created_at": "2024-01-01T00:00Z"}
        )
    return Review.objects.filter(book=book).count()


@undone
def bad_all_there() -> int:
    """Nothing is missing, so that only the SELECTs run."""
    for name in list(Tag.objects.values_list("name", flat=True)):
        Tag.objects.get_or_create(name=name)
    return Tag.objects.count()


@undone
def good_update_conflicts() -> int:
    """One INSERT that updates what is there."""
    publishers = [
        Publisher(name=book.title[:100], country_id=book.publisher.country_id)
        for book in Book.objects.select_related("publisher")
    ]
    Publisher.objects.bulk_create(
        {publisher.name: publisher for publisher in publishers}.values(),
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["country_id"],
        batch_size=500,
    )
    return Publisher.objects.count()


@undone
def good_read_before() -> int:
    """What is there is read once; the rest is created in bulk."""
    names = _names()
    known = set(Tag.objects.filter(name__in=names).values_list("name", flat=True))
    Tag.objects.bulk_create([Tag(name=name) for name in names if name not in known])
    return Tag.objects.count()


@undone
def good_constants() -> int:
    """A few rows are made sure of when a program starts."""
    for name in NAMES:
        Tag.objects.get_or_create(name=name)
    return Tag.objects.count()


@undone
def good_one_call() -> int:
    """One row."""
    Tag.objects.get_or_create(name=_names()[0])
    return Tag.objects.count()


@undone
def good_same_row() -> int:
    """The same row is asked for in each round."""
    for _name in _names():
        Tag.objects.get_or_create(name="several")
    return Tag.objects.count()


@undone
def good_two_calls() -> int:
    """Two calls at two places."""
    first, second = _names()[:2]
    Tag.objects.get_or_create(name=first)
    Tag.objects.get_or_create(name=second)
    return Tag.objects.count()


@undone
def good_one_turn() -> int:
    """A loop that turns once."""
    for name in _names()[:1]:
        Tag.objects.update_or_create(name=name)
    return Tag.objects.count()


@undone
def good_kept() -> int:
    """Each row is asked for once, and then kept."""
    known: dict[str, Tag] = {}
    for _book in Book.objects.all():
        if "kept" not in known:
            known["kept"] = Tag.objects.get_or_create(name="kept")[0]
    return len(known)
