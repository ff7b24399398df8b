"""What other tools label in their tests is found, and what they keep silent on is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_other_tools_label_is_told_apart() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.n_plus_one.watching", "queryaudit"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found
    assert [name for name, said in found.items() if said == name.startswith("once_")] == []
