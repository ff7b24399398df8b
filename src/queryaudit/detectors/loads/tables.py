"""Which reads take a whole table, and which tables stay small."""

from __future__ import annotations

from queryaudit.detectors.loads.reads import Read
from queryaudit.records.definitions import Model

#: Conditions that most rows meet, by the names that columns of that kind have.
_USUAL = frozenset({"active", "enabled", "published", "public", "visible", "live", "available"})
_UNUSUAL = frozenset({"deleted", "archived", "hidden", "removed", "disabled", "trashed", "banned"})

#: Columns of a table that names things: a country, a tag, a status.
_PLAIN = frozenset({"CharField", "SlugField", "TextField", "BooleanField", "URLField"})
_PLAIN |= {"IntegerField", "SmallIntegerField", "PositiveSmallIntegerField"}
_PLAIN |= {"PositiveIntegerField", "FileField", "ImageField"}
_FEW = 5

#: Django's own tables of which there are as many rows as models, sites or roles.
_KNOWN = frozenset({"auth_group", "auth_permission", "django_content_type", "django_site"})


def takes_all(read: Read) -> bool:
    """Whether nothing in the statement keeps the number of rows from growing with the table."""
    statement, shape = read.statement, read.statement.shape
    if not shape.table or statement.has_limit or statement.has_offset:
        return False
    if statement.is_aggregate_only or shape.is_distinct or shape.is_combined:
        return False
    if shape.flags is None or not all(_is_usual(name, wanted) for name, wanted in shape.flags):
        return False
    if shape.grouped is None:
        return True
    keys = {column.column for column in read.model.columns if column.primary} if read.model else ()
    return any(c.table == shape.table and c.name in keys for c in shape.grouped)


def _is_usual(name: str, wanted: bool) -> bool:
    word = name.lower().removeprefix("is_").removeprefix("has_been_").removeprefix("was_")
    return word in (_USUAL if wanted else _UNUSUAL)


def stays_small(model: Model) -> bool:
    """A table of few plain columns, one of them unique, that refers to no other table."""
    if model.table in _KNOWN:
        return True
    columns = [column for column in model.columns if not column.primary]
    if len(columns) > _FEW or model.parents:
        return False
    if any(c.kind not in _PLAIN and c.target != model.label for c in columns):
        return False
    return bool(model.unique) or any(column.unique for column in columns)
