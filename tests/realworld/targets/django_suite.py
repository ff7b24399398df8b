"""A broad part of Django's own tests, run by its own ``runtests.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from measure import Command
from workspace import SHIMS, Environment, source

from .base import Target

#: Everything in which a capture could show: queries, relations, hydration, transactions,
#: connections, requests, async and the admin. Labels that a version lacks are left out.
LABELS = Path(__file__).with_name("django_labels.txt")


@dataclass(frozen=True, kw_only=True)
class DjangoSuite(Target):
    django: str

    def command(
        self, made: Environment, environ: Mapping[str, str], *, under_audit: bool, label: str
    ) -> Command:
        tests = source(f"Django=={self.django}", made) / "tests"
        results = self.output(label) / "results.jsonl"
        settings = "realworld_sqlite" if self.database == "sqlite" else "realworld_postgres"
        runtests = [str(made.python), "runtests.py", f"--settings={settings}", "--parallel=2"]
        return Command(
            arguments=(*runtests, "--noinput", *_existing(tests)),
            folder=tests,
            environ={
                **environ,
                "PYTHONPATH": str(SHIMS / "django_suite"),
                "REALWORLD_RESULTS": str(results),
                "REALWORLD_QUERYAUDIT": "1" if under_audit else "0",
            },
            results=results,
            under_audit=under_audit,
        )


def _existing(tests: Path) -> list[str]:
    return [label for label in LABELS.read_text().split() if (tests / label).is_dir()]


def _suite(name: str, django: str, python: str, database: str = "sqlite") -> DjangoSuite:
    return DjangoSuite(
        name=name,
        about=f"a broad part of the tests of Django {django}, {database}",
        python=python,
        requirements=(
            *(f"Django=={django}", "jinja2", "Pillow", "PyYAML", "tblib", "tzdata", "pytz"),
            *(("psycopg[pool]",) if database == "postgresql" else ()),
        ),
        database=database,
        django=django,
    )


TARGETS = (
    _suite("django-6.1", "6.1.3", "3.13"),
    _suite("django-5.2", "5.2.19", "3.11"),
    _suite("django-4.2", "4.2.30", "3.10"),
    _suite("django-6.1-postgresql", "6.1.3", "3.13", "postgresql"),
    _suite("django-4.2-postgresql", "4.2.30", "3.10", "postgresql"),
)
