"""A copy of ``tests/testproject``, and what pytest says when it runs there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ORIGINAL = Path(__file__).resolve().parents[1] / "testproject"

#: Only what a run needs: other plugins in the environment cost time and prove nothing.
PLUGINS = (
    "-p",
    "pytest_django.plugin",
    "-p",
    "queryaudit.integrations.pytest_plugin",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:unraisableexception",
    "-p",
    "no:threadexception",
    "--no-migrations",
)


class ForkServer:
    """The process that runs everything; see ``fork_server``."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("fork_server.py")
        self._process = subprocess.Popen(
            [sys.executable, os.fspath(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, request: dict[str, object]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@dataclass(frozen=True)
class Run:
    """What a process returned and said."""

    code: int
    out: str
    err: str
    report: dict[str, Any]

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def findings(self) -> list[dict[str, Any]]:
        """But for the notes on tables that are loaded whole, which the project does on purpose."""
        return [finding for finding in self.report["findings"] if finding["rule"] != "QA201"]

    @property
    def places(self) -> list[str]:
        """Rule and function of each finding that is more than a note."""
        return sorted(
            f"{finding['rule']} {finding['location']['function']}"
            for finding in self.findings
            if finding["severity"] != "note"
        )


class Project:
    """A folder with a Django project that knows nothing of queryaudit."""

    def __init__(self, folder: Path, server: ForkServer) -> None:
        self.folder = folder
        self._server = server
        shutil.copytree(
            ORIGINAL, folder, ignore=shutil.ignore_patterns("__pycache__", ".*", "*.json")
        )

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def append(self, name: str, text: str) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as stream:
            stream.write(text)

    def only_test(self, text: str) -> None:
        """Let ``text`` be the project's only test module."""
        (self.folder / "tests" / "test_library.py").unlink(missing_ok=True)
        self.write("tests/test_only.py", text)

    def pytest(self, *arguments: str, audit: bool = True, **environment: str) -> Run:
        """Run pytest here; with ``audit`` as ``--queryaudit`` with a JSON report."""
        given = [*PLUGINS, "-o", "console_output_style=classic"]
        if audit:
            given += ["--queryaudit", "--queryaudit-output=json:report.json"]
        return self._run("pytest", [*given, *arguments], environment)

    def command(self, *arguments: str, **environment: str) -> Run:
        """Run the ``queryaudit`` command here."""
        return self._run("queryaudit", list(arguments), environment)

    def manage(self, *arguments: str, **environment: str) -> Run:
        """Run ``manage.py`` here."""
        settings = {"DJANGO_SETTINGS_MODULE": "project.settings"}
        return self._run("manage.py", list(arguments), settings | environment)

    def _run(self, program: str, arguments: list[str], environment: dict[str, str]) -> Run:
        out, err, report = (self.folder / name for name in ("out.txt", "err.txt", "report.json"))
        report.unlink(missing_ok=True)
        code = self._server.run(
            {
                "program": program,
                "arguments": arguments,
                "folder": os.fspath(self.folder),
                "environment": clean_environment() | environment,
                "out": os.fspath(out),
                "err": os.fspath(err),
            }
        )
        text = report.read_text(encoding="utf-8") if report.exists() else "{}"
        return Run(
            code=code,
            out=out.read_text(encoding="utf-8"),
            err=err.read_text(encoding="utf-8"),
            report=json.loads(text),
        )


def clean_environment() -> dict[str, str]:
    """The environment without what would configure the inner run."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("QUERYAUDIT", "PYTEST", "DJANGO", "DATABASE_URL"))
    }
    return kept | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "160",
        "NO_COLOR": "1",
    }


def without_times(value: object) -> object:
    """A JSON report without durations, which differ from run to run."""
    if isinstance(value, dict):
        return {
            key: without_times(entry)
            for key, entry in value.items()
            if not key.startswith("duration") and not key.endswith("_ns")
        }
    if isinstance(value, list):
        return [without_times(entry) for entry in value]
    return value
