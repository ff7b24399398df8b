"""Django REST framework's own tests; its source distribution has them."""

from __future__ import annotations

from .base import PytestTarget

VERSION = "3.18.3"
OPTIONAL = (
    "django-filter",
    "django-guardian>=2.4.0,<3.6",
    "inflection==0.5.1",
    "markdown>=3.3.7",
    "pygments",
    "pyyaml>=5.3.1",
    "requests",
    "uritemplate",
)


def _target(name: str, django: str, python: str, database: str = "sqlite") -> PytestTarget:
    return PytestTarget(
        name=name,
        about=f"Django REST framework {VERSION} on Django {django}, {database}",
        python=python,
        requirements=(
            f"Django=={django}",
            f"djangorestframework=={VERSION}",
            "dj-database-url>=3.1.0",
            "importlib-metadata<10.0",
            "pytest==9.*",
            "pytest-django>=4.5.2,<5",
            "legacy-cgi; python_version>='3.13'",
            *OPTIONAL,
        ),
        database=database,
        sdist=f"djangorestframework=={VERSION}",
        audited=("rest_framework", "tests"),
    )


TARGETS = (
    _target("drf-6.1", "6.1.3", "3.13"),
    _target("drf-5.2", "5.2.19", "3.11"),
    _target("drf-6.1-postgresql", "6.1.3", "3.13", "postgresql"),
)
