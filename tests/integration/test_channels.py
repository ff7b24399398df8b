"""Messages are units of work, in consumers of both kinds, through Channels' own communicator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import override_settings

from queryaudit.integrations.django_entrances import Entrances
from queryaudit.judging import Analysis
from queryaudit.records.report import Report
from queryaudit.runtime import Session
from sample_app.shop.models import Author, Book
from tests.integration.recording import config_of
from tests.integration.serving import outside

websocket = pytest.importorskip("channels.generic.websocket")
#: Channels closes connections between messages, and a test's transaction with them.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]


class Sync(websocket.JsonWebsocketConsumer):  # type: ignore[misc]
    def connect(self) -> None:
        Author.objects.count()
        self.accept()

    def receive_json(self, content: Any, **kwargs: Any) -> None:
        self.send_json([book.author.name for book in Book.objects.all()])


class Async(websocket.AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        await Author.objects.acount()
        await self.accept()

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        await self.send_json(await sync_to_async(self.names)())

    def names(self) -> list[str]:
        return [book.author.name for book in Book.objects.all()]


async def talk(consumer: Any, messages: int = 1, timeout: int = 20) -> list[str]:
    from channels.testing import WebsocketCommunicator

    said: list[str] = []
    client = WebsocketCommunicator(consumer.as_asgi(), "/names/")
    connected, _ = await client.connect(timeout=20)
    assert connected
    for _ in range(messages):
        await client.send_json_to({"secret": "of the customer"})
        said += await client.receive_json_from(timeout=timeout)
    await client.disconnect(timeout=20)
    return said


@contextmanager
def audited() -> Iterator[list[Report]]:
    """A run as a test runner has it: the communicator gives consumers a context of their own."""
    config = config_of(select=["QA1"])
    analysis, session = Analysis(config), Session(config).open()
    entrances = Entrances(session)
    entrances.install()
    session.hub.listen(analysis.engine(session.hub.tables))
    reports: list[Report] = []
    try:
        yield reports
    finally:
        entrances.uninstall()
        session.close()
        reports.append(analysis.report())


@pytest.mark.parametrize("consumer", [Sync, Async])
def test_a_message_is_a_unit_of_work(consumer: Any) -> None:
    with audited() as reports:
        assert len(async_to_sync(talk)(consumer, 2)) == 2 * Book.objects.count()
    messages = {s.name: s for s in reports[0].scopes if s.kind == "message"}
    name = consumer.__name__
    assert set(messages) >= {f"{name} websocket.connect", f"{name} websocket.receive"}
    received = messages[f"{name} websocket.receive"]
    assert received.runs == 2
    assert messages[f"{name} websocket.connect"].queries == 1
    (finding,) = reports[0].findings
    assert finding.rule == "QA101"
    assert finding.location.function.rpartition(".")[2] in ("receive_json", "names")
    assert {scope.name for scope in finding.scopes} == {received.name}
    assert "secret" not in str(reports[0])


@pytest.mark.parametrize("consumer", [Sync, Async])
def test_a_message_that_fails_is_ended(consumer: Any) -> None:
    class Failing(consumer):  # type: ignore[misc, valid-type]
        def receive_json(self, content: Any, **kwargs: Any) -> None:
            raise ZeroDivisionError("the consumer's own")

    with audited() as reports, pytest.raises(ZeroDivisionError):
        async_to_sync(talk)(Failing, timeout=2)
    names = {scope.name for scope in reports[0].scopes if scope.kind == "message"}
    assert "Failing websocket.receive" in names


def test_consumers_are_as_they_were_after_the_audit() -> None:
    from channels.consumer import AsyncConsumer, SyncConsumer

    before = [vars(c)["dispatch"] for c in (AsyncConsumer, SyncConsumer)]
    with audited():
        assert vars(SyncConsumer)["dispatch"] is not before[1]
    assert [vars(c)["dispatch"] for c in (AsyncConsumer, SyncConsumer)] == before


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server's own audit, taken out afterwards."""
    from queryaudit.integrations.channels import Messages, audit_messages

    connected: list[Any] = []
    original = Messages.connect
    monkeypatch.setattr(Messages, "connect", lambda self: (connected.append(self), original(self)))
    with override_settings(
        QUERYAUDIT={"enabled": True, "strict": True, "test-files": [], "select": ["QA1"]}
    ):
        audit_messages()
    yield
    for messages in connected:
        messages.disconnect()


@pytest.mark.usefixtures("application")
def test_a_server_logs_what_it_finds(caplog: pytest.LogCaptureFixture) -> None:
    outside(lambda: async_to_sync(talk)(Sync))
    (line,) = [r.getMessage() for r in caplog.records if r.name == "queryaudit"]
    assert line.startswith("QA101 author is loaded once per Book row")
    assert " in Sync websocket.receive." in line
