"""The code that is proposed makes the index that is meant, and the planner uses it."""

from __future__ import annotations

import pytest
from django.contrib.postgres.indexes import BrinIndex, GinIndex, OpClass
from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Lower, TruncDate, Upper
from django.test.utils import isolate_apps

import queryaudit
from queryaudit.advice.candidates import Candidate, Key, serves
from queryaudit.advice.conditions import Compared
from queryaudit.advice.index_code import (
    NAME_LENGTH,
    ddl,
    index_expression,
    index_name,
    migration_code,
    statement_code,
)
from queryaudit.capture.schema import model_row
from queryaudit.plans import catalogue
from queryaudit.plans.django_server import DjangoServer
from queryaudit.records.plans import CatalogIndex
from queryaudit.sql.quoting import identifier
from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Shipment

MODEL = model_row(Shipment)
CANDIDATES = [
    Candidate("public", "shop_shipment", "btree", (Key("tracking_code"),), 1),
    Candidate("public", "shop_shipment", "btree", (Key("depot_id"),), 1),
    Candidate("public", "shop_shipment", "btree", (Key("carrier"), Key("weight", "", True)), 1),
    Candidate("public", "shop_shipment", "btree", (Key("recipient", "upper"),), 1),
    Candidate(
        "public",
        "shop_shipment",
        "btree",
        (Key("tracking_code", opclass="varchar_pattern_ops"),),
        0,
    ),
    Candidate(
        "public",
        "shop_shipment",
        "btree",
        (Key("recipient", "lower", opclass="text_pattern_ops"),),
        0,
    ),
    Candidate("public", "shop_shipment", "btree", (Key("sent_at", "date", time_zone="UTC"),), 1),
    Candidate("public", "shop_shipment", "gin", (Key("details", opclass="jsonb_path_ops"),), 1),
    Candidate(
        "public",
        "shop_shipment",
        "btree",
        (Key("id"),),
        0,
        ("delivered_at", Compared.IS_NULL),
    ),
    Candidate(
        "public", "shop_shipment", "btree", (Key("note"),), 1, include=("weight", "depot_id")
    ),
    Candidate("public", "shop_shipment", "brin", (Key("sent_at"),), 0),
]
NAMES = {
    "models": models,
    "BrinIndex": BrinIndex,
    "GinIndex": GinIndex,
    "OpClass": OpClass,
    "TruncDate": TruncDate,
    "Upper": Upper,
    "Lower": Lower,
}


def made(expression: str) -> models.Index:
    index: models.Index = eval(expression, dict(NAMES))
    return index


def catalogued(name: str) -> CatalogIndex:
    server = DjangoServer(connection)
    [relation] = catalogue.relations(server, {("public", "shop_shipment")}, "default")
    return next(index for index in relation.indexes if index.name == name)


def test_names_of_any_kind_stand_in_quotes(db: None) -> None:
    column, other = 'a "share" in %s', "100%"
    odd = Candidate(
        "public",
        'odd "%d"',
        "btree",
        (Key(column),),
        0,
        (other, Compared.NOT_NULL),
        include=(other,),
    )
    with connection.cursor() as cursor:
        table, first, second = map(identifier, (odd.table, column, other))
        cursor.execute(f"CREATE TABLE {table} ({first} text, {second} boolean)")
        cursor.execute(ddl(odd, table))
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = %s", (odd.table,))
        assert cursor.fetchall() == [(index_name(odd),)]
        cursor.execute(f"DROP INDEX {index_name(odd)}")
        code = statement_code([odd], None, concurrently=False)
        namespace: dict[str, object] = {}
        exec(code, namespace)
        [operation] = namespace["Migration"].operations  # type: ignore[attr-defined]
        cursor.execute(operation.sql)
        cursor.execute(operation.reverse_sql)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: "-".join(c.words))
def test_django_makes_the_index_that_is_meant(db: None, candidate: Candidate) -> None:
    index = made(index_expression(candidate, MODEL))
    with connection.schema_editor() as editor:
        editor.add_index(Shipment, index)
    assert serves(catalogued(index.name), candidate)


