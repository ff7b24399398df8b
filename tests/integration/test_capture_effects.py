"""What code does outside the database: seen while a transaction is open, and only then."""

from __future__ import annotations

import asyncio
import http.client
import os
import smtplib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import sleep

import aiohttp
import boto3
import celery
import dramatiq
import httpx
import pytest
import requests
import responses
import respx
import urllib3
from asgiref.sync import async_to_sync
from botocore.stub import Stubber
from channels.layers import InMemoryChannelLayer
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from dramatiq.brokers.stub import StubBroker

from queryaudit.records.events import Effect, EffectKind
from sample_app.shop.models import Tag
from tests.integration.recording import Recording

URL = "https://payments.example/charge"
app = celery.Celery("shop", broker="memory://")
app.conf.task_always_eager = True
broker = StubBroker()
dramatiq.set_broker(broker)


@app.task
def eager_task(*arguments: object) -> None:
    pass


@dramatiq.actor(broker=broker)
def actor(*arguments: object) -> None:
    pass


@responses.activate
def _requests() -> None:
    responses.post(URL, json={})
    requests.post(URL, timeout=1)


@responses.activate
def _session() -> None:
    responses.get(URL, json={})
    with requests.Session() as session:
        session.get(URL)


@respx.mock
def _httpx() -> None:
    respx.post(URL).respond(json={})
    httpx.post(URL)


@respx.mock
def _async_httpx() -> None:
    respx.post(URL).respond(json={})

    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            await client.post(URL)

    async_to_sync(ask)()


def _aiohttp() -> None:
    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            try:
                await session.get("http://127.0.0.1:9/")
            except aiohttp.ClientError:
                pass

    async_to_sync(ask)()


def _urllib() -> None:
    with urllib.request.urlopen("data:,nothing"):
        pass


def _socket() -> None:
    import socket

    with socket.socket() as one:
        one.connect_ex(("127.0.0.1", 9))
        try:
            one.connect(("127.0.0.1", 9))
        except OSError:
            pass


def _smtplib() -> None:
    with suppress(OSError):
        smtplib.SMTP("127.0.0.1", 9, timeout=5)


def _http_client() -> None:
    with suppress(OSError):
        http.client.HTTPConnection("127.0.0.1", 9, timeout=5).request("GET", "/")


def _urllib3() -> None:
    with suppress(urllib3.exceptions.HTTPError):
        urllib3.PoolManager(retries=False).request("GET", "http://127.0.0.1:9/", timeout=5)


