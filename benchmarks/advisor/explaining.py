"""``python -m benchmarks.advisor.explaining``: explaining 500 statements beside running them."""

from __future__ import annotations

from contextlib import closing
from itertools import combinations
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from queryaudit.plans.saved import SavedPlanner
from queryaudit.plans.url_server import UrlServer
from queryaudit.records.definitions import SqlText
from queryaudit.trace.tables import Tables
from queryaudit.twin.private_server import PrivateServer

_TABLES, _COLUMNS, _EACH, _ROUNDS = 10, 11, 50, 5


def statements() -> list[str]:
    """Two conditions, an order and a limit, on 10 tables."""
    pairs = [*combinations(range(_COLUMNS), 2)][:_EACH]
    return [
        f"SELECT id, c{a}, c{b} FROM t{table} WHERE c{a} = %s AND c{b} < %s ORDER BY c{b} LIMIT 20"
        for table in range(_TABLES)
        for a, b in pairs
    ]


def fill(server: UrlServer, rows: int) -> None:
    columns = [f"c{number}" for number in range(_COLUMNS)]
    values = [f"(random() * {10 ** (number % 5 + 1)})::int" for number in range(_COLUMNS)]
    for table in range(_TABLES):
        server.run(f"DROP TABLE IF EXISTS t{table}")
        server.run(
            f"CREATE TABLE t{table} AS SELECT i AS id, "
            + ", ".join(f"{value} AS {name}" for value, name in zip(values, columns, strict=True))
            + f" FROM generate_series(1, {rows}) i"
        )
    server.run("VACUUM ANALYZE")


def compared(server: UrlServer) -> tuple[float, float]:
    """Seconds to run all statements, and to explain them; medians of rounds."""
    ran, explained = [], []
    for _ in range(_ROUNDS):
        start = perf_counter()
        for sql in statements():
            server.run(sql, (3, 5))
        ran.append(perf_counter() - start)
        tables = Tables(None)
        for number, sql in enumerate(statements()):
            tables.add(SqlText(number, sql))
        start = perf_counter()
        SavedPlanner(server, "default").fill(tables)
        explained.append(perf_counter() - start)
        assert len(tables.plans) == len(statements())
    return median(ran), median(explained)


def main() -> None:
    print("| rows a table | ms to run | ms to explain | explained / run |")
    print("| ---: | ---: | ---: | ---: |")
    with (
        TemporaryDirectory(prefix="qa-") as folder,
        PrivateServer(Path(folder, "data")) as private,
        closing(UrlServer.connect(private.url("postgres"))) as server,
    ):
        for rows in (1_000, 10_000, 50_000):
            fill(server, rows)
            ran, explained = compared(server)
            times = explained / ran
            print(f"| {rows:,} | {1e3 * ran:.0f} | {1e3 * explained:.0f} | {times:.1f} |")


if __name__ == "__main__":
    main()
