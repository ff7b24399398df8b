"""``queryaudit advise TRACE --database URL --scratch``, its Django code made into indexes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from django.contrib.postgres import indexes as postgres_indexes
from django.db import connection, models
from django.db.models import functions

from benchmarks.advisor.measuring import Proposal
from benchmarks.advisor.models import MODELS
from benchmarks.advisor.workload import Query, Statement, write
from queryaudit import audit
from queryaudit.blocks import project_config
from queryaudit.judging import Analysis
from queryaudit.plans.saved import SavedPlanner
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof.budget import Budget
from queryaudit.proof.indexes import advise
from queryaudit.records.advised import AdvisedIndex, Outcome
from queryaudit.replay import analyse
from queryaudit.sql.statement import parse

_NAMES = {**vars(functions), **vars(postgres_indexes), "models": models}


def record(path: Path, chosen: Sequence[Query]) -> None:
    """The workload as a trace, some writes in it."""
    with audit("workload", trace=str(path), test_files=[]):
        for query in chosen:
            for turn in (0, 1):
                query.ask(turn)
        write(50)


def advised(url: str, trace: Path, small_table: int | None) -> tuple[AdvisedIndex, ...]:
    flags = {} if small_table is None else {"small-table": small_table}
    analysis = Analysis(project_config(flags, flags_name="the benchmark"))
    with closing(UrlServer.connect(url)) as server:
        planner = SavedPlanner(server, "default")
        analyse([trace], analysis, planner)
        return advise(
            server,
            analysis.workload(),
            planner.texts,
            alias="default",
            small_table=analysis.config.small_table,
            budget=Budget(max_indexes=40),
            told=lambda text: print(f"    {text}", file=sys.stderr),
        ).indexes


def proposals(
    found: Sequence[AdvisedIndex], asked: Mapping[str, Sequence[Statement]]
) -> list[Proposal]:
    queries = {parse(each[0].sql).normalised: query for query, each in asked.items()}
    made = []
    for one in found:
        if one.outcome is not Outcome.PROVED:
            continue
        timed = {
            queries[served.statement]: served
            for served in one.served
            if served.before_ns is not None and served.statement in queries
        }
        claims = {
            query: (served.before_ns or 0) / max(served.after_ns or 0, 1)
            for query, served in timed.items()
        }
        ranges = {
            query: (served.at_least or 1.0, served.at_most or 1.0)
            for query, served in timed.items()
        }
        made.append(_made(one, claims, ranges))
    return made


def _made(
    one: AdvisedIndex, claims: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]
) -> Proposal:
    model = next(m for m in MODELS if m._meta.label == one.model)
    index: Any = eval(one.title, dict(_NAMES))
    with connection.schema_editor(collect_sql=True) as editor:
        ddl = str(index.create_sql(model, editor))
    return Proposal(index.name, ddl, claims, ranges)
