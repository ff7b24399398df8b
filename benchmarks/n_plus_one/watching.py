"""One tool in one process: which of the cases it has something to say about."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import django
from django.conf import settings

#: What Django has to install for each tool.
APPS = {"queryaudit": (), "django-zeal": ("zeal",), "nplusone": ("nplusone.ext.django",)}


def main(tool: str) -> None:
    """Print, as JSON, the name of each case and whether ``tool`` found something in it."""
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "benchmarks.n_plus_one", *APPS[tool]],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    from benchmarks.n_plus_one.cases import CASES
    from benchmarks.n_plus_one.models import fill

    call_command("migrate", run_syncdb=True, verbosity=0)
    found = {}
    for name, case in CASES.items():
        with transaction.atomic():
            fill(3)
            found[name] = TOOLS[tool](case)
            transaction.set_rollback(True)
    print(json.dumps(found))


def _queryaudit(case: Callable[[], object]) -> bool:
    import queryaudit

    with queryaudit.audit() as audited:
        case()
    return any(each.rule.startswith("QA1") or each.rule == "QA203" for each in audited.findings)


def _zeal(case: Callable[[], object]) -> bool:
    from zeal import NPlusOneError, zeal_context

    try:
        with zeal_context():
            case()
    except NPlusOneError:
        return True
    return False


def _nplusone(case: Callable[[], object]) -> bool:
    from nplusone.core import exceptions, profiler

    try:
        with profiler.Profiler():
            case()
    except exceptions.NPlusOneError:
        return True
    return False


TOOLS = {"queryaudit": _queryaudit, "django-zeal": _zeal, "nplusone": _nplusone}

if __name__ == "__main__":
    main(sys.argv[1])
