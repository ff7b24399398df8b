"""For each rule a module with ``bad()``, on which it fires, and ``good()``, on which it does not.

Further ``bad_*()`` are other shapes of the same mistake; further ``good_*()`` look like it and
are fine. A case takes no argument, and the shop is afterwards as it was before.
Where a rule has a fix, ``good()`` is the fix of ``bad()`` and returns the same.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Case:
    """One function of a case module."""

    rule: str  #: ``QA101``
    name: str  #: ``good_prefetched``
    run: Callable[[], object]
    reason: str  #: the docstring: why it is bad, or why it is fine

    @property
    def is_bad(self) -> bool:
        return self.name.startswith("bad")

    def __str__(self) -> str:
        return f"{self.rule}.{self.name}"


def all_cases() -> list[Case]:
    """Every case of every rule: by rule, then in the order of the source."""
    return [case for module in case_modules() for case in _cases_of(module)]


def case_modules() -> list[ModuleType]:
    names = sorted(i.name for i in pkgutil.iter_modules(__path__) if i.name.startswith("qa"))
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


def _cases_of(module: ModuleType) -> list[Case]:
    rule = module.__name__.rpartition(".")[2].partition("_")[0].upper()
    return [
        Case(rule=rule, name=name, run=function, reason=inspect.getdoc(function) or "")
        for name, function in vars(module).items()
        if name.partition("_")[0] in {"bad", "good"} and inspect.isfunction(function)
    ]
