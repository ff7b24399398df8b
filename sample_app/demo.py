"""``make demo``: a day in the shop, audited.

Prepares the database, drives the shop under ``queryaudit.audit()``, prints the report and writes
it to ``reports/`` in all formats, with the trace it was made from.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django

import queryaudit

REPORTS = Path("reports")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sample_app.settings")
    django.setup()

    from sample_app.drive import drive, prepare

    prepare()
    with queryaudit.audit(
        "a day in the shop", trace=str(REPORTS / "shop.qatrace"), explain="analyze"
    ) as audited:
        drive()
    audited.print()
    for name in ("queryaudit.html", "queryaudit.json", "queryaudit.md", "queryaudit.txt"):
        audited.write(REPORTS / name)
    print(f"\nThe same report for other readers is in {REPORTS}/:", file=sys.stderr)
    for path in sorted(REPORTS.iterdir()):
        print(f"  {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
