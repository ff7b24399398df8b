"""The sentences and numbers that reporters share, so that they never disagree."""

from __future__ import annotations

from queryaudit.records.findings import Applicability, Cause, Finding, Grade
from queryaudit.records.report import Audited, GateResult, Report
from queryaudit.records.rules import Severity

TIMES = "\N{MULTIPLICATION SIGN}"

GRADES = {
    Grade.OBSERVED: "seen in the trace",
    Grade.ESTIMATED: "a planner's estimate",
    Grade.MEASURED: "executed and measured",
    Grade.PROVED: "made to happen, or re-run and compared on the same data",
}

APPLICABILITY = {
    Applicability.SAFE: "safe to apply",
    Applicability.UNSAFE: "may change behaviour: review it",
    Applicability.DISPLAY_ONLY: "to write by hand",
}

#: The comment that accepts a finding, and where to put it.
SUPPRESS_COMMENT = "# queryaudit: ignore[CODE] reason"
SUPPRESS_PLACE = "on its line, or record it in the baseline"

NOTHING_HINT = (
    "A clean report needs something to look at: check that the audit is switched on "
    "and that this run reaches the database."
)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 query``, ``1,204 queries``."""
    word = noun if number == 1 else plural or _plural(noun)
    return f"{number:,} {word}"


def repeated(cause: Cause) -> str:
    """``12``; nothing for a cause that is no query of its own, as the commits of a loop."""
    return f"{cause.queries:,}" if cause.queries else ""


def times(cause: Cause) -> str:
    """The same with the sign, to be put before what was asked so often."""
    return f"{repeated(cause)} {TIMES} " if cause.queries else ""


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def duration(nanoseconds: int) -> str:
    """With three significant digits and the unit that suits: ``48.2 ms``."""
    for unit, size in (("µs", 10**3), ("ms", 10**6), ("s", 10**9)):
        value = nanoseconds / size
        if value < 999.5 or unit == "s":
            break
    if value >= 99.95 or value == 0:
        return f"{value:,.0f} {unit}"
    return f"{value:.1f} {unit}" if value >= 9.995 else f"{value:.2f} {unit}"


def listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def is_known(finding: Finding, gate: GateResult | None) -> bool:
    """Whether the baseline knows every cause of the finding."""
    if gate is None:
        return False
    known = set(gate.known)
    return all(cause.fingerprint in known for cause in finding.causes)


def new_causes(finding: Finding, gate: GateResult | None) -> frozenset[str]:
    """Fingerprints of the causes to mark as new: those that stand beside known ones."""
    known = set(gate.known) if gate else set()
    new = frozenset(c.fingerprint for c in finding.causes if c.fingerprint not in known)
    return new if len(new) < len({c.fingerprint for c in finding.causes}) else frozenset()


def tally(findings: tuple[Finding, ...]) -> str:
    """``3 findings (1 error, 2 warnings)``; ``no findings``."""
    if not findings:
        return "no findings"
    kinds = [
        count(number, severity.label)
        for severity in sorted(Severity, reverse=True)
        if (number := sum(f.severity is severity for f in findings))
    ]
    return f"{count(len(findings), 'finding')} ({', '.join(kinds)})"


def extent(audited: Audited) -> str:
    """``12 tests, 34 requests, 410 queries on default (postgresql)``."""
    parts = [
        count(number, noun)
        for number, noun in (
            (audited.files, "file"),
            (audited.tests, "test"),
            (audited.requests, "request"),
        )
        if number
    ]
    if audited.files and not audited.scopes:
        return parts[0]
    if audited.scopes and not parts:
        parts.append(count(audited.scopes, "unit of work", "units of work"))
    parts.append(count(audited.queries, "query"))
    where = f" on {', '.join(audited.databases)}" if audited.databases else ""
    return ", ".join(parts) + where


#: Building objects is told of from this time in one run on, and from this share of a unit.
_BUILDING_NS, _BUILDING_SHARE = 10_000_000, 0.2
_BUILDERS = 3


def building(report: Report) -> tuple[str, ...]:
    """``80% of request GET /books/ is building 12,000 rows``: units that load too much for Python.

    Only where it takes a good part of a unit's time; the database's share is elsewhere.
    """
    heavy = [
        (scope.hydration_ns / scope.elapsed_ns, scope)
        for scope in report.scopes
        if scope.hydration_ns >= _BUILDING_NS * max(1, scope.runs)
        and scope.hydration_ns >= _BUILDING_SHARE * scope.elapsed_ns > 0
    ]
    heavy.sort(key=lambda item: (-item[1].hydration_ns, item[1].kind, item[1].name))
    return tuple(
        f"{min(share, 1):.0%} of {scope.kind} {scope.name} is building objects of"
        f" {count(round(scope.rows / max(1, scope.runs)), 'row')}"
        f" ({duration(scope.hydration_ns)} in {count(scope.runs, 'run')})"
        for share, scope in heavy[:_BUILDERS]
    )


def nothing_audited(audited: Audited) -> str | None:
    """What to say aloud if the run saw no query at all, else None."""
    if audited.files:
        return None
    if not audited.scopes:
        return "NOTHING WAS AUDITED: no test, request or other unit of work was seen."
    if audited.queries or audited.setup_queries:
        return None
    return f"NOTHING WAS AUDITED: {extent(audited)}, so there was nothing to judge."


def headline(report: Report) -> str:
    """``3 new findings``, ``2 findings``, ``No findings``: what there is to do."""
    if nothing_audited(report.audited) is not None:
        return "Nothing was audited"
    fresh = sum(not is_known(f, report.gate) for f in report.findings)
    kind = "new finding" if fresh < len(report.findings) else "finding"
    return count(fresh, kind) if fresh else f"No {kind}s"


def outcome(report: Report) -> str:
    """``3 findings (1 error, 2 warnings), 2 known, 1 ignored``; known ones count apart."""
    if nothing_audited(report.audited) is not None and not report.findings:
        return "nothing was audited"
    known = tuple(f for f in report.findings if is_known(f, report.gate))
    fresh = tuple(f for f in report.findings if not is_known(f, report.gate))
    parts = [tally(fresh).replace(" finding", " new finding", 1) if known else tally(fresh)]
    if known:
        parts.append(f"{len(known):,} known")
    if report.suppressed:
        parts.append(f"{len(report.suppressed):,} ignored")
    return ", ".join(parts)


def summary(report: Report) -> str:
    """The line that ends every report: how much was audited, and what came of it."""
    return f"Audited {extent(report.audited)}: {outcome(report)}"


def verdict(report: Report) -> str | None:
    """The gate's decision in a sentence; None without a gate, or if it judged nothing."""
    gate = report.gate
    if gate is None:
        return None
    if not gate.failed and nothing_audited(report.audited) is not None:
        return None
    if gate.fail_on is None:
        return "Reported only: nothing was set to fail this run."
    bar = f"at or above {gate.fail_on.label}"
    if not gate.failed:
        return f"Passed: nothing {'new ' if gate.baseline else ''}{bar}."
    number = count(len(gate.new), "new cause" if gate.baseline else "cause")
    return f"Failed: {number} {bar}."


