"""The configuration as everything else sees it: typed, frozen, complete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from queryaudit.config.kinds import Named
from queryaudit.config.outputs import Output
from queryaudit.records.plans import PlanMode
from queryaudit.records.rules import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOptions:
    """What ``[tool.queryaudit.rules.<code>]`` says about one rule; None is the rule's own."""

    code: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One field for each option in the table, by its name, and the project's root.

    Paths are resolved: from settings and pyproject against ``root``, from flags and the
    environment against the working directory.
    """

    root: Path
    source: tuple[str, ...]
    omit: tuple[str, ...]
    test_files: tuple[str, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: Severity | None  #: None: nothing fails
    n_plus_one_threshold: int
    max_rows: int
    max_offset: int
    max_in_list: int
    max_transaction_queries: int
    max_transaction_ms: int
    batch_files: tuple[str, ...]
    baseline: Path | None
    plan_baseline: Path | None
    trace: Path | None
    output: tuple[Output, ...]
    max_queries: int | None
    deep: bool
    watch_locks: bool
    explain: PlanMode | None  #: None: nothing is explained
    advise: tuple[Named, ...]  #: twins' folders, or databases' URLs
    prove: bool
    small_table: int
    ignore_paths: tuple[str, ...]
    log: bool
    server_timing: bool
    enabled: bool | None  #: None: as DEBUG
    sample_rate: float
    strict: bool
    rules: tuple[RuleOptions, ...]

    def runs(self, code: str) -> bool:
        """Whether the rule ``code`` is selected."""
        selected = _longest(code, self.select) if self.select else 0
        return selected is not None and selected > (_longest(code, self.ignore) or -1)

    def severity(self, code: str, default: Severity) -> Severity:
        """The severity of the rule ``code``, whose own is ``default``."""
        for rule in self.rules:
            if rule.code == code and rule.severity is not None:
                return rule.severity
        return default


def _longest(code: str, prefixes: tuple[str, ...]) -> int | None:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=None)
