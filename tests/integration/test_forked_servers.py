"""A server that loads the application and forks afterwards, as with ``gunicorn --preload``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.plugin_project import Project, clean_environment

SERVER = """
import os
import sys

import django

django.setup()

from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connections
from django.test import RequestFactory
from library.models import Book, City, Writer

call_command("migrate", run_syncdb=True, verbosity=0)
city = City.objects.create(name="Graz")
for number in range(4):
    writer = Writer.objects.create(name=f"Writer {number}", city=city)
    Book.objects.create(title=f"Book {number}", writer=writer)
connections.close_all()

serve = WSGIHandler()
for _ in range(2):
    if not os.fork():
        started = lambda *_: None
        b"".join(serve(RequestFactory().get("/books/").environ, started))
        sys.exit()  # as a worker ends: what Python does at exit is done
for _ in range(2):
    os.wait()
"""


def serve(project: Project, trace: str) -> str:
    """What the server's log says."""
    project.write("serve.py", SERVER)
    project.append(
        "project/settings.py",
        'MIDDLEWARE.insert(0, "queryaudit.middleware.QueryAuditMiddleware")\n'
        f'QUERYAUDIT = {{"TRACE": "{trace}", "ENABLED": True, "SELECT": ["QA1"]}}\n',
    )
    source = Path(__file__).resolve().parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "serve.py"],
        cwd=project.folder,
        env=clean_environment()
        | {
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "LIBRARY_DATABASE": "library.sqlite3",
            "PYTHONPATH": f"{source}{os.pathsep}{project.folder}",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


def test_each_process_that_was_forked_keeps_a_trace_and_closes_it(project: Project) -> None:
    serve(project, "traces")
    assert len(list((project.folder / "traces").iterdir())) == 2
    run = project.command("report", "traces", "--output=json:report.json")
    assert (run.code, run.report["diagnostics"]) == (1, [])
    (finding,) = run.findings
    assert (finding["rule"], finding["queries"]) == ("QA101", 16)
    assert [(s["kind"], s["name"]) for s in finding["scopes"]] == [("request", "GET /books/")]


def test_a_trace_that_can_t_be_written_is_said_by_each_process(project: Project) -> None:
    project.write("occupied", "")
    log = serve(project, "occupied/traces")
    assert log.count("queryaudit writes no trace: ") == 2
    assert log.count("QA101 writer and writer.city") == 2
