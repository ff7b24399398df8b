"""By which names a file knows what an edit needs, and the line that imports what it does not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from queryaudit.advice.edits import edit_between
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Edit
from queryaudit.records.sources import FileHead

_WIDTH = 100
#: ``from module import one, two`` on one line, and what stands behind it.
_ON_ONE_LINE = re.compile(r"(from\s+[\w.]+\s+import\s+)([\w, ]+?)(\s*(?:#.*)?)\Z")


@dataclass(frozen=True, slots=True)
class FileNames:
    """The head of a file, and the models that a finding is about."""

    head: FileHead
    models: tuple[Model, ...] = ()

    def model(self, label: str) -> Wanted | None:
        """The class of a model, where it is known from where it comes."""
        known = self.described(label)
        name = label.rpartition(".")[2]
        return Wanted(known.module, name) if known is not None and known.module else None

    def described(self, label: str) -> Model | None:
        return next((model for model in self.models if model.label == label), None)

    def local(self, wanted: Wanted) -> str | None:
        """The expression by which the file has what is wanted; None if it has not."""
        known = dict(self._imported())
        exact = known.get(f"{wanted.module}.{wanted.name}")
        if exact is not None:
            return exact
        if _is_module(self.head.path, wanted.module):
            return wanted.name if wanted.name in self.head.names else None
        for name, local in known.items():
            module, _, last = name.rpartition(".")
            if last == wanted.name and module and _is_around(module, wanted.module):
                return local
        owner = known.get(wanted.module)
        return f"{owner}.{wanted.name}" if owner is not None else None

    def is_taken(self, name: str) -> bool:
        """Whether the file has something else by the name."""
        return name in self.head.names or any(local == name for _, local in self._imported())

    def importing(self, wanted: Iterable[Wanted]) -> tuple[Edit, ...] | None:
        """The edit that imports what is wanted, none of which is known; None if it can't be.

        A module of models imports no other models: those may import it.
        """
        lines = [*self.head.lines]
        for each in wanted:
            if self.is_taken(each.name) or not each.module.isascii():
                return None
            if not each.module.startswith("django.") and _is_of_models(self.head.path):
                return None
            lines = _with_import(lines, each, self.head.path)
        old = self.head.lines
        if lines == [*old]:
            return ()
        if not old:
            first = self.head.first_line
            return (
                Edit(
                    path=self.head.path,
                    first_line=first,
                    last_line=first - 1,
                    before=(),
                    after=tuple(lines),
                ),
            )
        return (edit_between(self.head.path, self.head.first_line, old, lines),)

    def _imported(self) -> Iterator[tuple[str, str]]:
        for node in _statements(self.head.lines):
            for part in [node, *(node.body if isinstance(node, ast.Try) else ())]:
                if isinstance(part, ast.Import):
                    for alias in part.names:
                        if alias.asname or "." not in alias.name:
                            yield alias.name, alias.asname or alias.name
                elif isinstance(part, ast.ImportFrom):
                    module = _absolute(part, self.head.path)
                    for alias in part.names:
                        yield f"{module}.{alias.name}", alias.asname or alias.name


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """A name that code uses, and the module that has it."""

    module: str
    name: str

    @property
    def line(self) -> str:
        return f"from {self.module} import {self.name}"


def wanted_by(imports: Iterable[str]) -> list[Wanted]:
    """What import statements bring."""
    return [
        Wanted(node.module or "", alias.name)
        for line in imports
        for node in ast.parse(line).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


def _statements(lines: Iterable[str]) -> list[ast.stmt]:
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _absolute(node: ast.ImportFrom, path: str) -> str:
    """The module that an import statement of the file at ``path`` means."""
    if not node.level:
        return node.module or ""
    package = path.removesuffix(".py").split("/")[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def _is_module(path: str, module: str) -> bool:
    own = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return own == module or own.endswith(f".{module}")


def _is_of_models(path: str) -> bool:
    return path.endswith("/models.py") or "/models/" in path or path == "models.py"


def _is_around(module: str, inner: str) -> bool:
    """Whether a module is another one or a package around it, by whatever root it is named."""
    parts = inner.split(".")
    packages = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return any(module == package or module.endswith(f".{package}") for package in packages)


def _with_import(lines: list[str], wanted: Wanted, path: str) -> list[str]:
    """The head with one more name: in the statement that has others of its module, or in a line of
    its own."""
    package = ""
    after = len(lines)
    for node in _statements(lines):
        if not isinstance(node, ast.ImportFrom) or node.col_offset:
            continue
        module = _absolute(node, path)
        if module == "__future__" or any(alias.name == "*" for alias in node.names):
            continue
        if module == wanted.module or (
            module.endswith("models") and _is_around(module, wanted.module)
        ):
            longer = _extended(lines, node, wanted)
            if longer is not None:
                return longer
            package = f"{'.' * node.level}{node.module or ''}"
        if module.partition(".")[0] == wanted.module.partition(".")[0] and module <= wanted.module:
            after = node.end_lineno or node.lineno
    line = f"from {package or wanted.module} import {wanted.name}"
    return [*lines[:after], line, *lines[after:]]


def _extended(lines: list[str], node: ast.ImportFrom, wanted: Wanted) -> list[str] | None:
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    names = [alias.name for alias in node.names]
    before = next((n for n in names if n > wanted.name), None) if names == sorted(names) else None
    if first == last:
        found = _ON_ONE_LINE.match(lines[first])
        if found is None or any(alias.asname for alias in node.names):
            return None
        names.insert(names.index(before) if before else len(names), wanted.name)
        line = f"{found[1]}{', '.join(names)}{found[3]}"
        return [*lines[:first], line, *lines[last + 1 :]] if len(line) <= _WIDTH else None
    inside = lines[first + 1 : last]
    if lines[last].strip() != ")" or any(
        not re.fullmatch(r"\s+\w+( as \w+)?,", line) for line in inside
    ):
        return None
    indent = inside[0][: len(inside[0]) - len(inside[0].lstrip())]
    at = next((n for n, line in enumerate(inside) if line.strip() == f"{before},"), len(inside))
    inside.insert(at, f"{indent}{wanted.name},")
    return [*lines[: first + 1], *inside, *lines[last:]]
