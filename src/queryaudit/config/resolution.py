"""Sources to one Config: flags over environment over settings over pyproject over defaults."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from queryaudit.config.kinds import Choice, Context, check_code
from queryaudit.config.model import Config, RuleOptions
from queryaudit.config.options import OPTIONS, SEVERITIES, Option
from queryaudit.config.problems import (
    Problem,
    RefusedError,
    Wrong,
    WrongOptionsError,
    did_you_mean,
)
from queryaudit.config.sources import RULES, Inputs, Source
from queryaudit.records.rules import Severity

_SEVERITY = Choice(SEVERITIES)


class Resolved(NamedTuple):
    """A usable configuration, and what was wrong: each wrong value was passed over."""

    config: Config
    problems: tuple[Problem, ...]


def load(inputs: Inputs, known_rules: Collection[str] | None = None) -> Config:
    """The configuration; raises WrongOptionsError (a ConfigError) with all that is wrong.

    Without ``known_rules`` only the shape of rule codes is checked.
    """
    resolved = resolve(inputs, known_rules)
    if resolved.problems:
        raise WrongOptionsError(resolved.problems)
    return resolved.config


def resolve(inputs: Inputs, known_rules: Collection[str] | None = None) -> Resolved:
    """As :func:`load`, but never raises: for hosts that must go on whatever is configured."""
    sources = inputs.sources()
    values = {option.attribute: _value(option, sources, known_rules) for option in OPTIONS}
    rules = _rules(sources, known_rules)
    found = [problem for source in sources for problem in source.problems]
    return Resolved(_config(inputs.root, values, rules), (*inputs.problems, *found))


def _config(root: Path, values: dict[str, Any], rules: tuple[RuleOptions, ...]) -> Config:
    return Config(root=root, rules=rules, **values)


def _context(source: Source, known_rules: Collection[str] | None) -> Context:
    return Context(base=source.base, is_text=source.is_text, known_rules=known_rules)


def _value(option: Option, sources: list[Source], known_rules: Collection[str] | None) -> object:
    """The first good value; all sources are read, so that no mistake hides behind another."""
    good: list[object] = []
    for source in sources:
        if option.name not in source.values:
            continue
        try:
            raw = source.values[option.name]
            good.append(option.kind.read(raw, _context(source, known_rules)))
        except RefusedError as refused:
            place = source.places[option.name]
            source.note(refused.kind, f"{place} {refused.message}", refused.hint)
    return good[0]


def _rules(sources: list[Source], known_rules: Collection[str] | None) -> tuple[RuleOptions, ...]:
    merged: dict[str, RuleOptions] = {}
    for source in sources:
        table = source.values.get(RULES, {})
        if not isinstance(table, Mapping):
            source.note(
                Wrong.NOT_A_TABLE,
                f"{source.places[RULES]} must be a table with a table for each rule code.",
            )
            continue
        for key, options in table.items():
            rule = _rule(str(key), options, source, _context(source, known_rules))
            if rule is not None:
                merged.setdefault(rule.code, rule)
    return tuple(merged[code] for code in sorted(merged))


def _rule(key: str, options: object, source: Source, context: Context) -> RuleOptions | None:
    code = key.strip().upper()
    place = f"{source.places[RULES]}.{key}"
    if not isinstance(options, Mapping):
        source.note(Wrong.NOT_A_TABLE, f"{place} must be a table of the rule's options.")
        return None
    severity = None
    try:
        _check_full_code(code, context)
        for name, raw in options.items():
            if str(name).lower() != "severity":
                raise RefusedError(
                    Wrong.UNKNOWN_OPTION,
                    f"has no option {str(name)!r}.",
                    did_you_mean(str(name).lower(), ["severity"]),
                )
            place = f"{place}.{name}"
            found = _SEVERITY.read(raw, context)
            severity = found if isinstance(found, Severity) else None
    except RefusedError as refused:
        source.note(refused.kind, f"{place} {refused.message}", refused.hint)
        return None
    return RuleOptions(code=code, severity=severity)


def _check_full_code(code: str, context: Context) -> None:
    check_code(code, context)
    known = context.known_rules
    if code not in known if known is not None else not re.search(r"\d{3}$", code):
        raise RefusedError(
            Wrong.UNKNOWN_RULE, "is not the whole code of a rule.", "Write as in rules.QA101."
        )
