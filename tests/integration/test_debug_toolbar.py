"""The panel in the real toolbar: alone and beside the middleware, sync and async, kept in the
toolbar's store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connections
from django.test import AsyncClient, Client, override_settings

from queryaudit.integrations.debug_toolbar.rows import panel_rows
from queryaudit.runtime import Session
from tests.golden.sample import sample, with_texts
from tests.integration.serving import MIDDLEWARE, SERVED

pytest.importorskip("debug_toolbar")

PANEL = "queryaudit.integrations.debug_toolbar.QueryAuditPanel"
TOOLBAR = "debug_toolbar.middleware.DebugToolbarMiddleware"
PANELS = [
    "debug_toolbar.panels.history.HistoryPanel",
    "debug_toolbar.panels.timer.TimerPanel",
    PANEL,
    "debug_toolbar.panels.sql.SQLPanel",
]
TAGS = {"p", "strong", "h4", "pre", "code", "table", "thead", "tbody", "tr", "th", "td", "div"}

pytestmark = pytest.mark.usefixtures("standing_shop", "fresh")


def with_toolbar(*middleware: str, **options: object) -> Any:
    chosen: dict[str, object] = {"log": False, "server-timing": False, "strict": True}
    chosen["select"] = ["QA1"]
    chosen |= {name.replace("_", "-"): value for name, value in options.items()}
    return override_settings(
        **{
            **SERVED,
            "ROOT_URLCONF": "tests.browser.urls",
            "MIDDLEWARE": middleware or (TOOLBAR,),
            "DEBUG": True,
            "INTERNAL_IPS": ["127.0.0.1"],
            "STATIC_URL": "/static/",
            "DEBUG_TOOLBAR_PANELS": PANELS,
            "QUERYAUDIT": chosen,
        }
    )


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No requests and no configuration of another test."""
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "debug_toolbar"]):
        from debug_toolbar.store import get_store

        from queryaudit.integrations.debug_toolbar import QueryAuditPanel

        monkeypatch.setattr(QueryAuditPanel, "_audits", None)
        yield
        get_store().clear()
        for connection in connections.all(initialized_only=True):
            # After an asynchronous request the toolbar goes on watching.
            if hasattr(connection, "_djdt_logger"):
                connection._djdt_logger = None


def stored() -> dict[str, Any]:
    """The panel's data of the last request, as they come back from the store."""
    from debug_toolbar.store import get_store

    store = get_store()
    last = list(store.request_ids())[-1]
    return dict(store.panel(last, "QueryAuditPanel"))


def rendered() -> str:
    """What the toolbar's own view sends to the page for the last request."""
    from debug_toolbar.store import get_store

    last = list(get_store().request_ids())[-1]
    query = {"request_id": last, "panel_id": "QueryAuditPanel"}
    answer = Client().get("/__debug__/render_panel/", query)
    assert answer.status_code == 200
    return str(answer.json()["content"])


def test_a_finding_stands_in_the_panel_with_its_source_and_fix() -> None:
    with with_toolbar():
        assert Client().get("/lazy/").status_code == 200
        stats, page = stored(), rendered()
    (finding,) = stats["findings"]
    assert finding["rule"] == "QA101"
    assert finding["place"].startswith("tests/integration/views.py:")
    assert finding["function"] == "lazy"
    assert [line["sign"] for line in finding["lines"]].count(">") == 1
    (cause,) = finding["causes"]
    assert cause["description"] == "author"
    (edit,) = finding["fix"]["edits"]
    (come,) = [line["text"] for line in edit["lines"] if line["sign"] == "+"]
    assert 'Book.objects.all().select_related("author")' in come
    assert "QA101 lazy-relation-in-loop" in page
    assert "select_related(&quot;author&quot;)" in page


def test_repeated_statements_are_one_row_with_their_cause() -> None:
    with with_toolbar():
        Client().get("/lazy/")
        stats = stored()
    assert stats["queries"] == 1 + stats["statements"][0]["calls"]
    assert [row["calls"] for row in stats["statements"]] == [stats["queries"] - 1, 1]
    repeated, single = stats["statements"]
    assert "shop_author" in repeated["statement"]
    assert len(repeated["causes"]) == 1
    assert repeated["causes"][0].startswith("QA101 author")
    assert repeated["places"][0].startswith("tests/integration/views.py:")
    assert single["causes"] == []


@pytest.mark.parametrize("middleware", [(TOOLBAR,), (MIDDLEWARE, TOOLBAR)])
def test_rows_and_the_time_to_build_their_objects_are_told(middleware: tuple[str, ...]) -> None:
    with with_toolbar(*middleware):
        Client().get("/lazy/")
        stats, page = stored(), rendered()
    _, books = stats["statements"]
    assert "shop_book" in books["statement"]
    assert books["rows"] == stats["rows"] == stats["queries"] - 1
    assert books["built"]
    assert f"{stats['rows']} rows, built into objects in " in page


