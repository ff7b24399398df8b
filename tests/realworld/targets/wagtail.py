"""Wagtail, as an installed package: its wheel has the tests and the settings to run them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workspace import Environment, cache_folder

from .base import PytestTarget

VERSION = "8.0.1"

#: Not all of it, but what has views: the admin's own tests would take most of an hour.
PACKAGES = (
    *("wagtail.images", "wagtail.documents", "wagtail.snippets", "wagtail.users"),
    *("wagtail.contrib.redirects", "wagtail.contrib.forms"),
)


@dataclass(frozen=True, kw_only=True)
class InstalledTarget(PytestTarget):
    """A suite that is run by its packages' names, in an empty folder."""

    sdist: str = ""

    def folder(self, made: Environment) -> Path:
        folder = cache_folder() / "runs" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


TARGETS = (
    InstalledTarget(
        name="wagtail",
        about=f"Wagtail {VERSION} on Django 6.1.3, sqlite",
        python="3.13",
        requirements=(
            *("Django==6.1.3", f"wagtail=={VERSION}", "pytest", "pytest-django"),
            *("azure-mgmt-cdn", "azure-mgmt-frontdoor", "boto3", "django-ninja", "factory-boy"),
            *("freezegun", "Jinja2", "jsonschema", "openpyxl", "polib", "python-dateutil"),
            *("pytz", "tablib", "wagtail-factories"),
        ),
        # Several folders have tests of the same names.
        arguments=("--import-mode=importlib", "--pyargs", *PACKAGES),
        audited=("wagtail",),
        variables={"DJANGO_SETTINGS_MODULE": "wagtail.test.settings"},
    ),
)
