"""The result as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log2
from statistics import median

from benchmarks.advisor.measuring import PAYS, Measured

_HEAD = (
    "| contestant | indexes | pay | precision | MB | total | geo. mean | faster | slower "
    "| WAL a row | claimed / measured | within 1.5 | in the range | seconds |\n"
    "| --- |" + " ---: |" * 13
)


def results(found: Sequence[Measured], wal: float) -> Iterator[str]:
    yield _HEAD
    for one in found:
        faster = sum(1 for c in one.compared.values() if c.ratio >= PAYS)
        logs = [log2(c.factor) for c in one.calibration if c.factor > 0]
        said = f"{2 ** median(logs):.2f}" if logs else ""
        near = f"{sum(abs(c) <= log2(1.5) for c in logs) / len(logs):.0%}" if logs else ""
        held = [held for claimed in one.calibration for held in claimed.held]
        kept = f"{sum(held) / len(held):.0%}" if held else ""
        precision = "" if one.precision is None else f"{one.precision:.2f}"
        yield (
            f"| {one.name} | {len(one.indexes)} | {len(one.paying)} | {precision} "
            f"| {one.bytes / 1e6:.0f} | {one.total:.2f} | {one.mean:.2f} | {faster} "
            f"| {len(one.slower)} | {one.wal / wal:.2f} | {said} | {near} | {kept} "
            f"| {one.seconds:.0f} |"
        )


def queries(found: Sequence[Measured]) -> Iterator[str]:
    """How many times faster each query became."""
    yield "| query | ms without | " + " | ".join(one.name for one in found) + " |"
    yield "| --- |" + " ---: |" * (len(found) + 1)
    for query, first in found[0].compared.items():
        each = [
            f"{one.compared[query].ratio:.1f}" if one.compared[query].used else "" for one in found
        ]
        yield f"| {query} | {first.before:.1f} | {' | '.join(each)} |"


def claims(one: Measured) -> Iterator[str]:
    """What was said of each query, beside what was measured."""
    yield "| query | claimed | of values | measured | of values | ms before | ms after | within |"
    yield "| --- |" + " ---: |" * 7
    for claimed in sorted(one.calibration, key=lambda c: c.factor):
        said = f"{claimed.range[0]:.1f} to {claimed.range[1]:.1f}" if claimed.range else ""
        each = ", ".join(f"{ratio:.1f}" for ratio in claimed.ratios)
        yield (
            f"| {claimed.query} | {claimed.claim:.1f} | {said} "
            f"| {claimed.claim / claimed.factor:.1f} | {each} | {claimed.before:.2f} "
            f"| {claimed.after:.3f} | {sum(claimed.held)} of {len(claimed.held)} |"
        )