def _boto3() -> None:
    client = boto3.client(
        "sqs", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    with Stubber(client) as stub:
        stub.add_response("list_queues", {})
        client.list_queues()


def _layer() -> None:
    layer = InMemoryChannelLayer()
    async_to_sync(layer.group_send)("shop", {"type": "news"})


DONE: dict[str, tuple[Callable[[], object], EffectKind, str]] = {
    "requests": (_requests, EffectKind.NETWORK, "requests"),
    "a session of requests": (_session, EffectKind.NETWORK, "requests"),
    "httpx": (_httpx, EffectKind.NETWORK, "httpx"),
    "httpx, asynchronous": (_async_httpx, EffectKind.NETWORK, "httpx"),
    "aiohttp": (_aiohttp, EffectKind.NETWORK, "aiohttp"),
    "urllib": (_urllib, EffectKind.NETWORK, "urllib"),
    "urllib3": (_urllib3, EffectKind.NETWORK, "urllib3"),
    "http.client": (_http_client, EffectKind.NETWORK, "http"),
    "smtplib": (_smtplib, EffectKind.MAIL, "smtplib"),
    "a socket": (_socket, EffectKind.NETWORK, "socket"),
    "boto3": (_boto3, EffectKind.NETWORK, "botocore"),
    "mail": (
        lambda: mail.send_mail("s", "b", "a@example.com", ["b@example.com"]),
        EffectKind.MAIL,
        "Django's mail",
    ),
    "mass mail": (
        lambda: mail.send_mass_mail([("s", "b", "a@example.com", ["b@example.com"])]),
        EffectKind.MAIL,
        "Django's mail",
    ),
    "Celery": (lambda: eager_task.delay(1), EffectKind.PUBLISH, "Celery"),
    "Celery by name": (
        lambda: app.send_task("shop.task", ignore_result=True),
        EffectKind.PUBLISH,
        "Celery",
    ),
    "Dramatiq": (lambda: actor.send(1), EffectKind.PUBLISH, "Dramatiq"),
    "Channels": (_layer, EffectKind.PUBLISH, "Channels"),
    "a process": (
        lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        EffectKind.PROCESS,
        "subprocess",
    ),
    "a shell": (lambda: os.system("true"), EffectKind.PROCESS, "os"),
    "sleep": (lambda: time.sleep(0.001), EffectKind.SLEEP, "time.sleep()"),
    "sleep by its name": (lambda: sleep(0.001), EffectKind.SLEEP, "time.sleep()"),
    "the cache": (lambda: cache.set("a", 1), EffectKind.CACHE, "the cache"),
}

each = pytest.mark.parametrize("name", DONE)


def effects(seen: Recording) -> list[Effect]:
    return [event for event in seen.events.occurrences if isinstance(event, Effect)]


def test_at_least_fifteen_clients_are_known() -> None:
    assert len({client for _, _, client in DONE.values()}) >= 15


@each
@pytest.mark.django_db
def test_in_a_transaction_it_is_seen_once(name: str) -> None:
    run, kind, client = DONE[name]
    with Recording() as seen, transaction.atomic():
        Tag.objects.create(name="new")
        run()
    [effect] = effects(seen)
    assert (effect.kind, effect.client) == (kind, client)
    assert effect.duration_ns > 0
    assert effect.transaction == seen.about("shop_tag")[0].transaction
    assert seen.session.hub.tables.stacks[effect.stack].frames[0].path.endswith("effects.py")
    assert not seen.errors


@each
@pytest.mark.django_db
def test_outside_a_transaction_it_is_not(name: str) -> None:
    with Recording() as seen:
        with transaction.atomic():
            Tag.objects.count()
        DONE[name][0]()
    assert effects(seen) == []


@each
@pytest.mark.django_db(transaction=True)
def test_after_the_commit_it_is_not(name: str) -> None:
    with Recording() as seen, transaction.atomic():
        Tag.objects.create(name="new")
        transaction.on_commit(DONE[name][0])
    assert effects(seen) == []


@pytest.mark.django_db
def test_what_waits_for_nobody_is_not() -> None:
    with Recording() as seen, transaction.atomic():
        time.sleep(0)
        cache.get("a")
        connection.ensure_connection()
    assert effects(seen) == []


@pytest.mark.django_db
def test_rows_named_by_what_is_published_are_known() -> None:
    with Recording() as seen, transaction.atomic():
        tag = Tag.objects.create(name="new")
        other = Tag.objects.create(name="other")
        eager_task.delay(tag.pk)
        eager_task.delay({"tag": str(other.pk)})
        eager_task.delay("all")
    assert [effect.rows for effect in effects(seen)] == [("shop.Tag",), ("shop.Tag",), ()]


@pytest.mark.django_db
def test_another_thread_does_it_outside_the_transaction() -> None:
    async def ask() -> None:
        await asyncio.sleep(0)

    with Recording() as seen, transaction.atomic():
        async_to_sync(ask)()
    assert effects(seen) == []


@pytest.mark.django_db
def test_the_functions_are_their_own_again_afterwards() -> None:
    before = (time.sleep, requests.Session.send, subprocess.Popen.__init__)
    with Recording(), transaction.atomic():
        assert before[0] is not time.sleep
    assert before == (time.sleep, requests.Session.send, subprocess.Popen.__init__)
    assert sleep is time.sleep


class OwnBackend(BaseEmailBackend):
    """A project's own way to send mail."""

    def send_messages(self, messages: Sequence[object]) -> int:
        return len(messages)


@pytest.mark.django_db
def test_a_backend_of_the_projects_own_sends_mail_too() -> None:
    message = mail.EmailMessage("s", "b", "a@example.com", ["b@example.com"])
    with Recording() as seen, transaction.atomic():
        OwnBackend().send_messages([message])
    [effect] = effects(seen)
    assert (effect.kind, effect.client) == (EffectKind.MAIL, "Django's mail")


@pytest.mark.django_db
def test_who_calls_is_who_called_before() -> None:
    """Django warns callers from outside of it: a hook of ours is none of them."""
    message = mail.EmailMessage("s", "b", "a@example.com", ["b@example.com"])
    with Recording(), transaction.atomic():
        assert not hasattr(type(message).send, "__queryaudit_original__")
        assert message.send() == 1
