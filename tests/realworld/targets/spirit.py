"""Spirit, a forum: installed as a package, tested in a project made by its own command."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from workspace import Environment, SetupError

from .base import PytestTarget

VERSION = "0.14.3"
PROJECT = "test_project"


@dataclass(frozen=True, kw_only=True)
class Spirit(PytestTarget):
    def folder(self, made: Environment) -> Path:
        folder = self.output("project")
        if not (folder / PROJECT).is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            start = [str(made.folder / "bin" / "spirit"), "startproject", PROJECT]
            done = subprocess.run(start, cwd=folder, capture_output=True, text=True)
            if done.returncode:
                raise SetupError(f"spirit startproject failed:\n{done.stderr}")
        return folder


TARGETS = (
    Spirit(
        name="spirit",
        about=f"Spirit {VERSION} on Django 5.2.19, SQLite, as an installed package",
        python="3.11",
        requirements=(
            "Django==5.2.19",
            f"django-spirit[files,huey]=={VERSION}",
            "pytest",
            "pytest-django",
            "setuptools<81",
        ),
        sdist=f"django-spirit=={VERSION}",
        arguments=(
            *("-c", "/dev/null", "--rootdir=.", "--pyargs", "spirit"),
            *("-o", "python_files=tests.py tests_*.py"),
            *("-o", "pythonpath=."),
            f"--ds={PROJECT}.{PROJECT}.settings.test",
        ),
        audited=("spirit",),
    ),
)
