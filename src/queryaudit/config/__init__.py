"""Configuration: one option table, read from five places. Does not import Django.

config = load(discover(Path.cwd(), environment=os.environ, flags=given_flags(namespace)))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from queryaudit.config.files import discover
    from queryaudit.config.flags import add_flags, given_flags
    from queryaudit.config.kinds import Named, NamedPlaces
    from queryaudit.config.model import Config, RuleOptions
    from queryaudit.config.options import OPTIONS, Option, Reach
    from queryaudit.config.outputs import FORMATS, Output
    from queryaudit.config.problems import Problem, Wrong, WrongOptionsError
    from queryaudit.config.resolution import Resolved, load, resolve
    from queryaudit.config.sources import Inputs

#: Where each name is. Every pytest run of an environment imports this package for its flags, so it
#: loads only what is asked for.
_MODULES = {
    "discover": "files",
    "add_flags": "flags",
    "given_flags": "flags",
    "Named": "kinds",
    "NamedPlaces": "kinds",
    "Config": "model",
    "RuleOptions": "model",
    "OPTIONS": "options",
    "Option": "options",
    "Reach": "options",
    "FORMATS": "outputs",
    "Output": "outputs",
    "Problem": "problems",
    "Wrong": "problems",
    "WrongOptionsError": "problems",
    "Resolved": "resolution",
    "load": "resolution",
    "resolve": "resolution",
    "Inputs": "sources",
}

__all__ = [
    "FORMATS",
    "OPTIONS",
    "Config",
    "Inputs",
    "Named",
    "NamedPlaces",
    "Option",
    "Output",
    "Problem",
    "Reach",
    "Resolved",
    "RuleOptions",
    "Wrong",
    "WrongOptionsError",
    "add_flags",
    "discover",
    "given_flags",
    "load",
    "resolve",
]


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
