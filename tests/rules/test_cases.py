"""Each rule on its own cases: it fires on every ``bad*()`` and on no ``good*()``."""

from __future__ import annotations

import inspect
import linecache
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import queryaudit
from queryaudit.records.findings import Applicability, Grade
from queryaudit.records.rules import Severity
from queryaudit.registry import Registry
from sample_app.cases import Case, all_cases
from tests.rules.case_runs import ROOT, CaseRun, options_of
from tests.rules.expected import EXPECTED

CASES = all_cases()
BAD = [case for case in CASES if case.is_bad]
GOOD = [case for case in CASES if not case.is_bad]
N_PLUS_ONE = [case for case in BAD if case.rule.startswith("QA1")]
WRITES = [case for case in BAD if case.rule in ("QA601", "QA602", "QA603")]
REGISTRY = Registry().rules
#: Of rules, and of cases, whose claims rest on more than what was seen.
GRADES = dict.fromkeys(("QA401", "QA402", "QA403", "QA404", "QA405", "QA406"), Grade.MEASURED)
GRADES["QA409"] = Grade.ESTIMATED
GRADES["bad_update"] = Grade.ESTIMATED  # what writes is planned, never executed again
#: Which call stands in a line is known by its columns, which came with Python 3.11.
BY_COLUMNS = (
    {
        *("QA104.bad_filtered_count", "QA105.bad", "QA105.bad_order_by"),
        *("QA104.bad_average", "QA105.bad_many_to_many"),
        "QA105.bad_in_a_variable",
        *("QA205.bad_async_count", "QA205.bad_async_exists", "QA205.bad_length"),
        *("QA507.bad_updated", "QA512.bad", "QA514.bad"),
    }
    if sys.version_info < (3, 11)
    else set()
)
WITH_CODE = [name for name, case in EXPECTED.items() if case.code and name not in BY_COLUMNS]


@pytest.mark.parametrize("case", GOOD, ids=str)
def test_a_good_case_has_no_finding_of_any_rule(runs: Mapping[str, CaseRun], case: Case) -> None:
    assert runs[str(case)].report.findings == ()


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_case_is_one_finding_of_its_rule(runs: Mapping[str, CaseRun], case: Case) -> None:
    finding = runs[str(case)].finding
    assert case.rule in finding.rules
    assert finding.rule in finding.rules
    known = REGISTRY[case.rule].severity
    assert finding.severity is (Severity.NOTE if EXPECTED[str(case)].note else known)
    assert finding.evidence.grade is GRADES.get(case.name, GRADES.get(case.rule, Grade.OBSERVED))


def test_the_first_rounds_of_a_loop_count_like_the_rest(shop: None) -> None:
    """Python 3.11 names another instruction for ``len()`` before and after it has adapted it."""
    source = (
        "from sample_app.shop.models import Tag\n\n\n"
        "def sizes():\n    return [len(tag.books.all()) for tag in Tag.objects.all()]\n"
    )
    names: dict[str, object] = {}
    path = ROOT / "sample_app" / "shop" / "not_on_disk.py"
    exec(compile(source, str(path), "exec"), names)
    with queryaudit.audit() as audited:
        sizes = names["sizes"]()  # type: ignore[operator]
    [finding] = audited.findings
    assert finding.queries == len(sizes)


def test_every_bad_case_has_an_expectation() -> None:
    assert sorted(EXPECTED) == sorted(str(case) for case in BAD)


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_finding_is_located_where_it_can_be_edited(
    runs: Mapping[str, CaseRun], case: Case
) -> None:
    location = runs[str(case)].finding.location
    expected = EXPECTED[str(case)]
    path = Path(inspect.getfile(inspect.unwrap(case.run))).resolve()
    assert location.path == path.relative_to(ROOT).as_posix()
    assert linecache.getline(str(path), location.line).strip() == expected.line
    if case.rule not in ("QA605", "QA901"):
        # These name queries that run once; source is read only for those that repeat.
        assert location.source == expected.line
        assert location.function.rpartition(".")[2] == expected.function


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_finding_has_all_paths_of_its_source(runs: Mapping[str, CaseRun], case: Case) -> None:
    finding = runs[str(case)].finding
    assert sorted(cause.path for cause in finding.causes) == sorted(EXPECTED[str(case)].paths)


