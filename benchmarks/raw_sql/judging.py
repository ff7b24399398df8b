"""What queryaudit, running and reading, and bandit say of each call site."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from django.test import Client, override_settings

import queryaudit
from benchmarks.raw_sql.urls import CallSite, call_sites
from queryaudit.judging import Analysis
from queryaudit.project import project_config
from queryaudit.records.findings import Finding
from queryaudit.scanning import scan

FOLDER = Path(__file__).parent
FILES = tuple(FOLDER / name for name in ("dynamic.py", "harmless.py", "names.py"))
#: bandit's checks of SQL text.
CHECKS = ("B608", "B610", "B611")
#: A helper in another file, and the call site that it is part of.
_PARTS = {"by_title": "imported_helper", "count": "constant_argument", "in_list": ""}


class Said(NamedTuple):
    """Codes by call site, as ``dynamic/percent``; ``failed``: sites that did not answer."""

    codes: dict[str, tuple[str, ...]]
    failed: tuple[str, ...] = ()


def live() -> tuple[Said, list[Finding]]:
    """Audit one benign request to each call site."""
    failed: list[str] = []
    with (
        override_settings(ROOT_URLCONF="benchmarks.raw_sql.urls", ALLOWED_HOSTS=["*"]),
        override_settings(MIDDLEWARE=[]),
        queryaudit.audit("raw SQL", select=["QA3"]) as audited,
    ):
        for site in call_sites():
            if site.ask(Client()).status_code != 200:
                failed.append(site.path)
    return Said(_by_site(audited.findings), tuple(failed)), list(audited.findings)


def read() -> tuple[Said, list[Finding]]:
    """Scan the source."""
    analysis = Analysis(project_config({"select": ["QA3"]}))
    scan([FOLDER], analysis)
    findings = list(analysis.report().findings)
    return Said(_by_site(findings)), findings


def _by_site(findings: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for finding in findings:
        site = site_at(Path(finding.location.path).stem, finding.location.function)
        found.setdefault(site, set()).update(finding.rules)
    return {site: tuple(sorted(codes)) for site, codes in found.items()}


def site_at(module: str, function: str) -> str:
    name = function.partition(".")[0]
    if name in _PARTS and module in ("names", "harmless"):
        name = _PARTS[name]
        module = "dynamic" if name == "imported_helper" else "harmless"
    return f"{module}/{name}"


def bandit() -> Said | None:
    """None where bandit is not installed."""
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-f", "json", "-t", ",".join(CHECKS), *FILES],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        results = json.loads(done.stdout)["results"]
    except (ValueError, KeyError):
        return None
    found: dict[str, set[str]] = {}
    for result in results:
        path = Path(result["filename"])
        function = _function_at(path, result["line_number"])
        found.setdefault(site_at(path.stem, function), set()).add(result["test_id"])
    return Said({site: tuple(sorted(codes)) for site, codes in found.items()})


def _function_at(path: Path, line: int) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first <= line <= (node.end_lineno or node.lineno):
                return node.name
    return ""


def table(columns: dict[str, Said | None]) -> list[str]:
    """Lines of Markdown: each call site, and what each tool says of it."""
    sites: list[CallSite] = call_sites()
    lines = ["| call site | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for site in sites:
        cells = [
            ", ".join(said.codes.get(site.path, ())) if said else "" for said in columns.values()
        ]
        lines.append(f"| `{site.path}` | " + " | ".join(cells) + " |")
    wanted = [site.path for site in sites if site.is_dynamic]
    fine = [site.path for site in sites if not site.is_dynamic]
    for label, group in (("dynamic, found", wanted), ("harmless, reported", fine)):
        counts = [
            f"{sum(path in said.codes for path in group)} of {len(group)}" if said else "not run"
            for said in columns.values()
        ]
        lines.append(f"| **{label}** | " + " | ".join(counts) + " |")
    return lines
