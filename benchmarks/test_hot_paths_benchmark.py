"""A number for each hot path, by pytest-benchmark, in CPU time.

What runs in the audited application stands in one group with bare Django: the number in brackets
is its multiple. What runs once for each statement, or on a recorded run, has a group of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.models import Book
from benchmarks.stacks import depth
from benchmarks.variants import VARIANTS
from benchmarks.workloads import ROWS, WORKLOADS, hydrate
from queryaudit.blocks import project_config
from queryaudit.judging import Analysis
from queryaudit.records.report import Report
from queryaudit.replay import analyse
from queryaudit.reports.base import Options
from queryaudit.reports.registry import get
from queryaudit.sql.statement import parse

_ROOT = Path(__file__).resolve().parent.parent
_PATHS: dict[str, Callable[[int], Callable[[], object]]] = {
    **{workload.name: workload.make for workload in WORKLOADS},
    f"{ROWS} rows": lambda _above: hydrate(ROWS),
}
_OBSERVERS = ("bare", "debug", "outside", "capture", "audit")


@pytest.mark.parametrize("variant", _OBSERVERS)
@pytest.mark.parametrize("path", _PATHS)
def test_the_application(benchmark: BenchmarkFixture, path: str, variant: str) -> None:
    benchmark.group = path
    with VARIANTS[variant]():
        benchmark(_PATHS[path](depth()))


def _a_call_site() -> Callable[[], object]:
    """A function that was never seen: its query is the first from its call site."""
    names: dict[str, Any] = {"Book": Book}
    exec(compile("def ask():\n    return Book.objects.get(pk=1)\n", __file__, "exec"), names)
    return names["ask"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("variant", _OBSERVERS)
def test_a_call_site_that_is_new(benchmark: BenchmarkFixture, variant: str) -> None:
    benchmark.group = "select, from a new call site"
    with VARIANTS[variant]():
        benchmark.pedantic(
            lambda ask: ask(), setup=lambda: ((_a_call_site(),), {}), rounds=300, warmup_rounds=20
        )


def test_a_statement_is_read(benchmark: BenchmarkFixture) -> None:
    benchmark.group = "once for each statement"
    text = str(Book.objects.select_related("author__publisher").filter(pages__gt=10).query)
    assert benchmark(parse, text).tables


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,100 queries of a loop, as a run writes them."""
    from queryaudit.capture.scopes import entered
    from queryaudit.records.kinds import ScopeKind
    from queryaudit.runtime import Session

    folder = tmp_path_factory.mktemp("trace")
    session = Session(project_config({"strict": "true"}, _ROOT)).open()
    session.write_trace(folder)
    loads = next(w for w in WORKLOADS if w.name == "ten lazy loads in a loop").make(depth())
    for number in range(100):
        scope = session.recorder.start(ScopeKind.BLOCK, f"block {number}")
        with entered(scope):
            loads()
        session.recorder.end(scope)
    session.close()
    return folder


def _analysed(trace: Path) -> Report:
    analysis = Analysis(project_config({"strict": "true"}, _ROOT))
    return analysis.report(analyse([str(trace)], analysis))


def test_a_trace_is_judged(benchmark: BenchmarkFixture, trace: Path) -> None:
    benchmark.group = "a trace of 1,100 queries"
    report = benchmark(_analysed, trace)
    assert report.findings


@pytest.mark.parametrize("name", ["terminal", "html", "json", "sarif"])
def test_a_report_is_written(benchmark: BenchmarkFixture, trace: Path, name: str) -> None:
    benchmark.group = "its report"
    report = _analysed(trace)
    reporter = get(name, Options())
    benchmark(lambda: reporter.render(report, StringIO()))
