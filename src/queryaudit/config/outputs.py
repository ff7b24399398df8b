"""Which reports to write, in which format, to which place: ``format:path``, or one of both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath

from queryaudit.config.kinds import Context, Texts
from queryaudit.config.problems import RefusedError, Wrong, did_you_mean

#: Formats of our own, each with the suffix that stands for it, if one does.
FORMATS: dict[str, str | None] = {
    "terminal": ".txt",
    "html": ".html",
    "json": ".json",
    "sarif": ".sarif",
    "junit": ".xml",
    "markdown": ".md",
    "github": None,
    "gitlab": None,
}
_STDOUT = "-"
_EXPLICIT = re.compile(r"([A-Za-z][A-Za-z0-9_-]+):(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """``path`` is None for standard output."""

    format: str
    path: Path | None


def _format_of_suffix(path: str) -> str:
    suffix = PurePath(path).suffix.lower()
    for name, known in FORMATS.items():
        if known == suffix:
            return name
    raise RefusedError(
        Wrong.BAD_VALUE,
        f"names {path!r}, whose format its ending does not tell.",
        f"Write format:path, with a format among {', '.join(FORMATS)}.",
    )


def _output(text: str, base: Path) -> Output:
    if text in FORMATS:
        return Output(format=text, path=None)
    explicit = _EXPLICIT.fullmatch(text)
    if explicit is None:
        return Output(format=_format_of_suffix(text), path=base / text)
    name, path = explicit.groups()
    if name not in FORMATS:
        raise RefusedError(
            Wrong.BAD_VALUE,
            f"names the format {name!r}, which does not exist.",
            did_you_mean(name, FORMATS) or f"There are {', '.join(FORMATS)}.",
        )
    return Output(format=name, path=None if path == _STDOUT else base / path)


@dataclass(frozen=True, slots=True)
class Outputs:
    """A list of outputs."""

    label: str = "a list of format:path, or of paths with a known ending"

    def read(self, raw: object, context: Context, /) -> tuple[Output, ...]:
        texts = Texts(self.label).read(raw, context)
        return tuple(dict.fromkeys(_output(text, context.base) for text in texts))
