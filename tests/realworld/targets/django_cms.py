"""django CMS: run as a project, in the folder of its source distribution, by its own settings."""

from __future__ import annotations

from .base import PytestTarget

VERSION = "5.1.3"


def _target(name: str, database: str = "sqlite") -> PytestTarget:
    return PytestTarget(
        name=name,
        about=f"django CMS {VERSION} on Django 6.1.3, {database}",
        python="3.13",
        requirements=(
            "Django==6.1.3",
            "dj-database-url",
            "django-app-helper",
            "django-classy-tags>=0.7.2",
            "django-formtools",
            "django-sekizai>=0.7",
            "django-treebeard>=4.3,<6",
            "djangocms-admin-style>=1.5",
            "djangocms-text!=1.0.0",
            "iptools",
            "mock",
            "Pillow",
            "pytest",
            "pytest-django",
            "setuptools",
        ),
        database=database,
        sdist=f"django-cms=={VERSION}",
        # The one ignored file lints the sources and needs a linter.
        arguments=("--ignore=cms/tests/test_static_analysis.py",),
        audited=("cms", "menus"),
    )


TARGETS = (_target("django-cms"), _target("django-cms-postgresql", "postgresql"))
