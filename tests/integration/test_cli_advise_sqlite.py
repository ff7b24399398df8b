"""Indexes for SQLite are built and timed on a copy of the file, which stays as it is."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from django.db import connections
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth, Upper
from pytest_django import DjangoDbBlocker

import queryaudit
from queryaudit.cli import main
from queryaudit.errors import ExitCode
from sample_app.shop.models import Shipment
from tests.integration.test_plans_sqlite import database

ROWS = 30_000


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    database(tmp_path, ROWS)
    return tmp_path / "shop.sqlite3"


@pytest.fixture
def by_code(db: None, tmp_path: Path) -> Path:
    return traced(tmp_path, Shipment.objects.filter(tracking_code="T1").values("pk"))


@pytest.fixture
def lite(file: Path, db: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The alias of the file: Django writes its statements for SQLite as they run there."""
    settings = {**connections.settings["default"], "NAME": str(file), "OPTIONS": {}}
    connections.settings["lite"] = {**settings, "ENGINE": "django.db.backends.sqlite3"}
    with django_db_blocker.unblock():
        yield "lite"
        connections["lite"].close()
    del connections["lite"]
    del connections.settings["lite"]


def traced(folder: Path, *querysets: QuerySet[Shipment, object]) -> Path:
    path = folder / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        for queryset in querysets:
            list(queryset)
    return path


def advised(trace: Path, file: Path, *more: str) -> list[dict[str, object]]:
    """The indexes of the report."""
    report = trace.with_name("report.json")
    options = ["advise", str(trace), "--database", f"sqlite:///{file}", f"--output=json:{report}"]
    assert main([*options, *more]) == ExitCode.CLEAN
    found: list[dict[str, object]] = json.loads(report.read_text("utf-8"))["indexes"]
    return found


def beside(file: Path) -> dict[str, bytes]:
    """Each file whose name begins as that of the database does."""
    return {path.name: path.read_bytes() for path in file.parent.glob(f"{file.name}*")}


def test_an_index_is_recommended_once_it_was_built_used_and_faster(
    by_code: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["advise", str(by_code), "--database", f"sqlite:///{file}"]) == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert "1 index to add, proved by execution" in out
    assert 'models.Index(fields=["tracking_code"]' in out
    assert "used, faster beyond the noise, the same rows" in out
    assert "times faster, at least" in out
    assert "migrations.AddIndex(" in out
    assert "Concurrently" not in out
    assert "WAL" not in out
    assert " µs more for an inserted row, 3 sets of values" in out
    assert not Path("queryaudit-advise.state").exists()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_file_is_as_it_was_and_nothing_lies_beside_it(
    by_code: Path, file: Path, mode: str
) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    before, changed = beside(file), file.stat().st_mtime_ns
    [index] = advised(by_code, file)
    assert index["outcome"] == "proved"
    assert [*before] == [file.name]
    assert beside(file) == before
    assert file.stat().st_mtime_ns == changed


def test_what_was_written_to_the_log_alone_is_in_the_copy(by_code: Path, file: Path) -> None:
    with closing(sqlite3.connect(file)) as writing:
        writing.execute("PRAGMA journal_mode = wal")
        writing.execute("PRAGMA wal_autocheckpoint = 0")
        writing.execute("CREATE INDEX by_code ON shop_shipment (tracking_code)")
        writing.commit()
        before = file.read_bytes()
        assert advised(by_code, file) == []
        assert file.read_bytes() == before


