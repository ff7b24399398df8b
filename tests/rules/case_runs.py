"""Runs a case, audited, and again with the proposed edit written into its source."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

import queryaudit
from queryaudit.integrations.django_entrances import Entrances
from queryaudit.project import project_config
from queryaudit.records.findings import Edit, Finding
from queryaudit.records.report import Report
from queryaudit.runtime import Session
from sample_app.cases import Case, all_cases

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class EditRun:
    """What the case did once the edit was in. ``error`` says why it did not run at all."""

    source: str
    result: object = None
    queries: int = 0
    findings: tuple[Finding, ...] = ()
    error: BaseException | None = None


@dataclass(frozen=True)
class CaseRun:
    case: Case
    report: Report
    result: object
    queries: int
    edit: EditRun | None

    @property
    def finding(self) -> Finding:
        """The only finding: one root cause, one finding."""
        [finding] = self.report.findings
        return finding


def run_cases(cases: Iterable[Case]) -> dict[str, CaseRun]:
    """Each case by its name, on the shop that is there."""
    # One session around all blocks: they join it, and the hooks are put in once.
    session = Session(project_config()).open()
    entrances = Entrances(session)
    entrances.install()
    try:
        return {str(case): _run(case) for case in cases}
    finally:
        entrances.uninstall()
        session.close()


def run_with(case: Case) -> dict[str, CaseRun]:
    """The case, and all others that are best run along with it."""
    prepare = _preparation(case)
    if prepare is None:
        return run_cases([case])
    # Filling the tables that cases need besides the shop takes long, and leaves dead rows when it
    # is undone, which change what plans cost: it is done once.
    with transaction.atomic():
        prepare()
        runs = run_cases(other for other in all_cases() if _preparation(other) is prepare)
        transaction.set_rollback(True)
    return runs


def _preparation(case: Case) -> Callable[[], None] | None:
    return getattr(sys.modules[case.run.__module__], "PREPARE", None)


def options_of(case: Case) -> dict[str, object]:
    """The options under which a rule's cases are judged."""
    return getattr(sys.modules[case.run.__module__], "OPTIONS", {})


def _run(case: Case) -> CaseRun:
    audit = queryaudit.audit(str(case), **options_of(case))
    # What a case writes is undone: each finds the shop as it was.
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries, audit as audited:
            result = case.run()
        transaction.set_rollback(True)
    edits = [e for f in audited.findings if f.fix is not None for e in f.fix.edits]
    return CaseRun(
        case=case,
        report=audited.report,
        result=result,
        queries=len(queries),
        edit=_run_edited(case, edits) if edits else None,
    )


def _run_edited(case: Case, edits: list[Edit]) -> EditRun:
    module = sys.modules[case.run.__module__]
    path = Path(str(module.__file__))
    lines = path.read_text(encoding="utf-8").splitlines()
    for edit in sorted(edits, key=lambda e: -e.first_line):
        assert path == ROOT / edit.path
        assert tuple(lines[edit.first_line - 1 : edit.last_line]) == edit.before
        lines[edit.first_line - 1 : edit.last_line] = edit.after
    source = "\n".join(lines) + "\n"
    try:
        # Under the file's own name it is audited as the project's own code, as it was before.
        names: dict[str, object] = {"__name__": module.__name__, "__file__": str(path)}
        exec(compile(source, str(path), "exec"), names)
        run = names[case.name]
        with transaction.atomic():
            with CaptureQueriesContext(connection) as queries, queryaudit.audit() as audited:
                result = run()  # type: ignore[operator]
            transaction.set_rollback(True)
    except Exception as error:  # noqa: BLE001 - whatever the edited program does wrong
        return EditRun(source=source, error=error)
    return EditRun(source=source, result=result, queries=len(queries), findings=audited.findings)
