"""Pages as HTML, which the toolbar puts itself into, with nothing fetched from elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join

from sample_app.shop.models import Author, Book


def books(request: HttpRequest) -> HttpResponse:
    rows = ((book.title, book.author.publisher.name) for book in Book.objects.all())
    return page("Books", rows)


def authors(request: HttpRequest) -> HttpResponse:
    rows = ((author.name, author.books.count()) for author in Author.objects.all())
    return page("Authors", rows)


def page(title: str, rows: object) -> HttpResponse:
    items = format_html_join("", "<li>{}: {}</li>", rows)  # type: ignore[arg-type]
    text = "<!doctype html><title>{}</title><body><h1>{}</h1><ul>{}</ul></body>"
    return HttpResponse(format_html(text, title, title, items))
