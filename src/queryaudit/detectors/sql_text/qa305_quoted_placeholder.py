"""QA305: a placeholder stands between quotes."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.detectors.sql_text.texts import TextRule
from queryaudit.records.definitions import Provenance
from queryaudit.records.rules import Severity
from queryaudit.records.texts import Hole, HoleKind, Spot


class QuotedPlaceholder(TextRule):
    """A placeholder stands between quotes.

    What it detects
    ---------------
    A ``%s`` inside a string literal of a text that is run with parameters: ``'%s'``, or
    ``LIKE '%%%s%%'``.

    Why it matters
    --------------
    The driver puts its own quotes around what it binds. Inside others they end the literal early,
    so that it fails for text and works by chance for numbers, and what is bound can get out of the
    literal.

    Example
    -------
    ::

        cursor.execute("SELECT title FROM shop_book WHERE isbn LIKE '%%%s%%'", [digits])

    Better
    ------
    ::

        cursor.execute("SELECT title FROM shop_book WHERE isbn LIKE %s", [f"%{digits}%"])

    When it is fine
    ---------------
    Nothing is said of texts that are run without parameters, where ``%s`` is two characters like
    any others, and of ``%%``, which is one percent sign, as in ``LIKE 'a%%'``.

    Evidence
    --------
    OBSERVED: the text ran, or stands in the source.

    Options
    -------
    None.
    """

    code = "QA305"
    name = "quoted-placeholder"
    severity = Severity.WARNING
    summary = "A placeholder stands between quotes."

    def holes(self, told: Provenance) -> tuple[Hole, ...]:
        return (_PLACEHOLDER,) if told.quoted else ()

    def weight(self, told: Provenance, holes: Sequence[Hole]) -> Severity:
        return Severity.WARNING


_PLACEHOLDER = Hole(HoleKind.PLACEHOLDERS, Spot.LITERAL, "'%s'", True, ())
