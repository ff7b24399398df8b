"""The audited cases, run once for all tests of the rules."""

from __future__ import annotations

import pytest

from tests.rules.case_runs import CaseRun, run_all

_RUNS = pytest.StashKey[dict[str, CaseRun]]()


@pytest.fixture
def runs(db: None, request: pytest.FixtureRequest) -> dict[str, CaseRun]:
    """Each case's audit by the case's name. The first test that asks seeds the shop."""
    stash = request.config.stash
    if _RUNS not in stash:
        request.getfixturevalue("shop")
        stash[_RUNS] = run_all()
    return stash[_RUNS]
