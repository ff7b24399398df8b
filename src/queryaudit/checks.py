"""System checks: a misspelt or misplaced setting is named before it silently does nothing.

They are registered by the application: without ``queryaudit`` in ``INSTALLED_APPS`` there are none.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from queryaudit.config import Inputs, Problem, discover, resolve
from queryaudit.registry import Registry

_MIDDLEWARE = "queryaudit.middleware."
_TAG = "queryaudit"


def register() -> None:
    """Registers the checks; more than once is the same as once."""
    checks.register(check_options, _TAG)
    checks.register(check_middleware, _TAG)


def check_options(*_args: object, **_kwargs: object) -> list[CheckMessage]:
    """``queryaudit.E001`` and on: each wrong option, wherever it was given."""
    inputs = discover(
        _start(),
        environment=os.environ,
        settings=getattr(settings, "QUERYAUDIT", None),
    )
    return option_messages(inputs, Registry().rules)


def check_middleware(*_args: object, **_kwargs: object) -> list[CheckMessage]:
    """``queryaudit.W001``: queries of what stands before our middleware are not seen."""
    return middleware_messages(getattr(settings, "MIDDLEWARE", None) or ())


def option_messages(
    inputs: Inputs, known_rules: Collection[str] | None = None
) -> list[CheckMessage]:
    """A message for each problem with the options."""
    return [_error(problem) for problem in resolve(inputs, known_rules).problems]


def middleware_messages(middleware: Sequence[object]) -> list[CheckMessage]:
    """What is wrong with the place of ours among ``middleware``."""
    ours = [place for place, name in enumerate(middleware) if str(name).startswith(_MIDDLEWARE)]
    if not ours or ours[0] == 0:
        return []
    return [
        checks.Warning(
            f"{middleware[ours[0]]} is number {ours[0] + 1} in MIDDLEWARE: queries of the "
            "middleware before it are not audited.",
            hint="Move it to the first place.",
            id="queryaudit.W001",
        )
    ]


def _error(problem: Problem) -> CheckMessage:
    return checks.Error(problem.message, hint=problem.hint or None, id=f"queryaudit.{problem.id}")


def _start() -> Path:
    """Where the project is: ``BASE_DIR`` as Django's template has it, else where we are."""
    base = getattr(settings, "BASE_DIR", None)
    return Path(base) if isinstance(base, str | os.PathLike) else Path.cwd()
