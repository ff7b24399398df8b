"""What a finding says, on code that runs: fixes that fit the model and the way it is read."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from django.db import connection, models

import queryaudit
from queryaudit.blocks import Audit
from queryaudit.errors import ConfigError
from queryaudit.records.findings import Finding, Fix
from sample_app.shop.models import Book, Category, Customer, Review

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def chain() -> list[Customer]:
    """Five customers, each referred by the one before."""
    customers: list[Customer] = []
    for number in range(5):
        referred_by = customers[-1] if customers else None
        customers.append(
            Customer.objects.create(
                name=f"chain-{number}",
                email=f"{number}@example.org",
                referred_by=referred_by,
                joined_on="2024-01-01",
            )
        )
    return customers


def tree(audited: Audit) -> Fix:
    [finding] = [f for f in audited.findings if f.rule == "QA108"]
    assert finding.fix is not None
    return finding.fix


def test_a_tree_is_put_together_by_the_field_of_its_model(chain: list[Customer]) -> None:
    def below(customer: Customer) -> int:
        return 1 + sum(below(each) for each in customer.referrals.all())

    root = Customer.objects.get(pk=chain[0].pk)
    with queryaudit.audit() as audited:
        below(Customer.objects.get(pk=root.pk))
    assert "children[node.referred_by_id].append(node)" in tree(audited).code


def test_a_tree_that_is_walked_up_is_put_together_by_the_field_that_is_followed(
    chain: list[Customer],
) -> None:
    def up(customer: Customer) -> int:
        return 1 + up(customer.referred_by) if customer.referred_by else 0

    with queryaudit.audit() as audited:
        up(Customer.objects.get(pk=chain[-1].pk))
    assert tree(audited).code.splitlines()[-1] == "nodes.get(node.referred_by_id)"


def test_levels_without_a_parent_field_get_words_only(chain: list[Customer]) -> None:
    """Nothing in the model says that these rows are a tree."""

    def after(customer: Customer) -> int:
        following = Customer.objects.filter(pk__gt=customer.pk, name__startswith="chain").first()
        return 1 + after(following) if following else 0

    with queryaudit.audit() as audited:
        assert after(chain[0]) == 4
    fix = tree(audited)
    assert fix.code == ""
    assert "parent" not in fix.note
    assert fix.note.startswith("Load the rows of all levels at once")


def test_rows_in_chunks_are_not_told_of_peers() -> None:
    def publishers(books: object) -> list[str]:
        return [book.publisher.name for book in books]  # type: ignore[attr-defined]

    with queryaudit.audit() as audited:
        publishers(Book.objects.order_by("pk").iterator(chunk_size=100))
        #
        publishers(Book.objects.order_by("title"))
    by_source = {f.location.source: f for f in audited.findings}
    hints = {"iterator" in source: "FETCH_PEERS" in _note(f) for source, f in by_source.items()}
    assert hints == {True: False, False: True}


def _note(finding: Finding) -> str:
    assert finding.fix is not None
    return finding.fix.note


def test_one_cause_under_two_orders_is_listed_once() -> None:
    with queryaudit.audit() as audited:
        for order in ("pk", "-pk"):
            rows = Review.objects.order_by(order)
            [review.book.title for review in rows]
    [finding] = audited.findings
    [cause] = finding.causes
    assert cause.queries == finding.queries == 2 * Review.objects.count()


def test_what_is_saved_is_all_but_one_query_in_each_unit_of_work() -> None:
    def names() -> None:
        [category.parent and category.parent.name for category in Category.objects.all()]

    def request() -> None:
        with queryaudit.audit("the same name"):
            names()

    with queryaudit.audit() as one:
        request()
    with queryaudit.audit() as three:
        for _ in (1, 2, 3):
            request()
    saved = [
        finding.fix.saving.queries
        for audited in (one, three)
        for finding in audited.findings
        if finding.fix and finding.fix.saving
    ]
    assert saved == [saved[0], 3 * saved[0]]


def test_a_wrong_option_of_a_block_is_named_as_such() -> None:
    with pytest.raises(ConfigError, match=r"^audit\(\): there is no option"):
        queryaudit.audit(max_query=3)


def test_sql_by_hand_gets_a_list_as_its_database_takes_one() -> None:
    ids = [*Book.objects.values_list("pk", flat=True)[:5]]
    with queryaudit.audit() as audited, connection.cursor() as cursor:
        for book_id in ids:
            cursor.execute("SELECT title FROM shop_book WHERE id = %s", [book_id])
    [finding] = [f for f in audited.findings if f.rule == "QA103"]
    assert finding.fix is not None
    last = finding.fix.code.splitlines()[-1]
    if connection.vendor == "postgresql":
        assert last.endswith('WHERE id = ANY(%s)", [list(ids)])')
    else:
        assert last.endswith('WHERE id IN ({marks})", values)')


def totals(books: models.QuerySet[Book]) -> list[int | None]:
    return [
        book.reviews.filter(rating__gte=3).aggregate(stars=models.Sum("rating"))["stars"]
        for book in books.order_by("pk")
    ]


def tagged(books: models.QuerySet[Book]) -> list[bool]:
    return [book.tags.filter(name__startswith="c").exists() for book in books.order_by("pk")]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="which call it is needs its columns")
@pytest.mark.parametrize(
    ("run", "column"), [(totals, "filtered_reviews_total"), (tagged, "has_filtered_tags")]
)
def test_a_value_of_a_collection_is_a_column_of_the_row(
    run: Callable[[models.QuerySet[Book]], list[object]], column: str
) -> None:
    with queryaudit.audit() as audited:
        expected = run(Book.objects.all())
    assert len(set(expected)) > 1
    [finding] = [f for f in audited.findings if f.rule == "QA104"]
    assert finding.fix is not None
    code = finding.fix.code.splitlines()[-1]
    assert "..." not in code
    rows = eval(code, {"models": models, "Book": Book}).order_by("pk")
    assert [getattr(row, column) for row in rows] == expected
