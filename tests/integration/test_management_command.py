"""``manage.py queryaudit`` is the command line with the project's settings."""

from __future__ import annotations

import pytest

from tests.integration.plugin_project import Project

INSTALLED = 'INSTALLED_APPS = [*INSTALLED_APPS, "queryaudit"]\n'


@pytest.fixture
def installed(project: Project) -> Project:
    project.append("project/settings.py", INSTALLED)
    return project


def test_rules_are_listed_and_explained(installed: Project) -> None:
    assert "QA101" in installed.manage("queryaudit", "rules").out
    assert "What it detects" in installed.manage("queryaudit", "rule", "QA101").out


def test_a_saved_trace_is_reported_on_by_the_projects_settings(installed: Project) -> None:
    installed.pytest("--queryaudit-trace=traces")
    failed = installed.manage("queryaudit", "report", "traces", "--output=json:report.json", "-v")
    assert failed.code == 1
    assert len(failed.places) == 3
    installed.append("project/settings.py", 'QUERYAUDIT = {"FAIL_ON": "never"}\n')
    assert installed.manage("queryaudit", "report", "traces").code == 0


def test_what_is_wrong_is_said_with_the_exit_code(installed: Project) -> None:
    run = installed.manage("queryaudit", "report", "nowhere")
    assert run.code == 4
    assert "nowhere" in run.err
    unknown = installed.manage("queryaudit", "dance")
    assert unknown.code == 4
    assert "manage.py queryaudit" in unknown.err
