"""What a twin says of itself: where it comes from, and what it lacks. A file beside its data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from queryaudit.errors import DatabaseError

MAGIC = "queryaudit-twin"
VERSION = 1
_FILE = "twin.json"
_HINT = "Make one with `queryaudit twin create --from URL --to DIR`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A twin. ``scans`` are those of production's indexes, by schema and name."""

    source: str
    version: int | None
    has_values: bool
    tables: int
    bytes: int  #: that the tables and indexes have in production
    unknown: tuple[str, ...]  #: tables without statistics: nobody knows how many rows they have
    refused: tuple[str, ...]  #: what the server of the twin did not understand
    lacking: tuple[str, ...]  #: extended statistics that have no data here
    blocks: tuple[tuple[str, str, int], ...]  #: of each table, by schema and name
    scans: tuple[tuple[str, str, int], ...]

    @property
    def server(self) -> str:
        """The server that it stands for, in words."""
        if self.version is None:
            return self.source
        return f"{self.source} (PostgreSQL {self.version // 10_000})"


def save(directory: Path, manifest: Manifest) -> None:
    text = json.dumps({MAGIC: VERSION, **asdict(manifest)}, ensure_ascii=False)
    (directory / _FILE).write_text(text + "\n", encoding="utf-8")


def identity(directory: Path) -> str:
    """Another one for each twin that was made; empty where there is none."""
    try:
        made = (directory / _FILE).stat().st_mtime_ns
    except OSError:
        return ""
    return f"{directory} {made}"


def load(directory: Path) -> Manifest:
    """Raises DatabaseError if there is no twin of this version's."""
    try:
        row = json.loads((directory / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatabaseError(f"There is no twin in {directory}.", _HINT) from None
    except (OSError, ValueError) as error:
        raise DatabaseError(f"The twin in {directory} can't be read.", _HINT) from error
    names = {field.name for field in fields(Manifest)}
    if not isinstance(row, dict) or row.get(MAGIC) != VERSION or not names <= row.keys():
        raise DatabaseError(f"The twin in {directory} is of another version of queryaudit.", _HINT)
    return Manifest(
        **{
            **{name: row[name] for name in names},
            "unknown": tuple(row["unknown"]),
            "refused": tuple(row["refused"]),
            "lacking": tuple(row["lacking"]),
            "blocks": _counts(row["blocks"]),
            "scans": _counts(row["scans"]),
        }
    )


def _counts(rows: list[tuple[str, str, int]]) -> tuple[tuple[str, str, int], ...]:
    return tuple((str(schema), str(name), int(count)) for schema, name, count in rows)
