"""``manage.py queryaudit ...``: the ``queryaudit`` command, obeying the project's settings."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from queryaudit.cli import main


class Command(BaseCommand):
    help = "Reports on saved traces and explains rules; try: manage.py queryaudit rules."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "arguments",
            nargs=argparse.REMAINDER,
            help="A command of queryaudit with its options, as in: report traces --quiet.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given = getattr(settings, "QUERYAUDIT", None)
        code = main(options["arguments"], settings=given, prog="manage.py queryaudit")
        if code:
            sys.exit(code)
