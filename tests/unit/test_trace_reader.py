"""What is no trace is refused with one sentence; what is damaged is read as far as it goes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryaudit.errors import TraceError
from queryaudit.records.definitions import SqlText
from queryaudit.records.events import ScopeEnd
from queryaudit.trace.codec import event_line, header_line, query_line
from queryaudit.trace.reader import TraceReader
from queryaudit.trace.rows import GarbledError, decode_row
from tests.unit.trace_samples import EVENTS, HEADER, LAZY, QUERY

HEAD = header_line(HEADER)
LINES = [event_line(event) for event in EVENTS]
END = b'["End"]\n'


def refusal(path: Path) -> str:
    with pytest.raises(TraceError) as caught:
        TraceReader(path)
    return str(caught.value).replace(str(path), "X")


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "t.qatrace"


def test_a_missing_file(trace: Path) -> None:
    assert refusal(trace) == "There is no trace at X. Check the path, or record one first."


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "X is a folder, not a trace. Name a *.qatrace file in it."


@pytest.mark.parametrize("data", [b"", gzip.compress(b"", mtime=0)])
def test_an_empty_file(trace: Path, data: bytes) -> None:
    trace.write_bytes(data)
    assert refusal(trace) == (
        "X is empty. Its process wrote nothing before it ended; record the trace again."
    )


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n",
        b"\x00\xff\xfe",
        b"{}\n",
        b"[]\n",
        b"1",
        b'{"queryaudit-trace": "1"}\n',
        b'{"queryaudit-trace": true}\n',
        b"[" * 100_000,
        gzip.compress(b"hello\n", mtime=0),
    ],
)
def test_a_file_that_is_no_trace(trace: Path, data: bytes) -> None:
    trace.write_bytes(data)
    assert refusal(trace) == (
        "X is not a queryaudit trace. Pass a *.qatrace file, or the folder that holds them."
    )


def test_a_newer_schema_is_refused_by_name(trace: Path) -> None:
    trace.write_bytes(HEAD.replace(b'trace":1', b'trace":2'))
    assert refusal(trace) == (
        "X was written by a newer queryaudit (trace schema 2, this version reads up to 1). "
        "Upgrade queryaudit here, or record the trace again with this version."
    )


def test_a_damaged_header_says_what_it_lacks(trace: Path) -> None:
    trace.write_bytes(b'{"queryaudit-trace":1,"run":"r"}\n')
    assert refusal(trace) == (
        "X has a damaged first line: it lacks 'process'. Record the trace again."
    )


def test_a_header_may_have_fields_that_are_not_known_yet(trace: Path) -> None:
    trace.write_bytes(HEAD.replace(b"{", b'{"colour":"blue",', 1) + END)
    assert TraceReader(trace).header == HEADER


def test_a_trace_from_before_time_zones_were_named_is_read(tmp_path: Path) -> None:
    trace = tmp_path / "a.qatrace"
    trace.write_bytes(HEAD.replace(b',"time_zone":""', b""))
    assert b"time_zone" not in trace.read_bytes()
    assert TraceReader(trace).header == HEADER


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"@@@@\n", "is not JSON"),
        (b"\n", "is not JSON"),
        (b"\xff\n", "is not JSON"),
        (b"[" * 100_000 + b"\n", "is not JSON"),
        (b"17\n", "is not a row of a trace"),
        (b"[]\n", "is not a row of a trace"),
        (b'["Nonsense",1]\n', "is an unknown row, 'Nonsense'"),
        (b'["Header",1]\n', "is an unknown row, 'Header'"),
        (b'["SqlText",1]\n', "has no list of 2 where one belongs"),
        (b'["SqlText","1","x"]\n', "has str where int belongs"),
        (b'["SqlText",true,"x"]\n', "has bool where int belongs"),
        (b'["SqlText",1.0,"x"]\n', "has float where int belongs"),
        (b'["ScopeStart",1,null,99,"x",2]\n', "has an unknown ScopeKind, 99"),
        (b'["ScopeStart",1,null,"1","x",2]\n', "has str where a ScopeKind belongs"),
        (b'["Stack",1,7,1]\n', "has int where a list belongs"),
        (b'["Q",[[1,2,3]]]\n', "holds a query of the wrong shape"),
        (b'["Q",[7]]\n', "holds a query of the wrong shape"),
        (b'["Q",7]\n', "is an unknown row, 'Q'"),
        (
            query_line([QUERY]).replace(b'"default"', b"null"),
            "holds a query of the wrong shape",
        ),
    ],
)
def test_a_garbled_line_in_the_middle_is_named_and_left_out(
    trace: Path, line: bytes, words: str
) -> None:
    trace.write_bytes(b"".join([HEAD, *LINES[:6], line, *LINES[6:], END]))
    reader = TraceReader(trace)
    assert list(reader.events()) == [HEADER, *EVENTS]
    assert [(d.slug, d.message) for d in reader.diagnostics] == [
        ("trace-garbled", f"Line 8 of {trace} {words}, and was left out.")
    ]


@pytest.mark.parametrize("lost", range(6))
def test_rows_that_refer_to_a_lost_definition_go_with_it(trace: Path, lost: int) -> None:
    lines = [b"@\n" if number == lost else line for number, line in enumerate(LINES)]
    trace.write_bytes(b"".join([HEAD, *lines, END]))
    reader = TraceReader(trace)
    events = list(reader.events())
    survivors = {
        0: [1, 4, 5, 8, 13],
        1: [0, 4, 5, 8, 13],
        2: [0, 1, 4, 5, 6, 8, 9, 10, 11, 13],
        3: [0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13],
        4: [0, 1, 2, 3, 5, 8],
        5: [0, 1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 13],
    }[lost]
    assert events == [HEADER, *(EVENTS[number] for number in survivors)]
    missing = len(EVENTS) - 1 - len(survivors)
    assert reader.diagnostics[-1].slug == "trace-lost-rows"
    assert reader.diagnostics[-1].count == missing


def test_a_trace_that_was_not_closed_between_two_units_of_work_has_them_whole(trace: Path) -> None:
    trace.write_bytes(b"".join([HEAD, *LINES]))
    reader = TraceReader(trace)
    assert list(reader.events()) == [HEADER, *EVENTS]
    assert [(d.slug, d.message, d.hint) for d in reader.diagnostics] == [
        (
            "trace-torn",
            f"{trace} was not closed: its process still runs, or was stopped.",
            "All units of work in it are whole; what came after them is missing.",
        )
    ]


def test_a_trace_that_was_not_closed_within_a_unit_of_work_is_called_torn_even_at_a_lines_end(
    trace: Path,
) -> None:
    (end,) = (number for number, event in enumerate(EVENTS) if isinstance(event, ScopeEnd))
    trace.write_bytes(b"".join([HEAD, *LINES[:end]]))
    reader = TraceReader(trace)
    assert list(reader.events()) == [HEADER, *EVENTS[:end]]
    assert [(d.slug, d.message, d.hint) for d in reader.diagnostics] == [
        (
            "trace-torn",
            f"{trace} breaks off: the process that wrote it did not close it.",
            "What was written before is used; its last queries may be missing.",
        )
    ]


def test_two_traces_joined_into_one_file_are_told_apart(trace: Path) -> None:
    trace.write_bytes(HEAD + LINES[0] + END + HEAD + event_line(SqlText(1, "other")) + END)
    reader = TraceReader(trace)
    assert list(reader.events()) == [HEADER, EVENTS[0]]
    assert [(d.slug, d.message) for d in reader.diagnostics] == [
        (
            "trace-joined",
            f"Line 4 of {trace} begins another trace; the rest was not read.",
        )
    ]


def test_damaged_gzip_data_keeps_what_came_before(trace: Path) -> None:
    first = gzip.compress(b"".join([HEAD, *LINES]))
    trace.write_bytes(first + b"\x1f\x8b" + b"garbage" * 9)
    reader = TraceReader(trace)
    assert list(reader.events()) == [HEADER, *EVENTS]
    assert [d.slug for d in reader.diagnostics] == ["trace-torn"]


def test_a_file_that_vanishes_between_two_passes_is_a_diagnostic(trace: Path) -> None:
    trace.write_bytes(HEAD + END)
    reader = TraceReader(trace)
    trace.unlink()
    assert list(reader.events()) == [HEADER]
    assert [(d.slug, d.message) for d in reader.diagnostics] == [
        ("trace-unreadable", f"{trace} can't be read to its end: No such file or directory.")
    ]


@given(st.binary(max_size=60), st.integers(0, len(LINES)))
def test_any_bytes_in_the_middle_never_raise(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.qatrace"
    path.write_bytes(b"".join([HEAD, *LINES[:place], noise, b"\n", *LINES[place:], END]))
    events = list(TraceReader(path).events())
    assert events[: place + 1] == [HEADER, *EVENTS[:place]]


def test_each_event_is_rebuilt_from_its_annotations() -> None:
    assert decode_row("ScopeEnd", [1, 2, 3, 0, "a"]) == ScopeEnd(1, 2, 3, 0, "a")
    with pytest.raises(GarbledError):
        decode_row("Query", list(LAZY))
