"""What ``pytest --queryaudit`` adds to a whole suite of quick tests, from start to end.

    python -m benchmarks.suite [--tests N] [--rounds N] [--wall]

A small project is written to a temporary folder and its tests are run with and without the audit,
in turns. CPU time is compared, since this survives a busy machine better; ``--wall`` compares
what a clock on the wall shows. Exits with 1 when the median is over what ``budgets.toml`` allows.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.budgets import budgets, verdict
from benchmarks.tables import table

_FILES = {
    "pytest.ini": """
[pytest]
DJANGO_SETTINGS_MODULE = settings
pythonpath = .
addopts = -q -p no:cacheprovider -p no:randomly -p no:xdist
""",
    "settings.py": """
SECRET_KEY = "suite"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "library"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "library.urls"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
""",
    "library/__init__.py": "",
    "library/models.py": """
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
""",
    "library/views.py": """
from django.shortcuts import get_object_or_404, render

from library.models import Book


def book_list(request):
    return render(request, "books.html", {"books": Book.objects.select_related("author")})


def book_detail(request, pk):
    return render(request, "book.html", {"book": get_object_or_404(Book, pk=pk)})
""",
    "library/urls.py": """
from django.urls import path

from library import views

urlpatterns = [path("books/", views.book_list), path("books/<int:pk>/", views.book_detail)]
""",
    "library/templates/books.html": """
<ul>{% for book in books %}<li>{{ book.title }} by {{ book.author.name }}</li>{% endfor %}</ul>
""",
    "library/templates/book.html": "<h1>{{ book.title }}</h1><p>{{ book.author.name }}</p>",
}

_TESTS = """
import pytest
from library.models import Author, Book


@pytest.fixture
def books(db):
    author = Author.objects.create(name="Author")
    return [Book.objects.create(title=f"Book {n}", author=author) for n in range(3)]
"""

#: As suites are: some requests, some of the ORM alone, some without a database.
_QUICK = """

def test_list_{0}(client, books):
    assert b"Book 2 by Author" in client.get("/books/").content


def test_detail_{0}(client, books):
    assert b"Author" in client.get(f"/books/{{books[0].pk}}/").content


def test_orm_{0}(books):
    book = Book.objects.get(pk=books[1].pk)
    assert book.author.books.count() == 3


def test_plain_{0}():
    assert str(Book(title="Draft").title) == "Draft"
"""

VARIANTS = {
    "without the plugin": ("-p", "no:queryaudit"),
    "off": (),
    "--queryaudit": ("--queryaudit", "--queryaudit-fail-on", "never"),
}


def write_project(folder: Path, tests: int) -> None:
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
    for module in range(10):
        body = "".join(_QUICK.format(number) for number in range(tests // 40))
        (folder / f"test_{module}.py").write_text(_TESTS.lstrip() + body, encoding="utf-8")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(folder: Path, flags: tuple[str, ...], clock: Callable[[], float]) -> float:
    """Seconds of one run of the suite."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "DJANGO"))}
    environment["PYTHONHASHSEED"] = "0"
    before = clock()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *flags],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seconds = clock() - before
    if done.returncode:
        raise SystemExit(f"The suite failed with {flags}:\n{done.stdout}")
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--wall", action="store_true")
    options = parser.parse_args()
    clock = time.perf_counter if options.wall else _cpu
    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder, options.tests)
        run(folder, (), clock)
        for _ in range(options.rounds):
            for variant, flags in VARIANTS.items():
                seconds[variant].append(run(folder, flags, clock))
    base = seconds["without the plugin"]
    ratios = {v: median(a / b for a, b in zip(s, base, strict=True)) for v, s in seconds.items()}
    rows = [
        (v, f"{median(s):.2f}", f"{min(s):.2f}", f"{100 * (ratios[v] - 1):+.1f} %")
        for v, s in seconds.items()
    ]
    what = "wall clock" if options.wall else "CPU"
    print(table((f"{options.tests} quick tests", f"{what}, s", "least", "added"), rows))
    kept = [verdict(b, 100 * (ratios[b.variant] - 1), " %") for b in budgets("suite")]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
