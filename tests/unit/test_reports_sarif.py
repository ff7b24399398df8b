"""SARIF: what version 2.1.0 requires, places in its units, and fixes that can be applied."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from queryaudit.records.findings import Edit, Location, Snippet
from queryaudit.reports.region import region
from queryaudit.reports.sarif import SarifReporter
from tests.golden.sample import clean_run, empty, sample, with_texts


def render(report):
    stream = io.StringIO()
    SarifReporter().render(report, stream)
    return json.loads(stream.getvalue())


def run(report):
    return render(report)["runs"][0]


def _closed(required: str, **properties) -> dict:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def _many(item) -> dict:
    return {"type": "array", "items": item}


TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = _closed("text", text=TEXT)
ARTIFACT = _closed("uri", uri=TEXT, uriBaseId=TEXT)
REGION = _closed("startLine", startLine=COUNT, startColumn=COUNT, endLine=COUNT, endColumn=COUNT)
LOCATION = _closed(
    "physicalLocation",
    id=COUNT,
    message=MESSAGE,
    physicalLocation=_closed("artifactLocation region", artifactLocation=ARTIFACT, region=REGION),
    logicalLocations=_many(_closed("fullyQualifiedName", fullyQualifiedName=TEXT)),
)
NOTIFICATION = _closed(
    "message", descriptor=_closed("id", id=TEXT), level=LEVEL, message=MESSAGE,
    locations=_many(LOCATION),
)  # fmt: skip
FIX = _closed(
    "artifactChanges",
    description=MESSAGE,
    artifactChanges={
        "minItems": 1,
        **_many(
            _closed(
                "artifactLocation replacements",
                artifactLocation=ARTIFACT,
                replacements={
                    "minItems": 1,
                    **_many(
                        _closed(
                            "deletedRegion",
                            deletedRegion=REGION,
                            insertedContent=_closed("text", text={"type": "string"}),
                        )
                    ),
                },
            )
        ),
    },
)
RULE = _closed(
    "id name shortDescription help",
    id=TEXT,
    name=TEXT,
    shortDescription=MESSAGE,
    help=_closed("text", text=TEXT, markdown=TEXT),
    defaultConfiguration=_closed("level", level=LEVEL),
    properties={"type": "object"},
)
RESULT = _closed(
    "ruleId level message locations partialFingerprints suppressions",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations=_many(LOCATION),
    relatedLocations=_many(LOCATION),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    suppressions=_many(
        _closed(
            "kind",
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification=TEXT,
            location=LOCATION,
        )
    ),
    baselineState={"enum": ["new", "unchanged", "updated", "absent"]},
    fixes=_many(FIX),
    properties={"type": "object"},
)
#: The part of the published schema that is used, closed: a key that it does not know is refused.
SCHEMA = _closed(
    "$schema version runs",
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs=_many(
        _closed(
            "tool results columnKind",
            tool=_closed(
                "driver",
                driver=_closed(
                    "name",
                    name=TEXT,
                    version=TEXT,
                    rules=_many(RULE),
                    notifications=_many(_closed("id", id=TEXT)),
                ),
            ),
            columnKind={"const": "utf16CodeUnits"},
            originalUriBaseIds={"type": "object"},
            invocations=_many(
                _closed(
                    "executionSuccessful",
                    executionSuccessful={"type": "boolean"},
                    toolExecutionNotifications=_many(NOTIFICATION),
                )
            ),
            results=_many(RESULT),
        )
    ),
)


@pytest.mark.parametrize("build", [sample, empty, clean_run])
def test_a_log_has_the_structure_that_version_2_1_0_asks_for(build):
    Draft202012Validator(SCHEMA).validate(render(build()))


def test_hostile_texts_do_not_change_the_structure():
    report = with_texts(sample(), lambda text: f"{text}\x00\x1b\n\u202e[x](https://evil.example)")

    log = render(report)

    Draft202012Validator(SCHEMA).validate(log)
    assert "](" not in log["runs"][0]["results"][0]["message"]["text"]


def test_a_result_stands_at_the_place_to_edit_in_columns_from_1():
    (location,) = run(sample())["results"][0]["locations"]

    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "shop/views.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 31, "startColumn": 23, "endLine": 31, "endColumn": 77},
    }


@pytest.mark.parametrize(
    ("source", "guilty"), [("x = BAD", "BAD"), ("ø = BAD", "BAD"), ("'日本🎉', BAD, 🎉", "BAD")]
)
def test_columns_count_utf_16_code_units(source, guilty):
    before = source.partition(guilty)[0]
    begin = len(before.encode())
    place = Location(
        path="a.py",
        line=7,
        column=begin,
        end_column=begin + len(guilty),
        snippet=Snippet(first_line=7, lines=(source,)),
    )

    found = region(place)

    units = source.encode("utf-16-le")
    assert units[2 * (found.column - 1) : 2 * (found.end_column - 1)].decode("utf-16-le") == guilty


def test_without_the_source_only_lines_are_told():
    place = Location(path="a.py", line=7, column=4, end_column=9)

    assert (region(place).column, region(place).end_column) == (None, None)


@pytest.mark.parametrize(
    ("path", "artifact"),
    [
        ("a b/ø#1?.py", {"uri": "a%20b/%C3%B8%231%3F.py", "uriBaseId": "%SRCROOT%"}),
        ("100%/a:b.py", {"uri": "100%25/a%3Ab.py", "uriBaseId": "%SRCROOT%"}),
        ("/opt/lib/x y.py", {"uri": "file:///opt/lib/x%20y.py"}),
        ("C:/lib/x.py", {"uri": "file:///C:/lib/x.py"}),
    ],
)
def test_paths_become_uris(path, artifact):
    report = sample()
    finding = report.findings[0]
    moved = replace(finding, location=replace(finding.location, path=path))

    (location,) = run(replace(report, findings=(moved,)))["results"][0]["locations"]

    assert location["physicalLocation"]["artifactLocation"] == artifact


def test_causes_and_the_evaluation_are_related_locations():
    related = run(sample())["results"][0]["relatedLocations"]

    assert [(each["id"], each["message"]["text"]) for each in related] == [
        (1, "120 \N{MULTIPLICATION SIGN} book.author in for book in books"),
        (2, "120 \N{MULTIPLICATION SIGN} book.author.publisher in for book in books"),
        (3, "120 \N{MULTIPLICATION SIGN} book.reviews.all()"),
        (4, "evaluated here"),
    ]


def test_fingerprints_are_those_of_the_finding_and_of_its_causes():
    assert run(sample())["results"][0]["partialFingerprints"] == {
        "queryaudit/v1": "f-books-5c2d91aa",
        "queryauditCauses/v1": "c-author-9a41,c-publisher-77b0,c-reviews-03fe",
    }


def test_what_the_baseline_knows_is_unchanged_and_the_rest_is_new():
    states = [result["baselineState"] for result in run(sample())["results"]]

    assert states == ["new", "new", "unchanged", "new", "new", "unchanged"]


@pytest.mark.parametrize("gated", [True, False])
def test_without_a_baseline_there_is_no_state(gated):
    report = sample()
    gate = replace(report.gate, baseline=None) if gated else None

    assert not any("baselineState" in r for r in run(replace(report, gate=gate))["results"])


def test_a_suppression_says_why_and_where_and_all_results_say_whether():
    results = run(sample())["results"]

    assert [len(result["suppressions"]) for result in results] == [0, 0, 0, 0, 1, 0]
    assert results[4]["suppressions"][0] == {
        "kind": "inSource",
        "status": "accepted",
        "justification": "at most three rows, see the admin's page size",
        "location": {
            "physicalLocation": {
                "artifactLocation": {"uri": "shop/admin.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 11},
            }
        },
    }


def applied(lines: list[str], replacement: dict) -> list[str]:
    """``lines`` after a replacement, by the rules of SARIF (columns of ASCII text)."""
    text = "".join(f"{line}\n" for line in lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    deleted = replacement["deletedRegion"]
    begin = starts[deleted["startLine"] - 1] + deleted["startColumn"] - 1
    end = starts[deleted["endLine"] - 1] + deleted["endColumn"] - 1
    return (text[:begin] + replacement["insertedContent"]["text"] + text[end:]).splitlines()


@pytest.mark.parametrize(
    ("first", "last", "after", "whole"),
    [
        (2, 2, ("B", "C"), ["a", "B", "C", "c"]),
        (2, 3, ("B",), ["a", "B"]),
        (2, 2, (), ["a", "c"]),
        (2, 3, (), ["a"]),
        (2, 1, ("new",), ["a", "new", "b", "c"]),
        (4, 3, ("new",), ["a", "b", "c", "new"]),
        (2, 2, ("",), ["a", "", "c"]),
    ],
)
def test_a_fix_applied_gives_the_lines_of_its_edit(first, last, after, whole):
    lines = ["a", "b", "c"]
    report = sample()
    finding = report.findings[0]
    edit = Edit(
        path="a.py",
        first_line=first,
        last_line=last,
        before=tuple(lines[first - 1 : last]),
        after=after,
    )
    changed = replace(finding, fix=replace(finding.fix, edits=(edit,)))

    (fix,) = run(replace(report, findings=(changed,)))["results"][0]["fixes"]

    (change,) = fix["artifactChanges"]
    (replacement,) = change["replacements"]
    assert applied(lines, replacement) == whole


def test_a_fix_with_text_that_acts_is_not_handed_over():
    report = sample()
    finding = report.findings[0]
    edit = replace(finding.fix.edits[0], after=("a = '\u202e'",))
    changed = replace(finding, fix=replace(finding.fix, edits=(edit,)))

    assert "fixes" not in run(replace(report, findings=(changed,)))["results"][0]


def test_a_rule_has_its_docstring_as_help_and_results_point_at_it():
    found = run(sample())
    rules = found["tool"]["driver"]["rules"]

    assert rules[0]["help"]["text"].startswith("Rows are loaded one at a time.\n\nWhat it detects")
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in found["results"])


def test_a_rule_that_is_not_described_has_no_index():
    results = run(replace(sample(), rules=()))["results"]

    assert not any("ruleIndex" in result for result in results)


def test_what_the_audit_says_of_itself_are_notifications():
    (invocation,) = run(sample())["invocations"]

    assert invocation["executionSuccessful"] is True
    assert [
        (n["descriptor"]["id"], n["level"]) for n in invocation["toolExecutionNotifications"]
    ] == [
        ("wrapper-lost", "warning"),
        ("dropped", "warning"),
        ("unused-ignore", "note"),
        ("stale-baseline", "note"),
    ]


def test_a_run_that_audited_nothing_was_not_successful():
    (invocation,) = run(empty())["invocations"]

    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"
