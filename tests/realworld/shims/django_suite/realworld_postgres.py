"""Django's own settings for a PostgreSQL server, with the recording runner."""

import os
from urllib.parse import unquote, urlsplit

from test_sqlite import *  # noqa: F403

TEST_RUNNER = "realworld_results.Runner"


def _database(alias: str) -> dict[str, object]:
    url = urlsplit(os.environ["DATABASE_URL"])
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": f"realworld_{alias}",
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.netloc.rpartition("@")[2].rpartition(":")[0]) or "",
        "PORT": str(url.port or ""),
    }


DATABASES = {"default": _database("default"), "other": _database("other")}
