"""``pytest --queryaudit`` on code as people write it: what the rules on loads find in it, and what
they leave alone."""

from __future__ import annotations

import re

import pytest

from tests.integration import loads_scenes as scenes
from tests.integration.plugin_project import Project, Run

_LABEL = re.compile(r"# (QA\d{3} .+)$", re.MULTILINE)
FILES = {
    "orders/__init__.py": "",
    "orders/models.py": scenes.MODELS,
    "orders/views.py": scenes.VIEWS,
    "orders/api.py": scenes.API,
    "orders/tasks.py": scenes.TASKS,
    "orders/management/__init__.py": "",
    "orders/management/commands/__init__.py": "",
    "orders/management/commands/nightly.py": scenes.COMMAND,
    "project/urls.py": scenes.URLS,
}


@pytest.fixture
def run(project: Project) -> Run:
    for name, text in FILES.items():
        project.write(name, text)
    for name, text in scenes.TEMPLATES.items():
        project.write(f"orders/templates/orders/{name}.html", text)
    project.append("project/settings.py", "\nINSTALLED_APPS += ['orders', 'rest_framework']\n")
    project.only_test(scenes.TESTS)
    return project.pytest()


def test_what_is_labelled_is_found_and_nothing_else(run: Run) -> None:
    assert "failed" not in run.text, run.text
    found = {
        f"{finding['rule']} {finding['location']['function']}": finding["message"]
        for finding in run.report["findings"]
    }
    labelled = {label for text in FILES.values() for label in _LABEL.findall(text)}
    assert {
        f"{key}: {found[key]}" for key in found.keys() - labelled - scenes.IN_TEMPLATES
    } == set()
    assert labelled - found.keys() == set()
