"""Which indexes a workload should have: proposed from its plans, tried on copies, one by one.

Each is tried with those in place that were proved before, so that two are not recommended for what
one does; at the end each must still be missed, and no statement may have become slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter_ns
from typing import Any

from queryaudit.advice.index_code import ddl, index_name
from queryaudit.plans.policy import after_functions, called, permission
from queryaudit.plans.postgres import volatile_of
from queryaudit.plans.server import Server, first_line
from queryaudit.proof import clones
from queryaudit.proof.budget import Budget
from queryaudit.proof.trial import Compared, compare, reads_copy
from queryaudit.proof.trials import Trial, advised, proposed
from queryaudit.proof.values import value_sets
from queryaudit.records.advised import AdvisedIndex, Outcome
from queryaudit.records.plans import PlanMode, Relation
from queryaudit.records.workload import Asked, Workload

_STATEMENTS = 5
_CONTROLS = 30
#: Of the sets of values of a statement more than this must be faster, and none slower.
_MOST = 0.5


def advise(
    server: Server | None,
    workload: Workload,
    texts: Mapping[str, str],
    *,
    alias: str,
    small_table: int,
    budget: Budget,
    told: Callable[[str], None],
) -> tuple[AdvisedIndex, ...]:
    """Every candidate with its outcome. Without ``server`` nothing is tried.

    ``texts`` are the statements by fingerprint as they were asked; ``told`` hears what goes on.
    """
    trials = proposed(workload, alias, small_table)
    if server is not None and trials:
        _Laboratory(server, texts, budget, told).try_all(trials, workload, alias)
    return tuple(index for trial in trials for index in advised(trial))


class _Laboratory:
    """A session with copies of tables, and the indexes that were proved on them."""

    def __init__(
        self,
        server: Server,
        texts: Mapping[str, str],
        budget: Budget,
        told: Callable[[str], None],
    ) -> None:
        self._server = server
        self._texts = texts
        self._budget = budget
        self._told = told
        self._cloned: set[tuple[str, str]] = set()
        self._proved: list[Trial] = []
        clones.prepare(server)

    def try_all(self, trials: Sequence[Trial], workload: Workload, alias: str) -> None:
        for number, trial in enumerate(trials, 1):
            self._told(f"{number}/{len(trials)} {trial.name}")
            try:
                self._try(trial)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises
                trial.end(Outcome.UNKNOWN, f"the trial ended in {first_line(error)}")
                self._drop(trial)
        self._leave_out()
        self._control(workload, alias)

    def _try(self, trial: Trial) -> None:
        missing = trial.missing(self._proved)
        if not missing:
            return trial.end(Outcome.REFUTED, f"served as well by {self._serving(trial)}")
        replaced = [known for known in self._proved if trial.replaces(known)]
        there = sum(len(p.candidates) for p in self._proved if p not in replaced)
        if there + len(missing) > self._budget.max_indexes:
            return trial.end(Outcome.UNKNOWN, "there are as many indexes as were allowed")
        if trial.relation.partitions:
            return trial.end(Outcome.UNKNOWN, "the table is partitioned, and copies are not")
        trial.candidates = missing
        for known in replaced:
            trial.also += [a for a in known.asked if a not in (*trial.asked, *trial.also)]
        runs = [*self._runs([*trial.asked, *trial.also])]
        if not runs:
            return trial.end(Outcome.UNKNOWN, "no values are known to try its statements with")
        if not self._copy(trial.relation):
            return trial.end(Outcome.UNKNOWN, "the table is too large to be copied")
        runs = [run for run in runs if reads_copy(self._server, run[1], run[2], trial.table)]
        if not runs:
            return trial.end(Outcome.UNKNOWN, "its statements read the table by another name")
        if any(key.opclass == "gin_trgm_ops" for c in missing for key in c.keys):
            [[there]] = self._server.run(
                "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"
            )
            if not there:
                return trial.end(Outcome.UNKNOWN, "the extension pg_trgm is not installed there")
        start = perf_counter_ns()
        for candidate in missing:
            name, functional = index_name(candidate), any(key.function for key in candidate.keys)
            built = clones.build(
                self._server, ddl(candidate), name, candidate.table, functional=functional
            )
            trial.bytes[candidate] = built.bytes
        trial.build_ns = perf_counter_ns() - start
        if sum(sum(t.bytes.values()) for t in [*self._proved, trial]) > self._budget.max_bytes:
            self._drop(trial)
            return trial.end(Outcome.UNKNOWN, "it would take more space than was allowed")
        self._judge(trial, runs)
        if trial.outcome is Outcome.PROVED and replaced:
            for known in replaced:
                self._replace(known, trial)
            self._judge(trial, runs)
        if trial.outcome is Outcome.PROVED:
            self._proved.append(trial)
            helped = [
                a for a in trial.also if _share(trial.compared.get(a.fingerprint, ())) > _MOST
            ]
            trial.asked += helped
            trial.also = [a for a in trial.also if a not in helped]
        else:
            self._drop(trial)

    def _replace(self, known: Trial, trial: Trial) -> None:
        """One index in the place of another that is its beginning."""
        self._drop(known)
        self._proved.remove(known)
        known.end(Outcome.REFUTED, f"served as well by {trial.name}")

    def _serving(self, trial: Trial) -> str:
        return " and ".join(p.name for p in self._proved if trial.missing([p]) != trial.candidates)

    def _drop(self, trial: Trial) -> None:
        for candidate in trial.candidates:
            clones.drop(self._server, index_name(candidate))

    def _judge(self, trial: Trial, runs: Sequence[tuple[Asked, str, tuple[Any, ...]]]) -> None:
        trial.compared.clear()
        trial.sets = len(runs)
        names = [index_name(candidate) for candidate in trial.candidates]
        for asked, sql, values in runs:
            found = compare(self._server, sql, values, names)
            trial.compared.setdefault(asked.fingerprint, []).append(found)
        everything = [c for each in trial.compared.values() for c in each]
        if not any(len(c.used) == len(names) for c in everything):
            return trial.end(Outcome.REFUTED, "the planner does not use it")
        if not all(c.same_rows for c in everything):
            return trial.end(Outcome.UNKNOWN, "the rows changed while they were compared")
        if any(c.is_slower for c in everything):
            return trial.end(Outcome.REFUTED, "it makes one of its statements slower")
        best = max(trial.compared.values(), key=_share)
        faster = sum(c.is_faster for c in best)
        if _share(best) <= _MOST:
            return trial.end(Outcome.REFUTED, "it is used, but saves too little")
        some = f" for {faster} of {len(best)} sets of values" if faster < len(best) else ""
        trial.end(Outcome.PROVED, f"used, faster beyond the noise{some}, the same rows")

    def _leave_out(self) -> None:
        """Each of several must be missed with all the others in place."""
        if len(self._proved) < 2:
            return
        for trial in [*self._proved]:
            self._judge(trial, [*self._runs([*trial.asked, *trial.also])])
            if trial.outcome is not Outcome.PROVED:
                trial.reason = f"with the other indexes in place, {trial.reason}"
                self._drop(trial)
                self._proved.remove(trial)

    def _control(self, workload: Workload, alias: str) -> None:
        """Statements that nobody thought of must not become slower."""
        tables = {trial.table for trial in self._proved}
        served = {asked.fingerprint for trial in self._proved for asked in trial.asked}
        others = [
            asked
            for asked in workload.statements
            if asked.alias == alias
            and tables.intersection(asked.tables)
            and asked.fingerprint not in served
        ]
        others.sort(key=lambda asked: (-asked.calls, asked.fingerprint))
        for _, sql, values in self._runs(others[:_CONTROLS]):
            names = [index_name(c) for trial in self._proved for c in trial.candidates]
            try:
                found = compare(self._server, sql, values, names)
            except Exception:  # noqa: BLE001 - whatever a driver raises: no control
                continue
            for trial in [*self._proved] if found.is_slower else []:
                if not any(index_name(c) in found.used for c in trial.candidates):
                    continue
                trial.end(Outcome.REFUTED, "it makes another statement slower")
                self._drop(trial)
                self._proved.remove(trial)

    def _runs(self, statements: Sequence[Asked]) -> Iterator[tuple[Asked, str, tuple[Any, ...]]]:
        """Statements that only read, with values to try them with."""
        chosen = sorted(statements, key=lambda asked: (-asked.calls, asked.fingerprint))
        for asked in chosen[: max(_STATEMENTS, _CONTROLS)]:
            sql = self._texts.get(asked.fingerprint)
            if sql is None or asked.plan is None:
                continue
            permitted = after_functions(
                permission(sql, PlanMode.ANALYZED, "postgresql"),
                volatile_of(self._server, called(sql)),
            )
            if permitted.mode is not PlanMode.ANALYZED:
                continue
            for values in value_sets(self._server, sql, asked.plan) or ():
                yield asked, sql, values

    def _copy(self, relation: Relation) -> bool:
        place = (relation.schema, relation.name)
        if place in self._cloned:
            return True
        if relation.bytes > self._budget.max_clone:
            return False
        self._told(f"copying {relation.name}")
        clones.clone(self._server, relation.schema, relation.name)
        self._cloned.add(place)
        return True


def _share(each: Sequence[Compared]) -> float:
    return sum(c.is_faster for c in each) / max(len(each), 1)