def grade(finding: Finding) -> str:
    """``observed (seen in the trace)``; what only the source says has no trace."""
    name = finding.evidence.grade.name.lower()
    if not finding.scope_count and finding.evidence.grade is Grade.OBSERVED:
        return name
    return f"{name} ({GRADES[finding.evidence.grade]})"


def cost(finding: Finding) -> str:
    """``60 queries, 48.2 ms``, over the whole run."""
    return spent(finding.queries, finding.duration_ns)


def spent(queries: int, duration_ns: int) -> str:
    """``60 queries, 48.2 ms``; ``seen 4 times`` where no queries were counted, but transactions."""
    if queries and not duration_ns:
        return f"seen {count(queries, 'time')}"
    return f"{count(queries, 'query')}, {duration(duration_ns)}"


def saving(finding: Finding) -> str | None:
    """``saves 354 queries and 171 ms`` over the run; ``should save`` if it was not executed."""
    saved = finding.fix.saving if finding.fix else None
    if saved is None:
        return None
    parts = [count(saved.queries, "query")] if saved.queries else []
    if saved.duration_ns > 0:
        parts.append(duration(saved.duration_ns))
    verb = "saves" if finding.evidence.grade >= Grade.MEASURED else "should save"
    return f"{verb} {listed(parts)}" if parts else None


def loss(audited: Audited) -> str | None:
    """What could not be written down, None if nothing was lost."""
    if not audited.dropped:
        return None
    return f"{count(audited.dropped, 'query')} could not be recorded and went unjudged."


def upkeep(report: Report) -> str | None:
    """``1 diagnostic, 2 stale baseline lines``: what else wants attention, None if nothing."""
    parts = [
        count(number, noun)
        for number, noun in (
            (len(report.diagnostics), "diagnostic"),
            (len(report.gate.stale) if report.gate else 0, "stale baseline line"),
            (len(report.unused_ignores), "unused ignore"),
            (report.audited.dropped, "unrecorded query"),
        )
        if number
    ]
    return ", ".join(parts) or None
