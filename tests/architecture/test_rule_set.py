"""The rules as a set: complete, documented, and each with its cases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import queryaudit.detectors
from queryaudit.detectors.base import Detector
from queryaudit.records.rules import HEADINGS
from queryaudit.registry import Registry
from sample_app.cases import all_cases, case_modules

RULES = Registry().rules
FOLDER = Path(queryaudit.detectors.__file__).parent
FILES = sorted(FOLDER.glob("*/qa[0-9][0-9][0-9]_*.py"))

each_rule = pytest.mark.parametrize("detector", RULES.values(), ids=lambda d: d.code)


def test_every_rule_file_is_registered_and_every_rule_has_a_file() -> None:
    assert sorted(RULES) == sorted(path.name[:5].upper() for path in FILES)


@each_rule
def test_a_rule_stands_in_the_file_that_names_it(detector: Detector) -> None:
    module = type(detector).__module__.rpartition(".")[2]
    assert module == f"{detector.code.lower()}_{detector.name.replace('-', '_')}"


def test_codes_and_names_are_unique() -> None:
    names = [detector.name for detector in RULES.values()]
    assert len(names) == len(set(names))
    assert all(code == detector.code for code, detector in RULES.items())


@each_rule
def test_a_name_is_kebab_case_and_no_remedy(detector: Detector) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", detector.name)
    assert not re.match(r"(use|add|avoid|prefer|fix|replace|missing-select)-", detector.name)


@each_rule
def test_a_family_is_a_folder(detector: Detector) -> None:
    folder = type(detector).__module__.split(".")[-2]
    others = {d.code[:3] for d in RULES.values() if type(d).__module__.split(".")[-2] == folder}
    assert others == {detector.code[:3]}
    assert detector.rule().family.value == detector.code[:3]


@each_rule
def test_a_docstring_has_all_headings_in_order(detector: Detector) -> None:
    sections = detector.rule().sections()
    assert tuple(sections) == HEADINGS
    assert all(sections.values())


@each_rule
def test_when_it_is_fine_is_said_at_length(detector: Detector) -> None:
    assert len(detector.rule().sections()["When it is fine"].split()) >= 10


@each_rule
def test_examples_are_programs(detector: Detector) -> None:
    sections = detector.rule().sections()
    for heading in ("Example", "Better"):
        code = re.findall(r"::\n\n((?:    .*\n?|\n)+)", sections[heading] + "\n")
        assert code or heading == "Better", heading
        for block in code:
            text = "".join(line[4:] or "\n" for line in block.splitlines(True))
            if not text.lstrip().startswith("["):
                compile(text.replace("...,", "*___,"), heading, "exec")


@each_rule
def test_the_grade_of_the_evidence_is_named(detector: Detector) -> None:
    first = detector.rule().sections()["Evidence"].partition(":")[0]
    assert first in ("OBSERVED", "ESTIMATED", "MEASURED", "PROVED")


@each_rule
def test_the_summary_is_one_sentence(detector: Detector) -> None:
    assert re.fullmatch(r"[A-Z][^\n]*[a-z]\.", detector.summary)
    assert len(detector.summary) <= 100


@each_rule
def test_a_rule_has_cases_more_good_than_bad(detector: Detector) -> None:
    cases = [case for case in all_cases() if case.rule == detector.code]
    bad = [case for case in cases if case.is_bad]
    assert 1 <= len(bad) < len(cases) - len(bad)


def test_every_case_module_belongs_to_a_rule() -> None:
    names = {module.__name__.rpartition(".")[2] for module in case_modules()}
    assert names == {path.stem for path in FILES}
