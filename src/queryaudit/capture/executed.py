"""What was handed to the driver, as a trace can hold it: the text, and a digest of the values."""

from __future__ import annotations

from typing import Any

_SAVEPOINTS = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT ")


def digest(salt: int, params: Any, many: bool) -> int:
    """Equal for equal parameters within a process; tells nothing about them outside it."""
    try:
        if many:
            return hash((salt, len(params)))
        if type(params) is tuple:
            return hash((salt, params))
        if type(params) is dict:
            return hash((salt, tuple(params.items())))
        return hash((salt, tuple(params)))
    except (TypeError, ValueError):  # unhashable, or a buffer that may change
        return hash((salt, repr(params)))


def text_of(sql: Any, connection: Any) -> str:
    """The text of a composed or binary statement."""
    if isinstance(sql, str):
        return str(sql)
    if isinstance(sql, bytes):
        return sql.decode("utf-8", "replace")
    render = getattr(sql, "as_string", None)
    return str(render(connection.connection)) if render is not None else str(sql)


def shared_text(sql: str) -> str:
    """The text under which a statement is written down.

    Each savepoint has a name of its own: a text for each would fill the table in vain.
    """
    if sql.startswith(_SAVEPOINTS):
        return next(start for start in _SAVEPOINTS if sql.startswith(start)) + "s"
    return sql


def last_value(salt: int, params: Any) -> int | None:
    """A digest of the last parameter: of ``UPDATE .. WHERE key = ?`` it tells the row."""
    try:
        return hash((salt, params[-1]))
    except (TypeError, ValueError, LookupError):
        return None
