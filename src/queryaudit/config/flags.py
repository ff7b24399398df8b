"""Options as command line flags, for argparse and pytest alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from queryaudit.config.kinds import Codes, NamedPlaces, Switch, Texts
from queryaudit.config.options import OPTIONS, Option, Reach
from queryaudit.config.outputs import Outputs

_DEST = "queryaudit_option_"


class AddFlag(Protocol):
    """``ArgumentParser.add_argument`` or ``addoption`` of a pytest option group."""

    def __call__(self, *names: str, **settings: Any) -> object: ...


def add_flags(add: AddFlag, reach: Reach, prefix: str = "queryaudit-") -> None:
    """Adds a flag for each option that ``reach`` obeys: ``--queryaudit-fail-on``.

    Flags take text, which is checked with all the rest by ``load``. A list can be given at
    once, with commas, or by repeating the flag; a switch has a ``--queryaudit-no-`` form.
    """
    for option in OPTIONS:
        if reach in option.reach:
            _add(add, option, prefix)


def _add(add: AddFlag, option: Option, prefix: str) -> None:
    dest = _DEST + option.attribute
    flag = f"--{prefix}{option.name}"
    if isinstance(option.kind, Switch):
        off = f"--{prefix}no-{option.name}"
        add(flag, dest=dest, action="store_const", const="true", help=option.help)
        add(off, dest=dest, action="store_const", const="false", help=f"Not {flag}.")
    elif isinstance(option.kind, Codes | Texts | Outputs | NamedPlaces):
        add(flag, dest=dest, action="append", metavar=_metavar(option), help=option.help)
    else:
        add(flag, dest=dest, metavar=_metavar(option), help=option.help)


def _metavar(option: Option) -> str:
    return option.name.rpartition("-")[2].upper()


def given_flags(namespace: object) -> Mapping[str, object]:
    """The options that were given as flags, from what argparse or pytest parsed."""
    given: dict[str, object] = {}
    for option in OPTIONS:
        value = getattr(namespace, _DEST + option.attribute, None)
        if value is not None:
            given[option.name] = value
    return given
