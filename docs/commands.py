"""Commands, flags and variables that pages name: each must exist."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from docs.pages import Page
from queryaudit.cli import _parser
from queryaudit.config import OPTIONS
from queryaudit.integrations.pytest_plugin import pytest_addoption

_MAKEFILE = Path(__file__).parents[1] / "Makefile"
_PYTEST_FLAG = re.compile(r"--queryaudit(?:-[a-z-]*[a-z])?(?![\w-])")
_VARIABLE = re.compile(r"\bQUERYAUDIT_[A-Z_]+\b")
#: ``queryaudit`` where a shell would take it for a command.
_COMMAND = re.compile(
    r"^(?:- |run: |\$ |python -m |\S*/)*queryaudit +(?P<name>[a-z][\w-]*)(?P<rest>.*)"
)
_FLAG = re.compile(r"(?<!\S)--?[a-z][\w-]*")
_MAKE = re.compile(r"^(?:- |run: |\$ )*make +([a-z][\w-]*)")
_SHELLS = frozenset({"", "text", "sh", "shell", "bash", "console", "yaml"})


def wrong_names(page: Page) -> Iterator[str]:
    """A sentence for each name on ``page`` that nothing answers to."""
    code = page.inline
    for block in page.blocks:
        lines = enumerate(block.text.splitlines(), block.line + 1)
        code += [(n, line.strip()) for n, line in lines if block.language in _SHELLS]
    for number, line in code:
        for problem in (*_unknown_command(line), *_unknown_target(line)):
            yield f"{page.name}:{number} names {problem}, which does not exist."
    text = "\n".join([page.prose, *(block.text for block in page.blocks)])
    for flag in sorted(set(_PYTEST_FLAG.findall(text)) - pytest_flags()):
        yield f"{page.name} names the pytest flag {flag}, which does not exist."
    for variable in sorted(set(_VARIABLE.findall(text)) - {o.variable for o in OPTIONS}):
        yield f"{page.name} names the variable {variable}, which does not exist."


@cache
def pytest_flags() -> frozenset[str]:
    recorder = _Flags()
    pytest_addoption(recorder)  # type: ignore[arg-type]
    return frozenset(recorder.names)


class _Flags:
    """Stands for pytest's parser, and its groups, and remembers the names."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def getgroup(self, *_: object) -> _Flags:
        return self

    def addoption(self, *names: str, **_: object) -> None:
        self.names += names


@cache
def subcommands() -> dict[str, frozenset[str]]:
    """Flags by subcommand of ``queryaudit``."""
    action = next(
        action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return {name: frozenset(_flags(parser)) for name, parser in action.choices.items()}


def _flags(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Those of a command, and of its own commands."""
    yield from parser._option_string_actions
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for nested in action.choices.values():
                yield from _flags(nested)


def _unknown_command(line: str) -> Iterator[str]:
    match = _COMMAND.match(line)
    if match is None:
        return
    known = subcommands().get(match["name"])
    if known is None:
        yield f"the command queryaudit {match['name']}"
        return
    for flag in sorted(set(_FLAG.findall(match["rest"])) - known):
        yield f"the flag {flag} of queryaudit {match['name']}"


def _unknown_target(line: str) -> Iterator[str]:
    match = _MAKE.match(line)
    if match is not None and f"\n{match[1]}:" not in _MAKEFILE.read_text(encoding="utf-8"):
        yield f"make {match[1]}"
