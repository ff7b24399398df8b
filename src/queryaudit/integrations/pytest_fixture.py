"""What a test can ask for itself: an audited block, a limit on its queries."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn

import pytest

from queryaudit.blocks import Audit, audit, ignore


class AuditFixture:
    """The ``queryaudit`` fixture."""

    def __init__(self, name: str) -> None:
        self._name = name

    def audit(self, name: str | None = None, **options: Any) -> Audit:
        """An audited block; see ``queryaudit.audit``. All of its code is judged, the test's too."""
        return audit(name or self._name, **options)

    def ignore(self, *codes: str, reason: str = "") -> ignore:
        """Silence rules for a block; see ``queryaudit.ignore``."""
        caller = sys._getframe(1)
        return ignore(*codes, reason=reason).at(caller.f_code.co_filename, caller.f_lineno)

    def assert_clean(self, audited: Audit) -> None:
        """Fail with the report if the block has findings."""
        __tracebackhide__ = True
        if audited.findings:
            pytest.fail(str(audited), pytrace=False)

    def assert_max_queries(self, audited: Audit, limit: int) -> None:
        """Fail with the statements if the block ran more than ``limit`` queries."""
        __tracebackhide__ = True
        if audited.queries > limit:
            pytest.fail(too_many(audited, limit), pytrace=False)


_OPTIONS = ("ignore", "reason", "allow", "max_queries")


def check_markers(item: pytest.Item) -> None:
    """Refuse options that the marker does not have: a limit misspelt would limit nothing."""
    for marker in item.iter_markers("queryaudit"):
        wrong = sorted(set(marker.kwargs) - set(_OPTIONS)) + [repr(value) for value in marker.args]
        if wrong:
            close = difflib.get_close_matches(wrong[0], _OPTIONS, 1)
            hint = f"Did you mean {close[0]}?" if close else f"It has {', '.join(_OPTIONS)}."
            _refuse(item, f"the queryaudit marker has no option {wrong[0]}. {hint}")


def _refuse(item: pytest.Item, sentence: str) -> NoReturn:
    """Fail the test that is marked, without a look at our code."""
    pytest.fail(f"{item.nodeid}: {sentence}", pytrace=False)


@contextmanager
def marker_ignores(item: pytest.Item) -> Generator[None, None, None]:
    """Apply ``ignore`` and ``allow`` of the test's queryaudit markers."""
    with ExitStack() as stack:
        for marker in item.iter_markers("queryaudit"):
            codes = _codes(marker.kwargs.get("ignore"), item)
            reason = str(marker.kwargs.get("reason", ""))
            if codes and not reason:
                _refuse(
                    item,
                    f"the queryaudit marker ignores {', '.join(codes)} without a reason; "
                    'add reason="...".',
                )
            place = (str(item.path), (item.location[1] or 0) + 1)
            if codes:
                stack.enter_context(_ignoring(codes, reason, item).at(*place))
            allowed = _codes(marker.kwargs.get("allow"), item)
            if allowed:
                reason = reason or "allowed in this test"
                stack.enter_context(_ignoring(allowed, reason, item).at(*place, optional=True))
        yield


def _ignoring(codes: tuple[str, ...], reason: str, item: pytest.Item) -> ignore:
    try:
        return ignore(*codes, reason=reason)
    except ValueError as error:
        _refuse(item, str(error))


def _codes(value: object, item: pytest.Item) -> tuple[str, ...]:
    if value is None:
        return ()
    codes = (value,) if isinstance(value, str) else value
    if isinstance(codes, tuple | list) and all(isinstance(code, str) for code in codes):
        return tuple(code.strip() for text in codes for code in text.split(","))
    _refuse(item, f'the queryaudit marker takes rule codes, not {value!r}; write ignore=["QA101"].')


def limited(item: pytest.Item, limit: object) -> Generator[None, Any, None]:
    """Run a test and fail it if it ran more than ``limit`` queries."""
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        _refuse(
            item,
            f"max_queries of the queryaudit marker is {limit!r}; "
            "write a whole number, as in max_queries=10.",
        )
    audited = audit(item.name)
    with audited:
        outcome = yield
    if outcome.excinfo is None and audited.queries > limit:
        outcome.force_exception(pytest.fail.Exception(too_many(audited, limit), pytrace=False))


def too_many(audited: Audit, limit: int) -> str:
    """The message of a test that ran too many queries: how many, and which."""
    lines = [f"{audited.queries} queries ran where at most {limit} are allowed:"]
    for row in audited.report.statements[:20]:
        place = f" ({row.locations[0]})" if row.locations else ""
        lines.append(f"  {row.calls:>5} x {row.statement[:150]}{place}")
    lines.extend(f"{f.rule} {f.message} ({f.location})" for f in audited.findings)
    return "\n".join(lines)
