"""Codes: ours and those of other packages keep out of each other's way."""

from __future__ import annotations

import pytest

from docs.example_rule import RandomOrder
from queryaudit.errors import QueryAuditError
from queryaudit.registry import Registry, validate


class Taking(RandomOrder):
    __doc__ = RandomOrder.__doc__
    code = "QA109"


class Second(RandomOrder):
    __doc__ = RandomOrder.__doc__


def test_a_rule_of_another_package_has_a_code_that_is_left_to_them() -> None:
    registry = Registry()
    registry.add_theirs(RandomOrder())
    assert registry.rule("QA990").name == RandomOrder.name


def test_a_rule_of_another_package_with_another_code_is_refused() -> None:
    with pytest.raises(QueryAuditError) as refused:
        Registry().add_theirs(Taking())
    assert refused.value.message == "QA109 is not Taking's to take."
    assert "QA990 to QA999" in (refused.value.hint or "")


def test_a_code_is_taken_once() -> None:
    registry = Registry()
    registry.add_theirs(RandomOrder())
    with pytest.raises(QueryAuditError, match=r"QA990 is taken by docs\.example_rule"):
        registry.add_theirs(Second())


def test_no_rule_of_ours_has_a_code_of_theirs() -> None:
    assert not [code for code in Registry().detectors if code.startswith("QA99")]


def test_all_rules_of_ours_are_valid() -> None:
    for detector in Registry().detectors.values():
        validate(detector)
