"""Slugs of errors and diagnostics in the code: docs/errors.md explains each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_PAGE = "docs/errors.md"


def unexplained(root: Path) -> Iterator[str]:
    page = (root / _PAGE).read_text(encoding="utf-8")
    explained = set(re.findall(r"^### `([a-z-]+)`$", page, re.MULTILINE))
    known = slugs(root / "src" / "queryaudit")
    for slug in sorted(known - explained):
        yield f"{_PAGE} has no heading for the slug {slug}."
    for slug in sorted(explained - known):
        yield f"{_PAGE} explains the slug {slug}, which no code uses."


def slugs(package: Path) -> set[str]:
    """Of error classes (``slug = "..."``), of diagnostics (``slug="..."``) and of notes on traces
    (``_note("...")``)."""
    found = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found.update(_slugs_of(node))
    return found


def _slugs_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        for line in node.body:
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "slug":
                yield from _texts([line.value])
    elif isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        if name == "Diagnostic":
            yield from _texts([word.value for word in node.keywords if word.arg == "slug"])
        elif name == "_note":
            yield from _texts(node.args[:1])


def _texts(values: list[ast.expr]) -> Iterator[str]:
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