def test_a_log_that_a_broken_connection_left_is_not_recovered(
    by_code: Path, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.sqlite3"
    with closing(sqlite3.connect(file)) as writing:
        writing.execute("PRAGMA journal_mode = wal")
        writing.execute("DELETE FROM shop_depot")
        writing.commit()
        for end in ("", "-wal"):
            copy.with_name(copy.name + end).write_bytes(
                file.with_name(file.name + end).read_bytes()
            )
    before = beside(copy)
    assert main(["advise", str(by_code), "--database", f"sqlite:///{copy}"]) == ExitCode.USAGE
    assert "what it wrote is in copy.sqlite3-wal" in capsys.readouterr().err
    assert beside(copy) == before


def test_a_locked_database_is_told(
    by_code: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as writing:
        writing.execute("BEGIN EXCLUSIVE")
        assert main(["advise", str(by_code), "--database", f"sqlite:///{file}"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert "can't be read as SQLite: database is locked." in told
    assert "does nobody write to it for long?" in told


@pytest.mark.parametrize("content", [b"SQLite, they say", b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_that_is_no_database_is_told(
    by_code: Path, file: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    other = file.with_name("other.txt")
    other.write_bytes(content)
    assert main(["advise", str(by_code), "--database", f"sqlite:///{other}"]) == ExitCode.USAGE
    assert "can't be read as SQLite: file is not a database." in capsys.readouterr().err
    assert other.read_bytes() == content
    assert not Path("queryaudit-advise.state").exists()


def test_a_database_that_is_too_large_to_be_copied_is_told(by_code: Path, file: Path) -> None:
    [index] = advised(by_code, file, f"--max-clone={1 << 20}")
    assert index["outcome"] == "unknown"
    assert "a copy of it may take 1 MiB (--max-clone)" in str(index["reason"])


def test_nothing_is_left_of_a_copy_whose_maker_was_killed(file: Path, tmp_path: Path) -> None:
    (temporary := tmp_path / "temporary").mkdir()
    code = (
        "import sys, time; from pathlib import Path\n"
        "from queryaudit.plans.sqlite_file import open_file\n"
        "from queryaudit.proof import sqlite_copy\n"
        "sqlite_copy._CACHE_KIB = 100\n"  # so that it does not stay in memory
        "copy = sqlite_copy.copied(open_file(Path(sys.argv[1])), 1 << 30)\n"
        "copy.execute('CREATE INDEX a ON shop_shipment (tracking_code)')\n"
        "print(copy.execute('SELECT count(*) FROM shop_shipment').fetchone()[0], flush=True)\n"
        "sys.stdin.read()\n"
    )
    before = beside(file)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "SQLITE_TMPDIR": str(temporary)},
    ) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == ROWS
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [*temporary.iterdir()] == []
    assert beside(file) == before


def test_what_django_writes_for_sqlite_is_proved_where_an_index_serves_it(
    lite: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = Shipment.objects.using(lite).values_list("pk")
    with connections[lite].cursor() as cursor:  # what Django's functions can read
        cursor.execute("UPDATE shop_shipment SET delivered_at = %s WHERE delivered_at = 'then'",
                       ["2020-01-02 10:00:00"])  # fmt: skip
    trace = traced(
        file.parent,
        rows.filter(tracking_code__range=("T1", "T2")),
        rows.filter(weight__in=[3, 4], carrier="carrier 1").order_by("-note")[:10],
        rows.filter(delivered_at__isnull=True).order_by("carrier")[:10],
        rows.annotate(loud=Upper("tracking_code")).filter(loud="T1"),
        rows.filter(carrier="carrier 1").order_by("-tracking_code")[:10],
        rows.filter(tracking_code__icontains="1"),
        rows.filter(tracking_code__iexact="T1"),
        rows.filter(tracking_code__startswith="T1"),
        rows.filter(tracking_code__regex="^T1$"),
        rows.filter(delivered_at__date=date(2020, 1, 1)),
        rows.filter(delivered_at__date=date(2020, 1, 1), tracking_code="T1"),
        rows.filter(delivered_at__year__gte=2020, tracking_code="T1"),
        rows.annotate(month=TruncMonth("delivered_at")).values("month").annotate(n=Count("pk")),
    )
    found = advised(trace, file, "--alias=lite")
    told = capsys.readouterr()
    assert "could not be planned" not in told.err
    assert {str(index["title"]) for index in found if index["outcome"] == "proved"} == {
        'models.Index(fields=["tracking_code"], name="shop_shipment_track_6fc022_idx")',
        'models.Index(fields=["weight", "carrier"], name="shop_shipment_weigh_7ac270_idx")',
        'models.Index(Upper("tracking_code"), name="shop_shipment_upper_4474d2_idx")',
        'models.Index(fields=["carrier"], name="shop_shipment_carrier_part_idx",'
        " condition=models.Q(delivered_at__isnull=True))",
    }


def test_an_index_that_serves_a_statement_in_part_is_bettered(lite: str, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE INDEX by_carrier ON shop_shipment (carrier)")
        connection.execute("UPDATE shop_shipment SET depot_id = id % 10")
        connection.execute("DELETE FROM shop_depot WHERE id >= 10")
        connection.execute("CREATE INDEX by_depot ON shop_shipment (depot_id)")
        connection.execute("CREATE UNIQUE INDEX by_name ON shop_depot (name)")
        connection.commit()
    rows = Shipment.objects.using(lite).values_list("pk", "note")
    trace = traced(
        file.parent,
        rows.filter(carrier="carrier 1").order_by("-tracking_code")[:10],
        rows.filter(carrier="carrier 1", weight=3),
        rows.filter(depot__name="Depot 1").order_by("-recipient")[:10],
    )
    found = advised(trace, file, "--alias=lite")
    assert {(str(index["title"]).partition(", name")[0], index["outcome"]) for index in found} == {
        ('models.Index(fields=["carrier", "-tracking_code"]', "proved"),
        ('models.Index(fields=["weight", "carrier"]', "proved"),
        ('models.Index(fields=["depot", "-recipient"]', "proved"),
    }


def test_what_is_read_in_the_order_of_an_index_until_enough_pass_is_found(
    lite: str, file: Path
) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE shop_shipment SET note = 'n' || (id * 7919 % 30011)")
        connection.execute("CREATE INDEX by_note ON shop_shipment (note)")
        connection.execute("CREATE INDEX by_weight ON shop_shipment (weight)")
        connection.commit()
    rows = Shipment.objects.using(lite).values_list("pk", "recipient")
    trace = traced(
        file.parent,
        rows.filter(depot=3).order_by("-note")[:20],  # one in a hundred
        rows.filter(carrier="carrier 1").order_by("-weight")[:10],  # soon enough
        rows.order_by("-note")[:20],
        rows.order_by("pk")[:20],
        rows.filter(carrier="carrier 1").order_by("pk")[:20],
    )
    found = advised(trace, file, "--alias=lite")
    assert [(str(index["title"]).partition(", name")[0], index["outcome"]) for index in found] == [
        ('models.Index(fields=["depot", "-note"]', "proved")
    ]


def test_an_index_that_serves_a_statement_well_is_left_alone(lite: str, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE INDEX by_carrier ON shop_shipment (carrier, note)")
        connection.execute("CREATE INDEX waiting ON shop_shipment (weight) WHERE weight > 40")
        connection.execute("CREATE INDEX loud ON shop_shipment (upper(carrier))")
        connection.commit()
    rows = Shipment.objects.using(lite).values_list("pk", "note")
    of_one, of_carrier = rows.filter(recipient="Person 1"), rows.filter(carrier="carrier 1")
    trace = traced(
        file.parent,
        of_one.order_by("-tracking_code")[:10],  # sixty rows
        of_one.filter(weight=3),
        of_carrier.order_by("-tracking_code"),  # all of them are wanted
        of_carrier.order_by("-tracking_code")[:2_000],
        of_carrier.order_by("-note")[:10],
        of_carrier.order_by(Upper("note"))[:10],
        of_carrier.order_by("-note", "weight")[:10],  # what is sorted is few
        of_carrier.filter(note="x"),
        rows.filter(carrier__in=["carrier 1", "carrier 2"]).order_by("-tracking_code")[:10],
        rows.filter(Q(carrier="carrier 1") | Q(recipient="Person 1")).order_by("note")[:10],
        rows.annotate(loud=Upper("carrier")).filter(loud="CARRIER 1").order_by("sent_at")[:10],
        of_carrier.filter(delivered_at__isnull=False),
        of_carrier.values("weight").annotate(n=Count("pk")).order_by("weight")[:10],
    )
    assert advised(trace, file, "--alias=lite") == []


def test_a_table_whose_name_needs_quotes_gets_an_index(lite: str, file: Path) -> None:
    trace = file.parent / "a.qatrace"
    with connections[lite].cursor() as cursor:
        cursor.execute('ALTER TABLE shop_shipment RENAME TO "Old Shipments"')
        cursor.execute('ALTER TABLE "Old Shipments" RENAME tracking_code TO "the code"')
        with queryaudit.audit("a page", trace=str(trace), test_files=[]):
            cursor.execute(
                'SELECT o.id FROM "Old Shipments" o'
                ' WHERE o."the code" = %s AND o.weight > %s ORDER BY o.id',
                ["T1", 1],
            )
    [index] = advised(trace, file, "--alias=lite")
    assert (index["outcome"], index["table"]) == ("proved", "Old Shipments")
    assert 'CREATE INDEX "old_shipments_the_code_idx" ON "Old Shipments" ("the code")' in str(
        index["code"]
    )


def test_a_model_that_migrations_leave_alone_gets_sql(
    db: None, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shipment._meta, "managed", False)
    trace = traced(file.parent, Shipment.objects.filter(tracking_code="T1").values("pk"))
    [index] = advised(trace, file)
    assert (index["outcome"], index["model"]) == ("proved", "shop.Shipment")
    assert 'CREATE INDEX "shop_shipment_track_6fc022_idx" ON "shop_shipment"' in str(index["code"])
    assert "class Shipment" not in str(index["code"])
    [finding] = json.loads((file.parent / "report.json").read_text("utf-8"))["findings"]
    assert "managed = False" in finding["fix"]["note"]
