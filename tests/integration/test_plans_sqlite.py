"""Scans of SQLite are judged where a statement's own text says what they are for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Length

import queryaudit
from queryaudit.cli import main
from queryaudit.plans.catalogue import relations
from queryaudit.plans.sqlite import explain, placeholders
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof.trials import proposed
from queryaudit.records.workload import Asked, Workload
from queryaudit.sql.statement import parse
from sample_app.shop.models import Depot, Shipment

ROWS = 5_000


def database(path: Path, rows: int = ROWS) -> str:
    """A file with the table of Shipment: codes of their own, nine carriers."""
    file = path / "shop.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute(
        "CREATE TABLE shop_shipment (id integer PRIMARY KEY, tracking_code text, recipient text,"
        " carrier text, weight integer, note text, depot_id integer, delivered_at text,"
        " sent_at text, details text)"
    )
    connection.execute("CREATE TABLE shop_depot (id integer PRIMARY KEY, name text)")
    connection.executemany(
        "INSERT INTO shop_shipment VALUES (?, ?, ?, ?, ?, 'x', ?, ?, 'x', 'x')",
        [
            (
                i,
                f"T{i}",
                f"Person {i % 500}",
                f"carrier {i % 9}",
                i % 50,
                i % 100,
                None if i % 200 == 0 else "then",
            )
            for i in range(rows)
        ],
    )
    connection.executemany(
        "INSERT INTO shop_depot VALUES (?, ?)", [(i, f"Depot {i}") for i in range(100)]
    )
    connection.execute("CREATE INDEX by_recipient ON shop_shipment (recipient)")
    connection.commit()
    connection.close()
    return f"sqlite:///{file}"


def found(trace: Path, url: str, capsys: pytest.CaptureFixture[str]) -> str:
    main(["explain", str(trace), "--database", url, "--no-color", "--baseline="])
    return " ".join(capsys.readouterr().out.split())


def test_percent_signs_in_texts_are_no_placeholders(tmp_path: Path) -> None:
    server = UrlServer.connect(database(tmp_path, rows=1))
    sql = "SELECT 'a %%s', id FROM shop_shipment WHERE note LIKE '%%shipped' OR id = %s"
    assert server.run(sql, (0,)) == [("a %s", 0)]
    plan = explain(server, sql, (None,) * placeholders(sql), id=0, alias="default")
    assert plan.nodes
    server.close()


@pytest.fixture
def trace(db: None, tmp_path: Path) -> Path:
    return tmp_path / "a.qatrace"


def test_a_scan_for_one_value_of_many_is_told(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
    out = found(trace, database(tmp_path), capsys)
    assert "QA401 missing-index" in out
    assert "5,000 rows of shop_shipment would be read to find 1: no index leads there by" in out
    assert "EXPLAIN QUERY PLAN, with rows counted and values sampled" in out
    assert 'fields=["tracking_code"]' in out
    assert "AddIndexConcurrently" not in out


def test_a_row_that_is_got_is_looked_for_to_the_end(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").values_list("pk")[:21].count()
        list(Shipment.objects.filter(tracking_code="T1").values_list("pk")[:21])
    out = found(trace, database(tmp_path), capsys)
    assert "would be read to find 1: no index leads there by tracking_code" in out


def test_a_filter_before_a_join_is_told(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        list(Shipment.objects.filter(tracking_code="T1").values_list("pk", "depot__name"))
    out = found(trace, database(tmp_path), capsys)
    assert "would be read to find 1: no index leads there by tracking_code" in out
    assert "rows of shop_depot" not in out


def test_an_index_that_is_made_for_one_query_is_told(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = (
        "SELECT d.name, s.note FROM shop_depot d JOIN shop_shipment s"
        " ON s.tracking_code = d.name WHERE d.name LIKE %s"
    )
    with (
        queryaudit.audit("a page", trace=str(trace), test_files=[]),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, ("Depot%",))
    out = found(trace, database(tmp_path), capsys)
    assert "Automatic Index Search shop_shipment s by tracking_code=?" in out
    assert "rows expected" not in out
    assert "5,000 rows of shop_shipment would be read to find 1" in out
    assert "no index leads there by tracking_code" in out
    assert "to make an index for this query alone" in out


def test_few_rows_in_a_state_that_the_code_names_are_told(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(delivered_at__isnull=True).count()
    out = found(trace, database(tmp_path), capsys)
    assert "would be read to find 25: no index leads there by delivered_at IS NULL" in out
    assert "condition=models.Q(delivered_at__isnull=True)" in out


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        (Q(), '"-weight", "recipient"'),
        (Q(carrier="carrier 1"), '"carrier", "-weight", "recipient"'),
    ],
)
def test_all_rows_that_are_sorted_for_the_first_are_told(
    trace: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    condition: Q,
    fields: str,
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        list(
            Shipment.objects.filter(condition)
            .order_by("-weight", "recipient")
            .values_list("pk")[:9]
        )
    out = found(trace, database(tmp_path, 30_000), capsys)
    assert "QA404 sort-without-index" in out
    assert "for the first 9: no index has that order" in out
    assert f"fields=[{fields}]" in out


@pytest.mark.parametrize(
    "rows",
    [
        Shipment.objects.order_by("-weight"),  # all of them
        Shipment.objects.order_by("-weight")[:20_000],
        Shipment.objects.order_by("recipient")[:9],  # there is an index
        Shipment.objects.order_by("-pk")[:9],
        Shipment.objects.order_by(Length("note"))[:9],
        Shipment.objects.filter(weight__gt=3).order_by("-carrier")[:9],  # how many is not known
        Shipment.objects.filter(recipient="Person 1").order_by("-weight")[:9],  # few
        Shipment.objects.order_by("depot__name")[:9],
        Shipment.objects.values("carrier").annotate(n=Count("pk")).order_by("carrier")[:9],
        Shipment.objects.filter(depot__in=Depot.objects.filter(name="x")).order_by("weight")[:9],
    ],
)
def test_other_sorts_are_silent(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: QuerySet[Shipment]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        list(rows.all().values_list("pk"))
    assert "QA404" not in found(trace, database(tmp_path, 30_000), capsys)


@pytest.mark.parametrize(
    "condition",
    [
        Q(recipient="Person 1"),  # there is an index
        Q(pk=1),
        Q(carrier="carrier 1"),  # one row in nine
        Q(tracking_code="T1") | Q(carrier="carrier 1"),  # not only equalities
        Q(tracking_code__in=["T1", "T2"]),
        Q(weight__gt=3),
        Q(),
    ],
)
def test_what_an_index_would_not_change_or_is_not_known_is_silent(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], condition: Q
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(condition).count()
    assert "QA40" not in found(trace, database(tmp_path), capsys)


def test_what_stops_early_is_silent(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").values_list("pk").first()
        list(Shipment.objects.filter(tracking_code="T2").values_list("pk")[:3])
    assert "QA401" not in found(trace, database(tmp_path), capsys)


def test_a_small_table_is_silent(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
    for rows in (0, 1_000, 1_999):
        (tmp_path / str(rows)).mkdir()
        assert "QA40" not in found(trace, database(tmp_path / str(rows), rows), capsys)


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        (
            'SELECT * FROM "a b" WHERE "x y" = %s AND z > %s',
            [("Covering Index Search", "a b", "a b", "i j", "x y=? AND z>?")],
        ),
        ('SELECT * FROM "a b" "q r" WHERE z = %s', [("Scan", "a b", "q r", "", "")]),
        (
            'SELECT t.id FROM t LEFT JOIN "a b" ON "a b".id = t.k WHERE "a b".z IS NULL',
            [("Scan", "t", "t", "", ""), ("Index Search", "a b", "a b", "", "rowid=?")],
        ),
        ("SELECT 1", [("Scan constant row", "", "", "", "")]),
    ],
)
def test_names_are_read_from_plans_whatever_they_contain(
    tmp_path: Path, sql: str, seen: list[tuple[str, ...]]
) -> None:
    file = tmp_path / "odd.sqlite3"
    with closing(sqlite3.connect(file)) as made:
        made.executescript(
            'CREATE TABLE "a b" (id integer PRIMARY KEY, "x y" text, z int);'
            'CREATE INDEX "i j" ON "a b" ("x y", z);'
            "CREATE TABLE t (id integer PRIMARY KEY, k int);"
        )
    server = UrlServer.connect(f"sqlite:///{file}")
    plan = explain(server, sql, (1,) * placeholders(sql), id=0, alias="default")
    nodes = [(n.kind, n.relation, n.alias, n.using, n.condition) for n in plan.nodes]
    assert nodes == seen
    server.close()


def test_an_index_is_tried_with_all_statements_that_look_for_its_column(tmp_path: Path) -> None:
    server = UrlServer.connect(database(tmp_path))
    seen = 'SELECT "shop_shipment"."id" FROM "shop_shipment" WHERE '
    asked = [
        each(server, f'{seen}"shop_shipment"."weight" = %s'),
        each(
            server, f'{seen}"shop_shipment"."weight" = %s ORDER BY "shop_shipment"."note" LIMIT 2'
        ),
        each(server, f'{seen}"shop_shipment"."id" = %s'),
    ]
    found = relations(server, {("", "shop_shipment")}, "default")
    known = {"default": {(each.schema, each.name): each for each in found}}
    trials = proposed(Workload(statements=tuple(asked), relations=known), "default", 2_000)
    tried = {
        trial.words[2:]: {a.fingerprint for a in (*trial.asked, *trial.also)} for trial in trials
    }
    both = {each.fingerprint for each in asked[:2]}
    assert tried == {("weight",): both, ("weight", "note"): both}
    server.close()


def each(server: UrlServer, sql: str) -> Asked:
    return Asked(
        alias="default",
        fingerprint=parse(sql).fingerprint,
        statement=parse(sql).normalised,
        verb="SELECT",
        tables=parse(sql).tables,
        calls=1,
        duration_ns=1,
        plan=explain(server, sql, (None,) * placeholders(sql), id=0, alias="default"),
        sites=(),
    )
