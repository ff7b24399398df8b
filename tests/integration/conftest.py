"""A shop that stands for a module of tests, and a project to run pytest in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.conftest import SHOP_SIZE
from tests.integration.plugin_project import ForkServer, Project


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


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """What the inner runs of pytest and of the command line run in."""
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture
def project(tmp_path: Path, fork_server: ForkServer) -> Project:
    """A fresh copy of a Django project that knows nothing of queryaudit."""
    return Project(tmp_path / "project", fork_server)
