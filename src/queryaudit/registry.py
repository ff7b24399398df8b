"""All detectors: ours and those that other packages bring, through one validation."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable
from importlib.metadata import entry_points
from itertools import takewhile

import queryaudit.detectors
from queryaudit.detectors.base import Detector, RuleSet
from queryaudit.errors import QueryAuditError, UnknownRuleError
from queryaudit.records.findings import Diagnostic
from queryaudit.records.rules import HEADINGS, Rule

GROUP = "queryaudit.detectors"
_CODE = re.compile(r"QA\d{3}")
#: Left to other packages, so that no later rule of ours collides with one of theirs.
_THEIRS = re.compile(r"QA99\d")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: A rule's module carries its code, so that adding a rule is adding a file.
_MODULE = re.compile(r"qa\d{3}_\w+")


class Registry:
    """Detectors by code, and what was wrong with those that were refused."""

    def __init__(self) -> None:
        self.detectors: dict[str, Detector] = {}
        self.diagnostics: list[Diagnostic] = []
        for cls in _own():
            # Validated by a test: to read all docstrings costs a short run more than its analysis.
            self._add(cls(), theirs=False)
        self._load_plugins()

    @property
    def rules(self) -> RuleSet:
        return self.detectors

    def rule(self, code: str) -> Rule:
        """The rule with this code or name; UnknownRuleError with a suggestion otherwise."""
        wanted = code.strip()
        for detector in self.detectors.values():
            if wanted.upper() == detector.code or wanted.lower() == detector.name:
                return detector.rule()
        raise UnknownRuleError(f"There is no rule {code!r}.", self.suggestion(wanted))

    def suggestion(self, wanted: str) -> str:
        """What may have been meant by a code or name that no rule has."""
        import difflib

        known = [d.code for d in self.detectors.values()] + [
            d.name for d in self.detectors.values()
        ]
        close = difflib.get_close_matches(wanted, known, 20) or difflib.get_close_matches(
            wanted.upper(), known, 20
        )
        # Of the same family rather than with the same ending.
        close.sort(key=lambda name: -_common_start(name.upper(), wanted.upper()))
        return f"Did you mean {close[0]}?" if close else "'queryaudit rules' lists them all."

    def add_theirs(self, detector: Detector) -> None:
        """Add a detector of another package. QueryAuditError if it can't be used."""
        self._add(detector, theirs=True)

    def _add(self, detector: Detector, *, theirs: bool) -> None:
        if theirs:
            validate(detector)
        if bool(_THEIRS.fullmatch(detector.code)) is not theirs:
            raise QueryAuditError(
                f"{detector.code} is not {type(detector).__name__}'s to take.",
                "QA990 to QA999 are for rules of other packages, all others for queryaudit's own.",
            )
        other = self.detectors.get(detector.code)
        if other is not None:
            raise QueryAuditError(
                f"{detector.code} is taken by {type(other).__module__}.", "Choose another code."
            )
        self.detectors[detector.code] = detector

    def _load_plugins(self) -> None:
        for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
            try:
                self.add_theirs(entry.load()())
            except Exception as error:  # noqa: BLE001 - the third wall: somebody else's plugin
                self.diagnostics.append(
                    Diagnostic(
                        slug="plugin-refused",
                        message=f"The detector {entry.name!r} ({entry.value}) was not loaded: "
                        f"{type(error).__name__}: {error}",
                        hint="Update or remove the package that brings it.",
                    )
                )


def _common_start(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def validate(detector: Detector) -> None:
    """Refuse a detector whose metadata is missing or malformed."""
    name = type(detector).__name__
    if not isinstance(detector, Detector):
        raise QueryAuditError(
            f"{name} is no Detector.", "Subclass queryaudit.detectors.base.Detector."
        )
    for attribute in ("code", "name", "summary", "fold"):
        if not hasattr(detector, attribute):
            raise QueryAuditError(f"{name} has no {attribute}.", f"Set {name}.{attribute}.")
    if not _CODE.fullmatch(detector.code):
        raise QueryAuditError(f"{name}.code is {detector.code!r}.", "It must read like QA101.")
    if not _NAME.fullmatch(detector.name):
        raise QueryAuditError(f"{name}.name is {detector.name!r}.", "It must be kebab-case.")
    missing = [h for h in HEADINGS if not detector.rule().sections().get(h)]
    if missing:
        raise QueryAuditError(
            f"The docstring of {name} has nothing under {missing[0]!r}.",
            f"Its headings are: {', '.join(HEADINGS)}.",
        )


def _own() -> Iterable[type[Detector]]:
    """The detectors of this package, one for each rule module, by code."""
    found: list[type[Detector]] = []
    for family in pkgutil.iter_modules(queryaudit.detectors.__path__):
        if not family.ispkg:
            continue
        package = importlib.import_module(f"queryaudit.detectors.{family.name}")
        for module in pkgutil.iter_modules(package.__path__):
            if _MODULE.fullmatch(module.name):
                loaded = importlib.import_module(f"{package.__name__}.{module.name}")
                found.extend(
                    value
                    for value in vars(loaded).values()
                    if isinstance(value, type)
                    and issubclass(value, Detector)
                    and value.__module__ == loaded.__name__
                )
    return sorted(found, key=lambda cls: cls.code)
