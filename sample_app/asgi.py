"""The shop as an ASGI application: pages, and a socket."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sample_app.settings")

pages = get_asgi_application()  # first: what follows needs the applications to be ready

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from sample_app.shop.consumers import FastStockConsumer, StockConsumer  # noqa: E402

sockets = URLRouter(
    [
        path("live/stock/", StockConsumer.as_asgi()),
        path("live/stock/fast/", FastStockConsumer.as_asgi()),
    ]
)
application = ProtocolTypeRouter({"http": pages, "websocket": sockets})
