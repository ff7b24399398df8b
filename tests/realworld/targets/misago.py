"""Misago, a large forum on PostgreSQL; its release has the tests but no settings to run them."""

from __future__ import annotations

from workspace import SHIMS

from .base import PytestTarget

VERSION = "0.39.6"

TARGETS = (
    PytestTarget(
        name="misago",
        about=f"Misago {VERSION} on Django 4.2, PostgreSQL",
        python="3.11",
        requirements=(f"Misago=={VERSION}", "setuptools<81"),
        database="postgresql",
        sdist=f"misago=={VERSION}",
        arguments=("-c", "/dev/null", "--rootdir=.", "misago"),
        audited=("misago",),
        variables={
            "DJANGO_SETTINGS_MODULE": "misago_project.settings",
            "PYTHONPATH": str(SHIMS),
        },
    ),
)
