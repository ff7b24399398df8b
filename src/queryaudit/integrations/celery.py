"""Celery: each task is a unit of work.

In an audited run this is so without anything added. In workers, say it where the app is made::

    from queryaudit.integrations.celery import audit_tasks

    audit_tasks()
"""

from __future__ import annotations

from contextvars import Token
from typing import Any, NamedTuple

from celery import signals

from queryaudit.capture.scopes import CURRENT, Scope
from queryaudit.integrations.units import Units, application_units
from queryaudit.records.kinds import ScopeKind


class _Running(NamedTuple):
    """What is kept with the request of a task while it runs."""

    scope: Scope
    token: Token[Scope | None]
    owner: Tasks


class Tasks:
    """Listens to Celery's signals, which are sent in the context that the task runs in."""

    def __init__(self, units: Units) -> None:
        self._units = units

    def connect(self) -> None:
        signals.task_prerun.connect(self._begin, weak=False, dispatch_uid=id(self))
        signals.task_postrun.connect(self._end, weak=False, dispatch_uid=id(self))
        signals.worker_process_shutdown.connect(self._last, weak=False, dispatch_uid=id(self))

    def disconnect(self) -> None:
        signals.task_prerun.disconnect(self._begin, dispatch_uid=id(self))
        signals.task_postrun.disconnect(self._end, dispatch_uid=id(self))
        signals.worker_process_shutdown.disconnect(self._last, dispatch_uid=id(self))

    def _begin(self, task: Any = None, **_: Any) -> None:
        # The application's own audit and that of a test run may listen both.
        if task is None or getattr(task.request, "queryaudit", None) is not None:
            return
        scope = self._units.begin(ScopeKind.TASK, str(task.name))
        if scope is not None:
            task.request.queryaudit = _Running(scope, CURRENT.set(scope), self)

    def _end(self, task: Any = None, **_: Any) -> None:
        running = getattr(task.request, "queryaudit", None) if task is not None else None
        if not isinstance(running, _Running) or running.owner is not self:
            return
        task.request.queryaudit = None
        try:
            CURRENT.reset(running.token)
        except ValueError:  # a pool that ends tasks in another context than it began them in
            CURRENT.set(None)
        self._units.end(running.scope)

    def _last(self, **_: Any) -> None:
        self._units.process_ends()


def audit_tasks() -> None:
    """Audit the tasks of this application's workers: with ``DEBUG``, or with ``enabled`` set.

    What is found is logged to the logger ``queryaudit``, and kept in the folder ``trace`` names.
    """
    units = application_units()
    if units is not None:
        Tasks(units).connect()
