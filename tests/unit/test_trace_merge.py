"""Many traces are one input, in any order, each process once."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from queryaudit.errors import TraceError
from queryaudit.records.definitions import Origin, SqlText
from queryaudit.records.events import Event, ScopeStart
from queryaudit.trace.merge import open_traces
from queryaudit.trace.names import is_trace_name, trace_name, trace_path
from queryaudit.trace.tables import Tables
from queryaudit.trace.writer import TraceWriter
from tests.unit.trace_samples import EVENTS, HEADER, QUERY


def record(path: Path, process: str, queries: int = 1) -> Path:
    writer = TraceWriter(path, HEADER._replace(process=process))
    writer.record([QUERY] * queries)
    writer.close()
    return path


def test_the_order_of_the_paths_does_not_matter(tmp_path: Path) -> None:
    paths = [
        record(tmp_path / "c.qatrace", "p1"),
        record(tmp_path / "a.qatrace", "p3"),
        record(tmp_path / "b.qatrace.gz", "p2"),
    ]
    for order in itertools.permutations(paths):
        readers = open_traces(order)
        assert [reader.header.process for reader in readers] == ["p1", "p2", "p3"]


def test_a_folder_stands_for_the_traces_in_it(tmp_path: Path) -> None:
    record(tmp_path / "a.qatrace", "p1")
    record(tmp_path / "b.qatrace.gz", "p2")
    (tmp_path / "notes.txt").write_text("not a trace")
    assert [reader.path.name for reader in open_traces([tmp_path])] == [
        "a.qatrace",
        "b.qatrace.gz",
    ]


def test_a_folder_without_traces_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TraceError) as caught:
        open_traces([tmp_path])
    assert str(caught.value) == (
        f"There is no trace in the folder {tmp_path}. "
        "Traces end in .qatrace or .qatrace.gz; record one first."
    )


def test_copies_of_a_trace_count_once_and_are_named(tmp_path: Path) -> None:
    record(tmp_path / "a.qatrace", "p1")
    record(tmp_path / "b.qatrace.gz", "p1")
    (reader,) = open_traces([tmp_path])
    assert [(d.slug, d.message) for d in reader.diagnostics] == [
        (
            "trace-copy",
            f"{tmp_path / 'b.qatrace.gz'} is a copy of {tmp_path / 'a.qatrace'} "
            "and was not counted again.",
        )
    ]


def test_of_a_torn_copy_and_a_whole_one_the_whole_one_is_read(tmp_path: Path) -> None:
    whole = record(tmp_path / "b.qatrace", "p1", queries=9)
    torn = tmp_path / "a.qatrace"
    torn.write_bytes(whole.read_bytes()[:-60])
    for order in ([whole, torn], [torn, whole]):
        (reader,) = open_traces(order)
        assert reader.path == whole


def test_naming_a_file_twice_is_no_copy(tmp_path: Path) -> None:
    path = record(tmp_path / "a.qatrace", "p1")
    (reader,) = open_traces([path, tmp_path, path])
    assert reader.diagnostics == ()


def test_an_unreadable_file_in_a_folder_does_not_stop_the_rest(tmp_path: Path) -> None:
    record(tmp_path / "b.qatrace", "p1")
    (tmp_path / "a.qatrace").write_bytes(b"")
    (reader,) = open_traces([tmp_path])
    list(reader.events())
    assert [(d.slug, d.message) for d in reader.diagnostics] == [
        ("trace-left-out", f"{tmp_path / 'a.qatrace'} is empty.")
    ]


def test_a_folder_that_can_not_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(TraceError, match="can't be read: Permission denied"):
        open_traces([tmp_path])


def test_a_folder_of_unreadable_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.qatrace").write_bytes(b"")
    with pytest.raises(TraceError, match="is empty"):
        open_traces([tmp_path])


def test_an_unreadable_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    record(tmp_path / "b.qatrace", "p1")
    (tmp_path / "a.qatrace").write_bytes(b"")
    with pytest.raises(TraceError, match="is empty"):
        open_traces([tmp_path / "b.qatrace", tmp_path / "a.qatrace"])


def test_traces_of_different_runs_are_read_together(tmp_path: Path) -> None:
    record(tmp_path / "a.qatrace", "p1")
    TraceWriter(tmp_path / "b.qatrace", HEADER._replace(run="other", process="p2")).close()
    assert len(open_traces([tmp_path])) == 2


def test_no_paths_are_no_traces() -> None:
    assert open_traces([]) == []


def test_a_traces_name_says_nothing_about_the_machine() -> None:
    assert trace_name(42, "a1b2") == "queryaudit-42-a1b2.qatrace"
    assert trace_name(42, "../é b", compressed=True) == "queryaudit-42-..b.qatrace.gz"
    assert is_trace_name(trace_name(1, "x", compressed=True))
    assert not is_trace_name("queryaudit-1-x.json")


def test_a_target_is_a_file_only_if_its_name_says_so() -> None:
    assert trace_path(Path("out/run.qatrace.gz"), 1, "x") == Path("out/run.qatrace.gz")
    assert trace_path(Path("out/run"), 1, "x") == Path("out/run/queryaudit-1-x.qatrace")


def test_tables_keep_what_defines_an_id() -> None:
    tables = Tables()
    for event in (HEADER, *EVENTS):
        tables.add(event)
    assert tables.header == HEADER
    expected: list[tuple[dict[int, Event], type]] = [
        (tables.sql, SqlText),  # type: ignore[list-item]
        (tables.origins, Origin),  # type: ignore[list-item]
        (tables.scopes, ScopeStart),  # type: ignore[list-item]
    ]
    for table, kind in expected:
        assert [type(event) for event in table.values()] == [kind]
    assert tables.stacks[1] == EVENTS[1]
    assert tables.accesses[1] == EVENTS[3]
