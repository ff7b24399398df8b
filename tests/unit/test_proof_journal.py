"""What trials found is known again by a later run, whatever became of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from queryaudit.advice.candidates import Candidate, Key
from queryaudit.proof import recalled
from queryaudit.proof.journal import Journal
from queryaudit.proof.trial import Compared
from queryaudit.proof.trials import Trial
from queryaudit.records.advised import Outcome
from queryaudit.records.plans import Relation

KEY = ["tried", "shop_shipment", "btree", "note"]
FOUND = {"outcome": "proved", "bytes": [8192]}


def journal(folder: Path, about: str = "localhost/shop default") -> Journal:
    return Journal(folder / "reports" / "advise.state", about)


def test_what_was_kept_is_recalled_by_its_key(tmp_path: Path) -> None:
    journal(tmp_path).keep(KEY, FOUND)
    again = journal(tmp_path)
    assert again.found == 1
    assert again.recall(KEY) == FOUND
    assert again.recall([*KEY, "beside", "other_idx"]) is None


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_line_is_not_there_and_spoils_no_other(tmp_path: Path, cut: int) -> None:
    first = journal(tmp_path)
    first.keep(KEY, FOUND)
    first.keep(["torn"], FOUND)
    assert first.path is not None
    data = first.path.read_bytes()
    first.path.write_bytes(data[:-cut] + b"\xff")
    again = journal(tmp_path)
    assert again.recall(KEY) == FOUND
    assert again.recall(["torn"]) is None
    again.keep(["after"], FOUND)
    assert journal(tmp_path).recall(["after"]) == FOUND
    assert journal(tmp_path).recall(KEY) == FOUND


@pytest.mark.parametrize("line", ["1", "null", "[1, 2]", "[[[]], {}]", "[1]", "{}"])
def test_a_line_that_is_no_trial_is_not_there(tmp_path: Path, line: str) -> None:
    first = journal(tmp_path)
    assert first.path is not None
    with first.path.open("a") as file:
        file.write(f"{line}\n")
    first.keep(KEY, FOUND)
    assert journal(tmp_path).recall(KEY) == FOUND


def test_another_database_begins_anew(tmp_path: Path) -> None:
    journal(tmp_path).keep(KEY, FOUND)
    other = journal(tmp_path, "localhost/copy default")
    assert other.found == 0
    assert journal(tmp_path).found == 0  # what is there now is of the other one


def test_nothing_is_left_when_all_was_done(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.keep(KEY, FOUND)
    kept.remove()
    assert kept.path is not None
    assert not kept.path.exists()
    kept.remove()  # again, nothing happens


def test_where_nothing_can_be_written_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    kept = journal(tmp_path)
    kept.keep(KEY, FOUND)
    assert kept.recall(KEY) == FOUND
    assert kept.error != ""


def trial() -> Trial:
    relation = Relation("default", "postgresql", "public", "shop_shipment", 5000, 8192, (), (), ())
    found = Trial(
        (Candidate("public", "shop_shipment", "btree", (Key("note"),), 1),), relation, None
    )
    return found


def ended() -> Trial:
    found = trial()
    found.compared = {"f1": [Compared(900_000, 30_000, 25.0, 40.0, frozenset({"a_idx"}), True)]}
    found.bytes = {found.candidates[0]: 16384}
    found.insert_ns = {found.candidates[0]: 2_000}
    found.build_ns, found.sets, found.share = 5_000, 1, 0.1
    found.end(Outcome.PROVED, "used")
    return found


def test_a_trial_is_as_it_was(tmp_path: Path) -> None:
    kept, old, new = journal(tmp_path), ended(), trial()
    recalled.keep(kept, KEY, old)
    assert recalled.recall(journal(tmp_path), KEY, new)
    assert new == old


def test_what_was_not_executed_is_not_kept() -> None:
    kept, unknown = Journal(), ended()
    unknown.end(Outcome.UNKNOWN, "the time was up")
    recalled.keep(kept, KEY, unknown)
    refuted = trial()
    refuted.end(Outcome.REFUTED, "served as well by another one")
    recalled.keep(kept, KEY, refuted)
    assert kept.found == 0


@pytest.mark.parametrize(
    "found", [{}, {"outcome": "proved"}, [], {"compared": 3}, {"outcome": "x", "compared": {}}]
)
def test_what_somebody_else_wrote_is_no_trial(found: dict[str, object]) -> None:
    kept, new = Journal(), trial()
    kept.keep(KEY, found)
    assert not recalled.recall(kept, KEY, new)
    assert new.outcome is Outcome.IDEA


def test_a_table_of_another_size_or_other_company_is_another_trial() -> None:
    keys = [
        recalled.trial_key("tried", trial(), "16384 13", []),
        recalled.trial_key("left out", trial(), "16384 13", []),
        recalled.trial_key("tried", trial(), "16384 16", []),
        recalled.trial_key("tried", trial(), "16999 13", []),
        recalled.trial_key("tried", trial(), "16384 13", [ended()]),
    ]
    assert len({tuple(key) for key in keys}) == len(keys)
