"""What the HTML page shows of indexes: the workload before and after, what each costs and saves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from queryaudit.records.advised import AdvisedIndex, Outcome, Served
from queryaudit.reports.index_words import microseconds, size
from queryaudit.reports.wording import count, duration

_MOST = 12
#: The picture's width and the least that a part of it may have, in its own units.
_WIDTH, _LEAST = 1000.0, 1.5
#: Statements with a colour of their own; the others share one.
_TONES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A statement's part of the whole workload. ``tone`` counts from 0 to 5."""

    x: float
    width: float
    tone: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The workload at one time, as a stacked bar."""

    name: str
    value: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A statement before and after; widths in percent of the heaviest."""

    statement: str
    calls: str
    places: str
    before: str
    after: str
    before_width: float
    after_width: float
    gain: str
    tone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCard:
    index: AdvisedIndex
    pill: str
    costs: tuple[tuple[str, str, str], ...]  #: label, value, note
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    title: str
    lead: str
    indexes: tuple[AdvisedIndex, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage:
    lead: str
    unit: str
    stages: tuple[Stage, ...]
    cards: tuple[IndexCard, ...]
    rest: tuple[Rest, ...]


_RESTS = (
    (Outcome.REFUTED, "Tried, and not recommended", "Suggested by plans, refuted by trials."),
    (Outcome.UNKNOWN, "Not tried", "Nothing is known of these: that is not the same as useless."),
    (Outcome.IDEA, "Ideas from plans", "advise --scratch builds them on copies and finds out."),
)  # fmt: skip


def index_page(indexes: Sequence[AdvisedIndex]) -> IndexPage | None:
    """None if none was proposed."""
    if not indexes:
        return None
    chosen = [i for i in indexes if i.is_recommended]
    best = _best(chosen)
    rest = tuple(
        Rest(title=title, lead=lead, indexes=found)
        for outcome, title, lead in _RESTS
        if (found := tuple(i for i in indexes if i.outcome is outcome))
    )
    tones = {served.statement: min(number, _TONES) for number, served in enumerate(best)}
    executed = any(served.before_ns is not None for served in best)
    return IndexPage(
        lead=_lead(chosen, executed),
        unit="time of the database" if executed else "the planner's cost",
        stages=_stages(best, executed),
        cards=tuple(_card(index, tones) for index in chosen),
        rest=rest,
    )


def _lead(chosen: Sequence[AdvisedIndex], executed: bool) -> str:
    if not chosen:
        return "No index that was tried is worth having."
    how = "built on copies, used, and timed" if executed else "by the planner's estimate alone"
    whole = sum(index.bytes or 0 for index in chosen)
    return f"{count(len(chosen), 'index', 'indexes')} worth having, {how}; {size(whole)} in all."


def _best(chosen: Iterable[AdvisedIndex]) -> list[Served]:
    """Each statement once, with the index that does most for it; the heaviest first."""
    best: dict[str, Served] = {}
    for served in (s for index in chosen for s in index.served):
        if _weights(served) is None:
            continue
        known = best.get(served.statement)
        if known is None or _gain(served) > _gain(known):
            best[served.statement] = served
    return sorted(best.values(), key=lambda s: (-(_weights(s) or (0, 0))[0], s.statement))


def _weights(served: Served) -> tuple[float, float] | None:
    """Before and after, of one call, times the calls."""
    if served.before_ns is not None and served.after_ns is not None:
        return served.before_ns * served.calls, served.after_ns * served.calls
    if served.before_cost is not None and served.after_cost is not None:
        return served.before_cost * served.calls, served.after_cost * served.calls
    return None


def _gain(served: Served) -> float:
    weights = _weights(served)
    return weights[0] / max(weights[1], 1e-9) if weights is not None else 0.0


def _stages(best: Sequence[Served], executed: bool) -> tuple[Stage, ...]:
    pairs = [weights for served in best if (weights := _weights(served)) is not None]
    whole = sum(before for before, _ in pairs)
    if whole <= 0:
        return ()
    stages = []
    for place, name in enumerate(("before", "after")):
        x, segments = 0.0, []
        for number, (served, weights) in enumerate(zip(best, pairs, strict=True)):
            width = max(_LEAST, _WIDTH * weights[place] / whole)
            label = f"{served.statement[:120]}: {_shown(weights[place], executed)}"
            tone = min(number, _TONES)
            segments.append(Segment(x=round(x, 2), width=round(width, 2), tone=tone, label=label))
            x += width
        total = sum(weights[place] for weights in pairs)
        stages.append(Stage(name=name, value=_shown(total, executed), segments=tuple(segments)))
    return tuple(stages)


def _lines(timed: Sequence[Served], tones: Mapping[str, int], executed: bool) -> tuple[Line, ...]:
    heaviest = max((_weights(served) or (0.0, 0.0))[0] for served in timed)
    return tuple(
        _line(served, heaviest, tones[served.statement], executed) for served in timed[:_MOST]
    )


def _line(served: Served, heaviest: float, tone: int, executed: bool) -> Line:
    before, after = _weights(served) or (0.0, 0.0)
    return Line(
        statement=served.statement,
        calls=count(served.calls, "call"),
        places=", ".join(served.locations),
        before=_shown(before, executed),
        after=_shown(after, executed),
        before_width=_percent(before, heaviest),
        after_width=_percent(after, heaviest),
        gain=f"{_gain(served):,.1f}x{served.bounds}",
        tone=tone,
    )


def _percent(value: float, heaviest: float) -> float:
    return round(max(0.3, 100 * value / heaviest), 2) if heaviest > 0 else 0.0


def _card(index: AdvisedIndex, tones: Mapping[str, int]) -> IndexCard:
    executed = index.outcome is Outcome.PROVED
    timed = [served for served in index.served if _weights(served) is not None]
    return IndexCard(
        index=index,
        pill="proved" if executed else "estimated",
        costs=tuple(_costs(index)),
        lines=_lines(timed, tones, executed) if timed else (),
    )


_CONCURRENT, _PLAIN = "built concurrently it blocks no write", "it blocks writes for so long"


def _costs(index: AdvisedIndex) -> Iterable[tuple[str, str, str]]:
    if index.bytes is not None:
        yield "Size", size(index.bytes), "on disk, and in memory where it is used"
    if index.build_ns is not None:
        lock = "; built plainly it does for so long"
        yield (
            "Build",
            duration(index.build_ns),
            _CONCURRENT + lock if index.is_concurrent else _PLAIN,
        )
    elif index.outcome is not Outcome.PROVED:
        yield "Build", "not timed", _CONCURRENT if index.is_concurrent else _PLAIN
    if index.wal_bytes is not None:
        note = "estimated, without full-page images"
        yield "WAL per insert", f"{index.wal_bytes:,} B", note
    if index.insert_ns is not None:
        yield "Time per insert", microseconds(index.insert_ns), "more, of the processor's"
    if index.value_sets:
        yield "Tried with", count(index.value_sets, "set"), "of values of its columns"


def _shown(value: float, executed: bool) -> str:
    return duration(round(value)) if executed else f"{value:,.0f}"
