"""Which loop a finding names: the one whose rounds repeat the query."""

from __future__ import annotations

from datetime import date

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

import queryaudit
from queryaudit.records.findings import Finding
from sample_app.shop.models import Author, Book, Customer, Order, OrderLine, Review

pytestmark = pytest.mark.usefixtures("shop")


def the_finding(audited: queryaudit.audit) -> Finding:  # type: ignore[valid-type]
    findings: tuple[Finding, ...] = audited.findings  # type: ignore[attr-defined]
    [finding] = [f for f in findings if "orderline" in f.causes[0].statement]
    return finding


def first_lines(customer: Customer) -> list[int]:
    """Asks once before its loop, and goes into it for one order."""
    orders = list(Order.objects.filter(customer=customer)[:1])
    found = []
    for order in orders:
        found.append(OrderLine.objects.filter(order_id=order.pk).count())
    return found


def all_lines(customer: Customer) -> list[int]:
    orders = list(Order.objects.filter(customer=customer))
    found = []
    for order in orders:
        found.append(OrderLine.objects.filter(order_id=order.pk).count())
    return found


def customers() -> list[Customer]:
    return list(Customer.objects.filter(orders__isnull=False).distinct())


def test_the_caller_loops_if_the_function_goes_into_its_own_loop_once() -> None:
    everybody = customers()
    assert len(everybody) > 1
    with queryaudit.audit() as audited:
        for customer in everybody:
            first_lines(customer)
    finding = the_finding(audited)
    assert finding.causes[0].loop == "for customer in everybody"
    assert "for customer in everybody" in finding.message
    # What to write before the inner loop would not help.
    assert finding.fix is not None
    assert "for order in orders" not in finding.fix.code


def first_lines_at_once(customer: Customer) -> list[int]:
    """The same with a comprehension, which has a frame of its own before Python 3.12."""
    orders = list(Order.objects.filter(customer=customer)[:1])
    return [OrderLine.objects.filter(order_id=order.pk).count() for order in orders]


def test_the_caller_loops_if_the_function_goes_over_one_row_at_once() -> None:
    everybody = customers()
    with queryaudit.audit() as audited:
        for customer in everybody:
            first_lines_at_once(customer)
    assert the_finding(audited).causes[0].loop == "for customer in everybody"


def test_a_loop_that_turns_for_one_caller_is_the_one() -> None:
    customer = max(customers(), key=lambda each: each.orders.count())
    Order.objects.exclude(pk__in=Order.objects.all()[:0]).update(customer=customer)
    with queryaudit.audit() as audited:
        all_lines(customer)
    assert the_finding(audited).causes[0].loop == "for order in orders"


def test_a_loop_that_turns_for_many_callers_is_the_one() -> None:
    everybody = customers()
    for customer in everybody:
        Order.objects.filter(customer=customer)[:1].get().lines.all()
        Order.objects.create(customer=customer, placed_at="2024-01-01T00:00Z")
    with queryaudit.audit() as audited:
        for customer in everybody:
            all_lines(customer)
    assert the_finding(audited).causes[0].loop == "for order in orders"


def test_the_outer_loop_of_the_same_function_is_named() -> None:
    with queryaudit.audit() as audited:
        for customer in Customer.objects.filter(orders__isnull=False).distinct():
            for order in Order.objects.filter(customer=customer)[:1]:
                OrderLine.objects.filter(order_id=order.pk).count()
    assert the_finding(audited).causes[0].loop is not None
    assert str(the_finding(audited).causes[0].loop).startswith("for customer in ")


def test_two_calls_that_each_turn_once_are_no_loop() -> None:
    """Nothing here goes over data: the function's loop turned once for each call."""
    one, two, *_ = customers()

    def each(customer: Customer) -> list[int]:
        return first_lines(customer)

    with queryaudit.audit() as audited:
        [each(customer) for customer in (one, two)]
    assert audited.findings == ()


def test_a_loop_of_related_rows_is_named_as_before() -> None:
    with queryaudit.audit() as audited:
        for author in Author.objects.all():
            for book in author.books.all():
                Review.objects.filter(book_id=book.pk).first()
    loops = {c.loop for f in audited.findings for c in f.causes if c.rule == "QA103"}
    assert loops == {"for book in author.books.all()"}
    assert Book.objects.count() > 2


def lines_of(orders: list[Order]) -> None:
    """Asks nothing but in its loop."""
    for order in orders:
        OrderLine.objects.filter(order_id=order.pk).count()


def test_the_callers_loop_is_named_if_it_asks_as_often_as_the_function() -> None:
    orders = list(Order.objects.all())
    assert len(orders) > 1
    with queryaudit.audit() as audited:
        for one in orders:
            Customer.objects.filter(pk=one.customer_id).exists()
            lines_of([one])
    finding = the_finding(audited)
    assert finding.causes[0].loop == "for one in orders"
    assert "for one in orders" in finding.message
    assert finding.fix is not None
    assert "for order in orders" not in finding.fix.code


