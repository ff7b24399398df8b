"""The panel as a person sees it: in a real Chromium, under a content security policy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from pytest_django.live_server_helper import LiveServer

from tests.integration.test_debug_toolbar import PANELS, TOOLBAR

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; object-src 'none'"

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no chromium on PATH"),
    pytest.mark.django_db(transaction=True),
]
playwright = pytest.importorskip("playwright.sync_api")
pytest.importorskip("debug_toolbar")


def secured(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """A middleware: what a careful site sends with each page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return middleware


@pytest.fixture
def site(request: pytest.FixtureRequest, shop: None) -> Iterator[LiveServer]:
    """The shop with the toolbar, served."""
    installed = [*settings.INSTALLED_APPS, "debug_toolbar"]
    with override_settings(
        INSTALLED_APPS=installed,
        DEBUG=True,
        ROOT_URLCONF="tests.browser.urls",
        INTERNAL_IPS=["127.0.0.1"],
        STATIC_URL="/static/",
        MIDDLEWARE=[f"{__name__}.secured", TOOLBAR],
        DEBUG_TOOLBAR_PANELS=PANELS,
        QUERYAUDIT={"strict": True},
    ):
        yield request.getfixturevalue("live_server")


class Visit:
    """A page in the browser, and what its console complained of."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning") and "favicon" not in message.location["url"]:
            self.complaints.append(message.text)

    def open_panel(self, address: str) -> Any:
        self.page.goto(address, wait_until="networkidle")
        if not self.page.locator("#djDebugToolbar").is_visible():
            self.page.click("#djShowToolBarButton")
        self.page.click("#djdt-QueryAuditPanel a.QueryAuditPanel")
        panel = self.page.locator("#QueryAuditPanel")
        panel.locator(".djdt-scroll p").first.wait_for()
        return panel


@pytest.fixture
def visit(site: LiveServer) -> Iterator[Visit]:
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=BROWSER, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        yield Visit(page)
        browser.close()


def test_findings_and_folded_statements_are_seen(site: LiveServer, visit: Visit) -> None:
    panel = visit.open_panel(f"{site.url}/page/books/")
    for text in (
        "QA101 lazy-relation-in-loop",
        "tests/browser/views.py:",
        'select_related("author__publisher")',
        "Statements",
    ):
        assert panel.get_by_text(text).first.is_visible(), text
    button = visit.page.locator("#djdt-QueryAuditPanel")
    assert "finding" in button.inner_text()
    calls = panel.locator("table").last.locator("tbody tr td:first-child").all_inner_texts()
    assert int(calls[0]) > 1
    assert visit.complaints == []


def test_an_earlier_request_is_seen_again_from_the_history(site: LiveServer, visit: Visit) -> None:
    visit.open_panel(f"{site.url}/page/authors/")
    visit.open_panel(f"{site.url}/page/books/")
    page = visit.page
    page.locator("#QueryAuditPanel .djDebugClose").click()
    page.click("#djdt-HistoryPanel a.HistoryPanel")
    row = page.locator("#HistoryPanel tr", has_text="/page/authors/")
    row.locator("button.switchHistory").click()
    page.click("#djdt-QueryAuditPanel a.QueryAuditPanel")
    panel = page.locator("#QueryAuditPanel")
    panel.get_by_text("in authors").first.wait_for()
    assert panel.get_by_text("QA104").first.is_visible()
    assert visit.complaints == []


def test_a_page_of_the_shop_with_the_panel_can_be_photographed(
    site: LiveServer, visit: Visit, tmp_path: Path
) -> None:
    visit.page.route("https://unpkg.com/**", lambda route: route.abort())
    panel = visit.open_panel(f"{site.url}/books/")
    assert panel.get_by_text("sample_app/shop/views/books.py:").first.is_visible()
    picture = Path(os.environ.get("PICTURES", tmp_path), "toolbar.png")
    assert len(visit.page.screenshot(path=picture)) > 10_000
