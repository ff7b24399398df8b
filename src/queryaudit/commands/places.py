"""``--database`` and ``--twin``: where what was asked is planned, on each alias."""

from __future__ import annotations

import argparse
from pathlib import Path

from queryaudit.config import Named, NamedPlaces
from queryaudit.config.kinds import Context


def add_to(parser: argparse.ArgumentParser, database: str, *, required: bool) -> None:
    """``database`` says what a database is for."""
    where = parser.add_mutually_exclusive_group(required=required)
    where.add_argument(
        "--database",
        metavar="[ALIAS=]URL",
        action="append",
        help=f"{database} Repeated, with the alias of the settings before it, for what is asked on "
        "others: replica=URL.",
    )
    where.add_argument(
        "--twin",
        metavar="[ALIAS=]DIR",
        action="append",
        help="Plan as production does, on a twin that `twin create` made; what is said is "
        "ESTIMATED.",
    )
    parser.add_argument(
        "--alias",
        default="default",
        help="The database of the settings that is meant where none is named (default: default).",
    )


def named(options: argparse.Namespace) -> tuple[Named, ...]:
    """URLs of databases, or paths of twins; none where neither is given."""
    found = NamedPlaces(unnamed=options.alias).read(
        options.database or options.twin, Context(base=Path.cwd(), is_text=True)
    )
    kind = str if options.database else Path
    return tuple(Named(alias, kind(where)) for alias, where in found)
