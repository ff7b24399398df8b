"""The file of accepted plans: read as it was written, or refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from queryaudit.errors import BaselineError
from queryaudit.gate.plans import load, save
from queryaudit.records.plan_shapes import PlanShape, Read

SHAPE = PlanShape("default", "0123", False, 12.0, (Read("shop_book", True, 100),))


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "plans.json"
    assert load(path) == {}
    save(path, [SHAPE])
    assert load(path) == {("default", "0123"): SHAPE}
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("reads", ["no list", 1, None, [1], [["a"]]])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, reads: object) -> None:
    path = tmp_path / "plans.json"
    save(path, [SHAPE])
    rows = json.loads(path.read_text())
    rows[1]["reads"] = reads
    path.write_text(json.dumps(rows))
    with pytest.raises(BaselineError):
        load(path)


def test_a_place_that_can_not_be_written_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "plans.json"
    path.mkdir()
    with pytest.raises(BaselineError):
        save(path, [SHAPE])
    assert [*tmp_path.iterdir()] == [path]
