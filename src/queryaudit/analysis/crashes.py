"""A rule that fails is reported, and takes nothing else down."""

from __future__ import annotations

from queryaudit.records.findings import Diagnostic


def crashed(code: str, error: Exception) -> Diagnostic:
    """Of a rule that judges the run as a whole."""
    return Diagnostic(
        slug="rule-crashed",
        message=f"{code} failed: {type(error).__name__}: {error}.",
        hint="Please report this; the other rules went on.",
    )
