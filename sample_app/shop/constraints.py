"""Check constraints under the keyword that the installed Django knows."""

from __future__ import annotations

import django
from django.db import models

#: Django 5.1 renamed the argument, Django 6.0 dropped the old name.
_KEYWORD = "condition" if django.VERSION >= (5, 1) else "check"


def check_constraint(condition: models.Q, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(**{_KEYWORD: condition, "name": name})
