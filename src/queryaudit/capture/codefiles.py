"""Whose code a file is, and which functions in it say why a query happened.

Functions are known by file suffix and name, so that nothing has to be imported to recognise
it and one table serves every supported version of Django.
"""

from __future__ import annotations

import fnmatch
import os
import sys
import sysconfig
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from queryaudit.records.kinds import FrameKind


class Mark(IntEnum):
    """What a frame of a known library function tells about the query below it."""

    QUERYSET = 1  #: a method of QuerySet; ``self`` is the queryset
    ROWS = 2  #: ``__iter__`` of an iterable class or of a queryset
    DESCRIPTOR = 3  #: a relation or column read on an instance
    PREFETCH = 4  #: ``prefetch_one_level``
    TEMPLATE = 5  #: ``Node.render_annotated``
    SERIALIZER = 6  #: a field of a serializer, schema, form or GraphQL type, or a list column
    MANY = 7  #: a serializer or GraphQL going through a list
    BASE = 8  #: the unit of work begins here
    DELETION = 10  #: Django collects what a deletion takes with it
    HANDED = 9  #: a thread runs what another thread or a task waits for
    VALIDATION = 11  #: a model checks its values against the database
    RECEIVED = 13  #: a serializer looks up what keys of a request mean
    TASK = 12  #: a loop goes on with a task, which remembers who made it


_QUERYSET_METHODS = frozenset(
    {
        *("_fetch_all", "_iterator", "__len__", "__bool__", "__getitem__", "iterator"),
        *("count", "exists", "contains", "aggregate", "explain"),
        *("get", "first", "last", "earliest", "latest", "in_bulk"),
        *("create", "get_or_create", "update_or_create", "bulk_create", "bulk_update"),
        *("update", "_update", "delete"),
    }
)

#: Functions that send a statement, and those that monitoring wraps around them under their names.
EXECUTIONS = frozenset({"execute", "executemany", "callproc", "execute_sql"})

_FIELD_METHODS = {"get_attribute": Mark.SERIALIZER, "to_representation": Mark.SERIALIZER}

#: GraphQL's functions that resolve a field, and go through a list.
_RESOLVERS = {"execute_field": Mark.SERIALIZER, "complete_list_value": Mark.MANY}

_MARKS: dict[str, dict[str, Mark]] = {
    "django/db/models/query.py": {
        **dict.fromkeys(_QUERYSET_METHODS, Mark.QUERYSET),
        "__iter__": Mark.ROWS,
        "prefetch_one_level": Mark.PREFETCH,
    },
    "django/db/models/fields/related_descriptors.py": {"__get__": Mark.DESCRIPTOR},
    "django/db/models/query_utils.py": {"__get__": Mark.DESCRIPTOR},
    "django/db/models/deletion.py": {"collect": Mark.DELETION},
    "django/db/models/fields/related.py": {"validate": Mark.VALIDATION},
    "django/db/models/constraints.py": {"validate": Mark.VALIDATION},
    "django/db/models/base.py": {
        **dict.fromkeys(("_perform_unique_checks", "_perform_date_checks"), Mark.VALIDATION),
    },
    "django/contrib/contenttypes/fields.py": {"__get__": Mark.DESCRIPTOR},
    "django/template/base.py": {"render_annotated": Mark.TEMPLATE},
    "rest_framework/fields.py": _FIELD_METHODS,
    "rest_framework/relations.py": {**_FIELD_METHODS, "to_internal_value": Mark.RECEIVED},
    "rest_framework/serializers.py": {
        "to_representation": Mark.MANY,
        "to_internal_value": Mark.RECEIVED,
    },
    "ninja/schema.py": {"__getattr__": Mark.SERIALIZER},
    "graphql/execution/execute.py": _RESOLVERS,
    "graphql/execution/executor.py": _RESOLVERS,
    "django/contrib/admin/templatetags/admin_list.py": {"items_for_result": Mark.SERIALIZER},
    "django/contrib/admin/filters.py": {"field_choices": Mark.SERIALIZER},
    "django/forms/boundfield.py": {"as_widget": Mark.SERIALIZER},
    # Further out stand middleware, which call every view and cause nothing that a view asks.
    "django/core/handlers/exception.py": {"inner": Mark.BASE},
    "asgiref/sync.py": {"thread_handler": Mark.HANDED},
    "asyncio/events.py": {"_run": Mark.TASK},
    "queryaudit/capture/concurrency.py": {"_carried": Mark.HANDED},
    "queryaudit/middleware/http.py": {"__call__": Mark.BASE, "__acall__": Mark.BASE},
    "queryaudit/integrations/django_entrances.py": {"execute": Mark.BASE},
    "queryaudit/integrations/channels.py": {"dispatch": Mark.BASE},
    "celery/app/trace.py": {"trace_task": Mark.BASE},
    "queryaudit/integrations/debug_toolbar/panel.py": {
        **dict.fromkeys(("process_request", "_awaited"), Mark.BASE),
    },
}


#: Packages that watch queries from around the ORM's functions, whatever they call their own.
_WATCHERS = (
    *("aws_xray_sdk", "ddtrace", "debug_toolbar", "django_prometheus", "elasticapm", "instana"),
    *("logfire", "newrelic", "nplusone", "opentelemetry", "scout_apm", "sentry_sdk", "silk"),
    *("wrapt", "zeal"),
)

