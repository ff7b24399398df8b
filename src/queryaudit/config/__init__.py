"""Configuration: one option table, read from five places. Does not import Django.

config = load(discover(Path.cwd(), environment=os.environ, flags=given_flags(namespace)))
"""

from __future__ import annotations

from queryaudit.config.files import discover
from queryaudit.config.flags import add_flags, given_flags
from queryaudit.config.model import Config, RuleOptions
from queryaudit.config.options import OPTIONS, Option, Reach
from queryaudit.config.outputs import FORMATS, Output
from queryaudit.config.problems import Problem, Wrong, WrongOptionsError
from queryaudit.config.resolve import Resolved, load, resolve
from queryaudit.config.sources import Inputs

__all__ = [
    "FORMATS",
    "OPTIONS",
    "Config",
    "Inputs",
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
