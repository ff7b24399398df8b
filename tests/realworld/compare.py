"""A suite without and with queryaudit, test by test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from measure import Run, count

SHOWN = 40


@dataclass(frozen=True)
class Difference:
    """A test that ended otherwise under queryaudit. None: it did not run at all."""

    test: str
    without: str | None
    under: str | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    without: Run
    under: Run
    differences: tuple[Difference, ...]
    unstable: tuple[Difference, ...]

    @property
    def same(self) -> int:
        return len(self.tests) - len(self.differences) - len(self.unstable)

    @property
    def tests(self) -> set[str]:
        return set(self.without.outcomes) | set(self.under.outcomes)

    @property
    def good(self) -> bool:
        """Something ran, and nothing ended otherwise."""
        return bool(self.without.outcomes) and not self.differences


def compare(without: Run, under: Run, again: Run | None = None) -> Comparison:
    """``again`` is a second run without queryaudit: what differs between the two is unstable."""
    found = differences(without.outcomes, under.outcomes)
    restless = set()
    if again is not None:
        restless = {each.test for each in differences(without.outcomes, again.outcomes)}
    return Comparison(
        without=without,
        under=under,
        differences=tuple(each for each in found if each.test not in restless),
        unstable=tuple(each for each in found if each.test in restless),
    )


def differences(without: Mapping[str, str], under: Mapping[str, str]) -> list[Difference]:
    return [
        Difference(test, without.get(test), under.get(test))
        for test in sorted(set(without) | set(under))
        if without.get(test) != under.get(test)
    ]


def render(name: str, comparison: Comparison) -> str:
    """The table for one target."""
    without, under = comparison.without, comparison.under
    findings = findings_of(under)
    rows = [
        ("tests", str(len(comparison.tests))),
        ("without", outcome_words(without)),
        ("with", outcome_words(under)),
        ("same outcome", str(comparison.same)),
        ("differing", str(len(comparison.differences))),
        ("unstable without queryaudit too", str(len(comparison.unstable))),
        ("wall time, without -> with", _times(without.wall_s, under.wall_s)),
        ("CPU time, without -> with", _times(without.cpu_s, under.cpu_s)),
        ("findings", "unknown" if findings is None else str(findings)),
        ("exit status, without / with", f"{without.status} / {under.status}"),
        ("log with", str(under.log)),
    ]
    width = max(len(label) for label, _ in rows)
    lines = [name, "-" * len(name), *(f"{label:<{width}}  {value}" for label, value in rows)]
    lines += [f"  diagnostic: {each}" for each in diagnostics_of(under)]
    for title, listed in (
        ("differing", comparison.differences),
        ("unstable", comparison.unstable),
    ):
        for each in listed[:SHOWN]:
            lines.append(f"  {title}: {each.test}: {each.without} -> {each.under}")
        if len(listed) > SHOWN:
            lines.append(f"  ... and {len(listed) - SHOWN} more")
    return "\n".join(lines)


def render_run(name: str, run: Run) -> str:
    """One run alone."""
    findings = findings_of(run)
    told = "" if findings is None else f", {findings} findings"
    return (
        f"{name}: {len(run.outcomes)} tests ({outcome_words(run)}), {run.wall_s:.1f} s wall, "
        f"{run.cpu_s:.1f} s CPU{told}, exit status {run.status}\nlog: {run.log}"
    )


def outcome_words(run: Run) -> str:
    counted = sorted(count(run.outcomes).items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{number} {outcome}" for outcome, number in counted) or "none ran"


def findings_of(run: Run) -> int | None:
    """How many findings the JSON report of the run lists; None without a report."""
    if run.audited is None:
        return None
    listed = run.audited.get("findings")
    return len(listed) if isinstance(listed, list) else None


def diagnostics_of(run: Run) -> list[str]:
    """What went wrong with the audit itself, by its own account."""
    listed = (run.audited or {}).get("diagnostics")
    return [str(each) for each in listed] if isinstance(listed, list) else []


def _times(without: float, under: float) -> str:
    ratio = f"{under / without:.2f}" if without else "-"
    return f"{without:.1f} s -> {under:.1f} s (x {ratio})"
