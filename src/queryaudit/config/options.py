"""The option table: every option once, with its type, default, meaning and reach.

pyproject keys, Django settings, environment variables, flags, the checks and the documentation
all come from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from queryaudit.config.kinds import (
    Choice,
    Codes,
    Kind,
    NamedPlaces,
    Place,
    Share,
    Switch,
    Texts,
    Whole,
)
from queryaudit.config.outputs import Outputs
from queryaudit.records.plans import PlanMode
from queryaudit.records.rules import Severity

SEVERITIES: dict[str, Severity] = {severity.label: severity for severity in Severity}


class Reach(Enum):
    """Who obeys an option, and so offers it as a flag where there are flags."""

    TESTS = "tests"  #: pytest and the unittest runner
    MIDDLEWARE = "middleware"
    CLI = "command line"


_EVERYWHERE = frozenset(Reach)
_CAPTURE = frozenset({Reach.TESTS, Reach.MIDDLEWARE})
_REPORTING = frozenset({Reach.TESTS, Reach.CLI})
_MIDDLEWARE = frozenset({Reach.MIDDLEWARE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option. ``default`` is raw: it is read as if it stood in pyproject.toml."""

    name: str
    kind: Kind
    default: object
    help: str
    reach: frozenset[Reach]

    @property
    def attribute(self) -> str:
        """Its name on :class:`Config`."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"QUERYAUDIT_{self.attribute.upper()}"


OPTIONS: tuple[Option, ...] = (
    Option(
        name="source",
        kind=Texts("a list of paths or package names"),
        default=["."],
        help="Your code: folders, files or importable packages. Call sites are looked for "
        "here; an installed package is named to have it audited as your own.",
        reach=_CAPTURE,
    ),
    Option(
        name="omit",
        kind=Texts("a list of file patterns"),
        default=[],
        help="Patterns of files that are never your code, such as generated or vendored ones.",
        reach=_CAPTURE,
    ),
    Option(
        name="test-files",
        kind=Texts("a list of file patterns"),
        default=[
            "tests/**",
            "test_*.py",
            "*_test.py",
            "conftest.py",
            "factories.py",
            "tests.py",
            "test.py",
        ],
        help="Patterns of test code. Queries that tests make by themselves are told from those "
        "of the code under test.",
        reach=_CAPTURE,
    ),
    Option(
        name="select",
        kind=Codes(),
        default=[],
        help="Rules to run, as codes or prefixes; all of them if empty.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="ignore",
        kind=Codes(),
        default=[],
        help="Rules not to run, as codes or prefixes. The longest matching entry of select and "
        "ignore decides; of two equal ones, ignore.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="fail-on",
        kind=Choice({**SEVERITIES, "never": None}),
        default="warning",
        help="The least severity of a new finding that fails the run.",
        reach=_REPORTING,
    ),
    Option(
        name="n-plus-one-threshold",
        kind=Whole(2),
        default=2,
        help="From how many rows on a query for each row is reported as N+1.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="max-rows",
        kind=Whole(2),
        default=10_000,
        help="From how many rows on a query that is loaded in one go is reported.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="max-offset",
        kind=Whole(1),
        default=10_000,
        help="From how many skipped rows on a page is reported as a deep one.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="max-in-list",
        kind=Whole(1),
        default=1_000,
        help="How many values a list in a condition may have.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="max-transaction-queries",
        kind=Whole(1),
        default=100,
        help="How many statements a transaction may run while it holds rows; ten times as many in "
        "commands and tasks.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="max-transaction-ms",
        kind=Whole(1),
        default=2_000,
        help="For how many milliseconds a transaction may hold rows while Python does something "
        "else; ten times as long in commands and tasks.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="batch-files",
        kind=Texts("a list of file patterns"),
        default=[],
        help="Patterns of files whose transactions are batch jobs, and may be as long as they are.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="baseline",
        kind=Place("the path of a file"),
        default="queryaudit-baseline.json",
        help="The file of known findings, which do not fail a run.",
        reach=_REPORTING,
    ),
    Option(
        name="plan-baseline",
        kind=Place("the path of a file"),
        default="",
        help="The file of plans that were accepted, which later ones are compared with; "
        "none if empty.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="trace",
        kind=Place("the path of a folder, or of a *.qatrace or *.qatrace.gz file"),
        default="",
        help="Where to keep what was captured, to be analysed later; nowhere if empty.",
        reach=_CAPTURE,
    ),
    Option(
        name="output",
        kind=Outputs(),
        default=[],
        help="Reports to write: format:path, or a path whose ending tells the format, or a "
        "format alone for standard output.",
        reach=_REPORTING,
    ),
    Option(
        name="max-queries",
        kind=Whole(0, optional=True),
        default="none",
        help="The most queries that one request, test or task may make.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="deep",
        kind=Switch(),
        default=False,
        help="Follow which columns and relations of loaded rows are read, for the rules on loads "
        "that nobody uses; slower.",
        reach=_CAPTURE,
    ),
    Option(
        name="watch-locks",
        kind=Switch(),
        default=False,
        help="Ask PostgreSQL ten times a second, on a connection of its own, which queries wait "
        "for a lock and who holds it.",
        reach=_CAPTURE,
    ),
    Option(
        name="explain",
        kind=Choice({"off": None, "plan": PlanMode.PLANNED, "analyze": PlanMode.ANALYZED}),
        default="off",
        help="Whether the plans of statements are looked at as each unit of work ends: plan asks "
        "the planner, analyze executes queries that only read again.",
        reach=frozenset({Reach.TESTS}),
    ),
    Option(
        name="advise",
        kind=NamedPlaces(),
        default="",
        help="Where to try indexes for the statements of the run when it ends: the folder of a "
        "statistics twin, or the URL of a PostgreSQL with data, whose tables are copied to "
        "temporary ones, or of a SQLite file, of which a copy is made. Plans are those of that "
        "place; nowhere if empty, as the rows of tests say nothing about indexes. For other "
        "databases than default the alias stands before it: replica=URL.",
        reach=frozenset({Reach.TESTS}),
    ),
    Option(
        name="prove",
        kind=Switch(),
        default=False,
        help="Replay transactions that could deadlock at the end of the run, in a database that is "
        "created for it beside the test database and dropped: what the server lets through is "
        "no finding.",
        reach=frozenset({Reach.TESTS}),
    ),
    Option(
        name="small-table",
        kind=Whole(0),
        default=2000,
        help="Tables of fewer rows are read in no time: rules about plans leave them alone.",
        reach=_EVERYWHERE,
    ),
    Option(
        name="ignore-paths",
        kind=Texts("a list of URL path patterns"),
        default=[],
        help="Patterns of URL paths that are not audited, such as /health/*.",
        reach=_MIDDLEWARE,
    ),
    Option(
        name="log",
        kind=Switch(),
        default=True,
        help="Log what was found in a request to the logger queryaudit.",
        reach=_MIDDLEWARE,
    ),
    Option(
        name="server-timing",
        kind=Switch(),
        default=True,
        help="Add query count and database time to responses as a Server-Timing header.",
        reach=_MIDDLEWARE,
    ),
    Option(
        name="enabled",
        kind=Switch(unset="auto"),
        default="auto",
        help="Whether the middleware audits requests; auto is what DEBUG is.",
        reach=_MIDDLEWARE,
    ),
    Option(
        name="sample-rate",
        kind=Share(),
        default=1.0,
        help="The share of requests that are audited.",
        reach=_MIDDLEWARE,
    ),
    Option(
        name="strict",
        kind=Switch(),
        default=False,
        help="Raise errors of queryaudit itself instead of reporting them; for its own tests.",
        reach=_EVERYWHERE,
    ),
)
