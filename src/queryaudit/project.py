"""The configuration of the project that is audited: its files, its environment, its settings."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from queryaudit.config import Config, discover, load
from queryaudit.registry import Registry


def project_config(
    flags: dict[str, object] | None = None, start: Path | None = None, flags_name: str = "flags"
) -> Config:
    """The configuration of the project around ``start`` (default: the working directory) and of
    Django's settings. Raises ConfigError if something in it is wrong."""
    settings: object = None
    try:
        from django.conf import settings as django_settings

        settings = getattr(django_settings, "QUERYAUDIT", None)
    except Exception:  # noqa: BLE001 - no settings, or broken ones: said where they matter
        settings = None
    inputs = discover(
        start or Path.cwd(), flags=flags or {}, environment=os.environ, settings=settings
    )
    inputs = replace(inputs, flags_name=flags_name)
    return load(inputs, known_rules=Registry().rules)