@pytest.mark.parametrize("name", WITH_CODE)
def test_a_fix_names_the_relations_in_one_expression(
    runs: Mapping[str, CaseRun], name: str
) -> None:
    fix = runs[name].finding.fix
    assert fix is not None
    assert fix.code.splitlines()[-1] == EXPECTED[name].code


@pytest.mark.parametrize("case", N_PLUS_ONE, ids=str)
def test_a_finding_counts_all_queries_of_the_repetition(
    runs: Mapping[str, CaseRun], case: Case
) -> None:
    run = runs[str(case)]
    finding = run.finding
    assert finding.queries == sum(cause.queries for cause in finding.causes)
    # All but the source, and at most two more to find the rows of another.
    assert run.queries - 3 <= finding.queries < run.queries
    assert str(finding.queries) in finding.message
    assert finding.fix is None or finding.fix.saving is not None


@pytest.mark.parametrize("case", N_PLUS_ONE, ids=str)
def test_a_finding_says_what_to_write(runs: Mapping[str, CaseRun], case: Case) -> None:
    fix = runs[str(case)].finding.fix
    assert fix is not None
    assert fix.title
    assert fix.code or fix.note


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_safe_edit_gives_the_same_result_with_fewer_queries(
    runs: Mapping[str, CaseRun], case: Case
) -> None:
    run = runs[str(case)]
    fix = run.finding.fix
    if fix is None or fix.applicability is not Applicability.SAFE or not fix.edits:
        return
    assert run.edit is not None
    assert run.edit.error is None
    assert run.edit.result == run.result
    assert run.edit.queries < run.queries
    assert run.edit.findings == ()


@pytest.mark.parametrize("case", BAD, ids=str)
def test_an_edit_is_a_program_that_runs(runs: Mapping[str, CaseRun], case: Case) -> None:
    edit = runs[str(case)].edit
    assert edit is None or edit.error is None


@pytest.mark.parametrize("case", WRITES, ids=str)
def test_an_edited_loop_writes_the_same_with_fewer_queries(
    runs: Mapping[str, CaseRun], case: Case
) -> None:
    """Whether the edit is safe or, as of a loop that commits row by row, is not."""
    run = runs[str(case)]
    if run.edit is None:
        return
    assert run.edit.error is None
    assert run.edit.result == run.result
    assert run.edit.queries < run.queries


def test_most_relation_loads_can_be_edited_safely(runs: Mapping[str, CaseRun]) -> None:
    fixes = [runs[str(case)].finding.fix for case in BAD if case.rule in ("QA101", "QA107")]
    safe = [fix for fix in fixes if fix and fix.applicability is Applicability.SAFE and fix.edits]
    assert len(safe) >= 0.8 * len(fixes)


@pytest.mark.parametrize("name", ["QA101.bad", "QA102.bad_two_levels", "QA103.bad", "QA108.bad"])
def test_a_fingerprint_is_the_same_in_every_run(
    shop: None, runs: Mapping[str, CaseRun], name: str
) -> None:
    case = runs[name].case
    with queryaudit.audit("another name", **options_of(case)) as audited:
        case.run()
    [again] = audited.findings
    first = runs[name].finding
    assert again.fingerprint == first.fingerprint
    assert [c.fingerprint for c in again.causes] == [c.fingerprint for c in first.causes]


def test_fingerprints_of_different_cases_differ(runs: Mapping[str, CaseRun]) -> None:
    causes = [c.fingerprint for run in runs.values() for f in run.report.findings for c in f.causes]
    assert len(causes) == len(set(causes))
