"""The Django application: registers the system checks and the management commands."""

from __future__ import annotations

from django.apps import AppConfig


class QueryAuditConfig(AppConfig):
    name = "queryaudit"
    verbose_name = "queryaudit"

    def ready(self) -> None:
        from queryaudit import checks

        checks.register()
