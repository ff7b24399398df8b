"""What is allowed, from ``budgets.toml``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FILE = Path(__file__).with_name("budgets.toml")


@dataclass(frozen=True)
class Budget:
    """The most that ``variant`` may add, or the highest ratio it may have, for ``name``."""

    name: str
    variant: str
    limit: float


def budgets(measure: str, django: str | None = None) -> list[Budget]:
    """The budgets of one measure. ``django``: keep those that hold for this version (``5.2``)."""
    entries = tomllib.loads(_FILE.read_text(encoding="utf-8"))[measure]
    found = []
    for entry in entries:
        versions = entry.get("django")
        if versions is None or django is None or django in versions:
            found.append(Budget(entry["name"], entry["variant"], entry["limit"]))
    return found


def verdict(budget: Budget, measured: float, unit: str = "") -> bool:
    """Say whether a budget is kept."""
    kept = measured <= budget.limit
    print(
        f"{'ok  ' if kept else 'OVER'}  {budget.variant}: {budget.name}: "
        f"{measured:,.4g}{unit} of {budget.limit:,g}{unit}"
        if abs(measured) < 100
        else f"{'ok  ' if kept else 'OVER'}  {budget.variant}: {budget.name}: "
        f"{measured:,.0f}{unit} of {budget.limit:,g}{unit}"
    )
    return kept
