"""An application of three views, audited by the middleware, on a WSGI or an ASGI server of its own.

``python -m tests.integration.lock_server wsgi`` prints its port and serves until it is killed. Its
database and the folder for its trace come in as JSON on the command line.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

RELEASED = threading.Event()
#: Longer than any test waits for it.
PATIENCE_S = 300


def hold(request: HttpRequest) -> HttpResponse:
    from django.db import transaction

    from sample_app.shop.models import Tag

    with transaction.atomic():
        Tag.objects.filter(name="contended").update(name="contended")
        RELEASED.wait(PATIENCE_S)
    return HttpResponse("held")


def wait(request: HttpRequest) -> HttpResponse:
    from sample_app.shop.models import Tag

    Tag.objects.filter(name="contended").update(name="contended")
    return HttpResponse("waited")


def release(request: HttpRequest) -> HttpResponse:
    RELEASED.set()
    return HttpResponse("released")


urlpatterns = [path("hold/", hold), path("wait/", wait), path("release/", release)]


def configure(database: dict[str, Any], trace: str) -> None:
    settings.configure(
        DATABASES={"default": database},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.contenttypes", "sample_app.shop"],
        MIDDLEWARE=["queryaudit.middleware.QueryAuditMiddleware"],
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="of a test",
        USE_TZ=True,
        QUERYAUDIT={
            "enabled": True,
            "watch-locks": True,
            "trace": trace,
            "test-files": [],
            "strict": True,
        },
    )
    django.setup()


def serve_wsgi() -> None:
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    print(server.server_port, flush=True)
    server.serve_forever()


def serve_asgi() -> None:
    from daphne.server import Server
    from django.core.asgi import get_asgi_application

    def ready() -> None:
        [(_, port)] = server.listening_addresses
        print(port, flush=True)

    endpoints = ["tcp:port=0:interface=127.0.0.1"]
    server = Server(get_asgi_application(), endpoints, ready_callable=ready)
    server.run()


if __name__ == "__main__":
    # Views are found by the module's name: as ``__main__`` there would be two of it.
    from tests.integration import lock_server

    kind, database, trace = sys.argv[1:]
    lock_server.configure(json.loads(database), trace)
    {"wsgi": lock_server.serve_wsgi, "asgi": lock_server.serve_asgi}[kind]()
