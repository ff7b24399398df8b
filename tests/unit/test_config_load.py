"""Five sources, one configuration: precedence, spellings, and every mistake named."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path
from typing import Any

import pytest

from queryaudit.config import (
    OPTIONS,
    Config,
    Inputs,
    NamedPlaces,
    Output,
    RuleOptions,
    WrongOptionsError,
    load,
    resolve,
)
from queryaudit.config.kinds import Context
from queryaudit.errors import ConfigError
from queryaudit.records.rules import Severity

ROOT = Path("/project")
RULES = ("QA101", "QA102", "QA201", "QA901", "ACME001")


def made(**given: Any) -> Config:
    return load(Inputs(root=ROOT, cwd=ROOT / "sub", **given), RULES)


def wrong(**given: Any) -> list[tuple[str, str, str]]:
    """Id, message and hint of each problem."""
    problems = resolve(Inputs(root=ROOT, cwd=ROOT / "sub", **given), RULES).problems
    return [(problem.id, problem.message, problem.hint) for problem in problems]


def test_without_any_source_everything_is_the_default() -> None:
    assert made() == Config(
        root=ROOT,
        source=(".",),
        omit=(),
        test_files=(
            "tests/**",
            "test_*.py",
            "*_test.py",
            "conftest.py",
            "factories.py",
            "tests.py",
            "test.py",
        ),
        select=(),
        ignore=(),
        fail_on=Severity.WARNING,
        n_plus_one_threshold=2,
        max_rows=10_000,
        max_offset=10_000,
        max_in_list=1_000,
        max_transaction_queries=100,
        max_transaction_ms=2_000,
        batch_files=(),
        baseline=ROOT / "queryaudit-baseline.json",
        plan_baseline=None,
        trace=None,
        output=(),
        max_queries=None,
        deep=False,
        watch_locks=False,
        explain=None,
        advise=(),
        prove=False,
        small_table=2000,
        ignore_paths=(),
        log=True,
        server_timing=True,
        enabled=None,
        sample_rate=1.0,
        strict=False,
        rules=(),
    )


def test_the_table_and_the_dataclass_name_the_same_options() -> None:
    fields = [field.name for field in dataclasses.fields(Config)]
    assert sorted(fields) == sorted(["root", "rules", *(option.attribute for option in OPTIONS)])


def test_each_default_has_the_type_that_the_dataclass_promises() -> None:
    config, hints = made(), typing.get_type_hints(Config)
    for option in OPTIONS:
        value = getattr(config, option.attribute)
        kinds = tuple(
            typing.get_origin(kind) or kind
            for kind in (typing.get_args(hints[option.attribute]) or (hints[option.attribute],))
        )
        if typing.get_origin(hints[option.attribute]) is tuple:
            kinds = (tuple,)
        assert isinstance(value, kinds), option.name


def test_flags_beat_environment_beats_settings_beats_pyproject() -> None:
    sources: dict[str, Any] = {
        "flags": {"n-plus-one-threshold": "5"},
        "environment": {"QUERYAUDIT_N_PLUS_ONE_THRESHOLD": "4"},
        "settings": {"N_PLUS_ONE_THRESHOLD": 3},
        "pyproject": {"n-plus-one-threshold": 7},
    }
    seen = []
    while sources:
        seen.append(made(**sources).n_plus_one_threshold)
        sources.pop(next(iter(sources)))
    assert seen == [5, 4, 3, 7]


@pytest.mark.parametrize(
    "key",
    [
        "N_PLUS_ONE_THRESHOLD",
        "n_plus_one_threshold",
        "n-plus-one-threshold",
        "N-Plus-One_threshold",
    ],
)
def test_names_may_be_spelled_as_python_or_toml_has_them(key: str) -> None:
    assert made(settings={key: 9}).n_plus_one_threshold == 9
    assert made(pyproject={key: 9}).n_plus_one_threshold == 9


def test_an_empty_variable_counts_as_not_set() -> None:
    assert made(environment={"QUERYAUDIT_FAIL_ON": " "}).fail_on is Severity.WARNING


def test_a_flag_that_was_not_given_counts_as_not_set() -> None:
    assert made(flags={"fail-on": None}, pyproject={"fail-on": "error"}).fail_on is Severity.ERROR


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("fail-on", "never", None),
        ("fail-on", "Note", Severity.NOTE),
        ("log", "off", False),
        ("strict", "YES", True),
        ("enabled", "auto", None),
        ("enabled", "0", False),
        ("max-queries", "none", None),
        ("max-queries", "0", 0),
        ("sample-rate", "0.25", 0.25),
        ("select", "qa1, QA201", ("QA1", "QA201")),
        ("ignore", "QA101,QA101", ("QA101",)),
        ("source", "shop,billing.core", ("shop", "billing.core")),
        ("trace", "out", ROOT / "sub" / "out"),
        ("trace", "/elsewhere", Path("/elsewhere")),
        ("output", "github", (Output(format="github", path=None),)),
        ("output", "html:-", (Output(format="html", path=None),)),
        ("output", "r.sarif", (Output(format="sarif", path=ROOT / "sub" / "r.sarif"),)),
        ("output", "gitlab:r.json", (Output(format="gitlab", path=ROOT / "sub" / "r.json"),)),
        ("output", "a.html,b.XML", None),
    ],
)
def test_text_is_read_as_the_options_type(name: str, text: str, value: object) -> None:
    if name == "output" and value is None:
        value = (
            Output(format="html", path=ROOT / "sub" / "a.html"),
            Output(format="junit", path=ROOT / "sub" / "b.XML"),
        )
    variable = f"QUERYAUDIT_{name.upper().replace('-', '_')}"
    attribute = name.replace("-", "_")
    assert getattr(made(environment={variable: text}), attribute) == value
    assert getattr(made(flags={name: text}), attribute) == value


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("source", ["a", Path("b")], ("a", "b")),
        ("source", ("a",), ("a",)),
        ("source", "a", ("a",)),
        ("trace", Path("out"), ROOT / "out"),
        ("baseline", "", None),
        ("max-queries", None, None),
        ("enabled", None, None),
        ("enabled", False, False),
        ("sample-rate", 1, 1.0),
    ],
)
def test_python_and_toml_values_are_read_as_they_are(name: str, raw: object, value: object) -> None:
    assert getattr(made(settings={name: raw}), name.replace("-", "_")) == value


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("n-plus-one-threshold", "3", "must be a whole number of at least 2, not '3'."),
        ("n-plus-one-threshold", True, "must be a whole number of at least 2, not True."),
        ("n-plus-one-threshold", None, "must be a whole number of at least 2, not None."),
        ("max-queries", 1.5, "must be a whole number of at least 0, or 'none', not 1.5."),
        ("log", 1, "must be true or false, not 1."),
        ("log", "yes", "must be true or false, not 'yes'."),
        ("enabled", "maybe", "must be true, false or 'auto', not 'maybe'."),
        ("sample-rate", "0.5", "must be a number between 0 and 1, not '0.5'."),
        ("source", [1], "must be a list of paths or package names, not [1]."),
        ("source", {"a": 1}, "must be a list of paths or package names, not {'a': 1}."),
        (
            "trace",
            7,
            "must be the path of a folder, or of a *.qatrace or *.qatrace.gz file, not 7.",
        ),
        ("baseline", "a\0", "must be the path of a file, not 'a\\x00'."),
        ("fail-on", 2, "must be one of note, warning, error, never, not 2."),
    ],
)
def test_a_value_of_the_wrong_type_says_what_belongs_there(
    name: str, raw: object, message: str
) -> None:
    assert wrong(settings={name: raw}) == [("E002", f"settings.QUERYAUDIT: {name} {message}", "")]


@pytest.mark.parametrize(
    ("name", "raw", "message", "hint"),
    [
        ("n-plus-one-threshold", 1, "must be a whole number of at least 2, not 1.", ""),
        ("sample-rate", 1.5, "must be a number between 0 and 1, not 1.5.", ""),
        ("sample-rate", float("nan"), "must be a number between 0 and 1, not nan.", ""),
        (
            "fail-on",
            "warn",
            "must be one of note, warning, error, never, not 'warn'.",
            "Did you mean 'warning'?",
        ),
        (
            "output",
            "htm:x",
            "names the format 'htm', which does not exist.",
            "Did you mean 'html'?",
        ),
        (
            "output",
            "report.pdf",
            "names 'report.pdf', whose format its ending does not tell.",
            "Write format:path, with a format among terminal, html, json, sarif, junit, markdown, "
            "github, gitlab.",
        ),
    ],
)
def test_a_value_out_of_range_says_what_is_allowed(
    name: str, raw: object, message: str, hint: str
) -> None:
    assert wrong(pyproject={name: raw}) == [("E003", f"pyproject.toml: {name} {message}", hint)]


def test_an_unknown_option_is_named_with_the_likely_one() -> None:
    assert wrong(settings={"N_PLUS_ONE_TRESHOLD": 3, "colour": 1}) == [
        (
            "E001",
            "settings.QUERYAUDIT: there is no option 'N_PLUS_ONE_TRESHOLD'.",
            "Did you mean 'n-plus-one-threshold'?",
        ),
        ("E001", "settings.QUERYAUDIT: there is no option 'colour'.", ""),
    ]


def test_an_unknown_variable_is_named_only_if_it_is_nearly_an_option() -> None:
    assert wrong(environment={"QUERYAUDIT_FAILON": "x", "QUERYAUDIT_TEST_DSN": "x"}) == [
        (
            "E001",
            "environment: QUERYAUDIT_FAILON is not an option.",
            "Did you mean 'QUERYAUDIT_FAIL_ON'?",
        )
    ]


def test_an_unknown_rule_is_named_with_the_likely_one() -> None:
    assert wrong(settings={"SELECT": ["QA1", "QA1011"]}) == [
        (
            "E004",
            "settings.QUERYAUDIT: SELECT names the rule 'QA1011', which does not exist.",
            "Did you mean 'QA101'?",
        )
    ]


def test_without_known_rules_the_shape_of_codes_is_checked() -> None:
    inputs = Inputs(root=ROOT, settings={"SELECT": ["QA999", "n+1"]})
    assert [problem.message for problem in resolve(inputs).problems] == [
        "settings.QUERYAUDIT: SELECT names 'N+1', which is no rule code."
    ]


def test_one_option_under_two_spellings_is_named() -> None:
    assert wrong(settings={"FAIL_ON": "error", "fail-on": "note"}) == [
        (
            "E006",
            "settings.QUERYAUDIT: fail-on is given twice, as 'FAIL_ON' and as 'fail-on'.",
            "Keep one of them.",
        )
    ]


def test_a_table_that_is_none_is_named() -> None:
    assert wrong(settings=["x"], pyproject=3) == [
        ("E005", "settings.QUERYAUDIT must be a table of options, not list.", ""),
        ("E005", "pyproject.toml must be a table of options, not int.", ""),
    ]


def test_the_severity_of_a_rule_can_be_set() -> None:
    config = made(
        settings={"RULES": {"qa101": {"SEVERITY": "note"}}},
        pyproject={"rules": {"QA101": {"severity": "error"}, "QA201": {"severity": "error"}}},
    )
    assert config.rules == (
        RuleOptions(code="QA101", severity=Severity.NOTE),
        RuleOptions(code="QA201", severity=Severity.ERROR),
    )
    assert config.severity("QA101", Severity.WARNING) is Severity.NOTE
    assert config.severity("QA102", Severity.WARNING) is Severity.WARNING


@pytest.mark.parametrize(
    ("rules", "number", "message"),
    [
        (3, "E005", "rules must be a table with a table for each rule code."),
        ({"QA101": "error"}, "E005", "rules.QA101 must be a table of the rule's options."),
        ({"QA1": {"severity": "error"}}, "E004", "rules.QA1 is not the whole code of a rule."),
        (
            {"QA777": {"severity": "error"}},
            "E004",
            "rules.QA777 names the rule 'QA777', which does not exist.",
        ),
        ({"QA101": {"sevrity": "error"}}, "E001", "rules.QA101 has no option 'sevrity'."),
        (
            {"QA101": {"severity": "never"}},
            "E003",
            "rules.QA101.severity must be one of note, warning, error, not 'never'.",
        ),
    ],
)
def test_a_wrong_rule_table_is_named(rules: object, number: str, message: str) -> None:
    ((found, text, _hint),) = wrong(pyproject={"rules": rules})
    assert (found, text) == (number, f"pyproject.toml: {message}")


def test_all_mistakes_are_raised_together() -> None:
    with pytest.raises(WrongOptionsError) as caught:
        made(settings={"LOG": 1}, pyproject={"fail-on": "warn"})
    assert isinstance(caught.value, ConfigError)
    assert len(caught.value.problems) == 2
    assert str(caught.value) == (
        "2 options are wrong:\n"
        "- settings.QUERYAUDIT: LOG must be true or false, not 1.\n"
        "- pyproject.toml: fail-on must be one of note, warning, error, never, not 'warn'. "
        "Did you mean 'warning'?"
    )


def test_a_mistake_is_found_behind_a_good_value_of_a_stronger_source() -> None:
    assert len(wrong(flags={"fail-on": "error"}, pyproject={"fail-on": "warn"})) == 1


def test_resolve_passes_over_what_is_wrong() -> None:
    inputs = Inputs(root=ROOT, settings={"FAIL_ON": "warn"}, pyproject={"fail-on": "error"})
    assert resolve(inputs).config.fail_on is Severity.ERROR


@pytest.mark.parametrize(
    ("select", "ignore", "code", "runs"),
    [
        ("", "", "QA101", True),
        ("QA1", "", "QA101", True),
        ("QA1", "", "QA201", False),
        ("", "QA1", "QA101", False),
        ("QA101", "QA1", "QA101", True),
        ("QA101", "QA1", "QA102", False),
        ("QA1", "QA101", "QA101", False),
        ("QA101", "QA101", "QA101", False),
        ("", "QA1", "ACME001", True),
    ],
)
def test_the_longest_matching_prefix_decides_whether_a_rule_runs(
    select: str, ignore: str, code: str, runs: bool
) -> None:
    assert made(settings={"select": select, "ignore": ignore}).runs(code) is runs


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", ()),
        (None, ()),
        ("postgresql://h/a", [("default", "postgresql://h/a")]),
        ("replica=postgresql://h/a?x=1,2", [("replica", "postgresql://h/a?x=1,2")]),
        (
            "postgresql://h/a?host=b,c&port=1,replica=postgresql://h/r",
            [("default", "postgresql://h/a?host=b,c&port=1"), ("replica", "postgresql://h/r")],
        ),
        (
            ["postgresql://h/a", "replica=twin"],
            [("default", "postgresql://h/a"), ("replica", Path("/base/twin"))],
        ),
        (["a=x", "a=y"], [("a", Path("/base/y"))]),
        (Path("twin"), [("default", Path("/base/twin"))]),
    ],
)
def test_places_have_the_alias_of_their_database(
    raw: object, expected: list[tuple[str, Path | str]]
) -> None:
    context = Context(base=Path("/base"), is_text=False)
    assert NamedPlaces().read(raw, context) == tuple(expected)
