"""Applications with views and templates, each with the tests of its own release."""

from __future__ import annotations

from .base import PytestTarget

DJANGO = "4.2.30"

TARGETS = (
    PytestTarget(
        name="helpdesk",
        about=f"django-helpdesk 1.1.0 on Django {DJANGO}, SQLite, in its demonstration project",
        python="3.11",
        requirements=(
            f"Django=={DJANGO}",
            "django-helpdesk==1.1.0",
            *("pytest", "pytest-django", "pysocks", "freezegun", "mock", "numpy", "Pillow"),
            *("factory-boy", "faker", "setuptools<81"),
        ),
        sdist="django-helpdesk==1.1.0",
        arguments=("-c", "/dev/null", "--rootdir=.", "helpdesk"),
        variables={"DJANGO_SETTINGS_MODULE": "demodesk.config.settings", "PYTHONPATH": "demo:."},
    ),
    PytestTarget(
        name="hyperkitty",
        about=f"HyperKitty 1.3.12, archives of mailing lists, on Django {DJANGO}, SQLite",
        python="3.11",
        requirements=(
            f"Django=={DJANGO}",
            "hyperkitty==1.3.12",
            *("pytest", "pytest-django", "whoosh", "beautifulsoup4", "mock", "isort"),
            *("elasticsearch", "setuptools<81"),
        ),
        sdist="hyperkitty==1.3.12",
        arguments=("hyperkitty",),
        audited=("hyperkitty",),
        variables={"DJANGO_SETTINGS_MODULE": "hyperkitty.tests.settings_test", "PYTHONPATH": "."},
    ),
    PytestTarget(
        name="wafer",
        about="Wafer 0.17.0, a conference's site, on Django 5.2.19, SQLite",
        python="3.11",
        requirements=(
            "Django==5.2.19",
            "wafer==0.17.0",
            *("pytest", "pytest-django", "lxml", "PyYAML", "mock", "setuptools<81"),
        ),
        sdist="wafer==0.17.0",
        arguments=("-o", "python_files=test_*.py", "wafer"),
        variables={"DJANGO_SETTINGS_MODULE": "wafer.settings", "PYTHONPATH": "."},
    ),
)
