"""QA702: a row that somebody holds is loaded again by its key."""

from __future__ import annotations

from decimal import Decimal

from sample_app.shop.models import Author, Book, Customer, Order


def bad() -> Decimal:
    """The helper gets the key of a row that its caller has."""
    book = _newest()
    return _price(book.pk)


def good() -> Decimal:
    """The helper gets the row."""
    book = _newest()
    return _price_of(book)


def _newest() -> Book:
    return Book.objects.order_by("-published_on", "-pk")[0]


def _price(book_id: int) -> Decimal:
    book = Book.objects.get(pk=book_id)
    return book.price * 2


def _price_of(book: Book) -> Decimal:
    return book.price * 2


def bad_in_one_function() -> str:
    """The row is asked for its title, and its key for the rest."""
    author = Author.objects.order_by("pk")[0]
    return f"{author.name}: {Author.objects.get(id=author.id).born}"


def bad_relation_back() -> str:
    """The customer's order is asked for its customer."""
    customer = Customer.objects.filter(orders__isnull=False).order_by("pk")[0]
    order = Order.objects.filter(customer_id=customer.pk).order_by("pk")[0]
    return order.customer.email


def bad_joined_row() -> str:
    """What was joined in is there as well."""
    book = Book.objects.select_related("publisher").order_by("pk")[0]
    publisher = book.publisher
    found = type(publisher).objects.filter(pk=publisher.pk).first()
    return found.website if found is not None else ""


def bad_joined_row_by_column() -> str:
    """The column of a foreign key is the key of the row that was joined in."""
    book = Book.objects.select_related("author").order_by("pk")[0]
    author = Author.objects.get(pk=book.author_id)
    return f"{book.author.name} {author.born}"


class _Checkout:
    def __init__(self, order: Order) -> None:
        self.order = order

    def total(self) -> int:
        return _copies(self.order.pk)


def _copies(order_id: int) -> int:
    order = Order.objects.get(pk=order_id)
    return order.lines.count()


def bad_on_self() -> int:
    """An object keeps the row for its methods."""
    return _Checkout(Order.objects.order_by("pk")[0]).total()


def bad_prefetched_row() -> str:
    """What was prefetched is there; that a line nearby prefetches says nothing of this one."""
    author = Author.objects.prefetch_related("books").order_by("pk")[0]
    first = author.books.all()[0]
    again = Book.objects.get(pk=first.pk)
    return f"{first.title}: {again.price}"


def good_with_more() -> list[str]:
    """Its collection is wanted at the same time, as the lines of one statement say."""
    author = Author.objects.order_by("pk")[0]
    found = Author.objects.filter(born__isnull=False).prefetch_related("books").get(pk=author.pk)
    return [author.name, *(book.title for book in found.books.all())]


def good_related_manager() -> str:
    """Rows of a related manager know whose they are."""
    customer = Customer.objects.filter(orders__isnull=False).order_by("pk")[0]
    return customer.orders.order_by("pk")[0].customer.email


def good_column_of_row_alone() -> str:
    """What the column refers to was not loaded."""
    book = Book.objects.order_by("pk")[0]
    return Author.objects.get(pk=book.author_id).name


def good_joined_row_of_another() -> tuple[str, str]:
    """The author of one book, and then of another one."""
    book = Book.objects.select_related("author").order_by("pk")[0]
    other = Book.objects.order_by("-pk")[0]
    author = Author.objects.get(pk=other.author_id)
    return book.author.name, author.name


def good_another_row() -> list[str]:
    """The same text for the key of another row."""
    first, second = Author.objects.order_by("pk")[:2]
    return [first.name, Author.objects.get(pk=second.pk + 1).name]


def good_refreshed() -> int:
    """``refresh_from_db`` says that the row may have changed elsewhere."""
    book = _newest()
    book.refresh_from_db()
    return book.stock


def good_loaded_anew() -> int:
    """So does giving its name to the row that is loaded."""
    book = _newest()
    book = Book.objects.get(pk=book.pk)
    return book.stock


def good_left_out_columns() -> str:
    """The row that is there lacks what is asked for."""
    book = Book.objects.only("pk", "title").order_by("pk")[0]
    return Book.objects.get(pk=book.pk).slug


def good_other_columns() -> tuple[str, str]:
    """The row that is loaded has more than the one that is there."""
    book = _newest()
    full = Book.objects.select_related("author").get(pk=book.pk)
    return book.title, full.author.name


def good_compared() -> bool:
    """What is in memory was changed; what is stored is asked for."""
    book = _newest()
    book.stock += 1
    return Book.objects.get(pk=book.pk).stock != book.stock


def good_as_it_was() -> bool:
    """The name says that the stored row is wanted."""
    book = _newest()
    old = Book.objects.get(pk=book.pk)
    return old.stock != book.stock


def good_key_alone() -> Decimal:
    """Nobody has the row, only its key."""
    book_id = Book.objects.order_by("pk").values_list("pk", flat=True)[0]
    return _price(book_id)


def good_equal_by_chance() -> str:
    """The page of any customer, looked at by one of them."""
    visitor = Customer.objects.order_by("pk")[0]
    shown = Customer.objects.get(pk=_from_address())
    return f"{visitor.name} looks at {shown.name}"


def _from_address() -> int:
    return int(str(Customer.objects.order_by("pk").values_list("pk", flat=True)[0]))


def good_owner_by_chance() -> str:
    """Any order, looked at by the customer whose it is."""
    visitor = Customer.objects.filter(orders__isnull=False).order_by("pk")[0]
    order = Order.objects.get(pk=min(visitor.orders.values_list("pk", flat=True)))
    return f"{visitor.name} looks at the order of {order.customer.name}"


def good_given_up() -> Decimal:
    """The row was there, and is no longer."""
    return _price(_newest().pk)
