"""The HTTP entrance: ``queryaudit.middleware.QueryAuditMiddleware``."""

from __future__ import annotations

from queryaudit.middleware.http import QueryAuditMiddleware

__all__ = ["QueryAuditMiddleware"]
