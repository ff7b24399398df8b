"""The watcher of locks in a running application: one request waits for another one."""

from __future__ import annotations

import json
import linecache
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from django.db import connection

from queryaudit.capture.waits import APPLICATION
from queryaudit.judging import Analysis
from queryaudit.replay import analyse
from sample_app.shop.models import Tag
from tests.integration.recording import ROOT, config_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="locks of PostgreSQL"),
]

#: For a machine that is busy with other things.
PATIENCE_S = 120
_KEYS = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")

_HOLDING = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND state = %s"
_WAITING = (
    "SELECT clock_timestamp() FROM pg_stat_activity"
    " WHERE application_name = %s AND cardinality(pg_blocking_pids(pid)) > 0"
)
_LOOKED = (
    "SELECT query_start FROM pg_stat_activity WHERE application_name = %s AND query_start > %s"
)


def until(text: str, *parameters: object) -> Any:
    """What the server answers, as soon as it answers with a row."""
    deadline = time.monotonic() + PATIENCE_S
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(text, parameters)
            row = cursor.fetchone()
            if row is not None:
                return row[0]
            time.sleep(0.02)
    raise AssertionError(f"never came true: {text} with {parameters}")


class Application:
    """The server's process, as its clients see it."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self.process = process
        self.name = name  #: by which PostgreSQL knows its connections
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    def get(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE_S) as response:
            return str(response.read().decode())

    def start(self, path: str) -> Callable[[], str]:
        """A request under way, and how to wait for its answer."""
        answers: list[str] = []
        thread = threading.Thread(target=lambda: answers.append(self.get(path)))
        thread.start()

        def answer() -> str:
            thread.join(PATIENCE_S)
            return answers[0]

        return answer


@contextmanager
def served(kind: str, folder: Path) -> Iterator[Application]:
    name = f"lock server {os.getpid()} {kind}"
    database = {key: connection.settings_dict[key] for key in _KEYS}
    command = [sys.executable, "-m", "tests.integration.lock_server", kind]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, json.dumps(database), str(folder / "traces")],
            cwd=ROOT,
            env={**os.environ, "PGAPPNAME": name},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield Application(process, name)
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_a_request_that_waits_for_another_one_names_both_call_sites(
    kind: str, tmp_path: Path
) -> None:
    Tag.objects.create(name="contended")
    (tmp_path / "traces").mkdir()
    with served(kind, tmp_path) as application:
        holder = application.start("/hold/")
        until(_HOLDING, application.name, "idle in transaction")
        waiter = application.start("/wait/")
        since = until(_WAITING, application.name)
        # Two looks that began while the request was waiting: the first one is written down.
        watcher = f"{APPLICATION} {application.process.pid}"
        until(_LOOKED, watcher, until(_LOOKED, watcher, since))
        assert application.get("/release/") == "released"
        assert (holder(), waiter()) == ("held", "waited")

    analysis = Analysis(config_of(watch_locks=True, select=["QA508"]))
    analyse([str(tmp_path / "traces")], analysis)
    [finding] = analysis.report().findings
    assert finding.location.function == "wait"
    assert source(str(finding.location)).startswith("Tag.objects.filter(")
    assert finding.evaluated is not None
    assert finding.evaluated.function == "hold"
    held, at, kept = finding.evidence.text.splitlines()
    assert source(held.rpartition(" ")[2]) == "with transaction.atomic():"
    assert source(at.rpartition(" ")[2]) == "RELEASED.wait(PATIENCE_S)"
    assert "kept waiting: wait at" in kept
    [line] = [x for x in (tmp_path / "log").read_text().splitlines() if x.startswith("QA508")]
    assert "for a lock that hold held at tests/integration/lock_server.py:" in line
    assert "in GET /wait/." in line


def source(place: str) -> str:
    path, _, number = place.rpartition(":")
    return linecache.getline(str(ROOT / path), int(number)).strip()
