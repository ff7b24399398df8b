"""The text rules on source code that no test runs. Works with Django not installed."""

from __future__ import annotations

import ast
import fnmatch
import io
import os
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from queryaudit.composition.modules import CallSite, Module, handed_over
from queryaudit.composition.reading import compositions, heaviest
from queryaudit.composition.rows import provenance
from queryaudit.config import Config
from queryaudit.detectors.base import Detector
from queryaudit.errors import QueryAuditError
from queryaudit.judging import Analysis
from queryaudit.records.definitions import Provenance
from queryaudit.records.findings import Diagnostic

_LEFT_OUT = frozenset(
    {"site-packages", "dist-packages", "node_modules", "__pycache__", "migrations"}
)
_MAX_BYTES = 2_000_000
_CALLERS = 500


class ScanError(QueryAuditError):
    slug = "scan"


def scan(paths: Iterable[Path], analysis: Analysis) -> list[Diagnostic]:
    """Read the Python files at ``paths`` into ``analysis``; what could not be read is returned.

    Raises ScanError for a path that is not there.
    """
    project = ScannedProject(analysis.config)
    diagnostics = project.read(list(paths))
    rules = [d for code, d in analysis.registry.rules.items() if analysis.config.runs(code)]
    for module in project.modules:
        for call in module.calls:
            for one in heaviest(compositions(module, call, project)):
                _judge(provenance(one), rules, analysis)
    analysis.ledger.scanned += len(project.modules)
    return diagnostics


def _judge(told: Provenance, rules: list[Detector], analysis: Analysis) -> None:
    """A rule that fails is switched off; the others go on."""
    for rule in list(rules):
        try:
            for sighting in rule.read(told):
                analysis.ledger.add(sighting, None)
        except Exception as error:
            if analysis.config.strict:
                raise
            rules.remove(rule)
            analysis.ledger.add_crash(rule.code, error)


class ScannedProject:
    """The files that are scanned, as one project. Implements ``composition.Library``."""

    def __init__(self, config: Config) -> None:
        self._root = Path(config.root).resolve()
        self._omit = config.omit
        self._tests = config.test_files
        self.modules: list[Module] = []
        self._by_name: dict[str, Module] = {}
        self._calls: dict[str, list[CallSite]] = {}
        self._functions: dict[str, int] = {}
        self._read: set[Path] = set()

    def read(self, paths: Sequence[Path]) -> list[Diagnostic]:
        found: list[Diagnostic] = []
        for path in paths:
            if not path.exists():
                raise ScanError(f"There is no {path}.", "Name a file or a folder of Python code.")
            base = path.resolve() if path.is_dir() else path.resolve().parent
            for file in self._files(path.resolve()):
                problem = self._add(file, base)
                if problem is not None:
                    found.append(problem)
        self._index()
        return found

    def _files(self, path: Path) -> Iterator[Path]:
        if path.is_file():
            yield path
            return
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(
                name
                for name in folders
                if name not in _LEFT_OUT
                and not name.startswith(".")
                and not Path(folder, name, "pyvenv.cfg").exists()
            )
            for name in sorted(names):
                if name.endswith(".py"):
                    yield Path(folder, name)

    def _add(self, file: Path, base: Path) -> Diagnostic | None:
        if file in self._read:
            return None
        self._read.add(file)
        shown = self._shown(file)
        if any(_matches(shown, glob) for glob in (*self._omit, *self._tests)):
            return None
        try:
            if file.stat().st_size > _MAX_BYTES:
                raise ValueError(f"it is larger than {_MAX_BYTES:,} bytes")
            with open(file, "rb") as stream:
                text = _decoded(stream.read())
            module = Module(shown, self._name(file, base), text)
        except SyntaxError as error:
            return _unread(f"{shown}:{error.lineno or 1}", error.msg)
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            return _unread(shown, str(error) or type(error).__name__)
        self.modules.append(module)
        self._by_name.setdefault(module.name, module)
        return None

    def _shown(self, file: Path) -> str:
        """As the reports of a run show it."""
        if file.is_relative_to(self._root):
            return file.relative_to(self._root).as_posix()
        return file.as_posix()

    def _name(self, file: Path, base: Path) -> str:
        """The dotted name under which it is imported, as far as folders tell."""
        home = self._root if file.is_relative_to(self._root) else base
        parts = [*file.relative_to(home).parent.parts, file.stem]
        if parts[0] == "src":
            parts = parts[1:]
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _index(self) -> None:
        for module in self.modules:
            for function in module.functions:
                self._functions[function.name] = self._functions.get(function.name, 0) + 1
            for call in module.calls:
                called = call.func
                name = called.attr if isinstance(called, ast.Attribute) else ""
                name = called.id if isinstance(called, ast.Name) else name
                name = name or handed_over(call)
                if name:
                    self._calls.setdefault(name, []).append(CallSite(module, call))

    def module(self, name: str) -> Module | None:
        return self._by_name.get(name)

    def callers(self, module: Module, function: ast.AST) -> Sequence[CallSite] | None:
        name = getattr(function, "name", "")
        known = self._calls.get(name, [])
        if self._functions.get(name, 0) > 1:
            # Another function has the name: only calls in the same file are surely meant.
            known = [site for site in known if site.module is module]
        return known[:_CALLERS]


def _decoded(data: bytes) -> str:
    """The text of a Python file, in the encoding that it declares."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return io.TextIOWrapper(io.BytesIO(data), encoding).read()


def _unread(place: str, why: str) -> Diagnostic:
    return Diagnostic(
        slug="file-not-read",
        message=f"{place} was not scanned: {why}.",
        hint="Correct the file, or leave it out by the option omit.",
    )


def _matches(relative: str, glob: str) -> bool:
    """As for call sites: globs with a slash match the path, others the file's name."""
    if "/" in glob:
        return fnmatch.fnmatch(relative, glob) or fnmatch.fnmatch("/" + relative, "*/" + glob)
    return fnmatch.fnmatch(relative.rsplit("/", 1)[-1], glob)
