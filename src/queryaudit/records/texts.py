"""What is said of a statement's text that was put together."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class HoleKind(IntEnum):
    """Where a part of a statement's text comes from that does not stand in the source.

    In the order of how much it says against the text.
    """

    CONSTANT = 1  #: one of several texts of the source
    PLACEHOLDERS = 2  #: ``", ".join(["%s"] * n)``
    IDENTIFIER = 3  #: quoted by the backend, or a model's own table or column
    NUMBER = 4  #: made a number on the way
    CHECKED = 5  #: compared with a list of what is allowed
    FILE = 6  #: read from a file
    COMPOSED = 7  #: quoted by ``psycopg.sql``
    DECLARED = 8  #: annotated as a number
    OPAQUE = 9  #: what something returned that could not be read
    UNKNOWN = 10  #: a parameter, or what was made of one
    REQUEST = 11  #: read from the request


class Spot(IntEnum):
    """What stands in a text where a part is put in."""

    LITERAL = 1  #: inside quotes
    VALUE = 2  #: where a value is expected
    IDENTIFIER = 3  #: a table, a column, an order
    LIMIT = 4  #: a number of rows
    CLAUSE = 5  #: more than one word, or it can't be told


class Hole(NamedTuple):
    """A part of a statement's text that does not stand in the source."""

    kind: HoleKind
    spot: Spot
    code: str  #: the expression that fills it, or ``GET["q"]``
    bad: bool  #: should have been a parameter, or checked against a list
    inputs: tuple[str, ...]  #: parameters of the request whose value was seen in it
