"""Fills the shop with the same invented data every time; ``size`` is the number of books."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils.text import slugify

from sample_app.shop.models import (
    Attachment,
    Audiobook,
    Author,
    AuthorProfile,
    Book,
    Category,
    Comment,
    Country,
    Customer,
    Order,
    OrderLine,
    Publisher,
    Review,
    Tag,
)

BATCH_SIZE = 1000
OPENING_DAY = datetime(2024, 3, 1, 9, tzinfo=timezone.utc)

COUNTRIES = (("Austria", "AT"), ("France", "FR"), ("Ireland", "IE"), ("Norway", "NO"))
TAGS = ("classic", "crime", "debut", "history", "illustrated", "poetry", "science", "travel")
CATEGORIES = {
    "Fiction": {
        "Crime": {"Noir": {"Nordic": {"Icelandic": {}}}, "Cosy": {}},
        "Fantasy": {"Epic": {}},
        "Short stories": {},
    },
    "Non-fiction": {"History": {"Antiquity": {}}, "Nature": {}},
    "Children": {"Picture books": {}},
}
ADJECTIVES = ("Silent", "Last", "Hidden", "Northern", "Borrowed", "Paper", "Second", "Winter")
NOUNS = ("Harbour", "Library", "Orchard", "Letters", "Garden", "Mountain", "Clockmaker", "Tide")
FIRST_NAMES = ("Ada", "Bela", "Clara", "Dmitri", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas")
LAST_NAMES = ("Adler", "Brandt", "Costa", "Dahl", "Eriksen", "Fontaine", "Gallo", "Horvat")


@transaction.atomic
def seed(size: int = 200) -> dict[str, int]:
    """Replace all data by a shop of ``size`` books (at least 4); rows by model name."""
    clear()
    fill(max(size, 4))
    counted = (Author, Book, Customer, Order, OrderLine, Review, Comment)
    return {str(model._meta.verbose_name_plural): model.objects.count() for model in counted}


def fill(size: int) -> None:
    """Add a shop of ``size`` books to an empty database."""
    rng = random.Random(size)

    publishers = _publishers(max(3, size // 20))
    authors = _authors(rng, max(4, size // 5), publishers)
    books = _books(rng, size, authors, publishers, _categories())
    customers = _customers(rng, max(4, size // 2))
    _orders(rng, size, customers, books)
    reviews = _reviews(rng, customers, books)
    _comments(rng, customers, books, reviews)
    _attachments(books, authors)


def clear() -> None:
    """Remove all rows of the shop, children before parents."""
    for model in (
        Attachment,
        Comment,
        OrderLine,
        Order,
        Review,
        Audiobook,
        Book,
        AuthorProfile,
        Author,
        Publisher,
        Country,
        Customer,
        Tag,
        Category,
    ):
        model.objects.all().delete()


def _create(model: type[models.Model], rows: list) -> list:
    return model.objects.bulk_create(rows, batch_size=BATCH_SIZE)


def _person(number: int) -> str:
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]
    return f"{first} {last}"


def _publishers(count: int) -> list[Publisher]:
    countries = _create(Country, [Country(name=name, code=code) for name, code in COUNTRIES])
    return _create(
        Publisher,
        [
            Publisher(
                name=f"{NOUNS[number % len(NOUNS)]} Press {number + 1}",
                country=countries[number % len(countries)],
                website=f"https://publisher-{number + 1}.example",
            )
            for number in range(count)
        ],
    )


def _authors(rng: random.Random, count: int, publishers: list[Publisher]) -> list[Author]:
    authors = _create(
        Author,
        [
            Author(
                name=_person(number),
                publisher=publishers[number % len(publishers)],
                born=rng.randint(1920, 1995),
            )
            for number in range(count)
        ],
    )
    _create(
        AuthorProfile,
        [
            AuthorProfile(
                author=author,
                biography=f"{author.name} lives by the sea and writes at night.",
                website=f"https://author-{number + 1}.example",
            )
            for number, author in enumerate(authors)
        ],
    )
    return authors


def _categories() -> list[Category]:
    level = [(None, CATEGORIES)]
    leaves: list[Category] = []
    while level:
        found = [
            (Category(name=name, parent=parent), children)
            for parent, tree in level
            for name, children in tree.items()
        ]
        _create(Category, [category for category, _ in found])
        leaves += [category for category, children in found if not children]
        level = [(category, children) for category, children in found if children]
    return leaves


def _books(
    rng: random.Random,
    size: int,
    authors: list[Author],
    publishers: list[Publisher],
    categories: list[Category],
) -> list[Book]:
    rows = []
    for number in range(size):
        title = f"The {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}, vol. {number + 1}"
        rows.append(
            Book(
                title=title,
                slug=slugify(title),
                author=authors[number % len(authors)],
                publisher=publishers[number % len(publishers)],
                category=categories[number % len(categories)],
                description=f"{title}. " + "A story that takes its time. " * 5,
                price=Decimal(rng.randint(599, 4999)) / 100,
                pages=rng.randint(80, 900),
                stock=rng.randint(0, 40),
                published_on=date(2024, 1, 1) - timedelta(days=rng.randint(0, 9000)),
                metadata={
                    "language": rng.choice(["de", "en", "fr"]),
                    "edition": rng.randint(1, 4),
                },
            )
        )
    books = _create(Book, rows)
    tags = _create(Tag, [Tag(name=name) for name in TAGS])
    link = Book.tags.through
    _create(
        link,
        [
            link(book_id=book.pk, tag_id=tag.pk)
            for book in books
            for tag in rng.sample(tags, rng.randint(1, 3))
        ],
    )
    return books + _audiobooks(max(3, size // 50), books)


def _audiobooks(count: int, books: list[Book]) -> list[Audiobook]:
    """Multi-table inheritance rules ``bulk_create`` out, so these are few."""
    return [
        Audiobook.objects.create(
            title=f"{book.title} (audio)",
            slug=f"{book.slug}-audio",
            author_id=book.author_id,
            publisher_id=book.publisher_id,
            category_id=book.category_id,
            price=book.price,
            pages=book.pages,
            published_on=book.published_on,
            narrator=_person(number),
            minutes=book.pages * 2,
        )
        for number, book in enumerate(books[:count])
    ]


def _customers(rng: random.Random, count: int) -> list[Customer]:
    customers = _create(
        Customer,
        [
            Customer(
                name=_person(number * 7),
                email=f"customer-{number + 1}@shop.example",
                joined_on=date(2023, 1, 1) + timedelta(days=rng.randint(0, 365)),
            )
            for number in range(count)
        ],
    )
    for number, customer in enumerate(customers[1:]):
        customer.referred_by = customers[number // 2]
    Customer.objects.bulk_update(customers[1:], ["referred_by"], batch_size=BATCH_SIZE)
    return customers


def _orders(rng: random.Random, count: int, customers: list[Customer], books: list[Book]) -> None:
    orders = _create(
        Order,
        [
            Order(
                customer=customers[number % len(customers)],
                status=list(Order.Status)[number % len(Order.Status)],
                placed_at=OPENING_DAY + timedelta(minutes=37 * number),
            )
            for number in range(count)
        ],
    )
    _create(
        OrderLine,
        [
            OrderLine(order=order, book=book, quantity=rng.randint(1, 3), unit_price=book.price)
            for order in orders
            for book in rng.sample(books, rng.randint(1, 4))
        ],
    )


def _reviews(rng: random.Random, customers: list[Customer], books: list[Book]) -> list[Review]:
    rows = []
    for book in books:
        for customer in rng.sample(customers, rng.randint(1, 3)):
            rows.append(
                Review(
                    book=book,
                    customer=customer,
                    rating=rng.randint(1, 5),
                    text="Read it twice." if rng.random() < 0.5 else "",
                    created_at=OPENING_DAY + timedelta(hours=len(rows)),
                )
            )
    return _create(Review, rows)


def _comments(
    rng: random.Random, customers: list[Customer], books: list[Book], reviews: list[Review]
) -> None:
    targets = [book for book in books for _ in range(rng.randint(1, 2))] + reviews
    types = {model: ContentType.objects.get_for_model(model) for model in (Book, Review)}
    _create(
        Comment,
        [
            Comment(
                content_type=types[Review if isinstance(target, Review) else Book],
                object_id=target.pk,
                customer=rng.choice(customers),
                body=f"Comment number {number + 1}.",
                created_at=OPENING_DAY + timedelta(hours=number),
            )
            for number, target in enumerate(targets)
        ],
    )


def _attachments(books: list[Book], authors: list[Author]) -> None:
    types = {model: ContentType.objects.get_for_model(model) for model in (Book, Author)}
    rows = [(types[Book], book.pk, "Leaflet") for book in books]
    rows += [(types[Author], author.pk, "Portrait") for author in authors]
    _create(
        Attachment,
        [
            Attachment(
                content_type=content_type,
                object_id=pk,
                name=f"{name} {number + 1}",
                url=f"https://files.shop.example/{number + 1}",
            )
            for number, (content_type, pk, name) in enumerate(rows)
        ],
    )
