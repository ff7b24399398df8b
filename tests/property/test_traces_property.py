"""The same workload gives the same report: live, from its trace, and from many in any order.

Seen failing with each of these in turn:

- ``Ledger.add`` keeps the sighting that came first instead of the least: split runs differ;
- ``Ledger.add`` sets ``totals.worst`` instead of taking the maximum: the order of traces shows;
- ``replay._feed`` drops what it holds when a unit of work ends: a replay is not what ran live;
- ``QueryBudget.judge`` breaks ties by ids, as it once did: processes number differently.
"""

from __future__ import annotations

import random
import tempfile
from dataclasses import fields, is_dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queryaudit.config import Config, Inputs, load
from queryaudit.judging import Analysis
from queryaudit.records.report import Report
from queryaudit.registry import Registry
from queryaudit.replay import analyse
from queryaudit.runtime import Hub
from queryaudit.sql.statement import Statements
from queryaudit.trace.writer import TraceWriter
from tests.property.workloads import Process, Unit, header, trace_name, workloads

quickly = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

REGISTRY = Registry()
STATEMENTS = Statements()


def config() -> Config:
    flags = {"strict": "true", "max-queries": "3"}
    return load(Inputs(root=Path("/nowhere"), flags=flags), known_rules=REGISTRY.rules)


CONFIG = config()


def analysis() -> Analysis:
    return Analysis(CONFIG, REGISTRY, STATEMENTS)


def live(units: list[Unit], folder: Path) -> Report:
    """Judged as it runs, and written to a trace on the way."""
    found = analysis()
    hub = Hub(header(0))
    hub.listen(found.engine(hub.tables))
    hub.writer = TraceWriter(trace_name(folder, 0), header(0))
    process = Process(hub, 0)
    for unit in units:
        process.play(unit)
    hub.writer.close()
    return found.report()


def record(units: list[Unit], folder: Path, number: int) -> Path:
    """One process of several, with its own ids."""
    path = trace_name(folder, number)
    hub = Hub(header(number))
    hub.writer = TraceWriter(path, header(number))
    process = Process(hub, number * 1000)
    for unit in units:
        process.play(unit)
    hub.writer.close()
    return path


def differences(one: object, other: object, place: str = "report") -> list[str]:
    """Where two reports differ; a report is too long to be read in full."""
    if one == other:
        return []
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{place}[{n}]")]
    if is_dataclass(one) and type(one) is type(other):
        return [
            line
            for field in fields(one)
            for line in differences(
                getattr(one, field.name), getattr(other, field.name), f"{place}.{field.name}"
            )
        ]
    return [f"{place}: {one!r} is not {other!r}"]


def replayed(paths: list[Path]) -> Report:
    found = analysis()
    diagnostics = analyse(paths, found)
    return found.report(diagnostics)


@quickly
@given(workloads)
def test_a_replay_says_what_was_said_live(units: list[Unit]) -> None:
    with tempfile.TemporaryDirectory() as name:
        said = live(units, Path(name))
        assert differences(replayed([trace_name(Path(name), 0)]), said) == []


@quickly
@given(workloads, st.randoms(use_true_random=False), st.integers(2, 4))
def test_work_split_over_processes_is_reported_as_one(
    units: list[Unit], chance: random.Random, processes: int
) -> None:
    shares: list[list[Unit]] = [[] for _ in range(processes)]
    for unit in units:
        chance.choice(shares).append(unit)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        said = live(units, folder)
        (folder / "parts").mkdir()
        paths = [record(share, folder / "parts", n) for n, share in enumerate(shares, start=1)]
        chance.shuffle(paths)
        assert differences(replayed(paths), said) == []
        assert differences(replayed([folder / "parts"]), said) == []


@quickly
@given(workloads, st.randoms(use_true_random=False))
def test_the_order_of_the_work_makes_no_difference(
    units: list[Unit], chance: random.Random
) -> None:
    shuffled = list(units)
    chance.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        assert differences(live(shuffled, Path(one)), live(units, Path(other))) == []


@quickly
@given(workloads)
def test_running_everything_twice_doubles_counts_and_finds_nothing_else(
    units: list[Unit],
) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        once, twice = live(units, Path(one)), live(units + units, Path(other))
    assert twice.audited.queries == 2 * once.audited.queries
    assert twice.audited.duration_ns == 2 * once.audited.duration_ns
    for first, second in zip(_by_name(once), _by_name(twice), strict=True):
        assert first[0] == second[0]
        assert 2 * first[1] == second[1]


def _by_name(report: Report) -> list[tuple[object, int]]:
    return sorted(
        ((f.fingerprint, str(f.location), [c.fingerprint for c in f.causes]), f.queries)
        for f in report.findings
    )


@quickly
@given(workloads)
def test_a_report_adds_up(units: list[Unit]) -> None:
    with tempfile.TemporaryDirectory() as name:
        report = live(units, Path(name))
    for finding in report.findings:
        assert finding.queries == sum(cause.queries for cause in finding.causes)
        assert finding.duration_ns == sum(cause.duration_ns for cause in finding.causes)
        assert finding.queries <= report.audited.queries
        assert finding.scope_count >= 1
        assert (
            finding.fix is None
            or finding.fix.saving is None
            or (0 <= finding.fix.saving.queries <= finding.queries)
        )
    assert report.audited.queries == sum(row.calls for row in report.statements)


@quickly
@given(workloads)
def test_what_is_suppressed_is_not_found_as_well(units: list[Unit]) -> None:
    with tempfile.TemporaryDirectory() as name:
        report = live(units, Path(name))
    for suppression in report.suppressed:
        assert suppression.reason == "known"
        codes = {"shop/views.py:11": None, "shop/views.py:12": "QA101", "shop/views.py:13": "QA1"}
        wanted = codes[suppression.place]
        rules = {cause.rule for cause in suppression.finding.causes}
        assert wanted is None or all(r.startswith((wanted, "QA901")) for r in rules)
