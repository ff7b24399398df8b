"""QA301: SQL text is put together with values or clauses at run time."""

from __future__ import annotations

from queryaudit.detectors.sql_text.texts import TextRule
from queryaudit.records.definitions import Provenance
from queryaudit.records.rules import Severity
from queryaudit.records.texts import Hole, Spot


class DynamicSql(TextRule):
    """SQL text is put together with what should be a parameter.

    What it detects
    ---------------
    Text for ``cursor.execute``, ``executemany``, ``.raw()``, ``.extra()``, ``RawSQL`` or a ``Func``
    that an f-string, ``%``, ``+``, ``format()``, ``join()`` or ``replace()`` puts together with a
    value that does not stand in the source. It needs no attack to be seen: the text is traced back
    to the line that built it, with whatever input the tests have. ``queryaudit scan`` finds the
    same in code that no test runs.

    Why it matters
    --------------
    Whoever can choose the value can choose the statement. And each value makes a new statement,
    which the database has to plan anew.

    Example
    -------
    ::

        def books_by(name):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT title FROM shop_book WHERE name = '{name}'")
                return cursor.fetchall()

    Better
    ------
    The driver quotes what it binds::

        def books_by(name):
            with connection.cursor() as cursor:
                cursor.execute("SELECT title FROM shop_book WHERE name = %s", [name])
                return cursor.fetchall()

    When it is fine
    ---------------
    Nothing is said of text made of constants, of placeholders for a list, of what ``int()`` or
    ``len()`` returned, of values that were compared with a list, of a model's own table and column
    names, of ``psycopg.sql``, of migrations and of statements that define tables, which take no
    parameters. Where a value can only be one of your own, ignore the rule there with the reason.

    Evidence
    --------
    OBSERVED: the text ran, or stands in the source, as the source puts it together.

    Options
    -------
    None.
    """

    code = "QA301"
    name = "dynamic-sql"
    severity = Severity.WARNING
    summary = "SQL text is put together with what should be a parameter."

    def holes(self, told: Provenance) -> tuple[Hole, ...]:
        return tuple(h for h in told.holes if h.bad and h.spot is not Spot.IDENTIFIER)
