"""More than forty call sites of raw SQL, half of them harmless, asked by benign requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import queryaudit
from benchmarks.raw_sql.judging import live, read
from benchmarks.raw_sql.urls import call_sites
from queryaudit.cli import main

DYNAMIC = {site.path for site in call_sites() if site.is_dynamic}
HARMLESS = {site.path for site in call_sites() if not site.is_dynamic}


def test_there_are_enough_of_both() -> None:
    assert len(DYNAMIC) >= 20
    assert len(HARMLESS) >= 20


@pytest.mark.usefixtures("shop")
def test_a_run_finds_every_dynamic_text_and_no_harmless_one() -> None:
    said, _ = live()
    assert said.failed == ()
    assert set(said.codes) == DYNAMIC


@pytest.mark.usefixtures("shop")
def test_a_run_names_the_request_in_all_of_them() -> None:
    said, findings = live()
    unnamed = {site for site, codes in said.codes.items() if "QA302" not in codes}
    assert unnamed == {"dynamic/order_of_queryset"}  # Django looks the name up
    assert not any("Harmless" in str(finding) for finding in findings if "QA302" in finding.rules)


def test_a_scan_finds_the_same() -> None:
    said, _ = read()
    assert set(said.codes) == DYNAMIC


@pytest.mark.usefixtures("shop")
def test_a_defect_that_runs_and_stands_in_the_source_has_one_fingerprint() -> None:
    ran = {f.fingerprint: f for f in live()[1]}
    stands = {f.fingerprint: f for f in read()[1]}
    assert set(ran) == set(stands)
    for fingerprint, finding in ran.items():
        assert finding.location == stands[fingerprint].location


@pytest.mark.usefixtures("shop")
def test_a_report_on_a_trace_and_a_scan_has_each_defect_once(tmp_path: Path) -> None:
    with queryaudit.audit(trace=str(tmp_path / "run.qatrace")):
        live()
    output = tmp_path / "report.json"
    main(
        [
            "report",
            str(tmp_path / "run.qatrace"),
            "--scan=benchmarks/raw_sql",
            "--select=QA3",
            f"--output=json:{output}",
        ]
    )
    found = json.loads(output.read_text(encoding="utf-8"))["findings"]
    assert len(found) == len(DYNAMIC)
    assert all(finding["queries"] for finding in found)
