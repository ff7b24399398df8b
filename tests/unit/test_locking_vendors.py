"""Servers by the last part of their engine's name."""

from __future__ import annotations

import pytest

from queryaudit.locking.graph import is_postgres, locks_rows


@pytest.mark.parametrize(
    ("vendor", "rows", "postgres"),
    [
        ("postgresql", True, True),
        ("postgis", True, True),
        ("mysql", True, False),
        ("sqlite3", False, False),
        ("spatialite", False, False),
    ],
)
def test_what_a_server_locks_is_known_by_its_engine(
    vendor: str, rows: bool, postgres: bool
) -> None:
    assert locks_rows(vendor) is rows
    assert is_postgres(vendor) is postgres
