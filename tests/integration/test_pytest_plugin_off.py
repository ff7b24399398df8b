"""Installed and not asked for, the plugin costs an import and changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integration.plugin_project import PLUGINS, ForkServer, Project, clean_environment

#: Ours that a run without the flag may have loaded: the plugin, and the options that it offers.
ALLOWED = ("queryaudit", "queryaudit.config", "queryaudit.integrations", "queryaudit.records")

TEST = """
import sys

from django.core.handlers.base import BaseHandler
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.manager import BaseManager
from django.db.models.query import ModelIterable
from asgiref.sync import SyncToAsync
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from library.models import Book

OURS = (
    BaseHandler, BaseCommand, BaseDatabaseWrapper, BaseManager, ModelIterable, SyncToAsync,
    ThreadPoolExecutor, Thread, type(connection),
)


def test_it(client, books):
    assert client.get("/books/").status_code == 200
    print()
    print("MODULES", *(n for n in sys.modules if n.partition(".")[0] in ("queryaudit", "rich")))
    print("WRAPPERS", *connection.execute_wrappers)
    for cls in OURS:
        for name, value in vars(cls).items():
            code = getattr(value, "__code__", None)
            if code is not None and "queryaudit" in code.co_filename:
                print("PATCHED", cls.__name__, name)
"""


LOADERS = """
import sys


def test_it(client, books):
    assert client.get("/books/").status_code == 200
    names = ("queryaudit.analysis.", "queryaudit.capture.")
    ours = [module for name, module in sys.modules.items() if name.startswith(names)]
    print()
    print("LOADERS", *{type(module.__spec__.loader).__name__ for module in ours})
"""


def run(folder: Path, *arguments: str) -> str:
    """A process that was not forked from one that has imported us."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, "-s", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    return done.stdout


def words_after(output: str, word: str) -> list[list[str]]:
    return [line.split()[1:] for line in output.splitlines() if line.startswith(word)]


def test_without_the_flag_nothing_is_loaded_or_patched(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    project = Project(tmp_path / "project", fork_server)
    project.only_test(TEST)
    off, on = run(project.folder), run(project.folder, "--queryaudit", "--queryaudit-fail-on=never")
    [modules] = words_after(off, "MODULES")
    assert [m for m in modules if not _allowed(m)] == []
    assert words_after(off, "WRAPPERS") == [[]]
    assert words_after(off, "PATCHED") == []
    # With the flag all of it is there: the test looks in the right places.
    [modules] = words_after(on, "MODULES")
    assert {"queryaudit.capture.recorder", "queryaudit.analysis.engine"} <= set(modules)
    assert words_after(on, "WRAPPERS") != [[]] or words_after(on, "PATCHED")
    assert len(words_after(on, "PATCHED")) >= 5


def test_with_the_flag_our_modules_are_imported_as_they_are_written(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    project = Project(tmp_path / "project", fork_server)
    project.only_test(LOADERS)
    # As where we are installed: then pytest takes our modules for some with tests in them.
    conftest = project.folder / "conftest.py"
    conftest.write_text(
        "import pytest\n"
        "pytest.register_assert_rewrite('queryaudit.analysis', 'queryaudit.capture')\n"
        + (conftest.read_text() if conftest.exists() else "")
    )
    [loaders] = words_after(
        run(project.folder, "--queryaudit", "--queryaudit-fail-on=never"), "LOADERS"
    )
    assert loaders == ["SourceFileLoader"]


def _allowed(module: str) -> bool:
    if module in (*ALLOWED, "queryaudit.errors", "queryaudit.integrations.pytest_plugin"):
        return True
    return module.startswith(("queryaudit.config.", "queryaudit.records."))
