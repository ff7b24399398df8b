"""QA303: one place runs many texts that differ in literals alone."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.detectors.base import Sighting
from queryaudit.detectors.sql_text.texts import Runs, TextRule, digest
from queryaudit.records.definitions import Provenance
from queryaudit.records.rules import Severity
from queryaudit.records.texts import Hole, HoleKind, Spot
from queryaudit.sql.statement import parse
from queryaudit.sql.verbs import Verb

#: What is planned, and takes values.
_PLANNED = (Verb.SELECT, Verb.INSERT, Verb.UPDATE, Verb.DELETE)
#: From so many different texts on.
TEXTS = 3
_WRITTEN = frozenset(
    {HoleKind.NUMBER, HoleKind.DECLARED, HoleKind.OPAQUE, HoleKind.UNKNOWN, HoleKind.REQUEST}
)


class UnparameterisedLiterals(TextRule):
    """One place runs many texts that differ in literals alone.

    What it detects
    ---------------
    A call that ran three or more different texts over the whole run, made by putting values where
    a parameter belongs, numbers included: as SQL they are harmless, as statements they are many.

    Why it matters
    --------------
    The database plans each text anew and its statement statistics fill with copies of one
    statement: ``pg_stat_statements`` throws out others, prepared statements are of no use.

    Example
    -------
    ::

        for book_id in book_ids:
            cursor.execute(f"SELECT stock FROM shop_book WHERE id = {int(book_id)}")

    Better
    ------
    ::

        for book_id in book_ids:
            cursor.execute("SELECT stock FROM shop_book WHERE id = %s", [book_id])

    When it is fine
    ---------------
    Nothing is said of LIMIT and OFFSET, of what Django writes into its own statements, of texts
    that are chosen from constants, of PRAGMA and other statements that take no parameters, and of
    fewer than three texts. A partition key has to be
    written into the text for some planners to see it: ignore the rule there, with the reason.

    Evidence
    --------
    OBSERVED: the texts ran.

    Options
    -------
    None.
    """

    code = "QA303"
    name = "unparameterised-literals"
    severity = Severity.WARNING
    summary = "One place runs many texts that differ in literals alone."

    def holes(self, told: Provenance) -> tuple[Hole, ...]:
        if told.sql == 0:
            return ()
        return tuple(
            hole
            for hole in told.holes
            if hole.kind in _WRITTEN and hole.spot in (Spot.LITERAL, Spot.VALUE)
        )

    def weight(self, told: Provenance, holes: Sequence[Hole]) -> Severity:
        return Severity.WARNING

    def variants(self, runs: Runs) -> frozenset[int]:
        # PRAGMA, SET and DDL take no parameters, and their plans are not kept.
        takes_values = parse(runs.text).verb in _PLANNED
        return frozenset({digest(runs.text)}) if takes_values else frozenset()

    def confirm(self, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
        return [sighting for sighting in sightings if len(sighting.variants) >= TEXTS]
