"""What is written is what is read, whole or cut off anywhere."""

from __future__ import annotations

import gzip
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryaudit.errors import TraceError
from queryaudit.records.events import Event, Header, Query
from queryaudit.trace.reader import TraceReader, read
from queryaudit.trace.writer import CHUNK, TraceWriter
from tests.unit.trace_samples import EVENTS, HEADER, LAZY, QUERY, any_event, any_header


def write_all(writer: TraceWriter, events: list[Event] | tuple[Event, ...]) -> None:
    for event in events:
        if isinstance(event, Query):
            writer.record([event])
        else:
            writer.define(event)
    writer.close()


def same(left: list[Event], right: list[Event]) -> bool:
    """Equal, with the types of nested tuples and enums, which ``==`` does not look at."""
    return left == right and repr(left) == repr(right)


@given(any_header(), st.lists(any_event(), max_size=12), st.sampled_from(["", ".gz"]))
def test_any_events_are_read_as_they_were_written(
    header: Header, events: list[Event], suffix: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"t.qatrace{suffix}")
        write_all(TraceWriter(path, header), events)
        reader = TraceReader(path)
        assert same(list(reader.events()), [header, *events])
        assert reader.diagnostics == ()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_trace_cut_off_at_any_byte_keeps_a_prefix(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole.qatrace{suffix}"
    write_all(TraceWriter(whole, HEADER), EVENTS)
    data = whole.read_bytes()
    expected = list(read(whole))
    torn = tmp_path / f"torn.qatrace{suffix}"
    kept = -1
    refusals: list[str] = []
    sizes: list[int] = []
    for size in range(1, len(data)):
        torn.write_bytes(data[:size])
        try:
            reader = TraceReader(torn)
        except TraceError as error:
            refusals.append(error.message)
            sizes.append(size)
            continue
        events = list(reader.events())
        assert same(events, expected[: len(events)])
        assert len(events) >= kept
        kept = len(events)
        last_line_is_whole = not suffix and size == len(data) - 1
        slugs = [diagnostic.slug for diagnostic in reader.diagnostics]
        assert slugs == ([] if last_line_is_whole else ["trace-torn"])
    assert kept == len(expected)
    assert set(refusals) == {f"{torn} breaks off in its first line."}
    assert sizes == list(range(1, len(sizes) + 1))
    assert suffix or len(sizes) == len(data.partition(b"\n")[0]) - 1


def test_many_queries_span_several_lines_in_order(tmp_path: Path) -> None:
    path = tmp_path / "t.qatrace"
    queries = [QUERY._replace(seq=seq) for seq in range(2 * CHUNK + 1)]
    writer = TraceWriter(path, HEADER)
    writer.record(queries)
    writer.close()
    assert list(read(path)) == [HEADER, *queries]
    assert path.read_bytes().count(b"\n") == 1 + 3 + 1


def test_definitions_precede_the_queries_that_follow_them(tmp_path: Path) -> None:
    path = tmp_path / "t.qatrace"
    write_all(TraceWriter(path, HEADER), EVENTS)
    assert list(read(path)) == [HEADER, *EVENTS]


def test_the_first_line_is_the_magic_with_the_header(tmp_path: Path) -> None:
    path = tmp_path / "t.qatrace"
    TraceWriter(path, HEADER).close()
    assert path.read_text().splitlines() == [
        '{"queryaudit-trace":1,"run":"run","process":"process-1","tool":"0.1.0",'
        '"python":"3.12","django":"6.1","databases":[["default","postgresql"]],'
        '"time_zone":""}',
        '["End"]',
    ]


def test_a_query_is_spelled_as_a_bare_list_of_its_fields() -> None:
    stream = io.BytesIO()
    writer = TraceWriter(stream, HEADER)
    writer.record([QUERY, LAZY])
    assert stream.getvalue().splitlines()[1] == (
        b'["Q",[[1,1,10,5,"default",1,1,null,null,null,99,null,null,null,null],'
        b'[1,2,10,5,"default",1,1,1,1,7,99,null,null,1,null]]]'
    )


def test_equal_events_make_equal_gzip_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a.qatrace.gz", tmp_path / "b.qatrace.gz"
    for path in (first, second):
        write_all(TraceWriter(path, HEADER), EVENTS)
    assert first.read_bytes() == second.read_bytes()
    assert gzip.decompress(first.read_bytes()).endswith(b'["End"]\n')


def test_gzip_is_told_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    packed = tmp_path / "a.qatrace.gz"
    write_all(TraceWriter(packed, HEADER), EVENTS)
    renamed = packed.rename(tmp_path / "a.qatrace")
    assert list(read(renamed)) == [HEADER, *EVENTS]


def test_a_trace_can_be_read_more_than_once(tmp_path: Path) -> None:
    path = tmp_path / "t.qatrace"
    write_all(TraceWriter(path, HEADER), EVENTS)
    path.write_bytes(path.read_bytes()[:-3])
    reader = TraceReader(path)
    assert list(reader.events()) == list(reader.events())
    assert len(reader.diagnostics) == 1
