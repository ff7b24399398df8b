"""A twin at work: its server runs for as long as somebody asks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from queryaudit.plans.url_server import UrlServer
from queryaudit.twin import files, manifest
from queryaudit.twin.creating import DATA, DATABASE
from queryaudit.twin.private_server import PrivateServer

#: Who tries indexes has the twin to himself: tables shrink for a moment as one is made.
_LOCK = 0x7477696E


class Twin:
    """The twin in ``directory``. Use as a context. ``server`` answers while it is open."""

    def __init__(self, directory: Path, *, alone: bool = False) -> None:
        self.manifest = manifest.load(directory)
        self.data = directory / DATA
        self._private = PrivateServer(self.data)
        self._alone = alone
        self.server: UrlServer

    def __enter__(self) -> Twin:
        self._private.__enter__()
        try:
            self.server = self._private.connect(DATABASE)
            self.server.run(f"SELECT pg_advisory_lock({_LOCK})")
            self._mend()
            if not self._alone:
                self.server.run(f"SELECT pg_advisory_lock_shared({_LOCK})")
                self.server.run(f"SELECT pg_advisory_unlock({_LOCK})")
        except BaseException:
            self._private.__exit__()
            raise
        return self

    def __exit__(self, *details: Any) -> None:
        self.server.close()
        self._private.__exit__(*details)

    @property
    def name(self) -> str:
        """What its plans are of, to be said with each of them."""
        return f"on the statistics twin of {self.manifest.server}"

    @property
    def scans(self) -> dict[tuple[str, str], int | None]:
        """How often production used its indexes; what is not listed is not known."""
        return {(schema, name): count for schema, name, count in self.manifest.scans}

    def _mend(self) -> None:
        """Sizes as they should be, whatever a process left that was killed."""
        rows = self.server.run(
            "SELECT n.nspname::text, c.relname::text, pg_relation_filepath(c.oid)"
            " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'm')"
        )
        paths = {(schema, name): path for schema, name, path in rows}
        for schema, name, blocks in self.manifest.blocks:
            path = paths.get((schema, name))
            if path is not None and files.blocks_of(self.data / path) < blocks:
                files.resize(self.data / path, blocks)
