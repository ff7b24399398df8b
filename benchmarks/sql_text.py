"""The table of ``benchmarks/sql-text.md``: ``python -m benchmarks.sql_text``.

The call sites of ``benchmarks/raw_sql`` as a run with benign requests sees them, as ``queryaudit
scan`` reads them, and as bandit does.
"""

from __future__ import annotations

import os
from pathlib import Path

TARGET = Path(__file__).with_name("sql-text.md")
_ABOUT = """# SQL text: queryaudit beside bandit

Written by `python -m benchmarks.sql_text`, from the call sites of
[raw_sql/dynamic.py](raw_sql/dynamic.py) and [raw_sql/harmless.py](raw_sql/harmless.py). Each view
gets one benign request. bandit ran its checks of SQL text (B608, B610, B611) on the same files.

bandit matches patterns: of an f-string it does not ask what is put in, so that text made of
constants is reported as well.
"""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sample_app.settings")
    import django

    django.setup()
    from django.test.utils import get_runner, setup_test_environment, teardown_test_environment

    from benchmarks.raw_sql.judging import bandit, live, read, table
    from sample_app.shop.seeding import fill

    setup_test_environment()
    from django.conf import settings

    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        fill(6)
        columns = {"queryaudit, run": live()[0], "queryaudit scan": read()[0], "bandit": bandit()}
    finally:
        runner.teardown_databases(databases)
        teardown_test_environment()
    lines = [_ABOUT, *table(columns)]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[-2:]))


if __name__ == "__main__":
    main()
