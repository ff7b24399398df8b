"""Whose code a file is, and what it is called in reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from queryaudit.capture.codefiles import CodeFiles
from queryaudit.records.kinds import FrameKind


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where packages are installed, if the environment lies in the project's folder."""
    path = tmp_path / "project" / ".venv" / "lib" / "python3.13" / "site-packages"
    monkeypatch.syspath_prepend(str(path))
    return path


@pytest.fixture
def files(tmp_path: Path, installed: Path) -> CodeFiles:
    project = str(tmp_path / "project")
    return CodeFiles([project], base=project, tests=["test_*.py", "tests/*"], omit=["migrations/*"])


def test_code_in_the_projects_folder_is_the_projects(files: CodeFiles) -> None:
    path = f"{files.base}/shop/views.py"
    assert files(path).kind is FrameKind.PROJECT
    assert files.relative(path) == "shop/views.py"


def test_tests_and_what_is_omitted_are_told_apart(files: CodeFiles) -> None:
    assert files(f"{files.base}/shop/tests/views.py").kind is FrameKind.TEST
    assert files(f"{files.base}/shop/migrations/0001_initial.py").kind is FrameKind.LIBRARY


def test_an_environment_in_the_projects_folder_is_installed(
    files: CodeFiles, installed: Path
) -> None:
    path = str(installed / "rest_framework" / "fields.py")
    assert files(path).kind is FrameKind.LIBRARY
    assert not files(path).orm
    assert files.relative(path) == "rest_framework/fields.py"


@pytest.mark.parametrize("name", ["django/db/models/query.py", "sentry_sdk/integrations/django.py"])
def test_the_orm_and_who_watches_it_are_never_call_sites(
    files: CodeFiles, installed: Path, name: str
) -> None:
    assert files(str(installed / name)).orm


def test_the_projects_own_package_of_such_a_name_is_its_own(files: CodeFiles) -> None:
    path = f"{files.base}/silk/views.py"
    assert files(path).kind is FrameKind.PROJECT
    assert not files(path).orm


def test_a_package_that_was_named_is_the_projects(files: CodeFiles, installed: Path) -> None:
    files.add_root(str(installed / "cms"))
    path = str(installed / "cms" / "models.py")
    assert files(path).kind is FrameKind.PROJECT
    assert files.relative(path) == "cms/models.py"
    assert files(str(installed / "other" / "models.py")).kind is FrameKind.LIBRARY


def test_a_file_elsewhere_is_named_in_full(files: CodeFiles) -> None:
    assert files("/elsewhere/code.py").kind is FrameKind.LIBRARY
    assert files.relative("/elsewhere/code.py") == "/elsewhere/code.py"
    assert files.relative("<string>") == "<string>"
