"""Real programs: what the capture saw says the same live and from its traces.

Programs are sequences of the rules' cases, spread over units of work. Seen failing with the
recorder's second definition of a stack (the one with loop and source) left out of the trace: a
replay then finds no loop.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType

from queryaudit.capture.scopes import entered
from queryaudit.judging import Analysis
from queryaudit.project import project_config
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.report import Report
from queryaudit.replay import analyse
from queryaudit.reports.codec import encode
from queryaudit.runtime import Session
from sample_app.cases import all_cases

ROOT = Path(__file__).resolve().parents[2]
CONFIG = replace(project_config(start=ROOT), strict=True)

#: Cheap ones only: what is compared is the way of the events, not the rules.
CASES: tuple[Callable[[], object], ...] = tuple(
    case.run for case in all_cases() if case.rule in ("QA101", "QA102", "QA103", "QA107", "QA108")
)
Program = list[tuple[str, list[Callable[[], object]]]]


def program(chance: random.Random) -> Program:
    """Units of work by name, each with what it runs."""
    names = [f"GET /{n}/" for n in range(3)]
    return [(chance.choice(names), chance.choices(CASES, k=4)) for _ in range(6)]


def run(units: Program, trace: Path) -> Report:
    """Judged as it runs, and written to ``trace``."""
    analysis = Analysis(CONFIG)
    session = Session(CONFIG)
    session.write_trace(trace)
    assert session.open() is session
    session.hub.listen(analysis.engine(session.hub.tables))
    try:
        for name, cases in units:
            scope = session.recorder.start(ScopeKind.REQUEST, name)
            with entered(scope):
                for case in cases:
                    case()
            session.recorder.end(scope)
    finally:
        session.close()
    return analysis.report(session.diagnostics())


def replayed(*traces: Path) -> Report:
    analysis = Analysis(CONFIG)
    return analysis.report(analyse(traces, analysis))


def timeless(value: object) -> object:
    """A report without times, and without the saving that is counted in them."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if not k.endswith("_ns")}
    return [timeless(entry) for entry in value] if isinstance(value, list) else value


@pytest.fixture(autouse=True)
def _known_content_types(shop: None) -> None:
    """Asked for once in the life of a process, by whichever program comes first."""
    ContentType.objects.get_for_models(*apps.get_models())


@pytest.mark.parametrize("seed", range(5))
def test_a_replay_says_what_was_said_live(shop: None, tmp_path: Path, seed: int) -> None:
    said = run(program(random.Random(seed)), tmp_path / "one.qatrace")
    assert said.findings
    assert replayed(tmp_path / "one.qatrace") == said


@pytest.mark.parametrize("seed", range(5))
def test_two_processes_say_together_what_one_says(shop: None, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    units = program(chance)
    said = run(units, tmp_path / "one.qatrace")
    parts = [tmp_path / "a.qatrace", tmp_path / "b.qatrace"]
    chance.shuffle(parts)
    run(units[::2], parts[0])
    run(units[1::2], parts[1])
    together = replayed(*parts)
    assert timeless(encode(together)) == timeless(encode(said))
