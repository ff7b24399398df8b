"""What a report says of the time that goes into building objects."""

from __future__ import annotations

import pytest

from queryaudit.records.report import Audited, Report, ScopeSummary
from queryaudit.reports.wording import building

MS = 1_000_000


def report(**changes: int) -> Report:
    told = {"runs": 2, "rows": 24_000, "hydration_ns": 800 * MS, "elapsed_ns": 1000 * MS}
    scope = ScopeSummary(
        kind="request", name="GET /books", queries=2, worst=1, duration_ns=9 * MS, findings=0,
        **{**told, **changes},
    )  # fmt: skip
    return Report(tool="t", audited=Audited(), findings=(), scopes=(scope,))


def test_a_unit_that_builds_objects_for_most_of_its_time_is_named() -> None:
    [line] = building(report())
    assert line == (
        "80% of request GET /books is building objects of 12,000 rows (800 ms in 2 runs)"
    )


@pytest.mark.parametrize(
    "changes",
    [{"hydration_ns": 0}, {"hydration_ns": 19 * MS}, {"elapsed_ns": 9000 * MS}, {"elapsed_ns": 0}],
    ids=["nothing built", "too little a run", "too small a share", "unknown time"],
)
def test_a_unit_that_does_not_is_not(changes: dict[str, int]) -> None:
    assert building(report(**changes)) == ()
