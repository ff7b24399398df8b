"""Flags come from the table, for argparse and pytest alike."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from queryaudit.config import OPTIONS, Inputs, Reach, add_flags, given_flags, load
from queryaudit.records.rules import Severity


def parse(
    *words: str, reach: Reach = Reach.TESTS, prefix: str = "queryaudit-"
) -> dict[str, object]:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_flags(parser.add_argument, reach, prefix)
    parser.format_help()
    return dict(given_flags(parser.parse_args(words)))


def test_no_flag_gives_nothing() -> None:
    assert parse() == {}


def test_flags_reach_the_configuration() -> None:
    flags = parse(
        "--queryaudit-fail-on=error",
        "--queryaudit-select=QA1,QA2",
        "--queryaudit-select=QA3",
        "--queryaudit-strict",
        "--queryaudit-max-queries",
        "12",
    )
    config = load(Inputs(root=Path("/p"), flags=flags))
    assert config.fail_on is Severity.ERROR
    assert config.select == ("QA1", "QA2", "QA3")
    assert config.strict is True
    assert config.max_queries == 12


def test_a_switch_can_be_turned_off() -> None:
    assert parse("--queryaudit-no-strict") == {"strict": "false"}


def test_a_switch_does_not_swallow_the_next_word() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser.add_argument, Reach.TESTS)
    parser.add_argument("paths", nargs="*")
    assert parser.parse_args(["--queryaudit-strict", "tests/"]).paths == ["tests/"]


@pytest.mark.parametrize("reach", list(Reach))
def test_a_host_offers_the_options_that_it_obeys_and_no_others(reach: Reach) -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser.add_argument, reach)
    flags = parser.format_help()
    for option in OPTIONS:
        assert (f"--queryaudit-{option.name}" in flags) is (reach in option.reach), option.name


def test_the_command_line_may_drop_the_prefix() -> None:
    assert parse("--fail-on", "never", reach=Reach.CLI, prefix="") == {"fail-on": "never"}


def test_pytest_takes_the_same_flags() -> None:
    pytest_parser = pytest.Parser(_ispytest=True)
    group = pytest_parser.getgroup("queryaudit")
    add_flags(group.addoption, Reach.TESTS)
    namespace = pytest_parser.parse_known_args(
        ["--queryaudit-fail-on=note", "--queryaudit-output=github", "--queryaudit-no-strict"]
    )
    assert given_flags(namespace) == {
        "fail-on": "note",
        "output": ["github"],
        "strict": "false",
    }
