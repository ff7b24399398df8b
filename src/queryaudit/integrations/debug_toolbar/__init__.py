"""The panel of django-debug-toolbar: ``queryaudit.integrations.debug_toolbar.QueryAuditPanel``."""

from __future__ import annotations

from queryaudit.integrations.debug_toolbar.panel import QueryAuditPanel

__all__ = ["QueryAuditPanel"]
