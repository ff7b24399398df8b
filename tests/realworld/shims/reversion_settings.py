"""django-reversion's own settings with SQLite in place of its other two servers."""

from __future__ import annotations

from test_project.settings import *  # noqa: F403

DATABASES = {
    alias: {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{alias}.sqlite3"}
    for alias in ("default", "postgres", "mysql")
}
