"""A rule that fails is reported, and takes nothing else down."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from queryaudit.analysis.settings import Settings
from queryaudit.detectors.base import Detector
from queryaudit.records.findings import Diagnostic

_T = TypeVar("_T")


def crashed(code: str, error: Exception) -> Diagnostic:
    """Of a rule that judges the run as a whole."""
    return Diagnostic(
        slug="rule-crashed",
        message=f"{code} failed: {type(error).__name__}: {error}.",
        hint="Please report this; the other rules went on.",
    )


def answer(
    settings: Settings, detector: Detector, what: str, ask: Callable[[], _T], otherwise: _T
) -> _T:
    """What a rule says about its finding; one that fails at that still has its finding."""
    try:
        return ask()
    except Exception as error:
        if settings.strict:
            raise
        told = Diagnostic(
            slug="advice-failed",
            message=f"{detector.code} could not say {what}: {type(error).__name__}: {error}.",
            hint="Please report this; the finding itself stands.",
        )
        if told not in settings.crashes:
            settings.crashes.append(told)
        return otherwise
