"""``queryaudit locks``: who waits for whom on a server, once or as it changes."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from queryaudit.errors import ExitCode

if TYPE_CHECKING:
    from queryaudit.plans.django_server import DjangoServer
    from queryaudit.plans.url_server import UrlServer


def add_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        metavar="URL",
        help="postgresql://user@host/name; without it: the project's, by manage.py queryaudit.",
    )
    parser.add_argument("--alias", default="default", help="Which database of the settings.")
    parser.add_argument("--watch", action="store_true", help="Go on, until Ctrl-C.")
    parser.add_argument("--no-color", action="store_true", help="No colour, whatever the terminal.")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Who waits for whom, as a tree."""
    from queryaudit.plans.blocking import sessions
    from queryaudit.reports.terminal_locks import print_locks, watch_locks

    server: DjangoServer | UrlServer
    if options.database is not None:
        from queryaudit.plans.url_server import UrlServer

        server = UrlServer.connect(options.database)
    else:
        from queryaudit.plans.django_server import DjangoServer

        server = DjangoServer.connect(options.alias)
    with closing(server):
        if options.watch:
            watch_locks(lambda: sessions(server), sys.stdout, color=not options.no_color)
        else:
            print_locks(sessions(server), sys.stdout, color=not options.no_color)
    return ExitCode.CLEAN
