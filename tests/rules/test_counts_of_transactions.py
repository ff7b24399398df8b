"""What is told of one transaction is its own, however many were seen."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from time import sleep

import pytest
from django.db import connection, transaction

import queryaudit
from queryaudit.judging import Analysis
from queryaudit.records.findings import Finding
from queryaudit.replay import analyse
from sample_app.shop.models import Book, Category, Tag
from tests.integration.recording import config_of


def found(folder: Path, run: Callable[[], object], **options: object) -> Finding:
    """The one finding of two units of work that do the same, each with a trace of its own."""
    traces = [folder / f"{number}.qatrace" for number in range(2)]
    for trace in traces:
        with queryaudit.audit("work", trace=str(trace), test_files=[]):
            run()
    analysis = Analysis(config_of(**options))
    analyse(traces, analysis)
    [finding] = analysis.report().findings
    return finding


def savepoints() -> None:
    with transaction.atomic():
        for number in range(20):
            with transaction.atomic():
                Tag.objects.filter(name=str(number)).update(name="none")


def test_savepoints_of_one_transaction(shop: None, tmp_path: Path) -> None:
    finding = found(tmp_path, savepoints, select=["QA511"])
    assert finding.message.startswith("20 savepoints in one transaction of ")
    assert finding.evidence.text.startswith("20 savepoints ")


@transaction.atomic
def gate(work: Callable[[], None]) -> None:
    work()


def renamed() -> None:
    for number in range(120):
        Category.objects.filter(name=f"none {number}").update(name="nobody")


def test_a_loop_that_the_block_only_calls_gets_no_blocks_within_it(
    shop: None, tmp_path: Path
) -> None:
    finding = found(tmp_path, lambda: gate(renamed), select=["QA502"])
    assert finding.fix is not None
    assert (finding.fix.title, finding.fix.code) == ("commit in batches", "")
    assert "`for number in range(120)`, which this block only calls" in finding.fix.note


def held_and_read() -> None:
    with transaction.atomic():
        Category.objects.filter(name="none").update(name="nobody")
        for number in range(120):
            Tag.objects.filter(name=str(number)).first()


def test_statements_of_one_transaction_and_reads_that_need_no_batches(
    shop: None, tmp_path: Path
) -> None:
    finding = found(tmp_path, held_and_read, select=["QA502"])
    assert finding.message.endswith("holds rows of shop_category for 121 statements.")
    assert finding.fix is not None
    assert finding.fix.title == "open the block later and close it earlier"


def nested() -> None:
    for _ in range(2):
        with transaction.atomic():
            Category.objects.filter(name="none").update(name="nobody")
            for number in range(12):
                for letter in "abcdefghij":
                    Tag.objects.filter(name=f"{letter}{number}").update(name="none")


def test_of_nested_loops_in_a_transaction_the_outer_one_is_cut(shop: None, tmp_path: Path) -> None:
    finding = found(tmp_path, nested, select=["QA502"])
    assert finding.fix is not None
    assert finding.fix.title == "commit in batches"
    assert finding.fix.code.startswith("rows = list(range(12))")
    assert "for number in rows[start : start + 100]" in finding.fix.code


def locked() -> None:
    with transaction.atomic():
        list(Book.objects.order_by().select_for_update().filter(pk__gt=0)[:3])


@pytest.mark.skipif(connection.vendor == "sqlite", reason="it locks no rows")
def test_rows_of_one_query(shop: None, tmp_path: Path) -> None:
    finding = found(tmp_path, locked, select=["QA504"])
    assert finding.evidence.text == "a query without ORDER BY fetched 3 rows to lock"


def one_by_one() -> None:
    with transaction.atomic():
        for pk in Tag.objects.order_by("pk").values_list("pk", flat=True)[:3]:
            Tag.objects.select_for_update().get(pk=pk)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="it locks no rows")
def test_the_model_stands_in_the_code(shop: None, tmp_path: Path) -> None:
    finding = found(tmp_path, one_by_one, select=["QA513"])
    assert finding.fix is not None
    assert finding.fix.code == (
        'rows = Tag.objects.select_for_update().order_by("pk").in_bulk(ids)'
    )


def asked() -> None:
    with transaction.atomic():
        Tag.objects.filter(name="none").update(name="nobody")
        sleep(0.005)  # queryaudit: ignore[QA501] what it waits for is what is measured
        subprocess.run(["true"], check=True)


def test_how_long_rows_were_held(shop: None, tmp_path: Path) -> None:
    finding = found(tmp_path, asked, select=["QA501"])
    counted = r"seen 2 times before the commit, [\d.]+ ms in all; by then rows had been held for"
    told = re.fullmatch(rf"{counted} up to ([\d.]+) ms", finding.evidence.text)
    assert told is not None
    assert float(told[1]) >= 5
