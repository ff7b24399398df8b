"""The writer never hurts its host: it complains at the start, and then only counts."""

from __future__ import annotations

import errno
import gzip
import io
import os
import signal
import threading
import warnings
from pathlib import Path

import pytest

from queryaudit.errors import OutputError
from queryaudit.records.definitions import SqlText
from queryaudit.trace.reader import TraceReader, read
from queryaudit.trace.writer import PENDING, TraceWriter
from tests.unit.trace_samples import HEADER, QUERY


class FullDisk(io.BytesIO):
    """A stream with room for some bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        if len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(data)
        return super().write(data)


def in_fork(writer: TraceWriter) -> int:
    """Uses the writer in a fork of this process, and returns the signal that ended it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(10)
        writer.define(SqlText(66, "SELECT 66"))
        writer.record([QUERY._replace(seq=66)])
        writer.flush()
        writer.close()
        # What the interpreter does with a compressed stream when the process exits.
        if isinstance(writer._stream, gzip.GzipFile):
            writer._stream.close()
        os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def test_a_path_that_is_a_folder_is_refused_with_a_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        TraceWriter(tmp_path, HEADER)
    assert str(caught.value) == (
        f"The trace {str(tmp_path)!r} can't be written: Is a directory. "
        "Choose another path for the trace option."
    )


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        TraceWriter(tmp_path / "file" / "t.qatrace", HEADER)


def test_a_path_with_a_nul_is_refused() -> None:
    with pytest.raises(OutputError, match="can't be written"):
        TraceWriter("a\0b.qatrace", HEADER)


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "t.qatrace"
    TraceWriter(path, HEADER).close()
    assert list(read(path)) == [HEADER]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_at_the_start_is_refused() -> None:
    with pytest.raises(OutputError, match="No space left on device"):
        TraceWriter("/dev/full", HEADER)


def test_a_full_disk_later_stops_the_writing_and_counts_what_was_dropped() -> None:
    writer = TraceWriter(FullDisk(300), HEADER)
    writer.record([QUERY])
    writer.record([QUERY] * 7)
    writer.define(SqlText(2, "SELECT 2"))
    writer.record([QUERY])
    writer.flush()
    writer.close()
    assert writer.dropped == 8
    assert writer.error == "No space left on device"


def test_nothing_is_written_after_an_error_even_if_there_is_room_again() -> None:
    stream = FullDisk(200)
    writer = TraceWriter(stream, HEADER)
    writer.record([QUERY] * 50)
    before = stream.getvalue()
    stream.room = 10_000
    writer.record([QUERY])
    writer.close()
    assert stream.getvalue() == before


def test_a_stream_closed_by_somebody_else_does_not_raise() -> None:
    stream = io.BytesIO()
    writer = TraceWriter(stream, HEADER)
    stream.close()
    writer.record([QUERY])
    writer.close()
    assert writer.dropped == 1


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_closing_twice_is_closing_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.qatrace{suffix}"
    writer = TraceWriter(path, HEADER)
    writer.record([QUERY])
    writer.close()
    data = path.read_bytes()
    writer.close()
    writer.flush()
    assert path.read_bytes() == data


def test_queries_after_the_close_are_counted_as_dropped(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.qatrace", HEADER)
    writer.close()
    writer.record([QUERY] * 3)
    assert writer.dropped == 3


def test_definitions_wait_for_queries_but_not_without_bound(tmp_path: Path) -> None:
    path = tmp_path / "t.qatrace"
    writer = TraceWriter(path, HEADER)
    writer.define(SqlText(0, "SELECT 0"))
    assert path.read_bytes().count(b"\n") == 1
    for number in range(1, PENDING):
        writer.define(SqlText(number, "SELECT 1"))
    assert path.read_bytes().count(b"\n") == 1 + PENDING
    writer.close()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_what_was_flushed_is_there_if_the_process_is_killed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.qatrace{suffix}"
    writer = TraceWriter(path, HEADER)
    writer.define(SqlText(1, "SELECT 1"))
    writer.record([QUERY])
    writer.flush()
    copy = tmp_path / f"copy.qatrace{suffix}"
    copy.write_bytes(path.read_bytes())
    reader = TraceReader(copy)
    assert list(reader.events()) == [HEADER, SqlText(1, "SELECT 1"), QUERY]
    assert [diagnostic.slug for diagnostic in reader.diagnostics] == ["trace-torn"]
    writer.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_fork_leaves_its_parents_trace_alone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.qatrace{suffix}"
    writer = TraceWriter(path, HEADER)
    writer.define(SqlText(1, "SELECT 1"))
    in_fork(writer)
    writer.record([QUERY])
    writer.close()
    assert list(read(path)) == [HEADER, SqlText(1, "SELECT 1"), QUERY]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_made_while_another_thread_writes_does_not_hang() -> None:
    writing, forked = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def write(self, data: bytes, /) -> int:  # type: ignore[override]
            if b"SELECT 1" in data:
                writing.set()
                forked.wait(10)
            return super().write(data)

    writer = TraceWriter(Slow(), HEADER)
    writer.define(SqlText(1, "SELECT 1"))
    thread = threading.Thread(target=writer.flush)
    thread.start()
    writing.wait(10)
    assert in_fork(writer) == 0
    forked.set()
    thread.join()


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.qatrace"
    writer = TraceWriter(path, HEADER)

    def work(scope: int) -> None:
        for number in range(200):
            writer.define(SqlText(scope * 1000 + number, "x" * 300))
            writer.record([QUERY._replace(scope=scope, seq=number)] * 3)

    threads = [threading.Thread(target=work, args=(scope,)) for scope in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    reader = TraceReader(path)
    assert len(list(reader.events())) == 1 + 4 * 200 * 4
    assert reader.diagnostics == ()
