"""Choices of the admin's fields and filters, whose labels read further."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

import queryaudit
from sample_app.shop.admin import BookAdmin
from sample_app.shop.models import Publisher

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture(autouse=True)
def houses_with_their_countries(monkeypatch: pytest.MonkeyPatch) -> None:
    def label(house: Publisher) -> str:
        return f"{house.name}, {house.country.name}"

    monkeypatch.setattr(Publisher, "__str__", label)


def test_what_the_labels_of_a_field_read_is_loaded_by_its_queryset(admin_client: Client) -> None:
    with queryaudit.audit() as audited:
        admin_client.get("/admin/shop/book/add/")
    [finding] = audited.findings
    assert finding.rule == "QA101"
    assert finding.location.path == "sample_app/shop/admin.py"
    assert finding.location.function == "BookAdmin.field[publisher]"
    assert finding.fix is not None
    # For foreign keys and many-to-many fields alike.
    assert finding.fix.code.splitlines()[:3] == [
        "def formfield_for_dbfield(self, db_field, request, **kwargs):",
        '    if db_field.name == "publisher":',
        '        kwargs["queryset"] = Publisher.objects.select_related("country")',
    ]


def test_what_the_labels_of_a_filter_read_is_loaded_by_one_of_ones_own(
    admin_client: Client,
) -> None:
    with queryaudit.audit() as audited:
        admin_client.get("/admin/shop/book/")
    [finding] = [f for f in audited.findings if f.location.function.startswith("BookAdmin.list_f")]
    assert finding.rule == "QA101"
    assert finding.location.source == 'list_filter = ["publisher"]'
    assert finding.fix is not None
    assert '        rows = Publisher.objects.select_related("country")' in (
        finding.fix.code.splitlines()
    )
    assert finding.fix.code.endswith('list_filter = [("publisher", PublisherFilter)]')


def test_the_code_for_fields_and_filters_asks_no_more(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PublisherFilter(admin.RelatedFieldListFilter):
        def field_choices(self, field: Any, request: Any, model_admin: Any) -> Any:
            rows = Publisher.objects.select_related("country")
            ordering = self.field_admin_ordering(field, request, model_admin)
            rows = rows.order_by(*ordering) if ordering else rows
            return [(row.pk, str(row)) for row in rows]

    def formfield_for_dbfield(self: Any, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "publisher":
            kwargs["queryset"] = Publisher.objects.select_related("country")
        return super(BookAdmin, self).formfield_for_dbfield(db_field, request, **kwargs)

    monkeypatch.setattr(BookAdmin, "formfield_for_dbfield", formfield_for_dbfield)
    monkeypatch.setattr(BookAdmin, "list_filter", [("publisher", PublisherFilter)])
    monkeypatch.setattr(BookAdmin, "list_display", ["title"])
    with queryaudit.audit() as audited:
        for page in ("", "add/"):
            assert admin_client.get(f"/admin/shop/book/{page}").status_code == 200
    assert audited.findings == ()
