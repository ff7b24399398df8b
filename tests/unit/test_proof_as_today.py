"""What an index gains is told beside what a statement takes now, not beside other new indexes."""

from __future__ import annotations

from queryaudit.proof.indexes import as_today
from queryaudit.proof.trial import Compared


def times(before_ns: int, after_ns: int) -> Compared:
    gain = before_ns / after_ns
    return Compared(before_ns, after_ns, gain, gain, frozenset({"an_idx"}), True)


def test_time_that_the_other_indexes_cost_is_not_gained_by_this_one() -> None:
    first, last = [times(1_600, 100), times(1_800, 100)], [times(900_000, 100), times(900, 100)]
    assert as_today({"a": first}, {"a": last}) == {"a": first}


def test_what_the_other_indexes_gain_is_not_gained_by_this_one_as_well() -> None:
    first, last = [times(50_000, 100)], [times(700, 100)]
    assert as_today({"a": first}, {"a": last}) == {"a": last}


def test_noise_and_statements_that_were_not_compared_before_are_told_as_they_were_last() -> None:
    first, last = [times(1_000, 100)], [times(1_400, 110)]
    assert as_today({"a": first}, {"a": last, "b": last}) == {"a": last, "b": last}
