"""Fill the shop with invented data."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from sample_app.shop.models import Audiobook, Book
from sample_app.shop.seeding import seed


class Command(BaseCommand):
    help = "Fills the shop with the same invented data every time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", type=int, default=200, help="number of books (200)")
        parser.add_argument("--force", action="store_true", help="replace what is there already")

    def handle(self, *args: Any, size: int, force: bool, **options: Any) -> None:
        if not force and Book.objects.count() - Audiobook.objects.count() == size:
            self.stdout.write(f"The shop has its {size} books already.")
            return
        counts = seed(size)
        self.stdout.write("Seeded " + ", ".join(f"{n} {name}" for name, n in counts.items()))
