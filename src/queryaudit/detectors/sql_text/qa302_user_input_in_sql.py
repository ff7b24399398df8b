"""QA302: a value of the request stands in the text of a statement."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.detectors.sql_text.texts import TextRule, is_users
from queryaudit.detectors.sql_text.wording import CHOSEN
from queryaudit.records.definitions import Provenance
from queryaudit.records.rules import Severity
from queryaudit.records.texts import Hole


class UserInputInSql(TextRule):
    """A value of the request stands in the text of a statement.

    What it detects
    ---------------
    A value of the current request that was found in the text of a statement, in a part that the
    source does not have: of the query string, a form, a JSON body that the view has read, the path,
    cookies or headers, with changes of case and white space; and what the source takes from the
    request and puts into a text, however short the value was, which is also what ``queryaudit
    scan`` reports. The parameter is named, its value is not kept.

    Why it matters
    --------------
    This is SQL injection: the request's sender writes part of the statement, and can read or
    change whatever the application can.

    Example
    -------
    ::

        def search(request):
            q = request.GET["q"]
            books = Book.objects.raw(f"SELECT * FROM shop_book WHERE title = '{q}'")
            return render(request, "books.html", {"books": books})

    Better
    ------
    ::

        def search(request):
            q = request.GET["q"]
            books = Book.objects.raw("SELECT * FROM shop_book WHERE title = %s", [q])
            return render(request, "books.html", {"books": books})

    When it is fine
    ---------------
    Nothing is said of values that were bound, that were compared with a list of what is allowed, or
    that stand in the text by chance, because the source has the same word. There is hardly a case
    for ignoring this rule.

    Evidence
    --------
    OBSERVED: the value was in the request and in the text of the statement that ran, or the source
    puts the one into the other.

    Options
    -------
    None. Outside requests the rule is silent, and QA301 or QA304 stands for it.
    """

    code = "QA302"
    name = "user-input-in-sql"
    severity = Severity.ERROR
    summary = "A value of the request stands in the text of a statement."

    def holes(self, told: Provenance) -> tuple[Hole, ...]:
        if told.method in CHOSEN:
            return ()  # Django looks the names up: QA304
        return tuple(hole for hole in told.holes if is_users(hole, told))

    def weight(self, told: Provenance, holes: Sequence[Hole]) -> Severity:
        return Severity.ERROR

    def note(self, told: Provenance, holes: Sequence[Hole]) -> str:
        names = [name for hole in holes for name in (hole.inputs or (hole.code,))]
        return ", ".join(dict.fromkeys(names))
