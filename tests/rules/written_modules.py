"""Modules as a project would have them: run, audited, and run again with what a finding says."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from types import ModuleType

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

import queryaudit
from queryaudit.records.findings import Edit, Finding
from tests.rules.case_runs import ROOT

_NUMBERS = count()


@dataclass(frozen=True)
class Run:
    result: object
    queries: int
    findings: tuple[Finding, ...]

    def of(self, rule: str) -> Finding:
        [finding] = [finding for finding in self.findings if rule in finding.rules]
        return finding


Ask = Callable[[ModuleType], object]


def visiting(path: str) -> Ask:
    """What the module's ``urlpatterns`` answer."""

    def visit(module: ModuleType) -> object:
        client = Client()
        with override_settings(ROOT_URLCONF=module.__name__):
            client.force_login(User.objects.get_or_create(username="clerk", **_MAY_ALL)[0])
            response = client.get(path)
        assert response.status_code == 200
        # What is drawn by chance is another one each time.
        return re.sub(rb'(csrf\w*|nonce)" value="\w+"', b"", response.content)

    return visit


_MAY_ALL = {"is_superuser": True, "is_staff": True, "is_active": True}


class WrittenModule:
    """A file of the shop that is on no disk."""

    def __init__(self, source: str, folder: str = "sample_app/shop") -> None:
        number = next(_NUMBERS)
        self.source = source
        self.path = f"{folder}/written_{number}.py"
        self._name = f"{folder.replace('/', '.')}.written_{number}"
        self._folder = folder

    def run(self, ask: Ask) -> Run:
        """What ``ask`` gives for the module, and what the audit says of that."""
        filename = str(ROOT / self.path)
        lines = self.source.splitlines(keepends=True)
        linecache.cache[filename] = (len(self.source), None, lines, filename)
        module = ModuleType(self._name)
        module.__file__ = filename
        module.__package__ = self._folder.replace("/", ".")
        sys.modules[self._name] = module
        try:
            with transaction.atomic():
                with queryaudit.audit() as audited, CaptureQueriesContext(connection) as queries:
                    exec(compile(self.source, filename, "exec"), module.__dict__)
                    result = ask(module)
                transaction.set_rollback(True)
        finally:
            del sys.modules[self._name]
        return Run(result, len(queries), audited.findings)

    def edited(self, edits: tuple[Edit, ...]) -> WrittenModule:
        """As it is once all edits are made."""
        lines = self.source.splitlines()
        for edit in sorted(edits, key=lambda e: -e.first_line):
            assert edit.path == self.path
            assert tuple(lines[edit.first_line - 1 : edit.last_line]) == edit.before
            lines[edit.first_line - 1 : edit.last_line] = edit.after
        return WrittenModule("\n".join(lines) + "\n", self._folder)


def asked(module: ModuleType) -> object:
    """What the module's ``ask()`` returns."""
    return module.ask()


def mended(source: str, rule: str, ask: Ask = asked, folder: str = "sample_app/shop") -> str:
    """The source after the edit of the one finding of ``rule``, which must do what it is for: the
    same result with fewer queries, and no finding."""
    before = WrittenModule(source, folder)
    first = before.run(ask)
    fix = first.of(rule).fix
    assert fix is not None
    assert fix.edits, fix
    after = before.edited(fix.edits)
    second = after.run(ask)
    assert second.result == first.result
    assert second.queries < first.queries
    assert [f.message for f in second.findings if rule in f.rules] == []
    return after.source
