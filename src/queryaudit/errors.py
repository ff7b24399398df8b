"""Errors that a user can act on: what, where, and what to do next."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line and the pytest plugin return."""

    CLEAN = 0
    FINDINGS = 1
    INTERRUPTED = 2
    INTERNAL = 3
    USAGE = 4
    NOTHING_AUDITED = 5


class QueryAuditError(Exception):
    """Base of all errors shown to users.

    ``slug`` names the error in the documentation, ``hint`` says what to do next.
    """

    slug = "error"
    exit_code = ExitCode.USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(QueryAuditError):
    slug = "config"


class TraceError(QueryAuditError):
    slug = "trace"


class ReportError(QueryAuditError):
    slug = "report"


class OutputError(QueryAuditError):
    slug = "output"


class BaselineError(QueryAuditError):
    slug = "baseline"


class DatabaseError(QueryAuditError):
    slug = "database"


class LostConnectionError(DatabaseError):
    """The server ended a connection that was in use; ``__cause__`` is what the driver raised."""


class UnknownRuleError(QueryAuditError):
    slug = "unknown-rule"
