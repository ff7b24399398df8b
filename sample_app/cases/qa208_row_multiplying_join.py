"""QA208: rows that a join multiplies and DISTINCT puts together again."""

from __future__ import annotations

from django.db.models import Count, Exists, F, OuterRef, Q

from sample_app.shop.models import Author, Book, Customer, Order, Publisher, Tag


def bad() -> list[str]:
    """An author comes once for each book in stock."""
    authors = Author.objects.filter(books__stock__gte=0).distinct()
    return sorted(author.name for author in authors)


def good() -> list[str]:
    """It is asked whether there is one."""
    in_stock = Book.objects.filter(author=OuterRef("pk"), stock__gte=0)
    return sorted(author.name for author in Author.objects.filter(Exists(in_stock)))


def bad_many_to_many() -> list[str]:
    """A book comes once for each tag whose name fits."""
    books = Book.objects.filter(tags__name__contains="a").distinct()
    return sorted(book.title for book in books)


def bad_or_otherwise() -> list[str]:
    """An author born late, or one with a book in stock: the latter once for each book."""
    late = Q(born__gt=3000) | Q(books__stock__gte=0)
    return sorted(author.name for author in Author.objects.filter(late).distinct())


def bad_two_levels() -> list[str]:
    """A publisher comes once for each review of each book."""
    publishers = Publisher.objects.filter(books__reviews__rating__gte=1).distinct()
    return sorted(publisher.name for publisher in publishers)


def good_one_tag() -> list[str]:
    """No book has one tag twice."""
    tag = Tag.objects.order_by("pk")[0]
    return sorted(book.title for book in Book.objects.filter(tags=tag).distinct())


def good_tag_of_one_name() -> list[str]:
    """Names of tags are unique."""
    name = Tag.objects.order_by("pk").values_list("name", flat=True)[0]
    return sorted(book.title for book in Book.objects.filter(tags__name=name).distinct())


def good_forward() -> list[str]:
    """A book has one author."""
    books = Book.objects.filter(author__name__contains="a").distinct()
    return sorted(book.title for book in books)


def good_related_columns() -> list[object]:
    """One row for each related row is what is wanted."""
    return sorted(Author.objects.values_list("name", "books__title").distinct(), key=str)


def good_different_values() -> list[object]:
    """Different values of a column, without a join."""
    return sorted(Book.objects.order_by().values_list("stock", flat=True).distinct())


def good_counted() -> list[int]:
    """Groups are put together by their key."""
    authors = Author.objects.annotate(number=Count("books"))
    return [author.number for author in authors]


def bad_copies() -> list[int]:
    """An order comes once for each of its lines."""
    return [order.pk for order in Order.objects.filter(lines__quantity__gte=1)]


def bad_copied_values() -> list[object]:
    """So does a row that is a dictionary."""
    return list(Author.objects.filter(books__price__gt=0).values("pk", "name"))


def bad_copied_keys() -> list[int]:
    """So does a key alone."""
    return sorted(Book.objects.filter(tags__isnull=False).values_list("pk", flat=True))


def bad_ordered_by_many() -> list[str]:
    """An order by a column of many rows gives an author for each."""
    return [author.name for author in Author.objects.order_by("-books__published_on")]


def bad_ordered_by_relation() -> list[str]:
    """So does one by the relation itself, which means the order of its rows."""
    return [book.title for book in Book.objects.order_by("tags", "title")]


def bad_ordered_by_latest() -> list[str]:
    """The newest of them comes first where their order says so."""
    return [customer.name for customer in Customer.objects.order_by("orders", "pk")]


def good_related_columns_of_copies() -> list[tuple[str, str]]:
    """One row for each book is what is wanted: its title is selected."""
    authors = Author.objects.annotate(title=F("books__title"))
    return [(author.name, author.title) for author in authors]


def good_related_manager() -> list[str]:
    """A manager joins to what leads to its one book."""
    book = Book.objects.filter(tags__isnull=False).order_by("pk")[0]
    return [tag.name for tag in book.tags.all()]


def good_prefetched() -> list[int]:
    """A prefetch gives a tag once for each book that has it."""
    return [len(book.tags.all()) for book in Book.objects.prefetch_related("tags")]


def good_no_copies() -> list[str]:
    """No order has one book twice."""
    book = Book.objects.filter(order_lines__isnull=False).order_by("pk")[0]
    return [str(order) for order in Order.objects.filter(lines__book=book)]


def good_excluded() -> list[int]:
    """What is excluded is looked for in a subquery."""
    return [order.pk for order in Order.objects.exclude(lines__quantity__gte=100)]


def good_joined_to_one() -> list[str]:
    """A book has one author."""
    books = Book.objects.select_related("author").filter(author__name__contains="a")
    return [f"{book.title} by {book.author.name}" for book in books]
