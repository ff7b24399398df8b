"""The terminal: with and without colour, wide and narrow, whatever a report holds."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from queryaudit.records.findings import Grade
from queryaudit.records.report import Audited
from queryaudit.reports.base import Options
from queryaudit.reports.terminal import TerminalReporter, wants_color
from tests.golden.sample import clean_run, empty, many, sample, with_texts

SGR = re.compile(r"\x1b\[[0-9;]*m")


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def render(report, stream=None, environ=None, **options) -> str:
    stream = io.StringIO() if stream is None else stream
    TerminalReporter(Options(**options), environ=environ or {}).render(report, stream)
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 41, 59, 60, 80, 100, 160])
def test_no_line_is_wider_than_the_terminal(width):
    report = with_texts(sample(), lambda text: f"{text} 日本語 {'x' * 70} end")
    bare = tuple(
        replace(finding, fix=replace(finding.fix, code="", edits=())) for finding in report.findings
    )
    # Code is never broken; see below.
    indexes = tuple(replace(index, code="") for index in report.indexes)
    report = replace(report, findings=bare, indexes=indexes)

    lines = render(report, width=width, verbose=True).splitlines()

    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize("width", [40, 60, 100])
@pytest.mark.parametrize("color", [True, False])
def test_code_of_a_fix_is_never_broken_so_that_it_can_be_copied(width, color):
    code = f"books = Book.objects.filter(title='{'x y ' * 60}')"
    report = sample()
    bare = replace(report.findings[1], fix=replace(report.findings[1].fix, code=f"a\n  {code}"))

    lines = SGR.sub("", render(replace(report, findings=(bare,)), width=width, color=color))

    assert f"\n{' ' * (4 if width < 60 else 12)}  {code}\n" in lines


@pytest.mark.parametrize("width", [40, 60, 100])
def test_code_of_an_index_is_not_broken_either_and_words_stay_below_words(width):
    report = sample()
    code = f"index=models.Index({'x, ' * 60})"
    index = replace(report.indexes[0], code=f"a(\n    {code},\n)", reason="word " * 40)

    text = render(replace(report, findings=(), indexes=(index,)), width=width)

    assert f"\n   a(\n       {code},\n   )\n" in text
    told = text.partition("word")[2].partition("a(")[0].splitlines()
    assert len(told) > 2
    assert all(line.startswith("   ") for line in told[1:] if line)


@pytest.mark.parametrize("width", [40, 60, 100])
@pytest.mark.parametrize("color", [True, False])
def test_lines_of_a_diff_are_never_broken_either(width, color):
    old, new = "        books = 1", f"        books = '日本 {'x y ' * 60}'"
    report = sample()
    finding = report.findings[0]
    edit = replace(finding.fix.edits[0], before=(old,), after=(new,))
    changed = replace(finding, fix=replace(finding.fix, edits=(edit,)))

    text = SGR.sub("", render(replace(report, findings=(changed,)), width=width, color=color))

    indent = " " * (2 if width < 60 else 10)
    assert f"\n{indent}31 - {old.strip()}\n{indent}   + {new.strip()}\n" in text


def test_a_pipe_gets_no_escape_codes_and_100_columns():
    text = render(sample())

    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()[:-1]) == 100


def test_the_summary_is_one_line_in_a_pipe():
    assert render(sample()).splitlines()[-1] == (
        "Audited 12 tests, 34 requests, 1,410 queries on default (postgresql), replica "
        "(postgresql): 3 new findings (1 error, 1 warning, 1 note), 1 known, 1 ignored"
    )


def test_colour_adds_nothing_but_colour():
    plain = render(sample(), color=False)
    color = render(sample(), color=True)

    assert SGR.search(color)
    stripped = "\n".join(line.rstrip() for line in SGR.sub("", color).splitlines())
    assert stripped == plain.rstrip("\n")


def test_hostile_text_in_colour_sends_nothing_but_colour_codes():
    report = with_texts(sample(), lambda text: f"{text}\x1b]0;title\x07\x1b[2J\x9b1A\rover")

    text = SGR.sub("", render(report, color=True, verbose=True))

    assert not [c for c in text if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) < 0xA0]


def test_square_brackets_are_text_and_not_markup():
    report = with_texts(sample(), lambda text: f"[bold]{text}[/] :smile:")

    assert "[bold]Each shop.Book" in render(report)


@pytest.mark.parametrize(
    ("wanted", "tty", "environ", "color"),
    [
        (None, False, {}, False),
        (None, True, {}, True),
        (None, True, {"NO_COLOR": "1"}, False),
        (None, True, {"NO_COLOR": ""}, True),
        (None, True, {"TERM": "dumb"}, False),
        (None, False, {"FORCE_COLOR": "1"}, True),
        (None, True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (True, False, {"NO_COLOR": "1"}, True),
        (False, True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_decided_by_wish_then_environment_then_stream(wanted, tty, environ, color):
    assert wants_color(wanted, tty, environ) is color


def test_a_terminal_gets_colour():
    assert SGR.search(render(sample(), Tty()))
    assert not SGR.search(render(sample(), Tty(), {"NO_COLOR": "1"}))


def test_the_guilty_expression_is_underlined_though_columns_count_bytes():
    lines = render(sample()).splitlines()
    index = next(i for i, line in enumerate(lines) if "> 31 │" in line)

    start = lines[index + 1].index("^")
    assert lines[index][start : lines[index + 1].rindex("^") + 1] == (
        "Book.objects.filter(published=True, shelf__code=shelf)"
    )


def test_a_guilty_expression_far_to_the_right_is_in_sight():
    report = sample()
    finding = report.findings[0]
    snippet = replace(finding.location.snippet, lines=("x = " + "a" * 300 + "BAD(1)",))
    place = replace(
        finding.location,
        snippet=replace(snippet, first_line=31),
        column=304,
        end_column=310,
    )

    text = render(replace(report, findings=(replace(finding, location=place),)), width=60)

    assert re.search(r"> 31 │ …a+BAD\(1\)\n +│ +\^{6}\n", text)


def test_quiet_is_one_line_a_finding_and_the_summary():
    lines = render(sample(), quiet=True).splitlines()

    assert lines[0] == (
        "shop/views.py:31: error QA101 lazy-relation-in-loop: Each shop.Book loads author, "
        "author.publisher and reviews with its own query. (360 queries, 192 ms)"
    )
    assert len(lines) == 4 + 3
    assert lines[-1].startswith("Audited 12 tests")


def test_quiet_still_counts_what_else_wants_attention():
    lines = render(sample(), quiet=True).splitlines()

    assert lines[4:6] == [
        "Also: 1 diagnostic, 1 stale baseline line, 1 unused ignore, 3 unrecorded queries "
        "(told in full without -q)",
        "Failed: 4 new causes at or above warning.",
    ]


def test_quiet_says_nothing_of_what_there_is_not():
    (line,) = render(clean_run(), quiet=True).splitlines()

    assert line.startswith("Audited 3 tests")


def test_what_audited_nothing_has_not_passed():
    gate = replace(sample().gate, failed=False, new=(), known=(), stale=())

    assert "Passed: nothing new" in render(replace(clean_run(), gate=gate))
    assert "Passed" not in render(replace(empty(), gate=gate))


def test_notes_and_known_findings_are_one_line_each_unless_asked_for():
    folded, verbose = render(sample()), render(sample(), verbose=True)

    assert folded.count("\n    seen") + folded.count("\n seen in") == 2
    assert verbose.count("\n seen in") == 4
    assert "(9 queries, 1.25 ms, known)" in folded


def test_of_many_findings_the_heaviest_are_in_full_and_the_others_a_line_each():
    page, verbose = render(many(50)), render(many(50), verbose=True)

    whole, _, rest = page.partition("Further findings; -v has them in full")
    assert (whole.count("\n   where"), rest.count("\n   where")) == (30, 0)
    assert rest.count(": warning QA") + rest.count(": error QA") == 20
    assert verbose.count("\n   where") == 50


def test_a_new_cause_beside_known_ones_is_marked():
    report = sample()
    gate = replace(report.gate, known=("c-author-9a41", "c-publisher-77b0"))

    text = render(replace(report, gate=gate))

    assert re.search(r"book\.reviews\.all\(\) .*  new\n", text)
    assert not re.search(r"book\.author .*  new\n", text)


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_audited_is_said_aloud(quiet):
    text = render(empty(), quiet=quiet)

    assert "!!! NOTHING WAS AUDITED: no test, request or other unit of work was seen." in text
    assert "no findings" not in text


def test_tests_without_a_query_are_nothing_audited_too():
    report = replace(empty(), audited=Audited(tests=2, scopes=2))

    assert "NOTHING WAS AUDITED: 2 tests, 0 queries" in render(report)


def test_a_clean_run_ends_with_how_much_was_audited():
    assert render(clean_run()).splitlines()[-1] == (
        "Audited 3 tests, 11 queries on default (sqlite): no findings"
    )


def test_signs_that_an_encoding_lacks_have_plain_ones_instead():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", newline="\n")

    TerminalReporter(environ={}).render(sample(), stream)
    stream.flush()

    text = raw.getvalue().decode("ascii")
    assert "          > 31 |         books = " in text
    assert "120 x book.author" in text
    assert "sj?fart" in text


def test_what_was_read_and_did_not_run_has_no_cost_and_was_seen_nowhere():
    report = sample()
    finding = report.findings[0]
    finding = replace(finding, evidence=replace(finding.evidence, grade=Grade.OBSERVED))
    causes = tuple(replace(cause, queries=0, duration_ns=0, worst=0) for cause in finding.causes)
    read = replace(finding, queries=0, duration_ns=0, scopes=(), scope_count=0, causes=causes)

    seen = render(replace(report, findings=(finding,), gate=None), width=100)
    assert "seen in  " in seen
    assert "observed (seen in the trace)" in seen
    text = render(replace(report, findings=(read,), gate=None), width=100)

    assert "seen in" not in text
    assert "observed:" in text
    assert "0 queries, 0" not in text
    assert "causes" in text