def test_an_asynchronous_request_is_audited() -> None:
    async def get() -> Any:
        return await AsyncClient(REMOTE_ADDR="127.0.0.1").get("/live/books/")

    with with_toolbar():
        response = async_to_sync(get)()
        stats = stored()
    assert response.status_code == 200
    assert [finding["rule"] for finding in stats["findings"]] == ["QA103"]
    assert f'desc="1 finding, {stats["queries"]} queries"' in response.headers["Server-Timing"]


@pytest.mark.parametrize("order", [(MIDDLEWARE, TOOLBAR), (TOOLBAR, MIDDLEWARE)])
@pytest.mark.parametrize("path", ["/lazy/", "/live/books/"])
def test_beside_the_middleware_the_panel_tells_the_same(order: tuple[str, str], path: str) -> None:
    def findings(*middleware: str) -> list[tuple[object, ...]]:
        with with_toolbar(*middleware):
            Client().get(path)
            return [
                (f["rule"], f["place"], [c["queries"] for c in f["causes"]], f["fix"]["title"])
                for f in stored()["findings"]
            ]

    alone = findings(TOOLBAR)
    assert alone
    assert findings(*order) == alone


def test_beside_the_middleware_a_query_is_written_down_once() -> None:
    with with_toolbar(MIDDLEWARE, TOOLBAR, server_timing=True):
        response = Client().get("/lazy/")
        stats = stored()
    both = response.headers["Server-Timing"]
    assert f'desc="{stats["queries"]} queries"' in both
    assert f'desc="1 finding, {stats["queries"]} queries"' in both


def test_the_log_has_the_same_finding_beside_the_panel(caplog: pytest.LogCaptureFixture) -> None:
    with with_toolbar(MIDDLEWARE, TOOLBAR, log=True):
        Client().get("/lazy/")
    lines = [r.getMessage() for r in caplog.records if r.name == "queryaudit"]
    assert [line.split()[0] for line in lines] == ["QA101"]


def test_a_streamed_response_is_told_of_when_it_has_ended() -> None:
    with with_toolbar():
        response = Client().get("/streamed/")
        assert "streamed" in stored()["instead"]
        list(response.streaming_content)
        stats = stored()
    assert not stats["instead"]
    assert stats["queries"] > 1
    assert [finding["rule"] for finding in stats["findings"]] == ["QA104"]


def test_an_error_of_the_view_is_still_told_of() -> None:
    with with_toolbar():
        assert Client(raise_request_exception=False).get("/failing/").status_code == 500
        assert stored()["queries"] == 1


def test_a_request_without_queries_says_so() -> None:
    with with_toolbar():
        Client().get("/nowhere/")
        assert "Nothing was found." in rendered()


def test_the_history_shows_an_earlier_request_again() -> None:
    from debug_toolbar.store import get_store

    with with_toolbar():
        Client().get("/lazy/")
        first = list(get_store().request_ids())[-1]
        Client().get("/plain/")
        answer = Client().get(
            "/__debug__/history_sidebar/", {"request_id": first, "exclude_history": True}
        )
    button = json.loads(answer.content)["QueryAuditPanel"]["button"]
    assert re.search(r"1 finding, \d+ queries", button)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"enabled": False}, "the option enabled is false"),
        ({"ignore_paths": ["/lazy/"]}, "ignore-paths names its path"),
        ({"fail_on": "sometimes"}, "queryaudit is off: "),
    ],
)
def test_why_nothing_is_audited_is_said(options: dict[str, object], said: str) -> None:
    with with_toolbar(**options):
        assert Client().get("/lazy/").status_code == 200
        assert said in rendered()
    assert Session.current is None or "enabled" not in options


def test_panels_may_be_part_of_the_page() -> None:
    with with_toolbar(), override_settings(DEBUG_TOOLBAR_CONFIG={"RENDER_PANELS": True}):
        page = Client().get("/authors/").content.decode()
    assert "Use of the database" in page
    assert "QA104" in page


def test_everything_that_is_printed_is_escaped() -> None:
    hostile = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"&{{ panel }}{% now %}"
    with with_toolbar():
        from debug_toolbar.toolbar import StoredDebugToolbar, from_store_get_response

        from queryaudit.integrations.debug_toolbar import QueryAuditPanel

        report = with_texts(sample(), lambda text: hostile + text)
        stored = StoredDebugToolbar(None, from_store_get_response, request_id="0" * 32)
        panel = QueryAuditPanel(stored, from_store_get_response)
        panel.record_stats(asdict(panel_rows(report, {})))
        page = panel.content
    assert "&lt;script&gt;" in page
    assert set(re.findall(r"<(\w+)", page)) <= TAGS
    assert not re.search(r"<[^>]*\s(?:style|on\w+|src|href)=", page)
