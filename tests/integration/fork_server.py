"""Runs pytest, manage.py and our command line in processes of their own, at the price of a fork.

Importing Django and pytest takes longer than most of these runs. ``python fork_server.py`` imports
them once, configures nothing, and forks for each request. What is asked about imports themselves
must not run here.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

#: Heavy, and without effect until they are configured.
PRELOADED = (
    "pytest",
    "pytest_django.plugin",
    "django.test",
    "django.test.runner",
    "django.db.backends.sqlite3.base",
    "django.core.management.commands.migrate",
    "django.template.loader_tags",
    "queryaudit.cli",
    "queryaudit.integrations.pytest_run",
    "queryaudit.reports.terminal",
    "queryaudit.reports.html",
)


def serve() -> None:
    for name in PRELOADED:
        __import__(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(request)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(request: dict[str, object]) -> None:
    code = 3
    try:
        os.environ.clear()
        os.environ.update(request["environment"])  # type: ignore[call-overload]
        os.chdir(str(request["folder"]))
        sys.path[0] = str(request["folder"])
        for descriptor, name in ((1, "out"), (2, "err")):
            file = os.open(str(request[name]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, descriptor)
        arguments = list(request["arguments"])  # type: ignore[call-overload]
        sys.argv = [str(request["program"]), *arguments]
        code = _call(str(request["program"]), arguments)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:  # noqa: BLE001 - the child must end here whatever happens
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(code))


def _call(program: str, arguments: list[str]) -> int:
    if program == "pytest":
        import pytest

        return int(pytest.main(arguments))
    if program == "manage.py":
        from django.core.management import execute_from_command_line

        execute_from_command_line([program, *arguments])
        return 0
    from queryaudit.cli import main

    return main(arguments)


if __name__ == "__main__":
    serve()
