"""What reporters share: wording, source lines, diffs, SQL and cleaning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queryaudit.records.findings import Applicability, Edit, Fix, Grade, Location, Saving, Snippet
from queryaudit.records.report import Audited, GateResult
from queryaudit.records.rules import Severity
from queryaudit.reports import wording
from queryaudit.reports.clean import clean, clean_lines
from queryaudit.reports.diff import Change, diffs
from queryaudit.reports.source import source_lines
from queryaudit.reports.sqltext import Typesetter, laid_out, one_line
from tests.golden.sample import clean_run, empty, sample


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 µs"),
        (400, "0.40 µs"),
        (9_994_999, "9.99 ms"),
        (9_995_000, "10.0 ms"),
        (99_949_999, "99.9 ms"),
        (99_950_000, "100 ms"),
        (999_499_999, "999 ms"),
        (999_500_000, "1.00 s"),
        (3_600 * 10**9, "3,600 s"),
    ],
)
def test_durations_have_three_digits_and_a_fitting_unit(nanoseconds, text):
    assert wording.duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "query", "1 query"),
        (0, "query", "0 queries"),
        (1_204, "finding", "1,204 findings"),
        (2, "day", "2 days"),
    ],
)
def test_counted_nouns(number, noun, text):
    assert wording.count(number, noun) == text


def gate(**fields) -> GateResult:
    defaults = {
        "fail_on": Severity.WARNING,
        "failed": False,
        "new": (),
        "known": (),
        "stale": (),
        "baseline": None,
    }
    return GateResult(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (None, None),
        (gate(), "Passed: nothing at or above warning."),
        (gate(baseline="b"), "Passed: nothing new at or above warning."),
        (gate(failed=True, new=("a",)), "Failed: 1 cause at or above warning."),
        (
            gate(failed=True, new=("a", "b"), baseline="b", fail_on=Severity.ERROR),
            "Failed: 2 new causes at or above error.",
        ),
        (gate(fail_on=None, new=("a",)), "Reported only: nothing was set to fail this run."),
    ],
)
def test_the_verdict_is_a_sentence(result, text):
    assert wording.verdict(replace(clean_run(), gate=result)) == text


@pytest.mark.parametrize("fail_on", [None, Severity.WARNING])
def test_there_is_no_verdict_on_nothing(fail_on):
    assert wording.verdict(replace(empty(), gate=gate(fail_on=fail_on))) is None


def test_what_wants_attention_is_counted():
    assert wording.upkeep(sample()) == (
        "1 diagnostic, 1 stale baseline line, 1 unused ignore, 3 unrecorded queries"
    )
    assert wording.upkeep(clean_run()) is None


@pytest.mark.parametrize(
    ("audited", "text"),
    [
        (Audited(scopes=1, queries=1), "1 unit of work, 1 query"),
        (Audited(scopes=5, requests=4, queries=9, databases=("a (b)",)), "4 requests, 9 queries"),
        (Audited(), "0 queries"),
    ],
)
def test_the_extent_counts_what_there_was(audited, text):
    assert wording.extent(audited).startswith(text)


def test_queries_of_fixtures_alone_are_not_nothing():
    assert wording.nothing_audited(Audited(scopes=1, setup_queries=1)) is None


def test_a_finding_is_known_only_if_all_its_causes_are():
    finding = sample().findings[0]
    fingerprints = tuple(cause.fingerprint for cause in finding.causes)

    assert wording.is_known(finding, gate(known=fingerprints))
    assert not wording.is_known(finding, gate(known=fingerprints[:2]))
    assert wording.new_causes(finding, gate(known=fingerprints[:2])) == {fingerprints[2]}
    assert wording.new_causes(finding, gate()) == frozenset()


@pytest.mark.parametrize(
    ("grade", "saved", "text"),
    [
        (
            Grade.PROVED,
            Saving(queries=354, duration_ns=171_000_000),
            "saves 354 queries and 171 ms",
        ),
        (Grade.MEASURED, Saving(queries=1, duration_ns=0), "saves 1 query"),
        (Grade.OBSERVED, Saving(queries=9, duration_ns=0), "should save 9 queries"),
        (Grade.ESTIMATED, Saving(queries=0, duration_ns=5_000), "should save 5.00 µs"),
        (Grade.PROVED, Saving(queries=0, duration_ns=0), None),
        (Grade.PROVED, None, None),
    ],
)
def test_a_saving_is_claimed_only_as_far_as_it_was_seen(grade, saved, text):
    finding = sample().findings[0]
    evidence = replace(finding.evidence, grade=grade)
    finding = replace(finding, evidence=evidence, fix=replace(finding.fix, saving=saved))

    assert wording.saving(finding) == text
    assert wording.saving(replace(finding, fix=None)) is None


def place(*lines: str, line: int = 1, **fields) -> Location:
    snippet = Snippet(first_line=1, lines=lines)
    return Location(path="a.py", line=line, snippet=snippet, **fields)


@pytest.mark.parametrize(
    ("source", "column", "end_column", "marked"),
    [
        ("x = f(y)", 4, 8, "f(y)"),
        ('"ø日" + f(y)', len('"ø日" + '.encode()), len('"ø日" + f(y)'.encode()), "f(y)"),
        ("\tx = f(y)", 5, 9, "f(y)"),
        ("x = f(y)", 4, 900, "f(y)"),
        ("x = f(y)", 4, None, "f(y)"),
        ("    x = f(y)  ", None, None, "x = f(y)"),
        ("x = f(y)", 7, 3, None),
        ("x = f(y)", 800, 900, None),
        ("", None, None, None),
    ],
)
def test_byte_columns_mark_characters(source, column, end_column, marked):
    lines = source_lines(place("before", source, line=2, column=column, end_column=end_column))

    guilty = [line for line in lines if line.guilty]
    found = [line.text[line.start : line.end] for line in guilty if line.start is not None]
    assert found == ([] if marked is None else [marked])


def test_an_expression_over_several_lines_is_marked_on_each():
    lines = source_lines(
        place("a = b(", "    c,", ").d()", "e", line=1, end_line=3, column=4, end_column=1)
    )

    assert [line.text[line.start : line.end] for line in lines if line.guilty] == ["b(", "c,", ")"]


def test_common_indentation_and_blank_edges_go():
    lines = source_lines(place("", "        if a:", "            b", "  ", line=3))

    assert [(line.number, line.text) for line in lines] == [(2, "if a:"), (3, "    b")]


@pytest.mark.parametrize(
    "location",
    [Location(path="a.py", line=3), place("x", line=30), place(line=1)],
)
def test_a_place_without_its_source_has_no_lines(location):
    assert source_lines(location) == ()


def test_a_statement_of_a_thousand_lines_is_cut():
    assert len(source_lines(place(*["x"] * 1_000, line=1, end_line=1_000))) < 50


def fix(before: tuple[str, ...], after: tuple[str, ...]) -> Fix:
    edit = Edit(path="a.py", first_line=7, last_line=8, before=before, after=after)
    return Fix(title="t", applicability=Applicability.SAFE, code="", edits=(edit,))


def test_a_diff_keeps_the_lines_that_stay():
    (diff,) = diffs(fix(("a", "b", "c"), ("a", "B", "b2", "c")))

    assert [(line.change.value, line.number, line.text) for line in diff.lines] == [
        (" ", 7, "a"),
        ("-", 8, "b"),
        ("+", None, "B"),
        ("+", None, "b2"),
        (" ", 9, "c"),
    ]


def test_a_diff_may_only_add_or_only_remove():
    added = diffs(fix((), ("a",)))[0].lines
    removed = diffs(fix(("a",), ()))[0].lines

    assert [line.change for line in added] == [Change.COME]
    assert [line.change for line in removed] == [Change.GONE]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\u241b[31m"),
        ("a\nb\tc", "a b c"),
        ("\u202eabc\u2066", "\ufffdabc\ufffd"),
        ("\x9b\x00\x7f", "\ufffd\u2400\u2421"),
        ("\ud800", "\ufffd"),
        ("blåbær 日本 👩\u200d👩", "blåbær 日本 👩\u200d👩"),
    ],
)
def test_what_acts_is_made_visible_one_for_one(text, shown):
    assert clean(text) == shown
    assert len(clean(text)) == len(text)


def test_lines_of_every_kind_of_ending_are_told_apart():
    assert clean_lines("a\r\nb\rc\n\td") == ["a", "b", "c", "    d"]


def test_sql_is_laid_out_and_joined_again():
    assert laid_out("select a from b where c = %s").splitlines() == [
        "SELECT a",
        "FROM b",
        "WHERE c = %s",
    ]
    assert one_line("SELECT\n   a\tFROM  b", 12) == "SELECT a FR…"


def test_highlighting_changes_no_character():
    sql = 'SELECT "a"."b", \'x\', 1 FROM "a" WHERE "a"."c" IN (%s, %s) -- note'
    pieces = Typesetter()(sql)

    assert "".join(piece for _, piece in pieces) == laid_out(sql)
    assert {style for style, _ in pieces} >= {"", "k", "v"}


def test_a_page_of_many_statements_lays_out_the_first_ones_only():
    typesetter = Typesetter(budget=1)

    assert len(typesetter("select 1 from a")) > 1
    assert typesetter("select 2 from a") == (("", "select 2 from a"),)
    assert len(typesetter("select 1 from a")) > 1


def test_what_is_no_query_was_seen_so_often_and_took_no_time() -> None:
    assert wording.spent(60, 48_200_000) == "60 queries, 48.2 ms"
    assert wording.spent(4, 0) == "seen 4 times"
    assert wording.spent(0, 0) == "0 queries, 0 µs"
