"""A path for each call site, and what is sent to it: nothing that anybody would call an attack."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

from django.http import JsonResponse
from django.test import Client
from django.urls import path
from django.views import View
from ninja import NinjaAPI

from benchmarks.raw_sql import dynamic, harmless

QUERY = {
    "q": "Harmless",
    "sort": "price",
    "table": "shop_book",
    "direction": "DESC",
    "function": "ROUND",
    "limit": "3",
}
_NOT_VIEWS = frozenset({"rows", "count"})

api = NinjaAPI(urls_namespace="raw-sql", title="Raw SQL")
api.get("/of_ninja")(dynamic.of_ninja)


class CallSite(NamedTuple):
    """One view. ``function`` is where its SQL is run or put together."""

    module: ModuleType
    name: str
    view: Any

    @property
    def is_dynamic(self) -> bool:
        return self.module is dynamic

    @property
    def path(self) -> str:
        return f"{self.module.__name__.rpartition('.')[2]}/{self.name}"

    def ask(self, client: Client) -> Any:
        """Send a benign request."""
        url = f"/{self.path}"
        if self.name == "path_part":
            return client.get(f"{url}/harmless")
        if self.name == "of_ninja":
            return client.get("/api/of_ninja", QUERY)
        if self.name in ("json_body", "OfRestFramework"):
            return client.post(url, QUERY, content_type="application/json")
        if self.name == "posted":
            return client.post(url, QUERY)
        client.cookies["lang"] = "harmless"
        return client.get(url, QUERY, HTTP_X_TENANT="harmless")


def call_sites() -> list[CallSite]:
    return [*_of(dynamic), *_of(harmless)]


def _of(module: ModuleType) -> Iterator[CallSite]:
    for name, value in vars(module).items():
        if getattr(value, "__module__", "") != module.__name__ or name in _NOT_VIEWS:
            continue
        if inspect.isfunction(value) or (inspect.isclass(value) and issubclass(value, View)):
            yield CallSite(module, name, value)


def _answered(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, with its rows as a response."""
    if inspect.iscoroutinefunction(view):

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return JsonResponse({"rows": str(await view(*args, **kwargs))})

        return awaited

    def answer(*args: Any, **kwargs: Any) -> Any:
        found = view(*args, **kwargs)
        return found if hasattr(found, "status_code") else JsonResponse({"rows": str(found)})

    return answer


def _routes() -> Iterator[Any]:
    for site in call_sites():
        view = site.view.as_view() if inspect.isclass(site.view) else site.view
        extra = "/<slug:slug>" if site.name == "path_part" else ""
        if site.name != "of_ninja":
            answered = _answered(view)
            if hasattr(view, "csrf_exempt"):
                answered.csrf_exempt = True  # type: ignore[attr-defined]
            yield path(site.path + extra, answered)


urlpatterns = [*_routes(), path("api/", api.urls)]
