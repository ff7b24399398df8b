"""The audited cases, each run once for all tests of the rules, when the first of them asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from sample_app.cases import all_cases
from tests.rules.case_runs import CaseRun, run_with

_RUNS = pytest.StashKey[dict[str, CaseRun]]()
CASES = {str(case): case for case in all_cases()}


class Runs(Mapping[str, CaseRun]):
    """Each case's audit by the case's name; what has not run runs on the shop of the test."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._known = request.config.stash.setdefault(_RUNS, {})

    def __getitem__(self, name: str) -> CaseRun:
        if name not in self._known:
            self._request.getfixturevalue("shop")
            self._known.update(run_with(CASES[name]))
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(CASES)

    def __len__(self) -> int:
        return len(CASES)


@pytest.fixture
def runs(db: None, request: pytest.FixtureRequest) -> Mapping[str, CaseRun]:
    return Runs(request)
