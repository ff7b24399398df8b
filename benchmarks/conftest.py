"""The database that the benchmarks ask, filled once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from benchmarks.models import Author, Book, Publisher, fill
from benchmarks.workloads import ROWS


@pytest.fixture(scope="session", autouse=True)
def books(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:  # noqa: ARG001 - the databases have to be there
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        fill(ROWS)
        yield
        with connection.schema_editor() as editor:
            for model in (Book, Author, Publisher):
                editor.delete_model(model)
