"""What is known of a write that is done once per row."""

from __future__ import annotations

from typing import NamedTuple


class RowWrite(NamedTuple):
    """One row's write: its model, and what a statement for all rows would leave out."""

    verb: str  #: INSERT, UPDATE or DELETE; SELECT where nothing was missing
    model: str  #: class name; empty if no model has the table
    table: str
    method: str | None  #: the queryset's method, as ``get_or_create``
    fields: tuple[str, ...]  #: those that the statement writes
    signals: tuple[str, ...]  #: with receivers
    override: str | None  #: where ``save`` or ``delete`` is overridden
    unique: tuple[tuple[str, ...], ...]
    parent: str  #: the foreign key that a related manager fills in; empty without one
    link: bool  #: the table holds a many-to-many relation
    inherits: bool  #: a row is a row of a parent's table too
    #: Fields of the condition of an UPDATE or DELETE, where it only says which values they have.
    by: tuple[str, ...] | None = ("pk",)
    #: Whose ``save()`` it is, where that is no row: a "form" or a "serializer".
    saver: str = ""
    renewed: tuple[str, ...] = ()  #: fields to which each save gives a value, as ``auto_now`` does
    null: tuple[str, ...] = ()  #: fields that may have no value
    mutable: tuple[str, ...] = ()  #: fields whose values are changed in place
    #: Names that the function has outside of the loop; None where its source is not at hand.
    names: tuple[str, ...] | None = None
    #: The less favourable value is the lesser one, which stands for all units of work.
    free: bool = False  #: no other query of the loop asks or writes the table
    alone: bool = False  #: nothing else is written in the loop
    atomic: bool = False  #: all rounds are written in one transaction
    untried: bool = False  #: no ``try`` of a round catches what fails

    @property
    def matching(self) -> bool:
        return self.method in ("get_or_create", "update_or_create")

    @property
    def bypassed(self) -> tuple[str, ...]:
        """What runs for each row now, by name."""
        return (*self.signals, *((self.override,) if self.override else ()))
