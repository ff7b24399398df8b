"""The system checks name each wrong setting and a middleware in the wrong place."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import Error, Warning
from django.core.checks.registry import CheckRegistry, registry

from queryaudit import checks
from queryaudit.apps import QueryAuditConfig
from queryaudit.config import Inputs

OURS = "queryaudit.middleware.QueryAuditMiddleware"
THEIRS = "django.middleware.security.SecurityMiddleware"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Stands for Django's settings, with the options given."""
    fake = SimpleNamespace(BASE_DIR=tmp_path, QUERYAUDIT={}, MIDDLEWARE=[])
    monkeypatch.setattr(checks, "settings", fake)
    for option in ("FAIL_ON", "FAILON"):
        monkeypatch.delenv(f"QUERYAUDIT_{option}", raising=False)
    return fake


def test_right_settings_are_silent(configured: Any) -> None:
    configured.QUERYAUDIT = {"N_PLUS_ONE_THRESHOLD": 3, "FAIL_ON": "error"}
    assert checks.check_options() == []


def test_no_settings_are_silent(configured: Any) -> None:
    del configured.QUERYAUDIT, configured.MIDDLEWARE, configured.BASE_DIR
    assert checks.check_middleware() == []
    assert all(message.id != "queryaudit.E005" for message in checks.check_options())


def test_each_wrong_setting_is_an_error_with_a_hint(configured: Any) -> None:
    configured.QUERYAUDIT = {"N_PLUS_ONE_TRESHOLD": 3, "LOG": "yes"}
    assert checks.check_options() == [
        Error(
            "settings.QUERYAUDIT: there is no option 'N_PLUS_ONE_TRESHOLD'.",
            hint="Did you mean 'n-plus-one-threshold'?",
            id="queryaudit.E001",
        ),
        Error(
            "settings.QUERYAUDIT: LOG must be true or false, not 'yes'.",
            id="queryaudit.E002",
        ),
    ]


def test_mistakes_in_pyproject_and_environment_are_named_too(
    configured: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.queryaudit]\nlog = 1\n")
    monkeypatch.setenv("QUERYAUDIT_FAIL_ON", "warn")
    assert [message.msg for message in checks.check_options()] == [
        "environment: QUERYAUDIT_FAIL_ON must be one of note, warning, error, never, not 'warn'.",
        "pyproject.toml: log must be true or false, not 1.",
    ]


def test_base_dir_may_be_a_text(configured: Any, tmp_path: Path) -> None:
    configured.BASE_DIR = str(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.queryaudit]\nlog = 1\n")
    assert len(checks.check_options()) == 1


def test_unknown_rules_are_named_if_the_rules_are_known(tmp_path: Path) -> None:
    inputs = Inputs(root=tmp_path, settings={"SELECT": ["QA999"]})
    assert checks.option_messages(inputs) == []
    (message,) = checks.option_messages(inputs, known_rules=["QA101"])
    assert message.id == "queryaudit.E004"


def test_a_middleware_behind_another_is_warned_of(configured: Any) -> None:
    configured.MIDDLEWARE = [THEIRS, OURS]
    assert checks.check_middleware() == [
        Warning(
            f"{OURS} is number 2 in MIDDLEWARE: queries of the middleware before it are not "
            "audited.",
            hint="Move it to the first place.",
            id="queryaudit.W001",
        )
    ]


@pytest.mark.parametrize("middleware", [[], [THEIRS], [OURS], [OURS, THEIRS], [lambda get: get]])
def test_a_middleware_in_the_first_place_or_none_is_silent(middleware: list[object]) -> None:
    assert checks.middleware_messages(middleware) == []


def test_registering_twice_registers_once(monkeypatch: pytest.MonkeyPatch) -> None:
    own = CheckRegistry()
    monkeypatch.setattr(checks.checks, "register", own.register)
    checks.register()
    checks.register()
    assert own.registered_checks == {checks.check_options, checks.check_middleware}
    assert own.tags_available() == {"queryaudit"}


def test_the_application_registers_the_checks() -> None:
    import queryaudit

    QueryAuditConfig("queryaudit", queryaudit).ready()
    assert {checks.check_options, checks.check_middleware} <= registry.registered_checks


def test_django_can_run_the_checks(configured: Any) -> None:
    own = CheckRegistry()
    own.register(checks.check_options, "queryaudit")
    own.register(checks.check_middleware, "queryaudit")
    assert own.run_checks() == []
