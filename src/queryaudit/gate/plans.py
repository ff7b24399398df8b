"""The file of plans that a project accepted: what later plans are compared with.

One line a statement, sorted. It holds no text and no value of a statement, and costs to two digits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from queryaudit.errors import BaselineError
from queryaudit.gate.writing import replace_file
from queryaudit.records.plan_shapes import PlanShape, Read

MAGIC = "queryaudit-plans"
VERSION = 1
_HINT = "Restore it from version control, or delete it and accept the plans of now."


def load(path: Path) -> dict[tuple[str, str], PlanShape]:
    """The plans by alias and fingerprint; none if there is no file."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        header, *entries = rows
        if header != {MAGIC: VERSION}:
            raise ValueError("another kind of file")
        shapes = [_shape(entry) for entry in entries]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BaselineError(f"The plans in {path} can't be read.", _HINT) from error
    return {(shape.alias, shape.fingerprint): shape for shape in shapes}


def save(path: Path, shapes: Iterable[PlanShape]) -> None:
    lines = [json.dumps(_row(shape)) for shape in sorted(shapes)]
    text = "\n".join([f"[{json.dumps({MAGIC: VERSION})}", *(f",{line}" for line in lines), "]", ""])
    try:
        replace_file(path, text)
    except OSError as error:
        raise BaselineError(
            f"The plans can't be written to {path}: {error.strerror or error}.",
            "Name a writable file with the option plan-baseline.",
        ) from error


def _row(shape: PlanShape) -> dict[str, object]:
    return {**shape._asdict(), "cost": float(f"{shape.cost:.2g}"), "reads": list(shape.reads)}


def _shape(row: dict[str, object]) -> PlanShape:
    reads = row["reads"]
    if not isinstance(reads, list):
        raise TypeError("what is read is no list")
    return PlanShape(
        str(row["alias"]),
        str(row["fingerprint"]),
        bool(row["generic"]),
        float(str(row["cost"])),
        tuple(Read(str(name), bool(by_index), int(rows)) for name, by_index, rows in reads),
    )
