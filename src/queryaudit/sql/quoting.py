"""Names and texts as they stand in a statement."""

from __future__ import annotations

import re

#: What names are not looked for in; a name that is searched for itself is found before.
_OTHER = r"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
_BARE = re.compile(r"[a-z_][a-z0-9_$]*")


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def unqualified(sql: str, schema: str, table: str) -> str:
    """A statement with ``table`` where it says ``schema.table``."""
    named = rf"(?<![\w$.\"])(?:{_spelled(schema)})\s*\.\s*(?:{_spelled(table)})(?![\w$\"])"
    return re.sub(
        rf"(?P<named>{named})|{_OTHER}",
        lambda found: _doubled(table) if found["named"] else found[0],
        sql,
    )


def _spelled(name: str) -> str:
    """In quotes, or bare in any case where that is the same name."""
    bare = rf"|(?i:{re.escape(name)})" if _BARE.fullmatch(name) else ""
    return re.escape(_doubled(name)) + bare


def _doubled(name: str) -> str:
    """As it stands in a text with placeholders."""
    return identifier(name).replace("%", "%%")
