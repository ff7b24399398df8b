"""What analysis concludes: findings with their cause, evidence and fix.

Everything here is frozen, made of tuples, and holds no parameter value, so that a saved
report is complete and safe to pass around.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from queryaudit.records.rules import Severity


class Grade(IntEnum):
    """How strong a claim is, weakest first."""

    OBSERVED = 1  #: seen in the trace
    ESTIMATED = 2  #: a planner says so
    MEASURED = 3  #: executed
    PROVED = 4  #: it was made to happen, or the proposed change was compared on the same data


class Applicability(Enum):
    """Whether a fix may be applied unread."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY_ONLY = "display-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Source lines around a place. ``first_line`` counts from 1."""

    first_line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place in the source. Lines from 1, columns from 0 (bytes), None where unknown."""

    path: str
    line: int
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None
    function: str = ""
    kind: str = "project"  #: project, test, library, template or serializer
    snippet: Snippet | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    @property
    def source(self) -> str:
        """The line itself, stripped; empty if the source was not at hand."""
        if self.snippet is None:
            return ""
        index = self.line - self.snippet.first_line
        lines = self.snippet.lines
        return lines[index].strip() if 0 <= index < len(lines) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One way in which a finding's source was asked again, e.g. one relation path.

    The gate works on causes: each has its own fingerprint, so a new path on a known queryset
    is a new cause and the order of tests does not matter.
    """

    rule: str
    path: str  #: ``author__publisher``; empty for hand-written queries
    description: str  #: ``book.author``, ``author.books.count()``
    location: Location  #: where the access or the query stands
    loop: str | None  #: ``for book in books`` if a loop of the project is known
    loop_line: int | None
    statement: str  #: normalised SQL of the repeated query
    queries: int  #: executions over the whole run
    worst: int  #: executions in the worst scope
    duration_ns: int
    fingerprint: str
    rows: int = 0  #: rows that were fetched, where the rule is about them


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A scope in which a finding occurred."""

    kind: str
    name: str
    queries: int
    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a claim rests on, and how to see it again."""

    grade: Grade
    text: str
    reproduce: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace lines ``first_line`` to ``last_line`` (inclusive) of ``path`` by ``after``."""

    path: str
    first_line: int
    last_line: int
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What a fix saves over the captured run, at the claim's grade."""

    queries: int
    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What to write. ``edits`` is empty where only ``code`` can be shown."""

    title: str
    applicability: Applicability
    code: str
    edits: tuple[Edit, ...] = ()
    note: str = ""
    saving: Saving | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One root cause. ``rule`` is the code of its heaviest cause; ``causes`` is never empty."""

    rule: str
    name: str
    severity: Severity
    message: str
    location: Location  #: where to edit
    evaluated: Location | None  #: where the source queryset was evaluated, if elsewhere
    source: str  #: what was asked first, e.g. ``shop.Book`` queryset; empty if unknown
    causes: tuple[Cause, ...]
    queries: int
    duration_ns: int
    scopes: tuple[Sighting, ...]  #: heaviest first, capped
    scope_count: int
    evidence: Evidence
    fix: Fix | None
    fingerprint: str
    rows: int = 0  #: rows that were fetched, where the rule is about them

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(sorted({cause.rule for cause in self.causes}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A finding that somebody chose to ignore, with the reason given."""

    rule: str
    reason: str
    place: str  #: ``path:line`` of the comment, marker or call
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedIgnore:
    """An ignore that suppressed nothing."""

    rule: str
    reason: str
    place: str


_LEAVES_OUT = frozenset(
    {
        "capture-failed", "plugin-refused", "rule-crashed", "trace-garbled", "trace-incomplete",
        "trace-left-out", "trace-lost-rows", "trace-torn", "trace-unreadable",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something that went wrong with the audit itself; never with the audited code."""

    slug: str
    message: str
    hint: str = ""
    count: int = 1

    @property
    def leaves_out(self) -> bool:
        """Whether findings may be missing that a whole audit would have."""
        return self.slug in _LEAVES_OUT
