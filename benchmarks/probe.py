"""Run under callgrind by ``instructions``: one variant, all workloads, a mark around each.

Marks are calls of ``getsid``, which nothing else calls: callgrind writes its counters out and
starts again whenever it meets one. So startup is not counted, and nothing has to be subtracted.
What stands between which marks is printed, as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable

#: Queries before the first that counts: the interpreter specialises code as it runs.
WARMUP = 60
#: Calls before rows are counted.
ROW_WARMUP = 2


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django

    django.setup()
    from benchmarks.models import fill
    from benchmarks.stacks import depth
    from benchmarks.variants import VARIANTS
    from benchmarks.workloads import ROW_WORKLOADS, ROWS, WORKLOADS

    fill(ROWS)
    gc.disable()
    above = depth()
    mark = os.getsid
    plan: list[tuple[str, str, int]] = []
    with VARIANTS[sys.argv[1]]():
        for workload in WORKLOADS:
            call = workload.make(above)
            # Both from one place: what was met while warming up is met again.
            for times in (max(WARMUP // workload.queries, 4), workload.repeat):
                mark(0)
                _repeat(call, times)
            mark(0)
            plan.append(("query", workload.name, workload.repeat * workload.queries))
        for name, make in ROW_WORKLOADS.items():
            half, full = make(ROWS // 2), make(ROWS)
            for call, times in ((half, ROW_WARMUP), (full, ROW_WARMUP), (half, 1), (full, 1)):
                mark(0)
                _repeat(call, times)
            mark(0)
            plan.append(("row", name, ROWS - ROWS // 2))
    print(json.dumps(plan), flush=True)
    # Nothing after this matters, and taking down an interpreter takes long here.
    os._exit(0)


def _repeat(call: Callable[[], object], times: int) -> None:
    for _ in range(times):
        call()


if __name__ == "__main__":
    main()
