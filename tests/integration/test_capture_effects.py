"""What code does outside the database: seen while a transaction is open, and only then."""

from __future__ import annotations

import asyncio
import http.client
import io
import logging
import os
import shutil
import smtplib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from time import sleep

import aiohttp
import boto3
import celery
import django
import dramatiq
import httpx
import pytest
import requests
import responses
import respx
import rq
import urllib3
from asgiref.sync import async_to_sync
from botocore.stub import Stubber
from channels.layers import InMemoryChannelLayer
from django.core import mail
from django.core.cache import cache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.redis import RedisCache
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from dramatiq.brokers.stub import StubBroker
from huey import MemoryHuey
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from queryaudit.plans.url_server import UrlServer
from queryaudit.records.events import Effect
from queryaudit.records.kinds import EffectKind
from sample_app.shop.models import Tag
from tests.integration.recording import Recording
from tests.integration.test_cli_explain import url

URL = "https://payments.example/charge"
app = celery.Celery("shop", broker="memory://")
app.conf.task_always_eager = True
huey = MemoryHuey(immediate=True)
broker = StubBroker()
LARGE = b"x" * 100_000
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


@huey.task()
def huey_task(*arguments: object) -> None:
    pass


def _rq() -> None:
    with suppress(RedisError):
        rq.Queue(connection=Redis(port=9, retry=Retry(NoBackoff(), 0))).enqueue(print, 1)


def _backend(name: str) -> None:
    message = mail.EmailMessage("s", "b", "a@example.com", ["b@example.com"])
    backend = f"django.core.mail.backends.{name}.EmailBackend"
    with TemporaryDirectory() as folder, suppress(OSError):
        where = {"file_path": folder} if name == "filebased" else {}
        stream = {"stream": io.StringIO()} if name == "console" else {}
        host = {"host": "127.0.0.1", "port": 9} if name == "smtp" else {}
        get_connection(backend, **where, **stream, **host).send_messages([message])


def _redis_cache() -> None:
    with suppress(RedisError):
        RedisCache("redis://127.0.0.1:9", {"OPTIONS": {"retry": Retry(NoBackoff(), 0)}}).set("a", 1)


def _file_cache() -> None:
    with TemporaryDirectory() as folder:
        FileBasedCache(folder, {}).set("a", 1)


def _stored(content: bytes = LARGE) -> None:
    with TemporaryDirectory() as folder:
        FileSystemStorage(folder).save("a.bin", ContentFile(content))


def _stored_again(content: bytes = LARGE) -> None:
    """An open file, which Django wraps."""
    with TemporaryDirectory() as folder:
        with open(Path(folder, "b"), "wb") as file:
            file.write(content)
        with open(Path(folder, "b"), "rb") as file:
            FileSystemStorage(folder).save("c.bin", File(file))


def _written(content: bytes = LARGE) -> None:
    with TemporaryDirectory() as folder:
        Path(folder, "a").write_bytes(content)


def _text_written(content: bytes = LARGE) -> None:
    with TemporaryDirectory() as folder:
        Path(folder, "a").write_text(content.decode())


def _copied(content: bytes = LARGE) -> None:
    with TemporaryDirectory() as folder:
        with open(Path(folder, "a"), "wb") as file:
            file.write(content)
        shutil.copy(Path(folder, "a"), Path(folder, "b"))


FILES = (_stored, _stored_again, _written, _text_written, _copied)


def _asleep() -> None:
    async def wait() -> None:
        await asyncio.sleep(0.001)

    async_to_sync(wait)()


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
    "sleep of asyncio": (_asleep, EffectKind.SLEEP, "asyncio.sleep()"),
    "the cache": (lambda: cache.set("a", 1), EffectKind.CACHE, "the cache"),
    "many values for the cache": (
        lambda: cache.set_many({"a": 1, "b": 2}),
        EffectKind.CACHE,
        "the cache",
    ),
    "the cache is cleared of a key": (lambda: cache.delete("a"), EffectKind.CACHE, "the cache"),
    "a cache in Redis": (_redis_cache, EffectKind.CACHE, "the cache"),
    "a cache in files": (_file_cache, EffectKind.CACHE, "the cache"),
    "RQ": (_rq, EffectKind.PUBLISH, "RQ"),
    "Huey": (lambda: huey_task(1), EffectKind.PUBLISH, "Huey"),
    **{
        f"mail, {name}": (partial(_backend, name), EffectKind.MAIL, "Django's mail")
        for name in ("console", "filebased", "smtp", "dummy")
    },
    "a file of the storage": (_stored, EffectKind.FILE, "Django's storage"),
    "an open file for the storage": (_stored_again, EffectKind.FILE, "Django's storage"),
    "a file": (_written, EffectKind.FILE, "pathlib"),
    "a text": (_text_written, EffectKind.FILE, "pathlib"),
    "a copy": (_copied, EffectKind.FILE, "shutil"),
}
if django.VERSION >= (6, 0):
    from django.tasks import task

    @task
    def django_task(*arguments: object) -> None:
        pass

    DONE["Django's tasks"] = (
        lambda: django_task.enqueue(1),
        EffectKind.PUBLISH,
        "Django's tasks",
    )

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
@pytest.mark.parametrize("write", FILES)
def test_small_files_are_not(write: Callable[[bytes], object]) -> None:
    with Recording() as seen, transaction.atomic():
        write(b"a little")
    assert effects(seen) == []


@pytest.mark.django_db
def test_what_the_interpreter_and_logging_write_is_not() -> None:
    with Recording() as seen, transaction.atomic(), TemporaryDirectory() as folder:
        with NamedTemporaryFile(dir=folder) as file:
            file.write(LARGE)
        handler = logging.FileHandler(Path(folder, "log"))
        handler.emit(logging.makeLogRecord({"msg": LARGE.decode()}))
        handler.close()
    assert effects(seen) == []


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server to ask")
def test_connections_of_our_own_are_not() -> None:
    with Recording() as seen, transaction.atomic():
        Tag.objects.create(name="new")
        with closing(UrlServer.connect(url())) as server:
            assert server.run("SELECT 1")
    assert effects(seen) == []


@pytest.mark.django_db
def test_a_file_that_is_handed_over_is_left_as_it_is() -> None:
    """To ask for its size must not change it, or keep a size that may change."""
    content = File(io.BytesIO(LARGE))
    with Recording(), transaction.atomic(), TemporaryDirectory() as folder:
        name = FileSystemStorage(folder).save("a.bin", content)
        assert Path(folder, name).read_bytes() == LARGE
    assert "size" not in vars(content)


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
