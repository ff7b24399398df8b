"""Tasks are units of work: run at once, and by a real worker with a broker in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

import queryaudit
from queryaudit.capture.scopes import CURRENT
from queryaudit.records.kinds import ScopeKind
from queryaudit.runtime import Session
from sample_app.shop.models import Author, Book
from tests.integration.recording import Recording, config_of
from tests.integration.serving import outside

celery = pytest.importorskip("celery")


@pytest.fixture
def app() -> Iterator[Any]:
    made = celery.Celery(
        "shop", broker="memory://", backend="cache+memory://", set_as_current=False
    )
    made.conf.task_always_eager = True
    yield made
    made.close()


@pytest.fixture
def names(app: Any) -> Any:
    @app.task(shared=False, name="shop.names")
    def names() -> list[str]:
        return [book.author.name for book in Book.objects.all()]

    return names


def audited() -> Any:
    return queryaudit.audit(config=config_of(select=["QA1"]))


@pytest.mark.usefixtures("shop")
class TestEager:
    def test_a_task_is_a_unit_of_work_of_its_own(self, names: Any) -> None:
        with audited() as audit:
            names.delay()
            Author.objects.count()
        kinds = {(scope.kind, scope.name): scope.queries for scope in audit.report.scopes}
        books = Book.objects.count()
        assert kinds["task", "shop.names"] == books + 1
        (finding,) = audit.findings
        assert (finding.rule, finding.location.function.rpartition(".")[2]) == ("QA101", "names")
        assert [(s.kind, s.name) for s in finding.scopes] == [("task", "shop.names")]

    def test_a_loop_that_sends_tasks_is_no_loop_of_theirs(self, app: Any) -> None:
        @app.task(shared=False, name="shop.count")
        def count(number: int) -> int:
            return Book.objects.filter(pk=number).count()

        with audited() as audit:
            for number in range(5):
                count.delay(number)
        assert audit.findings == ()
        (task,) = [scope for scope in audit.report.scopes if scope.kind == "task"]
        assert (task.runs, task.worst) == (5, 1)

    def test_a_task_that_fails_is_ended(self, app: Any) -> None:
        @app.task(shared=False, name="shop.fails")
        def fails() -> None:
            Book.objects.count()
            raise ZeroDivisionError

        with audited() as audit:
            block = CURRENT.get()
            assert fails.delay().failed()
            assert CURRENT.get() is block
        assert ("task", "shop.fails") in {(s.kind, s.name) for s in audit.report.scopes}

    def test_a_task_of_a_task_is_its_own_unit_too(self, app: Any, names: Any) -> None:
        @app.task(shared=False, name="shop.outer")
        def outer() -> None:
            names.delay()
            Author.objects.count()

        with Recording() as seen:
            outer.delay()
            started = [s for s in seen.events.started if s.kind is ScopeKind.TASK]
            assert started == []  # a recording without entrances
        with audited() as audit:
            outer.delay()
        queries = {scope.name: scope.queries for scope in audit.report.scopes}
        assert queries["shop.outer"] == 1
        assert queries["shop.names"] == Book.objects.count() + 1

    def test_nothing_listens_after_the_audit(self, names: Any) -> None:
        from celery import signals

        before = len(signals.task_prerun.receivers)
        with audited():
            assert len(signals.task_prerun.receivers) == before + 1
        assert len(signals.task_prerun.receivers) == before


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The application's own audit, disconnected afterwards."""
    from queryaudit.integrations.celery import Tasks, audit_tasks

    connected: list[Any] = []
    original = Tasks.connect
    monkeypatch.setattr(Tasks, "connect", lambda self: (connected.append(self), original(self)))
    with override_settings(
        QUERYAUDIT={"enabled": True, "strict": True, "test-files": [], "select": ["QA1"]}
    ):
        audit_tasks()
    yield
    for tasks in connected:
        tasks.disconnect()


@pytest.mark.usefixtures("shop", "application")
def test_a_worker_logs_what_it_finds(names: Any, caplog: pytest.LogCaptureFixture) -> None:
    outside(names.delay)
    (line,) = [r.getMessage() for r in caplog.records if r.name == "queryaudit"]
    assert line.startswith("QA101 author is loaded once per Book row")
    assert " in shop.names." in line


@pytest.mark.usefixtures("shop", "application")
def test_a_task_is_audited_once_if_the_application_and_the_test_audit(names: Any) -> None:
    with audited() as audit:
        names.delay()
    (task,) = [scope for scope in audit.report.scopes if scope.kind == "task"]
    assert task.runs == 1


@pytest.mark.usefixtures("shop")
def test_without_debug_workers_are_not_audited(names: Any) -> None:
    from celery import signals

    from queryaudit.integrations.celery import audit_tasks

    before = len(signals.task_prerun.receivers)
    audit_tasks()
    assert len(signals.task_prerun.receivers) == before
    assert Session.current is None


@pytest.fixture
def logging_as_it_is() -> Iterator[None]:
    """Workers set up logging anew for their process, which is ours here."""
    from celery import signals

    def leave(**_: Any) -> None: ...

    signals.setup_logging.connect(leave, weak=False)
    yield
    signals.setup_logging.disconnect(leave)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("shop", "application", "logging_as_it_is")
def test_a_worker_in_another_thread(app: Any, names: Any, caplog: pytest.LogCaptureFixture) -> None:
    from celery.contrib.testing.worker import start_worker

    @app.task(shared=False, name="shop.closes")
    def closes() -> None:
        connections.close_all()

    app.conf.task_always_eager = False
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        found = names.delay().get(timeout=30)
        closes.delay().get(timeout=30)
    assert len(found) == Book.objects.count()
    (line,) = [r.getMessage() for r in caplog.records if r.name == "queryaudit"]
    assert line.startswith("QA101 ")
    assert " in shop.names." in line


_FIRST_USE = """
import sys
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
from celery import Celery
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import transaction
import queryaudit

app = Celery("shop", broker="memory://", set_as_current=False)
app.conf.task_always_eager = True

@app.task(shared=False)
def told(pk):
    pass

call_command("migrate", verbosity=0)
assert "celery.app.task" not in sys.modules
with queryaudit.audit() as audit, transaction.atomic():
    group = Group.objects.create(name="first")
    told.delay(group.pk)
print([finding.rule for finding in audit.findings])
"""


def test_the_first_task_of_a_process_is_seen_as_any_other(tmp_path: Path) -> None:
    """Celery imports what publishes tasks when the first of them is used."""
    script = tmp_path / "first_use.py"
    script.write_text(_FIRST_USE)
    ran = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert ran.stdout.split() == ["['QA507']"]
