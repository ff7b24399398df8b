"""The cases themselves: that they do what they say, and that the good ones are the fix."""

from __future__ import annotations

from types import ModuleType

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sample_app.cases import Case, all_cases, case_modules

MODULES = case_modules()
N_PLUS_ONE = [module for module in MODULES if ".qa1" in module.__name__]
CASES = all_cases()
BAD = [case for case in CASES if case.is_bad]
REPEATED = [case for case in BAD if case.rule.startswith("QA1")]
#: Cases of rules about reading that write after they have read, or show a page that does.
WRITING = {"QA204.bad_before_a_write", "QA204.good_before_a_write", "QA207.good_queue"}
WRITING |= {f"QA701.{name}" for name in ("bad_choices_of_inline", "good_choices_asked_once")}
WRITING |= {"QA701.good_choices_searched"}
#: Rules about reading alone; what cases of others write is undone where they run.
READING = [
    case
    for case in CASES
    if case.rule.startswith(("QA1", "QA2", "QA7", "QA9")) and str(case) not in WRITING
]


def queries_of(case: Case) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        case.run()
    return [query["sql"] for query in queries]


@pytest.mark.parametrize("case", READING, ids=str)
def test_a_case_only_reads(shop: None, case: Case) -> None:
    for sql in queries_of(case):
        assert sql.lstrip().upper().startswith(("SELECT", "WITH", "DECLARE"))


@pytest.mark.parametrize("case", REPEATED, ids=str)
def test_a_bad_case_asks_at_least_three_times_for_its_rows(shop: None, case: Case) -> None:
    assert len(queries_of(case)) >= 4


@pytest.mark.parametrize("module", N_PLUS_ONE, ids=lambda module: module.__name__)
def test_the_good_case_returns_what_the_bad_case_returns(shop: None, module: ModuleType) -> None:
    assert module.good() == module.bad()
    assert module.good()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_rule_has_more_good_cases_than_bad_ones(module: ModuleType) -> None:
    names = [name for name in vars(module) if name.startswith(("bad", "good"))]
    bad = [name for name in names if name.startswith("bad")]
    assert len(names) > 2 * len(bad) > 0


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_says_why_in_one_line(case: Case) -> None:
    assert case.reason.endswith(".")
    assert "\n" not in case.reason
