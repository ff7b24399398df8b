"""``queryaudit twin create`` and ``twin show``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from queryaudit.errors import DatabaseError, ExitCode
from queryaudit.twin import manifest
from queryaudit.twin.manifest import Manifest

_FEW = 10


def add_to(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="twin_command", required=True, metavar="COMMAND")
    make = commands.add_parser(
        "create",
        help="Make a PostgreSQL of our own that plans as another one does: schema, statistics and "
        "sizes are read, and no row.",
    )
    make.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="URL|DUMP",
        help="postgresql://user@host/name, or a file of `pg_dump --no-data --statistics` "
        "(PostgreSQL 18's pg_dump; it reads older servers, too).",
    )
    make.add_argument("--to", required=True, metavar="DIR", help="Where the twin is to be.")
    make.add_argument(
        "--without-values",
        action="store_true",
        help="Leave out the values that statistics hold: the most common ones and the bounds of "
        "histograms. Joins and constants of the code are estimated less well.",
    )
    make.add_argument(
        "--schema",
        action="append",
        default=[],
        metavar="NAME",
        help="This schema only; repeatable.",
    )
    make.set_defaults(run=_create)
    show = commands.add_parser("show", help="Say what a twin is of, and what it lacks.")
    show.add_argument("directory", metavar="DIR")
    show.set_defaults(run=_show)


def _create(options: argparse.Namespace) -> ExitCode:
    from queryaudit.twin import creating, production

    found = production.read(options.source, options.schema)
    directory = Path(options.to).resolve()
    try:
        made = creating.create(found, directory, values=not options.without_values)
    except OSError as error:
        raise DatabaseError(
            f"The twin in {directory} can't be written: {error.strerror or type(error).__name__}.",
            "Nothing of it is of use; `twin create` begins anew, here or where there is room.",
        ) from error
    for line in _described(directory, made):
        print(line)
    return ExitCode.CLEAN


def _show(options: argparse.Namespace) -> ExitCode:
    directory = Path(options.directory).resolve()
    for line in _described(directory, manifest.load(directory)):
        print(line)
    return ExitCode.CLEAN


def _described(directory: Path, made: Manifest) -> Iterator[str]:
    yield (
        f"{directory}: the statistics twin of {made.server}, {made.tables:,} tables, "
        f"{made.bytes / 2**20:,.1f} MiB in production, no row of it here."
    )
    if made.has_values:
        yield (
            "Its statistics hold values of the columns: the most common ones and the bounds of "
            "histograms. --without-values leaves them out."
        )
    else:
        yield "Its statistics hold no value of any column."
    if made.unknown:
        yield f"Never analysed there, so not judged: {_listed(made.unknown)}."
    if made.lacking:
        yield f"Extended statistics without their data: {_listed(made.lacking)}."
    if made.refused:
        yield f"Not understood by the server of the twin: {_listed(made.refused)}."


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - _FEW
    return "; ".join(names[:_FEW]) + (f"; and {more} more" if more > 0 else "")
