"""The shop with a second database, for our own tests.

Test databases carry the process id in their name, so runs may overlap on one server.
"""

from __future__ import annotations

import os

from sample_app.database import database_settings
from sample_app.settings import *  # noqa: F403

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES = {"default": database_settings("shop"), "other": database_settings("other")}

if "postgresql" in DATABASES["default"]["ENGINE"]:
    for _alias, _database in DATABASES.items():
        _database["TEST"] = {"NAME": f"test_{_alias}_{os.getpid()}"}
