"""Each pair of transactions is decided right; each unsafe one is proved by the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection

import queryaudit
from queryaudit.judging import Analysis
from queryaudit.proof.scratch import scratch_database
from queryaudit.proving import replayed
from queryaudit.records.findings import Grade
from queryaudit.replay import analyse
from sample_app.shop.models import Author, Book, Category, Customer, Order, Publisher, Review, Tag
from tests.integration.conftest import committed_shop, standing_shop
from tests.integration.recording import config_of
from tests.integration.test_cli_explain import url
from tests.locking.pairs import PAIRS, Pair

__all__ = ["committed_shop", "standing_shop"]

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="about PostgreSQL's locks"
)
TODAY = "2024-01-01"
UNSAFE = [pair for pair in PAIRS.values() if pair.unsafe]
SAFE = [pair for pair in PAIRS.values() if not pair.unsafe]


@pytest.fixture(scope="module")
def scratch(committed_shop: None) -> Iterator[str]:
    with scratch_database(url()) as found:
        yield found


@pytest.fixture
def keys(standing_shop: None) -> SimpleNamespace:
    Tag.objects.bulk_create(
        Tag(name=name) for name in ("new", "stock", "sales", "left", "right", "gate")
    )
    authors = list(Author.objects.order_by("pk"))
    book = Book.objects.filter(author=authors[0]).first()
    order = Order.objects.order_by("pk")[0]
    assert book is not None
    return SimpleNamespace(
        book=book.pk,
        author=authors[0].pk,
        author2=authors[1].pk,
        order=order.pk,
        customer=order.customer_id,
        tag=Tag.objects.order_by("pk")[0].pk,
        review=Review.objects.order_by("pk")[0].pk,
        category=Category.objects.filter(parent=None)[0].pk,
        category2=Category.objects.exclude(parent=None)[0].pk,
        publisher=Publisher.objects.order_by("pk")[0].pk,
        unordered=Book.objects.exclude(order_lines__order=order)[0].pk,
        unordered2=Book.objects.exclude(order_lines__order=order)[1].pk,
        childless=Customer.objects.create(name="N", email="n@example.com", joined_on=TODAY).pk,
    )


def analysed(pair: Pair, keys: SimpleNamespace, folder: Path) -> Analysis:
    """What a trace of both, one after the other, says."""
    trace = folder / "a.qatrace"
    with queryaudit.audit("a pair", trace=str(trace), test_files=[]):
        for run in dict.fromkeys(pair.functions()):
            run(keys)
    analysis = Analysis(config_of(select=["QA503"]))
    analyse([trace], analysis)
    return analysis


def test_there_are_enough_pairs_of_both_kinds() -> None:
    assert len(PAIRS) >= 60
    assert len(SAFE) >= 30
    assert len(UNSAFE) >= 30


@pytest.mark.parametrize("pair", UNSAFE, ids=lambda pair: pair.name)
def test_an_unsafe_pair_is_found_and_the_server_raises_a_deadlock(
    pair: Pair, keys: SimpleNamespace, tmp_path: Path, scratch: str
) -> None:
    analysis = analysed(pair, keys, tmp_path)
    report = analysis.report()
    assert [finding.rule for finding in report.findings] == ["QA503"], pair.why
    [finding] = replayed(report, analysis, scratch).findings
    assert finding.evidence.grade is Grade.PROVED, finding.evidence.text
    assert "40P01" in finding.evidence.text
    assert "ERROR 40P01" in finding.evidence.reproduce


@pytest.mark.parametrize("pair", SAFE, ids=lambda pair: pair.name)
def test_a_safe_pair_is_not_claimed(pair: Pair, keys: SimpleNamespace, tmp_path: Path) -> None:
    assert analysed(pair, keys, tmp_path).report().findings == (), pair.why