def test_dates_of_another_time_zone_are_others(db: None) -> None:
    dated = Candidate("public", "shop_shipment", "btree", (Key("sent_at", "date"),), 1)
    here, there = (
        dated._replace(keys=(dated.keys[0]._replace(time_zone=zone),))
        for zone in ("UTC", "Europe/Berlin")
    )
    with connection.cursor() as cursor:
        cursor.execute(ddl(there, identifier(there.table)))
    found = catalogued(index_name(there))
    assert (serves(found, here), serves(found, there)) == (False, True)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: "-".join(c.words))
def test_a_migration_is_a_program_and_a_name_is_short(candidate: Candidate) -> None:
    compile(migration_code([candidate], MODEL), "migration", "exec")
    assert 1 <= len(index_name(candidate)) <= NAME_LENGTH
    assert index_name(candidate)[0].isalpha()


def test_another_index_is_not_taken_for_it(db: None) -> None:
    for candidate in CANDIDATES:
        with connection.schema_editor() as editor:
            editor.add_index(Shipment, made(index_expression(candidate, MODEL)))
    for candidate in CANDIDATES:
        served = [c for c in CANDIDATES if serves(catalogued(index_name(candidate)), c)]
        assert served == [candidate]


def ask() -> list[object]:
    return [
        Shipment.objects.filter(tracking_code="T7x1").count(),
        Shipment.objects.filter(recipient__iexact="PERSON 7").count(),
        Shipment.objects.filter(details__contains={"fragile": True}).count(),
        Shipment.objects.filter(delivered_at__isnull=True).count(),
        Shipment.objects.filter(depot__name="Depot 7").count(),
        list(Shipment.objects.filter(carrier="dove").order_by("-weight").values_list("pk")[:5]),
    ]


def test_with_the_proposed_indexes_nothing_is_found(db: None) -> None:
    fill_shipping(30_000, depots=500, scans=100)
    with queryaudit.audit(explain="analyze", select=["QA4"]) as before:
        answers = ask()
    assert {f.rule for f in before.findings} == {"QA401", "QA402", "QA403", "QA404"}
    assert len(before.findings) == 6
    connection.check_constraints()  # PostgreSQL alters no table whose constraints are to be checked
    for finding in before.findings:
        assert finding.fix is not None
        expression = finding.fix.title.removeprefix("Add ").removesuffix(" to shop.Shipment")
        with connection.schema_editor() as editor:
            editor.add_index(Shipment, made(expression))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE shop_shipment")
    with queryaudit.audit(explain="analyze", select=["QA4"]) as after:
        assert ask() == answers
    assert after.findings == ()


def test_with_an_index_for_each_arm_of_an_or_nothing_is_found(db: None) -> None:
    fill_shipping(30_000, depots=500, scans=100)
    asked = Shipment.objects.filter(Q(tracking_code="T7x1") | Q(weight__gt=99_990))
    with queryaudit.audit(explain="analyze", select=["QA4"]) as before:
        asked.count()
    (finding,) = before.findings
    assert "no index leads there by tracking_code or by weight" in finding.message
    assert finding.fix is not None
    compile(finding.fix.code.replace("# in", "#"), "fix", "exec")
    added = finding.fix.title.removeprefix("Add ").removesuffix(" to shop.Shipment")
    connection.check_constraints()
    for expression in added.split(" and "):
        with connection.schema_editor() as editor:
            editor.add_index(Shipment, made(expression))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE shop_shipment")
    with queryaudit.audit(explain="analyze", select=["QA4"]) as after:
        asked.count()
    assert after.findings == ()


@isolate_apps("sample_app.shop")
@pytest.mark.parametrize("table", ['billing"."invoice', '"billing"."invoice"', "invoice"])
def test_a_model_in_another_schema_is_known_by_the_name_of_its_table(table: str) -> None:
    made = type("Meta", (), {"app_label": "shop", "db_table": table})
    model = type("Invoice", (models.Model,), {"__module__": __name__, "Meta": made})
    assert model_row(model).table == "invoice"


def test_sql_for_a_table_of_another_schema_names_the_schema() -> None:
    code = statement_code([Candidate("billing", "invoice", "btree", (Key("due"),), 1)], None)
    assert 'ON "billing"."invoice" ("due")' in code
    assert 'DROP INDEX CONCURRENTLY "billing"."invoice_due_idx"' in code
