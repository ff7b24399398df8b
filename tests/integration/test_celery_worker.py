"""A worker of processes, started as one is: what its tasks did is in its traces."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.plugin_project import Project, clean_environment

pytest.importorskip("celery")

APPLICATION = """
import django

django.setup()

from celery import Celery
from library.models import Book
from queryaudit.integrations.celery import audit_tasks

folders = {name: "broker" for name in ("data_folder_in", "data_folder_out", "processed_folder")}
app = Celery("library", broker="filesystem://", broker_transport_options=folders)
audit_tasks()


@app.task(name="library.names")
def names(done):
    found = [book.writer.name for book in Book.objects.all()]
    open(done, "w").close()
    return found
"""
SENDING = """
from django.core.management import call_command

import worker
from library.models import Book, City, Writer

call_command("migrate", run_syncdb=True, verbosity=0)
city = City.objects.create(name="Graz")
for number in range(4):
    writer = Writer.objects.create(name=f"Writer {number}", city=city)
    Book.objects.create(title=f"Book {number}", writer=writer)
for number in range(3):
    worker.names.delay(f"done-{number}")
"""
PATIENCE_S = 90


@pytest.fixture
def environment(project: Project) -> dict[str, str]:
    project.write("worker.py", APPLICATION)
    project.append(
        "project/settings.py",
        'QUERYAUDIT = {"TRACE": "traces", "ENABLED": True, "SELECT": ["QA1"]}\n',
    )
    (project.folder / "broker").mkdir()
    source = Path(__file__).resolve().parents[2] / "src"
    return clean_environment() | {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "LIBRARY_DATABASE": "library.sqlite3",
        "PYTHONPATH": f"{source}{os.pathsep}{project.folder}",
    }


@pytest.fixture
def worker(project: Project, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    sending = [sys.executable, "-c", SENDING]
    subprocess.run(sending, cwd=project.folder, env=environment, check=True)
    with (project.folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "worker", "worker", "-c1", "--pool=prefork"],
            cwd=project.folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
        yield process
        process.terminate()  # a warm shutdown: it finishes what it has begun
        process.wait(60)


def test_tasks_of_forked_processes_are_in_traces_and_in_the_log(
    project: Project, worker: subprocess.Popen[bytes]
) -> None:
    done = [project.folder / f"done-{number}" for number in range(3)]
    started = time.monotonic()
    while not all(path.exists() for path in done):
        assert time.monotonic() - started < PATIENCE_S, (project.folder / "worker.log").read_text()
        time.sleep(0.2)
    worker.terminate()
    worker.wait(60)
    log = (project.folder / "worker.log").read_text()
    assert log.count("QA101 writer is loaded once per Book row: 4 queries") == 3
    run = project.command("report", "traces", "--select=QA1", "--output=json:report.json")
    assert (run.code, run.report["diagnostics"]) == (1, [])  # processes closed their traces
    (finding,) = run.findings
    assert (finding["rule"], finding["queries"]) == ("QA101", 12)
    assert [(s["kind"], s["name"]) for s in finding["scopes"]] == [("task", "library.names")]
