"""What to write instead of loading everything: a page, or one chunk after the other."""

from __future__ import annotations

from queryaudit.detectors.base import Sighting
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import FrameKind

_STREAM = "If every row is needed, `.iterator(chunk_size=2000)` holds a few of them at a time."
_COLUMNS = "`values_list(...)` with the columns that are used builds no objects."


def fix(head: Sighting) -> Fix:
    name = (head.model or "").rpartition(".")[2] or "Model"
    via = head.method or ""
    if via == "cursor":
        return _fix(
            "take the rows in chunks",
            "cursor.execute(...)  # ... ORDER BY id LIMIT 2000\n"
            "while rows := cursor.fetchmany(2000):\n    ...",
            "On PostgreSQL the driver holds all rows unless the cursor is a server-side one: LIMIT "
            "and the last key, or `connection.connection.cursor(name=...)`.",
        )
    if via.startswith("rest_framework."):
        return _fix(
            "page the list",
            "from rest_framework.pagination import PageNumberPagination\n\n"
            "class Pages(PageNumberPagination):\n    page_size = 50\n\n"
            "# on the view:\npagination_class = Pages",
            "Responses then come in pages: clients have to follow `next`.",
        )
    if via.startswith("django.views.generic."):
        return _fix("page the list", "paginate_by = 50", "The template gets `page_obj`.")
    shown = head.access.kind is not FrameKind.PROJECT or via.startswith("django.template.")
    if shown or "request" in "\n".join(head.frame.snippet):
        return _fix(
            "page the list",
            "from django.core.paginator import Paginator\n\n"
            f'pages = Paginator({name}.objects.order_by("pk"), 50)\n'
            'page = pages.get_page(request.GET.get("page"))',
            f"{_STREAM}\n{_COLUMNS}",
        )
    rows = f"{name}.objects.iterator(chunk_size=2000)"
    return _fix(
        "take the rows in chunks",
        f"for {name.lower()} in {rows}:\n    ...",
        f"For people to look at, page the list instead. {_COLUMNS}",
    )


def _fix(title: str, code: str, note: str) -> Fix:
    return Fix(title=title, applicability=Applicability.DISPLAY_ONLY, code=code, note=note)