#: Code that somebody typed into a shell.
_TYPED = ("<console>", "<stdin>", "<python-input", "<ipython-input")


class CodeFile(NamedTuple):
    """What is known of one file; cached by file name."""

    kind: FrameKind
    #: Part of django.db, or watching it: never a call site, not even for want of a better one.
    orm: bool
    marks: dict[str, Mark] | None


def library_roots() -> tuple[str, ...]:
    """Folders of installed code and of the standard library, each with a trailing separator."""
    paths = sysconfig.get_paths()
    names = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    names |= {path for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    return tuple(sorted(os.path.join(os.path.realpath(name), "") for name in names))


class CodeFiles:
    """Classifies files once each.

    ``roots``: absolute folders (or files) of project code. ``omit`` and ``tests`` are globs
    matched against the path relative to ``base`` and against the file's name.
    """

    def __init__(
        self,
        roots: Iterable[str],
        base: str,
        omit: Iterable[str] = (),
        tests: Iterable[str] = (),
    ) -> None:
        self.base = os.path.realpath(base)
        self._roots = tuple(os.path.realpath(root) for root in roots)
        self._omit = tuple(omit)
        self._tests = tuple(tests)
        self._libraries = library_roots()
        self._own = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "")
        #: By file name, as ``__call__`` filled it: the hot path looks here first.
        self.known: dict[str, CodeFile] = {}
        self._relative: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def __call__(self, filename: str) -> CodeFile:
        known = self.known.get(filename)
        if known is None:
            known = self.known[filename] = self._classify(filename)
        return known

    def relative(self, filename: str) -> str:
        """``filename`` for people: relative to the base, or to site-packages, slashes forward."""
        found = self._relative.get(filename)
        if found is None:
            found = self._relative[filename] = self._shorten(filename)
        return found

    def own(self, filename: str) -> str | None:
        """The same for a file of the project; None for any other."""
        is_own = self(filename).kind is FrameKind.PROJECT
        return self.relative(filename) if is_own else None

    def _shorten(self, filename: str) -> str:
        if filename.startswith("<"):
            return filename
        real = self._real(filename)
        # The nearest counts: an environment often lies in the project's folder.
        folders = sorted((os.path.join(self.base, ""), *self._libraries), key=len, reverse=True)
        for folder in folders:
            if real.startswith(folder):
                return real[len(folder) :].replace(os.sep, "/")
        for root in self._roots:
            parent = os.path.join(os.path.dirname(root), "")
            if real.startswith(parent):
                return real[len(parent) :].replace(os.sep, "/")
        return real.replace(os.sep, "/")

    def _real(self, filename: str) -> str:
        """``os.path.realpath``, which looks at every folder on the way, for each folder once."""
        folder, name = os.path.split(filename)
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = os.path.realpath(folder)
        path = os.path.join(known, name)
        return os.path.realpath(path) if os.path.islink(path) else path

    def add_root(self, root: str) -> None:
        """Take one more folder for project code; files are looked at anew."""
        real = os.path.realpath(root)
        if real not in self._roots:
            self._roots = (*self._roots, real)
            self.known.clear()
            self._relative.clear()

    def take(self, filename: str) -> None:
        """Take code without a file, as from ``python -c``, for project code."""
        self.known[filename] = CodeFile(FrameKind.PROJECT, False, None)

    def kind_of_path(self, filename: str) -> FrameKind:
        return self(filename).kind

    def _classify(self, filename: str) -> CodeFile:
        if filename.startswith("<"):
            typed = filename.startswith(_TYPED)
            return CodeFile(FrameKind.PROJECT if typed else FrameKind.LIBRARY, False, None)
        real = self._real(filename)
        slashed = real.replace(os.sep, "/")
        marks = next((m for suffix, m in _MARKS.items() if slashed.endswith("/" + suffix)), None)
        if real.startswith(self._own):
            return CodeFile(FrameKind.LIBRARY, True, marks)
        if not self._is_project(real):
            package = self.relative(real).partition("/")[0]
            orm = "/django/db/" in slashed or package in _WATCHERS
            return CodeFile(FrameKind.LIBRARY, orm, marks)
        relative = self.relative(real)
        if any(_matches(relative, glob) for glob in self._omit):
            return CodeFile(FrameKind.LIBRARY, False, marks)
        if any(_matches(relative, glob) for glob in self._tests):
            return CodeFile(FrameKind.TEST, False, None)
        return CodeFile(FrameKind.PROJECT, False, marks)

    def _is_project(self, real: str) -> bool:
        """Under a root, and not in a library folder that lies below that root."""
        containing = [r for r in self._roots if real == r or real.startswith(r + os.sep)]
        if not containing:
            return False
        root = max(containing, key=len)
        inner = [lib for lib in self._libraries if real.startswith(lib)]
        return not any(lib.startswith(root + os.sep) for lib in inner) and not any(
            part in ("site-packages", "dist-packages", "node_modules")
            for part in real[len(root) :].split(os.sep)
        )


def _matches(relative: str, glob: str) -> bool:
    """Globs with a slash match the relative path, others any file name on their own."""
    if "/" in glob:
        return fnmatch.fnmatch(relative, glob) or fnmatch.fnmatch("/" + relative, "*/" + glob)
    return fnmatch.fnmatch(relative.rsplit("/", 1)[-1], glob)
