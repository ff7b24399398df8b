"""Loops that stand in a call."""

from __future__ import annotations

import textwrap

import pytest

from queryaudit.capture.called_loops import Position, called_loop


def loop_at(code: str, at: str, *, anonymous: bool = False, columns: bool = True) -> str | None:
    """The header of the loop at the first call that begins with ``at``, in a method."""
    lines = textwrap.indent(f"async def each(self):\n{textwrap.indent(code, '    ')}", "    ")
    split = lines.split("\n")
    number = next(n for n, line in enumerate(split) if at in line)
    column = split[number].index(at) if columns else None
    end = None
    if column is not None and not anonymous and (close := _close(split[number], column)):
        end = (7 + number, close)
    found = called_loop(split, 7, Position(7 + number, column, end, anonymous))
    return found.text if found is not None else None


def _close(line: str, column: int) -> int | None:
    """Where the first call from a column on ends."""
    depth = 0
    for index in range(column, len(line)):
        depth += (line[index] == "(") - (line[index] == ")")
        if line[index] == ")" and depth == 0:
            return index + 1
    return None


@pytest.mark.parametrize(
    ("code", "at", "header"),
    [
        ("return await asyncio.gather(*[one(pk) for pk in pks])", "asyncio", "for pk in pks"),
        ("return await gather(*(one(a, b) for a, b in pairs))", "gather", "for (a, b) in pairs"),
        ("await gather(log, *[one(pk) for pk in pks])", "gather", "for pk in pks"),
        ("await gather(*[one(o) async for o in rows])", "gather", "async for o in rows"),
        ("await gather(*map(one, pks))", "gather", "for item in pks"),
        ("todo = [one(pk) for pk in pks]\nawait gather(*todo)", "gather", "for pk in pks"),
        (
            "todo = []\nfor pk in pks:\n    todo.append(one(pk))\nawait gather(*todo)",
            "gather",
            "for pk in pks",
        ),
        ("names = list(map(self.name, pks))", "list", "for item in pks"),
        ("total = sum(map(price, pks, kinds))", "sum", "for item in zip(pks, kinds)"),
        ("for name in map(self.name, pks):\n    print(name)", "map", "for item in pks"),
        ("for name in filter(self.known, pks):\n    print(name)", "filter", "for item in pks"),
    ],
)
@pytest.mark.parametrize("columns", [True, False])
def test_a_call_goes_through_what_it_is_given(
    code: str, at: str, header: str, columns: bool
) -> None:
    assert loop_at(code, at, columns=columns) == header


@pytest.mark.parametrize(
    ("code", "header"),
    [
        ("return list(map(lambda pk: HERE.get(pk), pks))", "for pk in pks"),
        ("return list(map(lambda a, b: HERE.get(a), pks, kinds))", "for (a, b) in zip(pks, kinds)"),
        ("return sorted(orders, key=lambda o: HERE.get(o))", "for o in orders"),
        ("return max(orders, key=lambda o: HERE.get(o))", "for o in orders"),
        ("orders.sort(key=lambda o: HERE.get(o))", "for o in orders"),
        ("return any(filter(lambda o: HERE.get(o), orders))", "for o in orders"),
    ],
)
@pytest.mark.parametrize("columns", [True, False])
def test_a_lambda_runs_for_each_of_what_its_call_is_given(
    code: str, header: str, columns: bool
) -> None:
    assert loop_at(code, "HERE", anonymous=True, columns=columns) == header


@pytest.mark.parametrize(
    ("code", "at"),
    [
        ("await gather(one(1), one(2))", "gather"),
        ("todo = [one(1), one(2)]\nawait gather(*todo)", "gather"),
        ("todo = other()\nawait gather(*todo)", "gather"),
        ("todo = [a(x) for x in xs]\ntodo = [b(y) for y in ys]\nawait gather(*todo)", "gather"),
        ("await gather(*[a(x) for x in xs], *[b(y) for y in ys])", "gather"),
        ("first(map(name, pks))", "first"),
        ("print(list(map(name, pks)))", "print"),
        ("max(first(1), first(2))", "first"),
        ("sorted(rows)", "sorted"),
        ("shape.map(name, pks)", "shape"),
    ],
)
@pytest.mark.parametrize("columns", [True, False])
def test_other_calls_are_no_loops(code: str, at: str, columns: bool) -> None:
    assert loop_at(code, at, columns=columns) is None


@pytest.mark.parametrize(
    "code",
    [
        "transaction.on_commit(lambda: HERE.get(1))",
        "max(HERE, other, key=lambda o: HERE.get(o))",
        "list(map(lambda pk: later(lambda: HERE.get(pk)), pks))",
        "Rows(pks, key=lambda o: HERE.get(o))",
    ],
)
def test_other_lambdas_run_once(code: str) -> None:
    at = code.replace("(HERE, ", "(WHERE, ") if "(HERE, " in code else code
    assert loop_at(at.replace("WHERE", "rows"), "HERE", anonymous=True) is None


def test_without_columns_nothing_is_told_of_two_on_one_line() -> None:
    code = "list(map(lambda a: HERE.get(a), xs)) + list(map(lambda b: b, ys))"
    assert loop_at(code, "HERE", anonymous=True) == "for a in xs"
    assert loop_at(code, "HERE", anonymous=True, columns=False) is None
    for code in (
        "list(map(one, xs)) + list(map(two, ys))",
        "list(map(one, list(xs)))",
        "list(map(one, xs)) + [first()]",
        "gather(first(), *[one(pk) for pk in pks])",
    ):
        at = code.partition("(")[0]
        assert loop_at(code, at) is not None
        assert loop_at(code, at, columns=False) is None


def test_what_is_asked_of_the_result_is_asked_once() -> None:
    line = "    total = list(map(one, xs)).pop().total()"
    for end, header in (("xs))", "for item in xs"), ("pop()", None), ("total()", None)):
        at = Position(2, line.index("list"), (2, line.index(end) + len(end)), False)
        found = called_loop(["def each():", line], 1, at)
        assert (found.text if found is not None else None) == header


def test_source_that_is_no_python_has_none() -> None:
    assert loop_at("gather(*[", "gather") is None
