"""``python -m benchmarks.advisor`` prints the tables of README.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import django
from django.conf import settings

from queryaudit.twin.private_server import PrivateServer
from sample_app.database import parse_url

if TYPE_CHECKING:
    from benchmarks.advisor.measuring import Measured, Proposal
    from queryaudit.records.advised import AdvisedIndex

_NAMES = (
    "every column",
    "index_advisor",
    "dexter",
    "extend",
    "extend, 1 GB",
    "queryaudit",
    "queryaudit, twin",
    "oracle",
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advisor", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 3.3 million rows.")
    parser.add_argument("--only", nargs="*", choices=_NAMES, default=_NAMES, metavar="CONTESTANT")
    parser.add_argument("--first", type=int, help="So many of the queries only.")
    parser.add_argument("--queries", action="store_true", help="A table of the queries, too.")
    parser.add_argument(
        "--claims", action="store_true", help="A table of queryaudit's claims, too."
    )
    parser.add_argument("--small-table", type=int, help="queryaudit's option of that name.")
    options = parser.parse_args(arguments)
    with (
        TemporaryDirectory(prefix="queryaudit-advisor-") as folder,
        PrivateServer(Path(folder, "data")) as server,
    ):
        url = server.url("postgres")
        settings.configure(
            INSTALLED_APPS=["benchmarks.advisor"],
            DATABASES={"default": parse_url(url)},
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            USE_TZ=True,
        )
        django.setup()
        _run(options, url, Path(folder))
    return 0


def _run(options: argparse.Namespace, url: str, folder: Path) -> None:
    from django.db import connection

    from benchmarks.advisor import oracle, tables
    from benchmarks.advisor.contestants import ours
    from benchmarks.advisor.contestants.dexter import dexter
    from benchmarks.advisor.contestants.every_column import every_column
    from benchmarks.advisor.contestants.extend import extend
    from benchmarks.advisor.contestants.index_advisor import index_advisor
    from benchmarks.advisor.filling import Sizes, fill
    from benchmarks.advisor.measuring import measure
    from benchmarks.advisor.what_if import planner
    from benchmarks.advisor.workload import queries, statements
    from queryaudit.twin import creating, production

    with connection.cursor() as cursor:
        for setting in ("jit = off", "max_parallel_workers_per_gather = 0", "work_mem = '32MB'"):
            cursor.execute(f"ALTER SYSTEM SET {setting}")
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()
    sizes = Sizes.of(options.scale)
    rows = fill(sizes)
    chosen = queries(sizes)[: options.first]
    asked = statements(chosen)
    _told(f"{rows} rows, {len(chosen)} queries, {sum(q.is_trap for q in chosen)} of them traps")
    trace = folder / "workload.qatrace"
    ours.record(trace, chosen)
    found: list[Measured] = []
    sets: dict[str, list[Proposal]] = {}
    bare = measure("no index", 0.0, [], asked)

    def contest(name: str, propose: Callable[[], list[Proposal]]) -> None:
        if name.partition(" at ")[0] not in options.only:
            return
        start = perf_counter()
        sets[name] = propose()
        seconds = perf_counter() - start
        _told(f"{name}: {len(sets[name])} indexes in {seconds:.0f} s")
        found.append(measure(name, seconds, sets[name], asked))

    def own(advice: Sequence[AdvisedIndex]) -> list[Proposal]:
        for one in advice:
            _told(f"  {one.outcome.value}: {one.model} {one.title}: {one.reason}")
        return ours.proposals(advice, asked)

    contest("queryaudit", lambda: own(ours.advised(url, trace, options.small_table)))
    budget = next((m.bytes for m in found), 1 << 28)
    twin = folder / "twin"
    creating.create(production.read(url, []), twin, values=True)
    contest("queryaudit, twin", lambda: own(ours.advised(twin, trace, options.small_table)))
    with planner(twin, asked) as what_if:
        contest("every column", lambda: every_column(what_if))
        contest("index_advisor", lambda: index_advisor(what_if))
        contest("dexter", lambda: dexter(what_if))
        contest(f"extend at {budget / 1e6:.0f} MB", lambda: extend(what_if, budget))
        contest("extend, 1 GB", lambda: extend(what_if, 1 << 30))
    if "oracle" in options.only:
        for line in oracle.lines(sets, asked):
            print(line)
        print()
    shown = [bare, *found[1:], *found[:1]]
    for line in tables.results(shown, bare.wal):
        print(line)
    if options.queries:
        print()
        for line in tables.queries([one for one in shown if one.indexes]):
            print(line)
    if options.claims:
        print()
        for line in tables.claims(found[0]):
            print(line)


def _told(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
