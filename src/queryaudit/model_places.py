"""Where models stand in the source: a trace names the file, and the file has the line."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

from queryaudit.records.definitions import Model
from queryaudit.records.findings import Location, Snippet

_MAX_BYTES = 2_000_000
_SNIPPET = 4


class ModelPlaces:
    """The lines of models in the files below ``root``, as these are now."""

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root)
        self._files: dict[str, tuple[tuple[str, ...], dict[str, ast.ClassDef]]] = {}

    def __call__(self, model: Model) -> Location | None:
        """The class of a model; None unless it is there."""
        if model.path is None:
            return None
        if model.path not in self._files:
            self._files[model.path] = self._read(model.path)
        lines, classes = self._files[model.path]
        name = model.label.rpartition(".")[2]
        found = classes.get(name)
        if found is None:
            return None
        first = found.lineno
        return Location(
            path=model.path,
            line=first,
            function=name,
            snippet=Snippet(first_line=first, lines=lines[first - 1 : first - 1 + _SNIPPET]),
        )

    def _read(self, path: str) -> tuple[tuple[str, ...], dict[str, ast.ClassDef]]:
        try:
            file = self._root / path
            if file.stat().st_size > _MAX_BYTES:
                return (), {}
            text = file.read_text(encoding="utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return (), {}
        # Of two with one name the outer one is meant, as a rule: it is walked first.
        classes: dict[str, ast.ClassDef] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, node)
        return tuple(text.split("\n")), classes
