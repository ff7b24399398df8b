"""QA605: rows written while a request is served that should only read."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import update_last_login
from django.core.cache import caches
from django.core.management import call_command
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from sample_app.cases.undoing import undone
from sample_app.shop.models import Book, Review, Tag


def _get(name: str) -> int:
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
        return Client().get(f"/{name}/").status_code


def _post(name: str) -> int:
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
        return Client().post(f"/{name}/").status_code


def count_view(_request: HttpRequest) -> HttpResponse:
    Book.objects.filter(slug__gt="").update(stock=F("stock") + 1)
    return HttpResponse()


def drop(_request: HttpRequest) -> HttpResponse:
    Review.objects.filter(rating=1).delete()
    return HttpResponse()


def log(request: HttpRequest) -> HttpResponse:
    Tag.objects.create(name=request.path)
    return HttpResponse()


def show(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(Book.objects.earliest("pk").title)


def default_tag(_request: HttpRequest) -> HttpResponse:
    tag, _created = Tag.objects.get_or_create(name="default")
    return HttpResponse(tag.name)


def visit(request: HttpRequest) -> HttpResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse()


def seen(_request: HttpRequest) -> HttpResponse:
    update_last_login(None, get_user_model().objects.get(username="reader"))
    return HttpResponse()


def cached(_request: HttpRequest) -> HttpResponse:
    for tag in Tag.objects.order_by("pk"):
        caches["default"].set(f"tag-{tag.pk}", tag.name)
    return HttpResponse()


urlpatterns = [
    path(f"{view.__name__}/", view)
    for view in (count_view, drop, log, show, default_tag, visit, seen, cached)
]


@undone
def bad() -> int:
    """A counter on a page: every crawler counts."""
    return _get("count_view")


@undone
def good() -> int:
    """The same request by POST."""
    return _post("count_view")


@undone
def bad_delete() -> int:
    """A link that deletes."""
    return _get("drop")


@undone
def bad_insert() -> int:
    """A row for each request."""
    return _get("log")


@undone
def good_read() -> int:
    """A page that only reads."""
    return _get("show")


@undone
def good_first_time() -> int:
    """A row that is made when it is first asked for."""
    return _get("default_tag")


@undone
def good_session() -> int:
    """A session is kept by the way."""
    return _get("visit")


@undone
def good_last_login() -> int:
    """So is the time of the last login."""
    get_user_model().objects.create_user("reader")
    return _get("seen")


@undone
def good_cache() -> int:
    """A cache in the database is kept by the way, too."""
    backend = "django.core.cache.backends.db.DatabaseCache"
    with override_settings(CACHES={"default": {"BACKEND": backend, "LOCATION": "kept_pages"}}):
        call_command("createcachetable")
        return _get("cached")


@undone
def good_outside_of_requests() -> int:
    """A command or a task may write."""
    return Book.objects.update(stock=F("stock") + 1)
