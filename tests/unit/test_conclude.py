"""What a run may do to the baseline, by what it saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from queryaudit.conclude import conclude
from queryaudit.config import Inputs, load
from queryaudit.gate import baseline as baselines
from queryaudit.gate.ratchet import entries_of
from queryaudit.records.findings import Diagnostic
from queryaudit.records.report import UnusedIgnore
from tests.unit.gate_samples import cause, finding, report

FOUND = report(finding(cause("a1"), cause("b2", "book.publisher")))


@pytest.mark.parametrize(
    ("slug", "kept"),
    [
        ("rule-crashed", True),
        ("trace-torn", True),
        ("trace-incomplete", True),
        ("late-queries", False),
        ("not-advised", False),
    ],
)
def test_what_was_not_seen_is_not_gone(slug: str, kept: bool, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    known = entries_of(FOUND)
    baselines.save(path, known)
    ignore = UnusedIgnore(rule="QA101", reason="few", place="shop/views.py:3")
    seen = replace(
        report(),
        diagnostics=(Diagnostic(slug=slug, message="Something."),),
        unused_ignores=(ignore,),
    )
    config = load(Inputs(root=tmp_path, flags={"baseline": str(path)}))
    concluded = conclude(seen, config, partial=False, update_baseline=True)
    assert len(baselines.load(path) or ()) == (len(known) if kept else 0)
    assert bool(concluded.report.unused_ignores) is not kept
