"""The source as data: every module, and every import in it, wherever it stands."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"


@dataclass(frozen=True)
class Module:
    """``ours`` and ``others`` are the imported modules by full name, without the stdlib."""

    name: str
    path: Path
    lines: int
    ours: frozenset[str]
    at_run_time: frozenset[str]  #: those of ``ours`` that are no mere types
    others: frozenset[str]

    @property
    def part(self) -> str:
        """The package under queryaudit, or the module if it lies there itself."""
        return self.name.split(".")[1] if "." in self.name else "queryaudit"


@cache
def modules() -> dict[str, Module]:
    paths = {_name(path): path for path in sorted(SOURCE.rglob("*.py"))}
    return {name: _module(name, path, frozenset(paths)) for name, path in paths.items()}


def _name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _module(name: str, path: Path, known: frozenset[str]) -> Module:
    text = path.read_text(encoding="utf-8")
    # Function bodies and TYPE_CHECKING blocks count: what is named there is known there.
    tree = ast.parse(text)
    imported = _imported(tree, path, known)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    tops = {target.partition(".")[0]: target for target in imported}
    return Module(
        name=name,
        path=path,
        lines=len(text.splitlines()),
        ours=_ours(imported) - {name},
        at_run_time=_ours(_imported(tree, path, known)) - {name},
        others=frozenset(set(tops) - set(sys.stdlib_module_names) - {"queryaudit", "__future__"}),
    )


def _imported(tree: ast.AST, path: Path, known: frozenset[str]) -> set[str]:
    return {target for node in ast.walk(tree) for target in _targets(node, path, known)}


def _ours(names: set[str]) -> frozenset[str]:
    return frozenset(name for name in names if name.partition(".")[0] == "queryaudit")


def _targets(node: ast.AST, path: Path, known: frozenset[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, f"{path}:{node.lineno} imports by a relative name"
    base = node.module or ""
    # ``from package import module`` names the module, ``from module import name`` does not.
    return [full if (full := f"{base}.{alias.name}") in known else base for alias in node.names]
