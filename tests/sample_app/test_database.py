"""``DATABASE_URL`` in all its shapes."""

from __future__ import annotations

import pytest

from sample_app.database import DatabaseSetupError, parse_url


def test_a_postgresql_url_names_everything() -> None:
    settings = parse_url("postgresql://shop:p%40ss@db.example:5433/books?sslmode=require")
    assert settings == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "books",
        "USER": "shop",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


def test_a_socket_directory_is_the_host() -> None:
    settings = parse_url("postgres://postgres:@/books?host=/var/run/postgresql")
    assert settings["HOST"] == "/var/run/postgresql"
    assert settings["OPTIONS"] == {}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///:memory:", ":memory:"),
        ("sqlite:///shop.db", "shop.db"),
        ("sqlite:////srv/shop.db", "/srv/shop.db"),
    ],
)
def test_an_sqlite_url_names_a_file(url: str, name: str) -> None:
    assert parse_url(url) == {"ENGINE": "django.db.backends.sqlite3", "NAME": name}


def test_an_unknown_scheme_is_refused_by_name() -> None:
    with pytest.raises(DatabaseSetupError, match="'mysql'; use one of postgres, postgresql"):
        parse_url("mysql://localhost/shop")
