"""What the pipeline is told besides the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from queryaudit.analysis.suppressions import Ignore
from queryaudit.detectors.base import Detector, Limits, RuleSet
from queryaudit.records.findings import Diagnostic
from queryaudit.records.rules import Severity


class Unused(Enum):
    """Which ignores that suppressed nothing are news."""

    ALL = "all"  #: everything ran
    ENTERED = "entered"  #: those that were in force; comments elsewhere were not reached
    NONE = "none"  #: only some of what there is ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the pipeline needs to know besides the ledger."""

    tool: str
    rules: RuleSet
    severities: dict[str, Severity] = field(default_factory=dict)
    comments: tuple[Ignore, ...] = ()  #: ignore comments of the audited files
    diagnostics: tuple[Diagnostic, ...] = ()
    unused: Unused = Unused.ALL
    surveying: tuple[Detector, ...] = ()  #: the rules that run
    limits: Limits = field(default_factory=Limits)
    strict: bool = False  #: re-raise a rule's exception
    crashes: list[Diagnostic] = field(default_factory=list)  #: filled on the way
