"""Whether a test run was the whole one, or only some of the tests."""

from __future__ import annotations

import pytest

#: pytest's own options that leave tests out.
_CHOOSING = ("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "stepwise")


def is_partial(config: pytest.Config, session: pytest.Session, deselected: int) -> bool:
    """True if tests were left out by choice, or the run broke off.

    A partial run has not looked for what the missing tests would show: it reports no stale
    baseline entries and no unused ignores.
    """
    option = config.option
    chosen = any(getattr(option, name, None) for name in _CHOOSING)
    broken = session.shouldfail or session.shouldstop or session.exitstatus not in (0, 1)
    return bool(deselected or chosen or broken or _named_on_command_line(config))


def _named_on_command_line(config: pytest.Config) -> bool:
    """Arguments other than what a run without arguments would collect."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return False
    usual = {(config.rootpath / path).resolve() for path in config.getini("testpaths") or ["."]}
    usual.add(config.rootpath.resolve())
    here = config.invocation_params.dir
    return any("::" in arg or (here / arg).resolve() not in usual for arg in config.args)
