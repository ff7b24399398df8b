"""Which indexes pay: built on copies, one by one, and timed.

At the end each must still be missed, and no statement may have become slower.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from time import perf_counter_ns

from queryaudit.errors import LostConnectionError
from queryaudit.plans.server import RefusedError, first_line
from queryaudit.proof import recalled
from queryaudit.proof.dropping import drops
from queryaudit.proof.journal import Journal
from queryaudit.proof.laboratory import Laboratory, Run
from queryaudit.proof.trial import Compared
from queryaudit.proof.trials import Trial
from queryaudit.proof.trying import Taken, Task
from queryaudit.records.advised import Outcome, TriedDrop
from queryaudit.records.workload import Asked

_CONTROLS = 30
#: Of the sets of values of a statement more than this must be faster, and none slower.
_MOST = 0.5
#: Beyond the noise of two measurements that lie apart.
_MADE_SO = 1.5


class Proving:
    """Implements ``Trying``. What an earlier run left in ``journal`` is not tried again."""

    def __init__(self, laboratory: Laboratory, task: Task, journal: Journal | None = None) -> None:
        self._laboratory = laboratory
        self._task = task
        self._journal = journal or Journal()
        self._small_table = task.small_table
        self._proved = Taken(task.budget)
        #: proved in an earlier run: their indexes are built when something is to be measured
        self._absent: list[Trial] = []
        #: not missed with all the others in place
        self._left_out: list[Trial] = []

    def all(self, trials: Sequence[Trial]) -> None:
        for number, trial in enumerate(trials, 1):
            self._task.told(f"{number}/{len(trials)} {trial.name}")
            self._guarded(trial)
        self._leave_out()
        proved = len(self._proved)
        self._control()
        # What served in place of one that was left out may be gone as well since then.
        again = self._left_out if len(self._proved) < proved else self._left_out[:-1]
        for trial in again:
            self._guarded(trial)
        if again:
            self._control()

    def drops(self) -> Iterator[TriedDrop]:
        for trial in self._proved:
            self._drop(trial)
        yield from drops(self._laboratory, self._task)

    def broken_off(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if trial.outcome is Outcome.IDEA:
                trial.break_off()
            elif trial.outcome is Outcome.PROVED:
                trial.reason += ", not compared with all the others in place yet"

    def _guarded(self, trial: Trial) -> None:
        try:
            self._try(trial)
        except LostConnectionError:
            raise
        except RefusedError as error:
            trial.end(Outcome.UNKNOWN, str(error))
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            trial.end(Outcome.UNKNOWN, f"the trial ended in {first_line(error)}")
            self._drop(trial)

    def _try(self, trial: Trial) -> None:
        if not self._proved.admits(trial):
            return
        replaced = [known for known in self._proved if trial.replaces(known)]
        for known in replaced:
            trial.also += [a for a in known.asked if a not in (*trial.asked, *trial.also)]
        key = self._key("tried", trial)
        if not recalled.recall(self._journal, key, trial):
            self._measure(trial, replaced)
            recalled.keep(self._journal, key, trial)
        elif trial.outcome is Outcome.PROVED:
            if not self._proved.fits(trial):
                return  # more was allowed then
            self._absent.append(trial)
        if trial.outcome is Outcome.PROVED:
            for known in replaced:
                self._give_up(known)
                known.end(Outcome.REFUTED, f"served as well by {trial.name}")
            self._take(trial)

    def _key(self, stage: str, trial: Trial) -> list[str]:
        table = self._laboratory.identity(trial.relation)
        return recalled.trial_key(stage, trial, table, self._proved)

    def _measure(self, trial: Trial, replaced: Sequence[Trial]) -> None:
        """Build it and compare, with those in place that were proved before. It must be worth it
        beside those that it replaces, and without them."""
        laboratory = self._laboratory
        if not [*laboratory.runs([*trial.asked, *trial.also])]:
            return trial.end(Outcome.UNKNOWN, "no values are known to try its statements with")
        refused = laboratory.copy(trial.relation, self._small_table)
        if refused:
            return trial.end(Outcome.UNKNOWN, refused)
        runs = self._runs(trial)
        if not runs:
            return trial.end(Outcome.UNKNOWN, "its statements read the table by another name")
        lacking = laboratory.lacks(trial.candidates)
        if lacking:
            return trial.end(Outcome.UNKNOWN, f"the extension {lacking} is not installed there")
        self._restore()
        self._build(trial)
        if self._proved.fits(trial):
            self._judge(trial, runs)
        if trial.outcome is Outcome.PROVED and replaced:
            for known in replaced:
                self._drop(known)
                self._absent.append(known)  # to be built again if it was in vain
            self._judge(trial, runs)
        if trial.outcome is not Outcome.PROVED:
            return self._drop(trial)
        for candidate in trial.candidates:
            trial.insert_ns[candidate] = laboratory.insert_ns(trial.relation, candidate)
        return None

    def _runs(self, trial: Trial) -> list[Run]:
        runs = [*self._laboratory.runs([*trial.asked, *trial.also])]
        return self._laboratory.runs_on(trial.table, runs)

    def _build(self, trial: Trial) -> None:
        share = self._laboratory.shares.get((trial.relation.schema, trial.relation.name), 1.0)
        start = perf_counter_ns()
        for candidate in trial.candidates:
            # What a sample's index takes, the whole table's takes as many times as it has rows.
            trial.bytes[candidate] = round(self._laboratory.build(candidate).bytes / share)
        trial.build_ns = round((perf_counter_ns() - start) / share)
        trial.share = share

    def _restore(self) -> None:
        """Build what an earlier run proved."""
        while self._absent:
            trial = self._absent[0]
            refused = self._laboratory.copy(trial.relation, self._small_table)
            if not refused:
                for candidate in trial.candidates:
                    self._laboratory.build(candidate)
            self._absent.remove(trial)

    def _take(self, trial: Trial) -> None:
        """It was proved: statements that did not ask for it, and gain, are its own as well."""
        self._proved.append(trial)
        helped = [a for a in trial.also if _share(trial.compared.get(a.fingerprint, ())) > _MOST]
        trial.asked += helped
        trial.also = [a for a in trial.also if a not in helped]

    def _give_up(self, trial: Trial) -> None:
        self._proved.remove(trial)
        if trial in self._absent:
            self._absent.remove(trial)
        else:
            self._drop(trial)

    def _drop(self, trial: Trial) -> None:
        for candidate in trial.candidates:
            self._laboratory.drop(candidate)

    def _judge(self, trial: Trial, runs: Sequence[Run]) -> None:
        compared: dict[str, list[Compared]] = {}
        for run in runs:
            found = self._laboratory.compare(run, trial.names)
            compared.setdefault(run.asked.fingerprint, []).append(found)
        trial.compared, trial.sets = compared, len(runs)
        trial.end(*_verdict(trial))

    def _leave_out(self) -> None:
        """Each of several must be missed with all the others in place."""
        if len(self._proved) < 2:
            return
        for trial in [*self._proved]:
            self._task.told(f"without {trial.name}")
            before = trial.compared
            key = self._key("left out", trial)
            if not recalled.recall(self._journal, key, trial):
                self._restore()
                self._judge(trial, self._runs(trial))
                if trial.outcome is not Outcome.PROVED:
                    trial.reason = f"with the other indexes in place, {trial.reason}"
                recalled.keep(self._journal, key, trial)
            told = as_today(before, trial.compared)
            if told != trial.compared and trial.outcome is Outcome.PROVED:
                trial.reason += "; with the other new indexes alone a statement would be slower"
            trial.compared = told
            if trial.outcome is not Outcome.PROVED:
                self._give_up(trial)
                self._left_out.append(trial)

    def _control(self) -> None:
        """Statements that nobody thought of must not become slower."""
        tables = {trial.table for trial in self._proved}
        served = {asked.fingerprint for trial in self._proved for asked in trial.asked}
        others = [
            asked
            for asked in self._task.workload.statements
            if asked.alias == self._task.alias
            and tables.intersection(asked.tables)
            and asked.fingerprint not in served
        ]
        others.sort(key=lambda asked: (-asked.calls, asked.fingerprint))
        for asked in others[:_CONTROLS]:
            for found in self._controlled(asked):
                for trial in [*self._proved] if found.is_slower else []:
                    if found.used.intersection(trial.names):
                        trial.end(Outcome.REFUTED, "it makes another statement slower")
                        self._give_up(trial)

    def _controlled(self, asked: Asked) -> Sequence[Compared]:
        tables = {self._laboratory.identity(trial.relation) for trial in self._proved}
        key = recalled.control_key(asked, tables, self._proved)
        known = recalled.recall_control(self._journal, key)
        if known is not None:
            return known
        self._restore()
        names = [name for trial in self._proved for name in trial.names]
        found = []
        for run in self._laboratory.runs([asked]):
            try:
                found.append(self._laboratory.compare(run, names))
            except LostConnectionError:
                raise
            except Exception:  # noqa: BLE001 - whatever a driver raises: no control
                continue
        recalled.keep_control(self._journal, key, found)
        return found


def as_today(
    before: Mapping[str, Sequence[Compared]], found: Mapping[str, list[Compared]]
) -> dict[str, list[Compared]]:
    """What is said of each statement. Where it is much slower without the index than it was
    ``before`` the others came, they have made it so, and nobody ever waited that long."""
    return {
        statement: [*before[statement]]
        if statement in before and _without(each) > _without(before[statement]) * _MADE_SO
        else each
        for statement, each in found.items()
    }


def _without(each: Sequence[Compared]) -> float:
    return fmean(c.before_ns for c in each) if each else 0.0


def _verdict(trial: Trial) -> tuple[Outcome, str]:
    """What its comparisons say."""
    everything = [c for each in trial.compared.values() for c in each]
    if not any(len(c.used) == len(trial.candidates) for c in everything):
        return Outcome.REFUTED, "the planner does not use it"
    if not all(c.same_rows for c in everything):
        return Outcome.UNKNOWN, "the rows changed while they were compared"
    if any(c.is_slower for c in everything):
        return Outcome.REFUTED, "it makes one of its statements slower"
    best = max(trial.compared.values(), key=_share)
    faster = sum(c.is_faster for c in best)
    if _share(best) <= _MOST:
        return Outcome.REFUTED, "it is used, but saves too little"
    some = f" for {faster} of {len(best)} sets of values" if faster < len(best) else ""
    of = "" if trial.share == 1 else f", on a sample of {trial.share:.1%} of the rows"
    return Outcome.PROVED, f"used, faster beyond the noise{some}, the same rows{of}"


def _share(each: Sequence[Compared]) -> float:
    return sum(c.is_faster for c in each) / max(len(each), 1)
