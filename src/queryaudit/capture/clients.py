"""Where known clients do something outside the database: the one call that all their ways share.

Calls are hooked and not sockets alone, so that what a test answers itself is seen as well. Modules
that nobody imported are left alone.
"""

from __future__ import annotations

from typing import NamedTuple

from queryaudit.records.kinds import EffectKind


class Entry(NamedTuple):
    """A function of ``module`` by its dotted name."""

    module: str
    name: str
    kind: EffectKind
    #: Who it is for the reader; empty: the package that the project called.
    client: str = ""
    #: Only when the project itself calls it.
    direct: bool = False
    #: In each class that is derived from that one.
    derived: bool = False
    #: Position and name of what is written: only if it is large.
    content: tuple[int, str] | None = None


#: Modules that are imported when they are first used, which may be in a transaction, by the
#: packages that use them.
LATE: dict[str, tuple[str, ...]] = {
    "django.core.mail": tuple(
        f"django.core.mail.backends.{backend}"
        for backend in ("locmem", "console", "smtp", "filebased", "dummy")
    ),
    "django.core.cache": tuple(
        f"django.core.cache.backends.{backend}"
        for backend in ("locmem", "redis", "memcached", "filebased")
    ),
    "celery": ("celery.app.task",),
}

_NETWORK, _MAIL, _PUBLISH = EffectKind.NETWORK, EffectKind.MAIL, EffectKind.PUBLISH
_CACHE, _FILE = EffectKind.CACHE, EffectKind.FILE

ENTRIES: tuple[Entry, ...] = (
    Entry("requests.sessions", "Session.send", _NETWORK),
    Entry("httpx", "Client.send", _NETWORK),
    Entry("httpx", "AsyncClient.send", _NETWORK),
    Entry("urllib3.connectionpool", "HTTPConnectionPool.urlopen", _NETWORK),
    Entry("aiohttp.client", "ClientSession._request", _NETWORK),
    Entry("urllib.request", "OpenerDirector.open", _NETWORK),
    Entry("http.client", "HTTPConnection.request", _NETWORK),
    Entry("botocore.client", "BaseClient._make_api_call", _NETWORK),
    Entry("socket", "socket.connect", _NETWORK),
    Entry("smtplib", "SMTP.connect", _MAIL),
    Entry("smtplib", "SMTP.sendmail", _MAIL),
    # Not EmailMessage.send(), which warns whoever calls it from outside of Django: that must not be
    # us, on behalf of Django itself.
    Entry(
        *("django.core.mail.backends.base", "BaseEmailBackend.send_messages"),
        *(_MAIL, "Django's mail"),
        derived=True,
    ),
    Entry("celery.app.task", "Task.apply_async", _PUBLISH, "Celery"),
    Entry("celery.app.base", "Celery.send_task", _PUBLISH, "Celery"),
    Entry("kombu.messaging", "Producer.publish", _PUBLISH),
    Entry("rq.queue", "Queue.enqueue_call", _PUBLISH, "RQ"),
    Entry("rq.queue", "Queue.enqueue_job", _PUBLISH, "RQ"),
    Entry("dramatiq.actor", "Actor.send_with_options", _PUBLISH, "Dramatiq"),
    Entry("huey.api", "Huey.enqueue", _PUBLISH, "Huey"),
    *(
        Entry(module, "BaseTaskBackend.enqueue", _PUBLISH, "Django's tasks", derived=True)
        for module in ("django.tasks.backends.base", "django_tasks.backends.base")
    ),
    Entry("kafka.producer.kafka", "KafkaProducer.send", _PUBLISH, "Kafka"),
    *(
        Entry(module, f"{layer}.{method}", _PUBLISH, "Channels")
        for module, layer in (
            ("channels.layers", "InMemoryChannelLayer"),
            ("channels_redis.core", "RedisChannelLayer"),
            ("channels_redis.pubsub", "RedisPubSubChannelLayer"),
        )
        for method in ("send", "group_send")
    ),
    *(
        Entry(module, f"{cache}.{method}", _CACHE, "the cache", direct=True)
        for module, cache in (
            ("django.core.cache.backends.locmem", "LocMemCache"),
            ("django.core.cache.backends.redis", "RedisCache"),
            ("django.core.cache.backends.memcached", "BaseMemcachedCache"),
            ("django.core.cache.backends.filebased", "FileBasedCache"),
            ("django_redis.cache", "RedisCache"),
        )
        for method in ("set", "set_many", "delete", "delete_many")
    ),
    Entry(
        *("django.core.files.storage.base", "Storage.save", _FILE, "Django's storage"),
        derived=True,
        content=(2, "content"),
    ),
    Entry("pathlib", "Path.write_bytes", _FILE, "pathlib", content=(1, "data")),
    Entry("pathlib", "Path.write_text", _FILE, "pathlib", content=(1, "data")),
    Entry("shutil", "copyfile", _FILE, "shutil", content=(0, "src")),
    Entry("subprocess", "Popen.__init__", EffectKind.PROCESS),
    Entry("os", "system", EffectKind.PROCESS),
    Entry("time", "sleep", EffectKind.SLEEP, "time.sleep()"),
    Entry("asyncio", "sleep", EffectKind.SLEEP, "asyncio.sleep()", direct=True),
)

#: Who talks to a database, a cache or a log on its own behalf: parts of paths.
UNHEARD = (
    *("/django/db/backends/", "/django/core/cache/", "/django_redis/", "/logging/"),
    *("/psycopg/", "/psycopg2/", "/pymysql/", "/MySQLdb/", "/oracledb/", "/redis/", "/valkey/"),
    *("/pymemcache/", "/pylibmc/", "/sentry_sdk/", "/opentelemetry/", "/ddtrace/", "/asyncio/"),
)
