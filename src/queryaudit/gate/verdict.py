"""Whether a run passes: new findings count, known ones do not, and silence is not success."""

from __future__ import annotations

from collections.abc import Iterable

from queryaudit.errors import ExitCode
from queryaudit.gate.baseline import Entry
from queryaudit.records.report import Audited, GateResult, Report
from queryaudit.records.rules import Severity


def judge(
    report: Report,
    baseline_entries: Iterable[Entry] | None,
    fail_on: Severity | None,
    partial: bool,
    *,
    baseline: str | None = None,
) -> GateResult:
    """The verdict on ``report``.

    ``fail_on`` None is "never": all that is new is told, nothing fails. ``partial`` says that
    only some tests or rules ran, so that a baseline line without a finding proves nothing.
    ``baseline`` is the file's path, for the report.
    """
    entries = {entry.fingerprint: entry for entry in baseline_entries or ()}
    heaviest = _severities(report)
    bar = Severity.NOTE if fail_on is None else fail_on
    new = sorted(
        fingerprint
        for fingerprint, severity in heaviest.items()
        if fingerprint not in entries and severity >= bar
    )
    gone = [] if partial else [entry for f, entry in entries.items() if f not in heaviest]
    return GateResult(
        fail_on=fail_on,
        failed=fail_on is not None and bool(new),
        new=tuple(new),
        known=tuple(sorted(heaviest.keys() & entries.keys())),
        stale=tuple(str(entry) for entry in sorted(gone)),
        baseline=baseline,
    )


def exit_code(report: Report, gate: GateResult, *, missing: bool = False) -> ExitCode:
    """What the process returns. A run that saw no query is not a clean one, nor is one of which
    a part is ``missing``."""
    if gate.failed:
        return ExitCode.FINDINGS
    if missing and _has_audited(report.audited):
        return ExitCode.INTERNAL
    return ExitCode.CLEAN if _has_audited(report.audited) else ExitCode.NOTHING_AUDITED


def _has_audited(audited: Audited) -> bool:
    return audited.files > 0 or (audited.scopes > 0 and audited.queries + audited.setup_queries > 0)


def _severities(report: Report) -> dict[str, Severity]:
    """The severity of each cause: that of its finding, the heaviest if it is in several."""
    heaviest: dict[str, Severity] = {}
    for finding in report.findings:
        for cause in finding.causes:
            known = heaviest.get(cause.fingerprint, finding.severity)
            heaviest[cause.fingerprint] = max(known, finding.severity)
    return heaviest
