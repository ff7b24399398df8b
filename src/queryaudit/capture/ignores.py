"""The ignores that were in force, as rows of the trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from queryaudit.records.definitions import Ignored

if TYPE_CHECKING:
    from queryaudit.capture.recorder import Recorder
    from queryaudit.capture.scopes import ActiveIgnore


class Ignores:
    """Defines each ignore when it is first met, so that an unused one is known."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._known: dict[Ignored, int] = {}

    def id(self, ignore: ActiveIgnore) -> int:
        recorder = self._recorder
        known = ignore.ids.get(id(recorder))
        if known is None:
            outer = self.id(ignore.outer) if ignore.outer is not None else None
            with recorder.lock:
                path = recorder.files.relative(ignore.path)
                row = Ignored(
                    0, outer, ignore.codes, ignore.reason, path, ignore.line, ignore.optional
                )
                known = self._known.get(row)
                if known is None:
                    known = self._known[row] = next(recorder.ids)
                    recorder.sink.define(row._replace(id=known))
            ignore.ids[id(recorder)] = known
        return known
