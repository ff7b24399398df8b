"""``pytest --queryaudit``: audits a Django project's test run.

This module is loaded by every pytest run in an environment that has queryaudit, so it imports
nothing of ours until it is asked to. ``pytest_run`` does the work.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from queryaudit.integrations.pytest_fixture import AuditFixture

_MARKER = (
    "queryaudit(ignore=[codes], reason=..., allow=[codes], max_queries=n): options of the audit "
    "for one test; ignore needs a reason and is reported when it suppresses nothing, allow is not, "
    "max_queries fails the test beyond n queries."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    from queryaudit.config.flags import add_flags
    from queryaudit.config.options import Reach

    group = parser.getgroup("queryaudit", "auditing the use of the database (queryaudit)")
    group.addoption("--queryaudit", action="store_true", help="Audit the queries of this run.")
    group.addoption(
        "--queryaudit-baseline-update",
        action="store_true",
        help="Drop from the baseline what is gone. What is new is added only with "
        "--queryaudit-accept-new.",
    )
    group.addoption(
        "--queryaudit-accept-new",
        action="store_true",
        help="Add what is new to the baseline: it will not fail a run any more.",
    )
    add_flags(group.addoption, Reach.TESTS)


class _AsWritten(MetaPathFinder):
    """Finds our modules before pytest does.

    It takes the modules of a plugin for tests, whose every assert it would write anew: hundreds of
    them, which are compiled in each run of a fresh checkout.
    """

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(name, path, target) if name.startswith("queryaudit.") else None


def _find_no_more() -> None:
    if _AsWritten in sys.meta_path:
        sys.meta_path.remove(_AsWritten)


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, None]:
    """Settings that can't be imported end a run in pytest-django, with a traceback of pytest."""
    outcome = yield
    error = outcome.excinfo[1] if outcome.excinfo is not None else None
    if isinstance(error, ImportError) and early_config.known_args_namespace.queryaudit:
        what = str(error).strip().partition("\n")[0]
        outcome.force_exception(
            pytest.UsageError(
                f"queryaudit: the project's Django settings or applications can't be "
                f"imported: {what}. "
                "Correct them, or DJANGO_SETTINGS_MODULE, and run again."
            )
        )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    if config.getoption("queryaudit"):
        sys.meta_path.insert(0, _AsWritten)
        config.add_cleanup(_find_no_more)
        from queryaudit.integrations.pytest_run import register

        register(config)
        return
    # In addopts our options may stand ready; on the command line they were meant.
    idle = [arg for arg in config.invocation_params.args if str(arg).startswith("--queryaudit-")]
    if idle:
        raise pytest.UsageError(f"{idle[0]} does nothing without --queryaudit; add that.")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """A test that limits its queries is held to it with or without ``--queryaudit``."""
    marker = item.get_closest_marker("queryaudit")
    if marker is None:
        yield
        return
    from queryaudit.integrations.pytest_fixture import check_markers, limited

    check_markers(item)
    if marker.kwargs.get("max_queries") is None:
        yield
    else:
        yield from limited(item, marker.kwargs["max_queries"])


@pytest.fixture
def queryaudit(request: pytest.FixtureRequest) -> AuditFixture:
    """Audits blocks of a test: ``with queryaudit.audit() as audited``."""
    from queryaudit.integrations.pytest_fixture import AuditFixture

    return AuditFixture(request.node.name)
