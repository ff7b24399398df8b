"""The published JSON Schema of a report, made from the records themselves.

Run ``python -m queryaudit.reports.schema`` to print it. Objects are open: new fields do not
bump the schema number, so readers skip what they do not know.
"""

from __future__ import annotations

import json
import sys
from dataclasses import is_dataclass
from enum import Enum
from typing import get_args, get_origin

from queryaudit.records.findings import Finding
from queryaudit.records.report import REPORT_SCHEMA, Report
from queryaudit.reports.codec import Json, label, optional, shape

_SCALARS: dict[object, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def document() -> dict[str, Json]:
    """The schema, draft 2020-12."""
    definitions: dict[str, Json] = {}
    _define(Report, definitions)
    report = definitions.pop(Report.__name__)
    if not isinstance(report, dict):
        raise TypeError("a report is an object")
    properties = report["properties"]
    if isinstance(properties, dict):
        properties["schema"] = {"const": REPORT_SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "queryaudit report",
        "description": (
            "What queryaudit found. Durations are nanoseconds; lines count from 1 and columns "
            "from 0 in UTF-8 bytes; null is unknown."
        ),
        **report,
        "$defs": dict(sorted(definitions.items())),
    }


def dump() -> str:
    """The schema as text, newline at the end."""
    return json.dumps(document(), indent=2) + "\n"


def _define(record: type, definitions: dict[str, Json]) -> None:
    """Add ``record`` and what it refers to. Every field is written, so all are required."""
    if record.__name__ in definitions:
        return
    definitions[record.__name__] = None
    properties: dict[str, Json] = {
        name: _type(hint, definitions) for name, hint, _ in shape(record)
    }
    if record is Finding:
        properties["rules"] = {"type": "array", "items": {"type": "string"}}
    definitions[record.__name__] = {
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }


def _type(hint: object, definitions: dict[str, Json]) -> Json:
    inner = optional(hint)
    if inner is not None:
        return {"anyOf": [_type(inner, definitions), {"type": "null"}]}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _type(get_args(hint)[0], definitions)}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [label(member) for member in hint]}
    if isinstance(hint, type) and is_dataclass(hint):
        _define(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    return {"type": _SCALARS[hint]}


if __name__ == "__main__":
    sys.stdout.write(dump())
