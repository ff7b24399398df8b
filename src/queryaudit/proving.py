"""Findings about deadlocks, put to the test: proved, refuted, or left as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from queryaudit.analysis.joining import fingerprint, impact
from queryaudit.judging import Analysis
from queryaudit.locking.graph import RULE, Chain, Crossing, crossings, is_postgres, locks_rows
from queryaudit.proof.deadlock import Trial, prove
from queryaudit.proof.scratch import scratch_database
from queryaudit.records.advised import Outcome
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Evidence, Finding, Grade, Suppression
from queryaudit.records.report import Report

#: What is put to the test.
RULES = (RULE,)
#: Ways in which the transactions of one finding meet, that are tried.
_WAYS = 20


def with_proofs(
    report: Report, analysis: Analysis, url: str, told: Callable[[str], None] = lambda _: None
) -> Report:
    """``report`` with each deadlock replayed in a scratch database beside ``url``.

    What is refuted is listed as suppressed, so that it fails nothing. Raises DatabaseError.
    """
    if not any(finding.rule == RULE for finding in report.findings):
        return report
    with scratch_database(url) as scratch:
        return replayed(report, analysis, scratch, told)


def replayed(
    report: Report, analysis: Analysis, scratch: str, told: Callable[[str], None] = lambda _: None
) -> Report:
    """``report`` with each deadlock replayed in the database ``scratch``, which is ours.

    What was a note, as no key found the rows, weighs as much as any other once it is proved.
    """
    ways, models = _ways(analysis)
    proved = analysis.config.severity(RULE, analysis.registry.rules[RULE].severity)
    kept: list[Finding] = []
    refuted: list[Suppression] = []
    for finding in report.findings:
        if finding.rule != RULE:
            kept.append(finding)
            continue
        told(f"replaying {finding.location}")
        trial = _tried(scratch, ways.get(finding.fingerprint, ()), models)
        judged = replace(finding, evidence=_evidence(finding, trial))
        if trial.outcome is Outcome.REFUTED:
            refuted.append(_refuted(judged, trial))
        elif trial.outcome is Outcome.PROVED:
            kept.append(replace(judged, severity=max(proved, finding.severity)))
        else:
            kept.append(judged)
    suppressed = sorted(
        [*report.suppressed, *refuted], key=lambda s: (s.place, s.rule, s.finding.fingerprint)
    )
    kept.sort(key=impact)
    return replace(report, findings=tuple(kept), suppressed=tuple(suppressed))


def unchecked(report: Report) -> Iterator[str]:
    """What was not looked at, in a sentence for each database."""
    for alias, vendor in databases(report):
        if not locks_rows(vendor):
            yield f"{alias} was not checked: SQLite locks the database as a whole."
        elif not is_postgres(vendor):
            yield f"{alias} was not replayed: transactions of {vendor} are not."


def databases(report: Report) -> Iterator[tuple[str, str]]:
    """Alias and vendor of each that was audited."""
    for database in report.audited.databases:
        alias, _, vendor = database.rstrip(")").rpartition(" (")
        yield alias, vendor


def _ways(analysis: Analysis) -> tuple[dict[str, list[Crossing]], list[Model]]:
    """The crossings behind each finding, by its fingerprint, and the models of all."""
    facts = sorted(analysis.ledger.facts.get(RULE, {}), key=repr)
    found: dict[str, list[Crossing]] = {}
    for crossing in crossings([fact for fact in facts if isinstance(fact, Chain)]):
        found.setdefault(fingerprint(crossing.words), []).append(crossing)
    return found, [fact for fact in facts if isinstance(fact, Model)]


def _tried(url: str, ways: Sequence[Crossing], models: Sequence[Model]) -> Trial:
    """The best of what the ways show: one deadlock is enough, all must fail to refute."""
    trials: list[Trial] = []
    for crossing in ways[:_WAYS]:
        if not is_postgres(crossing.one.vendor):
            return Trial(Outcome.UNKNOWN, f"{crossing.one.vendor} is not replayed")
        trial = prove(url, crossing, models)
        if trial.outcome is Outcome.PROVED:
            return trial
        trials.append(trial)
    unknown = [trial for trial in trials if trial.outcome is not Outcome.REFUTED]
    if unknown or not trials or len(ways) > _WAYS:
        return (unknown or [Trial(Outcome.UNKNOWN, "there are too many ways to try them all")])[0]
    return trials[0]


def _evidence(finding: Finding, trial: Trial) -> Evidence:
    if trial.outcome is Outcome.PROVED:
        return Evidence(grade=Grade.PROVED, text=trial.reason, reproduce=trial.script)
    if trial.outcome is Outcome.REFUTED:
        return Evidence(grade=Grade.MEASURED, text=f"refuted: {trial.reason}")
    seen = finding.evidence.text.partition(";")[0]
    return Evidence(grade=Grade.OBSERVED, text=f"{seen}; not proved: {trial.reason}")


def _refuted(finding: Finding, trial: Trial) -> Suppression:
    return Suppression(
        rule=finding.rule,
        reason=f"refuted: {trial.reason}",
        place=str(finding.location),
        finding=finding,
    )
