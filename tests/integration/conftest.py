"""A shop that stands for a whole module of tests that only read, or roll back what they write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.conftest import SHOP_SIZE


@pytest.fixture(scope="module")
def committed_shop(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Seeding costs more than most tests here, so it is done once; not for modules with tests
    that commit."""
    from sample_app.shop.seeding import clear, fill

    with django_db_blocker.unblock():
        fill(SHOP_SIZE)
    yield
    with django_db_blocker.unblock():
        clear()


@pytest.fixture
def standing_shop(committed_shop: None, db: None) -> None:
    """The module's shop, in a transaction of the test's own."""
