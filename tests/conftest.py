"""Fixtures for all tests: a small seeded shop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import connections
from hypothesis import HealthCheck, settings
from pytest_django.plugin import DjangoDbBlocker

from queryaudit.runtime import Session

# A busy machine is no failure, and a build that failed must fail again when it is looked at: the
# examples are the same in every run, unless one is run to look for others.
settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="HYPOTHESIS_EXPLORE" not in os.environ,
)
settings.load_profile("suite")

#: For libpq: tells this run's connections from those of another one on the same server.
os.environ["PGAPPNAME"] = RUN = f"queryaudit tests {os.getpid()}"

collect_ignore = ["testproject", "realworld"]

#: Books in the shop that tests see; enough for at least three rows of everything.
SHOP_SIZE = 6


@pytest.fixture
def outer_path() -> Iterator[Path]:
    """A folder for a server's files. Not below pytest's own, as ``tmp_path``: each pytest that root
    starts, and tests start some, closes that one to the user as which a server runs."""
    with TemporaryDirectory(prefix="qa-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def only_our_own_session() -> Iterator[None]:
    """An application's middleware audits for as long as its process lives: here, for a test.

    What went on would be joined, and spoiled, by the tests after it.
    """
    before = Session.current
    yield
    while Session.current is not None and Session.current is not before:
        Session.current.close()


@pytest.fixture
def shop(db: None) -> None:
    """A shop with three to thirty rows of every model, seeded inside the test's transaction."""
    from sample_app.shop.seeding import fill

    fill(SHOP_SIZE)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Ends the connections that asynchronous tests left in other threads, at the very end."""
    yield
    with django_db_blocker.unblock():
        for connection in connections.all():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = %s AND datname = current_database()"
                        # A parallel worker of this very statement would take it along.
                        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
                        [RUN],
                    )
