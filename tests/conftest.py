"""Fixtures for all tests: a small seeded shop."""

from __future__ import annotations

import pytest

collect_ignore = ["testproject"]

#: Books in the shop that tests see; enough for at least three rows of everything.
SHOP_SIZE = 6


@pytest.fixture
def shop(db: None) -> None:
    """A shop with three to thirty rows of every model, seeded inside the test's transaction."""
    from sample_app.shop.seeding import fill

    fill(SHOP_SIZE)