def test_a_function_that_goes_over_many_is_named_in_whatever_loop_it_is_called() -> None:
    orders = list(Order.objects.all())
    with queryaudit.audit() as audited:
        for name in "ab":
            Customer.objects.filter(name=name).exists()
            lines_of(orders)
    finding = the_finding(audited)
    assert finding.causes[0].loop_line == lines_of.__code__.co_firstlineno + 2


def test_a_loop_around_another_is_named_by_what_it_asks_itself() -> None:
    orders = list(Order.objects.all())
    with queryaudit.audit() as audited:
        for one in orders:
            Customer.objects.filter(pk=one.customer_id).exists()
            for order in [*([one] if one else ())]:
                OrderLine.objects.filter(order_id=order.pk).count()
    assert the_finding(audited).causes[0].loop == "for one in orders"


def test_a_loop_inside_another_is_named_if_it_turns() -> None:
    orders = list(Order.objects.all())
    with queryaudit.audit() as audited:
        for one in orders[:2]:
            Customer.objects.filter(pk=one.customer_id).exists()
            for order in list(orders):
                OrderLine.objects.filter(order_id=order.pk).count()
    assert the_finding(audited).causes[0].loop == "for order in list(orders)"


def made_one_by_one(number: int) -> list[Customer]:
    return [
        Customer.objects.create(name=f"{n}", email=f"{n}@example.org", joined_on=date(2024, 1, 1))
        for n in range(number)
    ]


def test_what_a_function_has_asked_in_a_loop_of_its_own_does_not_count() -> None:
    with queryaudit.audit() as audited:
        made = made_one_by_one(4)
        for customer in made:
            list(customer.orders.all())
    [finding] = [f for f in audited.findings if f.rule == "QA103"]
    assert finding.causes[0].loop == "for customer in made"


class Row:
    def __init__(self, order: Order) -> None:
        self.order = order

    @property
    def lines(self) -> int:
        return OrderLine.objects.filter(order_id=self.order.pk).count()


def looked_up(row: object, path: str) -> object:
    for step in path.split("."):
        row = getattr(row, step)
    return row


def test_the_steps_of_a_path_are_not_what_repeats() -> None:
    orders = list(Order.objects.all())
    with queryaudit.audit() as audited:
        for order in orders:
            looked_up(Row(order), "lines")
    finding = the_finding(audited)
    assert finding.causes[0].loop == "for order in orders"


def test_the_lines_of_a_text_may_be() -> None:
    orders = "\n".join(str(order.pk) for order in Order.objects.all())
    with queryaudit.audit() as audited:
        for order in orders.split("\n"):
            OrderLine.objects.filter(order_id=order).count()
    finding = the_finding(audited)
    assert finding.causes[0].loop == "for order in orders.split('\\n')"


def orders_sent(request: HttpRequest) -> None:
    for number in request.GET.getlist("order"):
        OrderLine.objects.filter(order_id=number).count()


def quantities_sent(request: HttpRequest) -> None:
    for name, _ in request.POST.items():
        OrderLine.objects.filter(order_id=name).count()


def test_what_a_client_sends_is_no_constant() -> None:
    orders = [order.pk for order in Order.objects.all()]
    assert len(orders) > 1
    with queryaudit.audit() as audited:
        orders_sent(RequestFactory().get("/", {"order": orders}))
    loop = the_finding(audited).causes[0].loop
    assert loop == "for number in request.GET.getlist('order')"
    with queryaudit.audit() as audited:
        quantities_sent(RequestFactory().post("/", {str(pk): "1" for pk in orders}))
    assert the_finding(audited).causes[0].loop == "for (name, _) in request.POST.items()"


def test_what_a_model_hands_out_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    every = classmethod(lambda cls: list(cls.objects.all()))
    monkeypatch.setattr(Order, "every", every, raising=False)
    with queryaudit.audit() as audited:
        for order in Order.every():  # type: ignore[attr-defined]
            OrderLine.objects.filter(order_id=order.pk).count()
    assert the_finding(audited).causes[0].loop == "for order in Order.every()"


class Shelf:
    ORDERS = (1, 2)

    @classmethod
    def numbers(cls) -> tuple[int, ...]:
        return cls.ORDERS


def test_what_a_class_lists_is_a_constant() -> None:
    with queryaudit.audit() as audited:
        for number in Shelf.ORDERS:
            OrderLine.objects.filter(order_id=number).count()
        for number in Shelf.numbers():
            OrderLine.objects.filter(order_id=number).exists()
    assert audited.findings == ()
