"""The verdict: new findings fail a run, known ones do not, and seeing nothing is not success."""

from __future__ import annotations

import pytest

from queryaudit.errors import ExitCode
from queryaudit.gate.ratchet import entries_of
from queryaudit.gate.verdict import exit_code, judge
from queryaudit.records.report import Audited, GateResult
from queryaudit.records.rules import Severity
from tests.unit.gate_samples import cause, finding, report

FOUND = report(finding(cause("a1"), cause("b2", "book.publisher")))


def test_a_clean_run_passes() -> None:
    gate = judge(report(), None, Severity.NOTE, False)
    assert gate == GateResult(
        fail_on=Severity.NOTE, failed=False, new=(), known=(), stale=(), baseline=None
    )
    assert exit_code(report(), gate) is ExitCode.CLEAN


def test_a_new_finding_fails() -> None:
    gate = judge(FOUND, None, Severity.WARNING, False)
    assert (gate.failed, gate.new) == (True, ("a1", "b2"))
    assert exit_code(FOUND, gate) is ExitCode.FINDINGS


def test_a_run_of_which_tests_are_missing_is_not_clean() -> None:
    gate = judge(report(), None, Severity.NOTE, False)
    assert exit_code(report(), gate, missing=True) is ExitCode.INTERNAL
    failed = judge(FOUND, None, Severity.WARNING, False)
    assert exit_code(FOUND, failed, missing=True) is ExitCode.FINDINGS


def test_known_findings_pass() -> None:
    gate = judge(FOUND, entries_of(FOUND), Severity.WARNING, False, baseline="known.json")
    assert gate == GateResult(
        fail_on=Severity.WARNING,
        failed=False,
        new=(),
        known=("a1", "b2"),
        stale=(),
        baseline="known.json",
    )


def test_a_new_path_on_a_known_queryset_fails() -> None:
    known = entries_of(report(finding(cause("a1"))))
    gate = judge(FOUND, known, Severity.WARNING, False)
    assert (gate.failed, gate.new, gate.known) == (True, ("b2",), ("a1",))


@pytest.mark.parametrize(
    ("severity", "fail_on", "failed"),
    [
        (Severity.NOTE, Severity.NOTE, True),
        (Severity.NOTE, Severity.WARNING, False),
        (Severity.WARNING, Severity.WARNING, True),
        (Severity.WARNING, Severity.ERROR, False),
        (Severity.ERROR, Severity.WARNING, True),
        (Severity.ERROR, None, False),
    ],
)
def test_only_findings_at_or_above_the_bar_fail(
    severity: Severity, fail_on: Severity | None, failed: bool
) -> None:
    found = report(finding(cause("a1"), severity=severity))
    gate = judge(found, (), fail_on, False)
    assert gate.failed is failed
    assert exit_code(found, gate) is (ExitCode.FINDINGS if failed else ExitCode.CLEAN)


def test_never_tells_what_is_new_all_the_same() -> None:
    gate = judge(FOUND, (), None, False)
    assert (gate.fail_on, gate.failed, gate.new) == (None, False, ("a1", "b2"))


def test_a_cause_in_two_findings_counts_as_the_heavier_one() -> None:
    found = report(
        finding(cause("a1"), severity=Severity.ERROR), finding(cause("a1"), severity=Severity.NOTE)
    )
    assert judge(found, (), Severity.ERROR, False).new == ("a1",)


def test_gone_findings_are_stale_in_readable_words() -> None:
    gate = judge(report(), entries_of(FOUND), Severity.WARNING, False)
    assert gate.failed is False
    assert gate.stale == (
        "QA101 shop/views.py in book_list: book.author",
        "QA101 shop/views.py in book_list: book.publisher",
    )


def test_a_partial_run_calls_nothing_stale() -> None:
    assert judge(report(), entries_of(FOUND), Severity.WARNING, True).stale == ()


def test_the_order_of_findings_and_lines_does_not_matter() -> None:
    found = report(finding(cause("b2")), finding(cause("a1")), finding(cause("c3")))
    turned = report(*reversed(found.findings))
    known = entries_of(report(finding(cause("c3")), finding(cause("z9"))))
    assert judge(found, known, Severity.NOTE, False) == judge(
        turned, reversed(known), Severity.NOTE, False
    )


@pytest.mark.parametrize(
    ("audited", "code"),
    [
        (Audited(), ExitCode.NOTHING_AUDITED),
        (Audited(tests=9, scopes=9), ExitCode.NOTHING_AUDITED),
        (Audited(queries=9), ExitCode.NOTHING_AUDITED),
        (Audited(scopes=1, queries=1), ExitCode.CLEAN),
        (Audited(scopes=1, setup_queries=1), ExitCode.CLEAN),
    ],
)
def test_a_run_that_saw_no_query_is_not_a_clean_one(audited: Audited, code: ExitCode) -> None:
    seen = report(audited=audited)
    assert exit_code(seen, judge(seen, (), Severity.WARNING, False)) is code
