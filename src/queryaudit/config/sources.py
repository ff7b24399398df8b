"""Where option values come from, brought to one shape: raw values by option name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from queryaudit.config.options import OPTIONS
from queryaudit.config.problems import Problem, Wrong, did_you_mean

RULES = "rules"
_PREFIX = "QUERYAUDIT_"
_NAMES = {option.name for option in OPTIONS}
_VARIABLES = {option.variable: option.name for option in OPTIONS}
_SHORT = [variable.removeprefix(_PREFIX) for variable in _VARIABLES]
#: Other programs may own variables with our prefix; only a near miss is a mistake.
_VARIABLE_CUTOFF = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Raw values by option name, each with the words that name where it stands."""

    origin: str
    base: Path
    is_text: bool
    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def put(self, name: str, value: object, place: str) -> None:
        self.values[name] = value
        self.places[name] = place

    def note(self, kind: Wrong, message: str, hint: str = "") -> None:
        self.problems.append(Problem(kind=kind, message=message, hint=hint, origin=self.origin))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that a configuration is made from, read already.

    ``settings`` is Django's ``QUERYAUDIT``, ``pyproject`` the table ``[tool.queryaudit]``; None
    means that there is none. Relative paths in these two are relative to ``root``, those in
    flags and the environment to ``cwd`` (default: ``root``).
    """

    root: Path
    cwd: Path | None = None
    flags: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: object = None
    pyproject: object = None
    problems: tuple[Problem, ...] = ()  #: what was wrong already when reading
    flags_name: str = "flags"  #: what the strongest values are called in messages

    def sources(self) -> list[Source]:
        """Strongest first."""
        cwd = self.root if self.cwd is None else self.cwd
        flags = flag_source(self.flags, cwd, self.flags_name)
        sources = [flags, environment_source(self.environment, cwd)]
        if self.settings is not None:
            sources.append(table_source("settings.QUERYAUDIT", self.settings, self.root))
        if self.pyproject is not None:
            sources.append(table_source("pyproject.toml", self.pyproject, self.root))
        return [*sources, default_source(self.root)]


def table_source(origin: str, table: object, base: Path) -> Source:
    """A table of pyproject.toml or the dict in Django's settings.

    Names may be spelled ``fail-on``, ``fail_on`` or ``FAIL_ON``.
    """
    source = Source(origin=origin, base=base, is_text=False)
    if not isinstance(table, Mapping):
        source.note(
            Wrong.NOT_A_TABLE,
            f"{origin} must be a table of options, not {type(table).__name__}.",
        )
        return source
    for key, value in table.items():
        name = str(key).strip().lower().replace("_", "-")
        place = f"{origin}: {key}"
        if name not in _NAMES and name != RULES:
            source.note(
                Wrong.UNKNOWN_OPTION,
                f"{origin}: there is no option {str(key)!r}.",
                did_you_mean(name, [*_NAMES, RULES]),
            )
        elif name in source.values:
            source.note(
                Wrong.GIVEN_TWICE,
                f"{origin}: {name} is given twice, as {source.places[name].rpartition(' ')[2]!r} "
                f"and as {str(key)!r}.",
                "Keep one of them.",
            )
        else:
            source.put(name, value, place)
    return source


def environment_source(environment: Mapping[str, str], cwd: Path) -> Source:
    """Variables ``QUERYAUDIT_<NAME>``. An empty one counts as not set."""
    source = Source(origin="environment", base=cwd, is_text=True)
    for variable, value in environment.items():
        name = _VARIABLES.get(variable)
        if name is not None and value.strip():
            source.put(name, value, f"environment: {variable}")
        elif name is None and variable.startswith(_PREFIX):
            hint = did_you_mean(variable.removeprefix(_PREFIX), _SHORT, _VARIABLE_CUTOFF)
            if hint:
                source.note(
                    Wrong.UNKNOWN_OPTION,
                    f"environment: {variable} is not an option.",
                    hint.replace("'", f"'{_PREFIX}", 1),
                )
    return source


def flag_source(flags: Mapping[str, object], cwd: Path, origin: str = "flags") -> Source:
    """Flags by option name; None is one that was not given."""
    source = Source(origin=origin, base=cwd, is_text=True)
    for name, value in flags.items():
        if name not in _NAMES:
            source.note(
                Wrong.UNKNOWN_OPTION,
                f"{origin}: there is no option {name!r}.",
                did_you_mean(name, _NAMES),
            )
        elif value is not None:
            source.put(name, value, f"{origin}: {name}")
    return source


def default_source(root: Path) -> Source:
    source = Source(origin="default", base=root, is_text=False)
    for option in OPTIONS:
        source.put(option.name, option.default, f"default: {option.name}")
    return source
