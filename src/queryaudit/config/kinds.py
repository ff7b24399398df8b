"""The types that an option can have: how each reads a raw value, and how it names itself.

A raw value comes from TOML or Python with a type of its own, or as text from the environment
or a flag. ``read`` turns both into the typed value or raises RefusedError.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from queryaudit.config.problems import RefusedError, Wrong, did_you_mean

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")
#: Before a place, and between two: a URL may hold commas.
_ALIAS = re.compile(r"([A-Za-z_][\w-]*)=")
_NEXT = re.compile(r",(?=[A-Za-z_][\w-]*=[\w.-]*[:/])")
_CODE = re.compile(r"[A-Z]+[0-9]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading a value may depend on besides the value."""

    base: Path  #: what relative paths are relative to
    is_text: bool  #: numbers and booleans are written as text
    known_rules: Collection[str] | None = None  #: None: any code of the right shape is accepted


class Kind(Protocol):
    @property
    def label(self) -> str:
        """What belongs here, as in "a number between 0 and 1"."""

    def read(self, raw: object, context: Context, /) -> object: ...


def wrong_type(kind: Kind, raw: object) -> RefusedError:
    return RefusedError(Wrong.WRONG_TYPE, f"must be {kind.label}, not {shown(raw)}.")


def shown(raw: object) -> str:
    text = repr(raw)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True, slots=True)
class Switch:
    """True or false. ``unset`` is the word for "decided elsewhere", if there is one."""

    unset: str | None = None

    @property
    def label(self) -> str:
        return f"true, false or {self.unset!r}" if self.unset else "true or false"

    def read(self, raw: object, context: Context, /) -> bool | None:
        if isinstance(raw, bool):
            return raw
        word = raw.strip().lower() if isinstance(raw, str) else None
        if self.unset is not None and (raw is None or word == self.unset):
            return None
        if context.is_text and word in _TRUE:
            return True
        if context.is_text and word in _FALSE:
            return False
        raise wrong_type(self, raw)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``minimum``; ``optional`` adds "none"."""

    minimum: int
    optional: bool = False

    @property
    def label(self) -> str:
        number = f"a whole number of at least {self.minimum}"
        return f"{number}, or 'none'" if self.optional else number

    def read(self, raw: object, context: Context, /) -> int | None:
        if self.optional and (raw is None or raw == "none"):
            return None
        if context.is_text and isinstance(raw, str) and re.fullmatch(r"[+-]?\d{1,18}", raw.strip()):
            raw = int(raw)
        if not isinstance(raw, int) or isinstance(raw, bool):
            raise wrong_type(self, raw)
        if raw < self.minimum:
            raise RefusedError(Wrong.BAD_VALUE, f"must be {self.label}, not {raw}.")
        return raw


@dataclass(frozen=True, slots=True)
class Share:
    """A number between 0 and 1."""

    label: str = "a number between 0 and 1"

    def read(self, raw: object, context: Context, /) -> float:
        if context.is_text and isinstance(raw, str):
            try:
                raw = float(raw)
            except ValueError:
                raise wrong_type(self, raw) from None
        if not isinstance(raw, int | float) or isinstance(raw, bool):
            raise wrong_type(self, raw)
        if not 0 <= raw <= 1:
            raise RefusedError(Wrong.BAD_VALUE, f"must be {self.label}, not {raw}.")
        return float(raw)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, each standing for a value."""

    values: Mapping[str, object]

    @property
    def label(self) -> str:
        return "one of " + ", ".join(self.values)

    def read(self, raw: object, _context: Context, /) -> object:
        if not isinstance(raw, str):
            raise wrong_type(self, raw)
        word = raw.strip().lower()
        if word not in self.values:
            raise RefusedError(
                Wrong.BAD_VALUE,
                f"must be {self.label}, not {shown(raw)}.",
                did_you_mean(word, self.values),
            )
        return self.values[word]


@dataclass(frozen=True, slots=True)
class Place:
    """A path, resolved against its source's folder; none if empty."""

    label: str = "a path"

    def read(self, raw: object, context: Context, /) -> Path | None:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str | os.PathLike):
            raise wrong_type(self, raw)
        text = os.fspath(raw)
        if not isinstance(text, str) or "\0" in text:
            raise wrong_type(self, raw)
        return context.base / text


class Named(NamedTuple):
    """A path or the URL of a server, and the alias of the database that it stands for."""

    alias: str
    where: Path | str


@dataclass(frozen=True, slots=True)
class NamedPlaces:
    """Paths or URLs of servers, each for an alias: ``replica=postgresql://..``. Without one it is
    for ``default``. Of several for one alias the last counts."""

    label: str = "the path of a folder, or a URL, or a list of such with alias= before each"
    unnamed: str = "default"  #: what is meant without an alias

    def read(self, raw: object, context: Context, /) -> tuple[Named, ...]:
        if raw is None or raw == "":
            return ()
        if isinstance(raw, str):
            raw = _NEXT.split(raw)
        if not isinstance(raw, list | tuple):
            raw = [raw]
        found: dict[str, Named] = {}
        for item in raw:
            alias, where = self.unnamed, item
            if isinstance(item, str) and (match := _ALIAS.match(item)):
                alias, where = match[1], item[match.end() :]
            is_url = isinstance(where, str) and "://" in where
            place = where if is_url else Place(self.label).read(where, context)
            if isinstance(place, str | Path):
                found[alias] = Named(alias, place)
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts. A single text is split at commas."""

    label: str = "a list of texts"

    def read(self, raw: object, _context: Context, /) -> tuple[str, ...]:
        if isinstance(raw, str):
            raw = [raw]
        if not isinstance(raw, list | tuple):
            raise wrong_type(self, raw)
        texts: list[str] = []
        for item in raw:
            text = os.fspath(item) if isinstance(item, os.PathLike) else item
            if not isinstance(text, str):
                raise wrong_type(self, raw)
            texts += [part.strip() for part in text.split(",") if part.strip()]
        return tuple(texts)


@dataclass(frozen=True, slots=True)
class Codes:
    """A list of rule codes, or of the beginnings of some: ``QA101``, ``QA1``."""

    label: str = "a list of rule codes or prefixes"

    def read(self, raw: object, context: Context, /) -> tuple[str, ...]:
        codes = [text.upper() for text in Texts(self.label).read(raw, context)]
        for code in codes:
            check_code(code, context)
        return tuple(dict.fromkeys(codes))


def check_code(code: str, context: Context) -> None:
    """Raises RefusedError unless ``code`` begins the code of a rule."""
    if context.known_rules is None:
        if _CODE.fullmatch(code) is None:
            raise RefusedError(
                Wrong.UNKNOWN_RULE, f"names {code!r}, which is no rule code.", "Codes are as QA101."
            )
    elif not any(known.startswith(code) for known in context.known_rules):
        raise RefusedError(
            Wrong.UNKNOWN_RULE,
            f"names the rule {code!r}, which does not exist.",
            did_you_mean(code, context.known_rules),
        )
