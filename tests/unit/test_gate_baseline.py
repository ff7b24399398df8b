"""The baseline file: stable, mergeable, and clear about what is wrong with it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryaudit.errors import BaselineError
from queryaudit.gate.baseline import Entry, dump, load, parse, save
from queryaudit.gate.ratchet import entries_of, update
from tests.unit.gate_samples import cause, finding, report


def entry(fingerprint: str, what: str = "book.author") -> Entry:
    return Entry(
        path="shop/views.py",
        rule="QA101",
        function="book_list",
        what=what,
        fingerprint=fingerprint,
    )


ENTRIES = st.lists(
    st.builds(
        Entry,
        **dict.fromkeys(
            ("path", "rule", "function", "what", "fingerprint"),
            st.text(st.characters(exclude_categories=()), max_size=6),
        ),
    ),
    unique_by=lambda known: known.fingerprint,
    max_size=6,
)


def refusal(text: str) -> str:
    with pytest.raises(BaselineError) as caught:
        parse(text, "known.json")
    return str(caught.value)


def test_the_file_has_a_line_for_each_cause_and_nothing_that_moves() -> None:
    assert dump([entry("b2", "book.publisher"), entry("a1")]) == (
        '[{"queryaudit-baseline": 1}\n'
        ',{"path": "shop/views.py", "rule": "QA101", "function": "book_list", '
        '"what": "book.author", "fingerprint": "a1"}\n'
        ',{"path": "shop/views.py", "rule": "QA101", "function": "book_list", '
        '"what": "book.publisher", "fingerprint": "b2"}\n'
        "]\n"
    )


def test_an_empty_baseline_is_valid_json() -> None:
    assert json.loads(dump([])) == [{"queryaudit-baseline": 1}]


@given(ENTRIES, st.randoms())
def test_any_entries_are_read_as_they_were_written(
    entries: list[Entry], rng: random.Random
) -> None:
    text = dump(entries).encode("utf-8", "backslashreplace").decode()
    assert parse(text, "known.json") == tuple(sorted(entries))
    shuffled = list(entries)
    rng.shuffle(shuffled)
    assert dump(shuffled) == dump(entries)


@given(ENTRIES.filter(bool))
def test_adding_or_removing_an_entry_touches_one_line(entries: list[Entry]) -> None:
    before, after = dump(entries[1:]).split("\n"), dump(entries).split("\n")
    added = [line for line in after if line not in before]
    assert len(added) == 1
    after.remove(added[0])
    assert after == before


def test_a_file_is_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    save(path, [entry("a1", "caf\u00e9 \udc80")])
    assert load(path) == (entry("a1", "caf\u00e9 \udc80"),)
    assert [child.name for child in tmp_path.iterdir()] == ["known.json"]


def test_no_file_is_no_baseline(tmp_path: Path) -> None:
    assert load(tmp_path / "known.json") is None


def test_a_folder_can_not_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(BaselineError) as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"The baseline {tmp_path} can't be read: Is a directory. "
        "Name a readable file with the baseline option."
    )
    with pytest.raises(BaselineError, match=r"can't be written: .* Name a writable file"):
        save(tmp_path, [])
    with pytest.raises(BaselineError, match="can't be written"):
        save(tmp_path / "missing" / "known.json", [])


def test_a_file_that_is_not_utf8_can_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_bytes(b"\xff")
    with pytest.raises(BaselineError, match="can't be read"):
        load(path)


@pytest.mark.parametrize("text", ["", "[", '[{"queryaudit-baseline": 1},]', "[" * 100_000])
def test_broken_json(text: str) -> None:
    message = refusal(text)
    assert message.startswith("The baseline known.json is not valid JSON")
    assert message.endswith(" Restore it from version control.")


def test_broken_json_names_the_line() -> None:
    text = dump([entry("a1"), entry("b2")]).replace(',{"path"', '{"path"')
    assert "is not valid JSON (line 2)." in refusal(text)


def test_conflict_markers_are_called_what_they_are() -> None:
    lines = dump([entry("a1"), entry("b2")]).splitlines()
    lines[1:3] = ["<<<<<<< ours", lines[1], "=======", lines[2], ">>>>>>> theirs"]
    assert refusal("\n".join(lines)) == (
        "The baseline known.json has conflict markers of a merge. "
        "Keep the lines of both sides, delete the markers, and keep each line once."
    )


@pytest.mark.parametrize(
    "text", ["{}", "[]", "3", "[[]]", '[{"a": 1}]', '[{"queryaudit-baseline": true}]']
)
def test_another_json_file_is_no_baseline(text: str) -> None:
    assert refusal(text) == (
        "known.json is not a queryaudit baseline. "
        "Name another file with the baseline option, or delete this one."
    )


def test_a_newer_version_is_refused_by_name() -> None:
    assert refusal('[{"queryaudit-baseline": 2}]') == (
        "known.json was written by a newer queryaudit (baseline version 2, "
        "this version reads up to 1). Upgrade queryaudit here."
    )


@pytest.mark.parametrize("row", ["3", '{"path": "x"}', "null"])
def test_a_broken_entry_is_named(row: str) -> None:
    assert refusal(f'[{{"queryaudit-baseline": 1}},{row}]') == (
        "Entry 1 of the baseline known.json is broken: it needs the texts path, rule, function, "
        "what, fingerprint. Restore that line from version control, or delete it."
    )


def test_a_line_that_is_there_twice_is_named() -> None:
    assert refusal(dump([entry("a1"), entry("a1")])) == (
        "The baseline known.json has the same finding twice: "
        "QA101 shop/views.py in book_list: book.author (a1). Delete one of the two lines."
    )


def test_entries_are_the_causes_of_a_report_without_lines_and_counts() -> None:
    first = report(finding(cause("a1"), cause("b2", "book.publisher")), finding(cause("a1")))
    moved = report(
        finding(cause("b2", "book.publisher", line=99), cause("a1", line=98, queries=70))
    )
    assert entries_of(first) == (entry("a1"), entry("b2", "book.publisher"))
    assert entries_of(moved) == entries_of(first)


@pytest.mark.parametrize(
    ("accept_new", "complete", "expected"),
    [
        (False, True, ["known"]),
        (True, True, ["known", "new"]),
        (False, False, ["gone", "known"]),
        (True, False, ["gone", "known", "new"]),
    ],
)
def test_a_baseline_shrinks_by_itself_and_grows_only_when_told(
    accept_new: bool, complete: bool, expected: list[str]
) -> None:
    current = report(finding(cause("known"), cause("new")))
    entries = update(
        [entry("known"), entry("gone")], current, accept_new=accept_new, complete=complete
    )
    assert [known.fingerprint for known in entries] == expected


def test_words_follow_the_code_while_the_fingerprint_stays() -> None:
    stale = entry("a1", "old words")
    current = report(finding(cause("a1", "book.author")))
    assert update([stale], current, accept_new=False, complete=False) == (entry("a1"),)
