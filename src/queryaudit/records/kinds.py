"""What events are told apart by; numbers as they stand in a trace."""

from __future__ import annotations

from enum import IntEnum


class ScopeKind(IntEnum):
    """The unit of work that a query belongs to."""

    REQUEST = 1
    TEST = 2
    BLOCK = 3
    COMMAND = 4
    TASK = 5
    MESSAGE = 6


class Phase(IntEnum):
    """Which part of a test ran; everything that is not a test is CALL.

    Fixtures that create rows are not the code under audit: only CALL is judged.
    """

    SETUP = 1
    CALL = 2
    TEARDOWN = 3


class FrameKind(IntEnum):
    """Whose code a frame is."""

    PROJECT = 1
    TEST = 2
    LIBRARY = 3
    TEMPLATE = 4
    SERIALIZER = 5


class AccessKind(IntEnum):
    """How rows already loaded caused a further query."""

    FORWARD = 1  #: forward foreign key or one-to-one
    REVERSE_ONE = 2  #: the other side of a one-to-one
    COLLECTION = 3  #: reverse foreign key
    MANY = 4  #: many-to-many, either side
    GENERIC = 5  #: GenericForeignKey
    GENERIC_COLLECTION = 6  #: GenericRelation
    DEFERRED = 7  #: a column left out by only() or defer()


class FetchKind(IntEnum):
    """Who asked the cursor for its rows."""

    ORM = 1  #: a queryset, whatever its rows become
    RAW = 2  #: ``Manager.raw()``
    CURSOR = 3  #: a cursor that somebody holds


class Boundary(IntEnum):
    """What happened to a transaction."""

    BEGIN = 1
    COMMIT = 2
    ROLLBACK = 3
    SAVEPOINT = 4
    RELEASE = 5
    SAVEPOINT_ROLLBACK = 6
    CALLBACKS = 7  #: the functions given to ``on_commit`` are about to run
    CALLED = 8  #: they ran
    FOREIGN = 9  #: the next query in it comes from a task that did not begin it


class EffectKind(IntEnum):
    """What code did to the world outside the database."""

    NETWORK = 1
    MAIL = 2
    PUBLISH = 3  #: a task or message was handed to a queue
    PROCESS = 4
    SLEEP = 5
    CACHE = 6  #: written, not read
    FILE = 7  #: a large one was written
