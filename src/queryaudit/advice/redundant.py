"""Indexes that do nothing that another one does not do as well. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from queryaudit.records.plans import CatalogIndex, Relation


def redundant(relation: Relation) -> Iterator[tuple[CatalogIndex, CatalogIndex]]:
    """Each redundant index with one that makes it so."""
    for index in relation.indexes:
        if index.unique or index.constraint or not index.valid or index.method != "btree":
            continue
        if index.predicate or index.include:
            continue
        others = [other for other in relation.indexes if _replaces(other, index)]
        if others:
            yield index, min(others, key=lambda other: (len(other.keys), other.name))


def _replaces(other: CatalogIndex, index: CatalogIndex) -> bool:
    if other.name == index.name or other.method != "btree" or not other.valid or other.predicate:
        return False
    if other.keys[: len(index.keys)] != index.keys:
        return False
    # Of two that are equal, one stays: that of a constraint, or the first by name.
    is_longer = len(other.keys) > len(index.keys)
    return is_longer or other.unique or other.constraint or other.name < index.name
