"""The suites, one file each."""

from __future__ import annotations

from . import (
    applications,
    django_cms,
    django_suite,
    libraries,
    misago,
    rest_framework,
    spirit,
    wagtail,
)
from .base import Target

ALL: dict[str, Target] = {
    target.name: target
    for module in (
        rest_framework,
        django_suite,
        django_cms,
        spirit,
        misago,
        wagtail,
        applications,
        libraries,
    )
    for target in module.TARGETS
}
