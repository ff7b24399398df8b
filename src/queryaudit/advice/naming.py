"""Calls with the names by which their file knows what they use, and what it has to import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from queryaudit.advice.file_names import FileNames, Wanted, wanted_by
from queryaudit.advice.model_names import named_as_known, renamed
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Edit


@dataclass(frozen=True, slots=True)
class Named:
    """``calls`` is None where an edit would use a name that the file can't have."""

    calls: tuple[str, ...] | None
    shown: tuple[str, ...]  #: the calls with the names that are known
    imports: tuple[str, ...]  #: statements that are lacking, for people
    edits: tuple[Edit, ...] = ()  #: and as edits


def name_calls(
    frame: Frame,
    calls: Sequence[str],
    imports: Sequence[str],
    models: Iterable[str],
    own: str,
    names: FileNames | None,
) -> Named:
    """``calls`` on a queryset of the model ``own``, which use what ``imports`` bring, and
    ``models`` (by label), as they are to be written at ``frame``."""
    if names is None or names.head.path != frame.path:
        return Named(named_as_known(frame, calls, models, own), tuple(calls), tuple(imports))
    shown, lacking = tuple(calls), []
    for wanted in wanted_by(imports):
        local = names.local(wanted)
        if local is None:
            lacking.append(wanted)
        else:
            shown = tuple(renamed(call, wanted.name, local) for call in shown)
    lines = _lines(lacking)
    written = shown
    for label in models:
        found = names.model(label)
        local = names.local(found) if found is not None else None
        model = label.rpartition(".")[2]
        if local is not None:
            written = tuple(renamed(call, model, local) for call in written)
            continue
        near = named_as_known(frame, written, [label], own)
        if near is not None:
            written = near
        elif found is not None:
            lacking.append(found)
        else:
            return Named(None, shown, lines)
    edits = names.importing(sorted(lacking))
    if edits is None:
        return Named(None, shown, lines)
    return Named(written, shown, _lines(lacking), edits)


def _lines(lacking: Sequence[Wanted]) -> tuple[str, ...]:
    by_module: dict[str, list[str]] = {}
    for wanted in sorted(lacking):
        by_module.setdefault(wanted.module, []).append(wanted.name)
    return tuple(
        f"from {module} import {', '.join(names)}" for module, names in sorted(by_module.items())
    )
