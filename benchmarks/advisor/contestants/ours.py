"""``queryaudit advise TRACE``, with ``--database URL --scratch`` and with ``--twin``; its Django
code made into indexes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.contrib.postgres import indexes as postgres_indexes
from django.db import connection, models
from django.db.models import functions

from benchmarks.advisor.measuring import Proposal
from benchmarks.advisor.models import MODELS
from benchmarks.advisor.workload import Query, Statement, write
from queryaudit import audit
from queryaudit.advising import Terms, places
from queryaudit.blocks import project_config
from queryaudit.config import Named
from queryaudit.judging import Analysis
from queryaudit.proof.budget import Budget
from queryaudit.records.advised import AdvisedIndex, Outcome, Served
from queryaudit.replay import analyse
from queryaudit.sql.statement import parse

_BUDGET = Budget(max_indexes=40)
_NAMES = {**vars(functions), **vars(postgres_indexes), "models": models}


def record(path: Path, chosen: Sequence[Query]) -> None:
    """The workload as a trace, some writes in it."""
    with audit("workload", trace=str(path), test_files=[]):
        for query in chosen:
            for turn in (0, 1):
                query.ask(turn)
        write(50)


def advised(place: str | Path, trace: Path, small_table: int | None) -> tuple[AdvisedIndex, ...]:
    """By execution in the database whose URL it is; by costs on a twin, a folder."""
    flags = {} if small_table is None else {"small-table": small_table}
    analysis = Analysis(project_config(flags, flags_name="the benchmark"))
    terms = Terms(scratch=True, budget=_BUDGET, told=_told)
    with places([Named("default", place)], analysis, terms) as there:
        analyse([trace], analysis, there.planners)
        return there.advise().indexes


def _told(text: str) -> None:
    print(f"    {text}", file=sys.stderr)


def proposals(
    found: Sequence[AdvisedIndex], asked: Mapping[str, Sequence[Statement]]
) -> list[Proposal]:
    queries = {parse(each[0].sql).normalised: query for query, each in asked.items()}
    made = []
    for one in found:
        if one.outcome not in (Outcome.PROVED, Outcome.ESTIMATED):
            continue
        told = {queries[s.statement]: s for s in one.served if s.statement in queries}
        claims = {query: claim for query, s in told.items() if (claim := _claim(s)) is not None}
        ranges = {
            query: (s.at_least, s.at_most)
            for query, s in told.items()
            if s.at_least is not None and s.at_most is not None
        }
        made.append(_made(one, claims, ranges))
    return made


def _claim(served: Served) -> float | None:
    """By which factor a statement is said to become faster, or else cheaper."""
    if served.before_ns is not None:
        return served.before_ns / max(served.after_ns or 0, 1)
    if served.before_cost is not None and served.after_cost:
        return served.before_cost / served.after_cost
    return None


def _made(
    one: AdvisedIndex, claims: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]
) -> Proposal:
    model = next(m for m in MODELS if m._meta.label == one.model)
    index: Any = eval(one.title, dict(_NAMES))
    with connection.schema_editor(collect_sql=True) as editor:
        ddl = str(index.create_sql(model, editor))
    return Proposal(index.name, ddl, claims, ranges)
