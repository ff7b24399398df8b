"""Effects in transactions that hold something, told apart for the rules about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.detectors.base import View
from queryaudit.detectors.places import evaluated_at, visible
from queryaudit.detectors.transactions.fold import Seen, TransactionFold
from queryaudit.detectors.transactions.holding import Held, Place, held_by, places, test_between
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import EffectKind


@dataclass(frozen=True, slots=True)
class Caught:
    """One effect at one place, in the transactions that began at one place."""

    place: Place
    kind: EffectKind
    client: str
    seen: Seen
    held: tuple[Held, ...]
    frame: Frame
    frames: tuple[Frame, ...]
    #: Tables of rows that are named by what is published, and written in the transaction.
    named: tuple[str, ...]
    ignored: int | None

    @property
    def waited_ns(self) -> int:
        """The longest time from the first of what is held to the effect."""
        return max((self.seen.before[held.ran] for held in self.held), default=0)

    def __str__(self) -> str:
        return f"{self.client} in the transaction of {self.place.name}"


def caught(fold: TransactionFold, view: View) -> Iterator[Caught]:
    """Effects while rows are written or locked; a transaction that only reads holds nobody up."""
    for place in places(fold, view):
        for (kind, client, stack, rows, ignored), seen in place.began.effects.items():
            held = held_by(seen.before, view)
            frames = view.tables.stacks[stack].frames
            frame = evaluated_at(frames, view)
            if not held or frame is None or frame.kind not in view.own:
                continue
            if test_between(frames, place, view):
                continue
            tables = {
                view.tables.models[label].table for label in rows if label in view.tables.models
            }
            written = {one.table for one in held if one.written}
            yield Caught(
                place=place,
                kind=EffectKind(kind),
                client=client,
                seen=seen,
                held=tuple(held),
                frame=frame,
                frames=visible((*frames, *place.frames)),
                named=tuple(sorted(tables & written)),
                ignored=ignored if ignored is not None else place.home[2],
            )
