"""QA304: a table, a column or an order comes from outside the source."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.detectors.sql_text.texts import TextRule
from queryaudit.detectors.sql_text.wording import CHOSEN
from queryaudit.records.definitions import Provenance
from queryaudit.records.rules import Severity
from queryaudit.records.texts import Hole, Spot


class DynamicIdentifier(TextRule):
    """A table, a column or an order comes from outside the source.

    What it detects
    ---------------
    A name of a table or column, a sort key or a direction that is put into SQL text and that
    neither stands in the source nor was compared with a list; and ``order_by()``, ``values()`` or
    ``filter(**{name: value})`` with a value of the request as it came for the name, or with all the
    names that the request brings, as ``{name: value for name, value in request.GET.items()}`` has.

    Why it matters
    --------------
    Names can't be bound as parameters, so nobody quotes them for you. And who may sort
    or filter by any column, over any relation, can find out what the columns hold.

    Example
    -------
    ::

        def books(request):
            sort = request.GET.get("sort", "title")
            with connection.cursor() as cursor:
                cursor.execute("SELECT title FROM shop_book ORDER BY " + sort)
                return JsonResponse({"books": cursor.fetchall()})

    Better
    ------
    ::

        SORTS = {"title": "title", "price": "price DESC"}


        def books(request):
            sort = SORTS.get(request.GET.get("sort"), "title")
            with connection.cursor() as cursor:
                cursor.execute("SELECT title FROM shop_book ORDER BY " + sort)
                return JsonResponse({"books": cursor.fetchall()})

    When it is fine
    ---------------
    Nothing is said of names that were looked up in a dict or compared with a list, of members of
    an enumeration, of ``connection.ops.quote_name()``, ``psycopg.sql.Identifier``, ``Model._meta``,
    of loops over names in the source, and of statements that define tables.

    Evidence
    --------
    OBSERVED: the text ran, or stands in the source, as the source puts it together.

    Options
    -------
    None.
    """

    code = "QA304"
    name = "dynamic-identifier"
    severity = Severity.WARNING
    summary = "A table, a column or an order comes from outside the source."

    def holes(self, told: Provenance) -> tuple[Hole, ...]:
        return tuple(h for h in told.holes if h.bad and h.spot is Spot.IDENTIFIER)

    def weight(self, told: Provenance, holes: Sequence[Hole]) -> Severity:
        # Django looks the names up.
        return Severity.WARNING if told.method in CHOSEN else super().weight(told, holes)

    def note(self, told: Provenance, holes: Sequence[Hole]) -> str:
        names = [name for hole in holes for name in (hole.inputs[:1] or (hole.code,))]
        return ", ".join(dict.fromkeys(names))
