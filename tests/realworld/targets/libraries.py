"""Libraries that other people's projects are made of, each with the tests of its own release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workspace import SHIMS, Environment, source

from .base import PytestTarget

NEW, MIDDLE, OLD = ("3.13", "6.1.3"), ("3.11", "5.2.19"), ("3.10", "4.2.30")


@dataclass(frozen=True, kw_only=True)
class Library(PytestTarget):
    """Run from a folder of its source distribution."""

    below: str = "."

    def folder(self, made: Environment) -> Path:
        return source(self.sdist, made) / self.below


def _library(
    release: str,
    audited: str,
    settings: str,
    *arguments: str,
    needs: tuple[str, ...] = (),
    below: str = ".",
    path: str = ".",
    on: tuple[str, str] = NEW,
    database: str = "sqlite",
    variables: Mapping[str, str] | None = None,
) -> Library:
    python, django = on
    package, _, version = release.partition("==")
    name = package.partition("[")[0]
    return Library(
        name=f"{name}-on-{django.rpartition('.')[0]}",
        about=f"{name} {version} on Django {django}, {database}",
        python=python,
        requirements=(f"Django=={django}", release, "pytest", "pytest-django", *needs),
        database=database,
        sdist=f"{name}=={version}",
        below=below,
        arguments=("--continue-on-collection-errors", *arguments),
        audited=(audited,),
        variables={
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONPATH": path,
            **(variables or {}),
        },
    )


TARGETS = (
    _library(
        *("django-filter==26.2", "django_filters", "tests.settings", "tests"),
        needs=("djangorestframework", "django-crispy-forms", "pytz"),
    ),
    _library(
        *("django-guardian==3.5.2", "guardian", "guardian.testapp.testsettings", "guardian"),
        needs=("django-environ",),
    ),
    _library("django-treebeard==7.0.3", "treebeard", "tests.settings", "tests"),
    _library(
        *("django-simple-history==3.13.0", "simple_history", "simple_history_settings"),
        "simple_history",
        path=f".:{SHIMS}",
    ),
    _library(
        *("django-reversion==6.4.0", "reversion", "reversion_settings", "test_app"),
        below="tests",
        path=f"..:.:{SHIMS}",
    ),
    _library(
        *("django-modeltranslation==0.20.6", "modeltranslation"),
        *("modeltranslation.tests.settings", "modeltranslation"),
        needs=("django-stubs-ext", "parameterized", "Pillow"),
    ),
    _library("django-parler==2.4", "parler", "parler_settings", "parler", path=f".:{SHIMS}"),
    _library(
        *("graphene-django==3.2.3", "graphene_django", "graphene_settings"),
        *("-c", "/dev/null", "--rootdir=.", "graphene_django"),
        path=f".:{SHIMS}",
        needs=("djangorestframework", "django-filter", "pytz", "mock", "pytest-asyncio"),
    ),
    _library(
        *("django-celery-beat==2.9.0", "django_celery_beat", "t.proj.settings", "t/unit"),
        needs=("ephem", "pytest-timeout"),
        on=MIDDLE,
    ),
    _library(
        *("django-celery-results==2.6.0", "django_celery_results", "t.proj.settings", "t/unit"),
        needs=("pytz", "psycopg[binary]"),
    ),
    _library(
        *("django-extensions==4.1", "django_extensions", "tests.testapp.settings", "tests"),
        needs=(
            *("djangorestframework", "factory-boy", "Jinja2", "pip", "pygments", "shortuuid"),
            *("vobject", "werkzeug", "python-dateutil", "ipython", "pytest-cov", "pydot"),
        ),
        on=MIDDLE,
    ),
    _library(
        *(
            "django-allauth[headless,idp-oidc,mfa,openid,saml,socialaccount,steam]==65.21.1",
            "allauth",
        ),
        *("tests.projects.regular.settings", "tests/apps"),
        needs=("pytest-asyncio", "django-ninja", "djangorestframework", "Pillow", "PyYAML"),
    ),
    _library(
        *("django-silk==5.6.0", "silk", "project.settings", "project/tests"),
        needs=(
            *("Pillow", "factory-boy", "freezegun", "networkx", "pydot", "contextlib2", "mock"),
            *("pytest-cov", "autopep8"),
        ),
        path=".:project",
        variables={"DB_ENGINE": "sqlite3", "DB_NAME": ":memory:"},
    ),
    _library(
        *("django-debug-toolbar==8.0.0", "debug_toolbar", "tests.settings", "tests"),
        needs=("Jinja2", "html5lib", "pygments", "django-template-partials"),
    ),
    _library(
        *("django-filter==25.1", "django_filters", "tests.settings", "tests"),
        needs=("djangorestframework", "django-crispy-forms", "pytz"),
        on=OLD,
    ),
    _library(
        *("django-treebeard==4.7.1", "treebeard", "treebeard.tests.settings", "treebeard"), on=OLD
    ),
    _library(
        *("django-reversion==5.1.0", "reversion", "reversion_settings", "test_app"),
        below="tests",
        path=f"..:.:{SHIMS}",
        on=OLD,
    ),
    _library(
        *("django-silk==5.2.0", "silk", "project.settings", "project/tests"),
        needs=(
            *("Pillow", "factory-boy", "freezegun", "networkx", "pydot", "contextlib2", "mock"),
            *("pytest-cov", "autopep8"),
        ),
        path=".:project",
        variables={"DB_ENGINE": "sqlite3", "DB_NAME": ":memory:"},
        on=OLD,
    ),
)
