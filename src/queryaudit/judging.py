"""Rules and settings of a run, applied to any number of traces. Works without Django."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from pathlib import Path

from queryaudit import __version__
from queryaudit.analysis.advised import with_tried
from queryaudit.analysis.engine import Engine
from queryaudit.analysis.ledger import Ledger
from queryaudit.analysis.pipeline import build_report
from queryaudit.analysis.settings import Settings, Unused
from queryaudit.analysis.suppressions import Ignore, comments
from queryaudit.config import Config
from queryaudit.detectors.base import Limits
from queryaudit.errors import UnknownRuleError
from queryaudit.gate import plans
from queryaudit.model_places import ModelPlaces
from queryaudit.records.advised import Tried
from queryaudit.records.findings import Diagnostic
from queryaudit.records.plan_shapes import shape_of
from queryaudit.records.report import Report
from queryaudit.records.workload import Workload
from queryaudit.registry import Registry
from queryaudit.sql.statement import Statements
from queryaudit.trace.tables import Tables

#: Bytes of a file of source code, at most.
_MAX_SOURCE = 4 << 20


class Analysis:
    """Rules and settings of a run, and what they found so far in any number of traces."""

    def __init__(
        self,
        config: Config,
        registry: Registry | None = None,
        statements: Statements | None = None,
    ) -> None:
        self.config = config
        self.registry = registry or Registry()
        self._statements = statements or Statements()
        self.ledger = Ledger()
        if config.plan_baseline is not None:
            self.ledger.gathered.before = plans.load(config.plan_baseline)
        self._limits = Limits(**{f.name: getattr(config, f.name) for f in fields(Limits)})
        self._engines: list[Engine] = []

    def engine(self, tables: Tables, *, judge_tests: bool = False) -> Engine:
        """An engine for one trace."""
        chosen = [d for code, d in self.registry.rules.items() if self.config.runs(code)]
        engine = Engine(
            tables,
            chosen,
            self.ledger,
            limits=self._limits,
            strict=self.config.strict,
            judge_tests=judge_tests,
            statements=self._statements,
        )
        self._engines.append(engine)
        return engine

    def finish(self) -> None:
        """Judge what has not ended, as after an interruption."""
        for engine in self._engines:
            engine.finish()
        self._engines.clear()

    def report(
        self, diagnostics: Sequence[Diagnostic] = (), *, unused: Unused = Unused.NONE
    ) -> Report:
        self.finish()
        rules = self.registry.rules
        severities = {
            code: self.config.severity(code, detector.severity) for code, detector in rules.items()
        }
        overridden = {c: s for c, s in severities.items() if s is not rules[c].severity}
        ignores = self._comments()
        settings = Settings(
            tool=__version__,
            rules=rules,
            severities=overridden,
            comments=ignores,
            diagnostics=(
                *self.registry.diagnostics,
                *self._misspelt({*ignores, *self.ledger.ignores}),
                *diagnostics,
            ),
            unused=unused,
            surveying=tuple(d for code, d in rules.items() if self.config.runs(code)),
            limits=self._limits,
            strict=self.config.strict,
        )
        return build_report(self.ledger, settings)

    def workload(self) -> Workload:
        """What was asked, with its plans; empty unless statements were explained."""
        self.finish()
        return self.ledger.gathered.workload()[0]

    def aliases(self) -> dict[str, set[str]]:
        """Where each statement was asked so far, by its fingerprint; units of work that go on
        have asked nothing yet."""
        return self.ledger.gathered.aliases()

    def advised(self, report: Report, tried: Tried) -> Report:
        """``report`` with what became of indexes that were tried for the workload."""
        if not any(tried):
            return report
        found = with_tried(report, tried, self.workload(), ModelPlaces(self.config.root))
        named = {index.rule for index in found.indexes if index.is_recommended}
        named -= {rule.code for rule in found.rules}
        more = [self.registry.rules[code].rule() for code in named & self.registry.rules.keys()]
        return replace(found, rules=tuple(sorted((*found.rules, *more), key=lambda r: r.code)))

    def accept_plans(self) -> int | None:
        """Write the plans of now to the file of accepted ones, in place of theirs before: how many
        it has; None if there is no such file, or nothing was explained."""
        path, workload = self.config.plan_baseline, self.workload()
        found = {
            (shape.alias, shape.fingerprint): shape
            for asked in workload.statements
            if asked.plan is not None
            and (
                shape := shape_of(
                    asked.fingerprint, asked.plan, workload.relations.get(asked.alias, {})
                )
            )
        }
        if path is None or not found:
            return None
        known = {**workload.before, **found}
        plans.save(path, known.values())
        return len(known)

    def _misspelt(self, ignores: Iterable[Ignore]) -> list[Diagnostic]:
        """Ignores of what no rule's code begins with, which ignore nothing."""
        found = []
        for ignore in sorted(ignores, key=lambda each: (each.place, each.codes)):
            for code in ignore.codes:
                if any(rule.startswith(code) for rule in self.registry.rules):
                    continue
                hint = self.registry.suggestion(code)
                message = f"{ignore.place} ignores {code}, and there is no such rule."
                found.append(Diagnostic(slug=UnknownRuleError.slug, message=message, hint=hint))
        return found

    def _comments(self) -> tuple[Ignore, ...]:
        """Ignore comments in the files that were seen at work."""
        files = set(self.ledger.files)
        files |= {f.path for totals in self.ledger.causes.values() for f in totals.frames}
        found: list[Ignore] = []
        for name in sorted(files):
            path = Path(self.config.root, name)
            try:
                if path.stat().st_size > _MAX_SOURCE:
                    continue  # a server's log is no source
                text = path.read_text(encoding="utf-8", errors="replace")
            except (OSError, ValueError):
                continue
            if "queryaudit:" in text:
                found.extend(comments(name, text))
        return tuple(found)
