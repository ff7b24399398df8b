"""CPU time of the hot path in ratio to bare Django, in turns, so that both meet the same noise.

Rough where ``instructions`` is exact, but quick and without valgrind: its limits catch what got
dear, not what got a little dearer. ``make bench`` runs it.
"""

from __future__ import annotations

import gc
import os
import time
from contextlib import AbstractContextManager
from statistics import median

import pytest

from benchmarks.budgets import Budget, budgets
from benchmarks.variants import VARIANTS
from benchmarks.workloads import ROWS, hydrate, lazy_loads, point_select

#: Pairs of runs, of which the median ratio counts.
ROUNDS = int(os.environ.get("QUERYAUDIT_BENCHMARK_ROUNDS", "15"))

WORKLOADS = {
    "select": (point_select, 60),
    "ten lazy loads in a loop": (lazy_loads, 8),
    "rows": (hydrate(ROWS), 4),
}


def _seconds(variant: AbstractContextManager[None], name: str) -> float:
    call, times = WORKLOADS[name]
    with variant:
        call()
        began = time.thread_time()
        for _ in range(times):
            call()
        return time.thread_time() - began


@pytest.mark.parametrize("budget", budgets("ratio"), ids=lambda b: f"{b.variant}: {b.name}")
def test_the_ratio_to_bare_django_is_within_budget(budget: Budget) -> None:
    ratios = []
    gc.disable()
    try:
        for _ in range(ROUNDS):
            bare = _seconds(VARIANTS["bare"](), budget.name)
            ratios.append(_seconds(VARIANTS[budget.variant](), budget.name) / bare)
    finally:
        gc.enable()
    assert median(ratios) <= budget.limit
