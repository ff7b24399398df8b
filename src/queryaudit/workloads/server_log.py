"""Reads what ``auto_explain`` and ``log_min_duration_statement`` wrote to a server's log."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from queryaudit.errors import TraceError
from queryaudit.plans.policy import permission
from queryaudit.plans.tree import Json, nodes
from queryaudit.records.findings import Diagnostic
from queryaudit.records.plans import Plan, PlanMode
from queryaudit.sql.statement import Statements
from queryaudit.workloads.entries import Entry, Found, with_placeholders
from queryaudit.workloads.log_records import records

_DURATION = re.compile(
    r"duration: (?P<ms>[\d.]+) ms  (?:(?P<plan>plan):|(?:statement|execute [^:]*):)\s*(?P<body>.*)",
    re.DOTALL,
)
_LOGGED = "by the server, as its log says"


def read(path: Path, alias: str) -> Found:
    """The statements of a log. Raises TraceError where there is nothing to read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            found = _Reader(alias).read(lines)
    except OSError as error:
        raise TraceError(
            f"The log {path} can't be read: {error.strerror or type(error).__name__}.",
            "--workload takes a file, pg_stat_statements, or the URL of a server that has it.",
        ) from error
    if not (found.entries or found.timed or found.skipped):
        raise TraceError(
            f"No statement with its duration is in {path}.",
            "auto_explain writes them, with auto_explain.log_format = json, and lc_messages in "
            "English.",
        )
    return Found(path.name, found.statements(), tuple(_diagnostics(path, found)))


@dataclass(slots=True)
class _Reader:
    """Statements by what they are: those that differ in values are one."""

    alias: str
    entries: dict[str, Entry] = field(default_factory=dict)
    #: executions that were logged without their plan
    timed: dict[str, Entry] = field(default_factory=dict)
    torn: int = 0
    skipped: int = 0
    _known: Statements = field(default_factory=Statements)

    def read(self, lines: Iterable[str]) -> _Reader:
        # A quoted message may be longer than the module's default for a field.
        csv.field_size_limit(max(csv.field_size_limit(), 1 << 27))
        for line, message in records(lines):
            if message is None:
                self.torn += 1
                continue
            match = _DURATION.match(message)
            if match is None:
                continue
            duration_ns = round(float(match["ms"]) * 1e6)
            if match["plan"]:
                self._planned(line, duration_ns, match["body"])
            else:
                self._add(self.timed, Entry(match["body"].strip(), 1, duration_ns, 0, None, line))
        return self

    def statements(self) -> tuple[Entry, ...]:
        """What is in the log with a plan and, for the rest, without."""
        return (*({**self.timed, **self.entries}).values(),)

    def _planned(self, line: int, duration_ns: int, body: str) -> None:
        if not body.startswith("{"):
            self.skipped += 1
            return
        try:
            written = json.loads(body)
            text, root = str(written["Query Text"]), written["Plan"]
            plan = _plan(root, duration_ns, self.alias)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.torn += 1
            return
        count = plan.nodes[0].actual_rows if plan.nodes else None
        self._add(self.entries, Entry(text, 1, duration_ns, round(count or 0), plan, line))

    def _add(self, known: dict[str, Entry], entry: Entry) -> None:
        """The slowest execution stands for all."""
        if not permission(entry.text, PlanMode.GENERIC, "postgresql").mode:
            return
        entry = entry._replace(text=with_placeholders(entry.text))
        key = self._known.of(entry.text).fingerprint
        other = known.get(key)
        if other is not None:
            slowest = max((other, entry), key=lambda e: e.plan.duration_ns or 0 if e.plan else 0)
            entry = slowest._replace(
                calls=other.calls + 1,
                duration_ns=other.duration_ns + entry.duration_ns,
                rows=other.rows + entry.rows,
                line=other.line,
            )
        known[key] = entry


def _plan(root: Json, duration_ns: int, alias: str) -> Plan:
    executed = "Actual Rows" in root
    return Plan(
        sql=0,
        alias=alias,
        vendor="postgresql",
        mode=PlanMode.ANALYZED if executed else PlanMode.PLANNED,
        reason=_LOGGED if executed else "",
        duration_ns=duration_ns,
        nodes=nodes(root),
    )


def _diagnostics(path: Path, found: _Reader) -> list[Diagnostic]:
    said = [
        Diagnostic(
            slug="workload-without-sites",
            message=f"{path.name} has no call sites and only what was slow enough to be logged: "
            "findings name no line of the code, and calls are those that were logged.",
            hint="A trace of the application has the call sites.",
        )
    ]
    if found.torn:
        said.append(
            Diagnostic(
                slug="workload-torn",
                message=f"{found.torn:,} records of {path.name} are incomplete and were skipped; "
                "the rest was read.",
                hint="A log that was rotated or is being written begins or ends within a record.",
            )
        )
    if found.skipped:
        said.append(
            Diagnostic(
                slug="workload-format",
                message=f"{found.skipped:,} plans of {path.name} are not written as JSON and were "
                "skipped.",
                hint="Set auto_explain.log_format = json.",
            )
        )
    return said
