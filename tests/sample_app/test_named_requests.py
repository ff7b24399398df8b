"""The report names partials and APIs by their routes, messages and tasks by their names."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

import queryaudit
from sample_app import drive

REQUESTS = [
    ("/books/{slug}/reviews/", {"HX-Request": "true"}, "GET /books/<slug:slug>/reviews/"),
    ("/api/ninja/books", {}, "GET /api/ninja/books"),
    ("/api/rest/books/", {}, "GET /api/rest/books/"),
]


@pytest.mark.parametrize(("path", "headers", "name"), REQUESTS)
def test_a_finding_names_the_request(
    shop: None, client: Client, path: str, headers: dict[str, str], name: str
) -> None:
    address = path.format(slug=drive.most_reviewed_book().slug)
    with queryaudit.audit(select=["QA1"]) as audited:
        assert client.get(address, headers=headers).status_code == 200
    assert audited.findings
    for finding in audited.findings:
        (scope,) = finding.scopes
        # Django's versions differ in what they leave of a regular expression.
        assert (scope.kind, scope.name.replace("^", "").rstrip("$")) == ("request", name)


def test_a_finding_names_the_task(shop: None) -> None:
    with queryaudit.audit(select=["QA1"]) as audited:
        drive.tasks().order_digest.delay()
    assert audited.findings
    for finding in audited.findings:
        assert [(s.kind, s.name) for s in finding.scopes] == [("task", "shop.order_digest")]


@pytest.mark.django_db(transaction=True)
def test_a_finding_names_the_message(shop: None) -> None:
    with queryaudit.audit(select=["QA1"]) as audited:
        async_to_sync(drive.ask)("/live/stock/", "e")
    (finding,) = audited.findings
    assert finding.rule == "QA101"
    assert [(s.kind, s.name) for s in finding.scopes] == [
        ("message", "StockConsumer websocket.receive")
    ]
