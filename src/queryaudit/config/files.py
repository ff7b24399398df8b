"""Reads what configuration comes from: pyproject.toml. The only module here that touches files."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from queryaudit.config.problems import Problem, Wrong
from queryaudit.config.sources import Inputs

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

#: What marks a project's root where no pyproject.toml has a table for us.
_MARKS = ("pyproject.toml", "manage.py", "setup.cfg", "setup.py", ".git")


def discover(
    start: Path,
    *,
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    settings: object = None,
) -> Inputs:
    """Inputs for the project that the folder ``start`` is in; never raises.

    The root is the nearest folder upwards whose pyproject.toml has ``[tool.queryaudit]``, else
    the nearest one that looks like a project, else ``start``.
    """
    root, table, problems = _project(start)
    return Inputs(
        root=root,
        cwd=start,
        flags=flags or {},
        environment=environment or {},
        settings=settings,
        pyproject=table,
        problems=tuple(problems),
    )


def _project(start: Path) -> tuple[Path, object, list[Problem]]:
    problems: list[Problem] = []
    likely: Path | None = None
    for folder in (start, *start.parents):
        table = _table(folder / "pyproject.toml", problems)
        if table is not None:
            return folder, table, problems
        if likely is None and any((folder / mark).exists() for mark in _MARKS):
            likely = folder
    return likely or start, None, problems


def _table(path: Path, problems: list[Problem]) -> object:
    """The table ``[tool.queryaudit]``, None if there is none."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        problems.append(
            Problem(
                kind=Wrong.UNREADABLE_FILE,
                message=f"{path} can't be read: {error}.",
                hint="Correct it; until then its options are not used.",
                origin=str(path),
            )
        )
        return None
    tool = document.get("tool")
    return tool.get("queryaudit") if isinstance(tool, Mapping) else None
