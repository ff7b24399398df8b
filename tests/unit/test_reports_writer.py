"""Files appear whole or not at all."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from queryaudit.errors import OutputError
from queryaudit.reports.registry import get
from queryaudit.reports.writer import write
from tests.golden.sample import sample


class Broken:
    name = "broken"
    suffix = ".txt"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def render(self, report, stream):
        stream.write("half")
        raise self.error


def test_missing_folders_are_made_and_an_old_file_is_replaced(tmp_path):
    path = tmp_path / "a" / "b" / "report.md"

    write(sample(), get("json"), path)
    write(sample(), get("markdown"), path)

    assert path.read_text(encoding="utf-8").startswith("<!-- queryaudit -->\n")
    assert os.listdir(path.parent) == ["report.md"]


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "other").write_text("")

    write(sample(), get("json"), tmp_path / "report.json")

    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_an_old_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("")
    path.chmod(0o640)

    write(sample(), get("json"), path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [RuntimeError("no"), OSError(28, "No space left on device")])
def test_a_failed_rendering_leaves_the_old_file_and_no_other(tmp_path, error):
    path = tmp_path / "report.txt"
    path.write_text("old")

    with pytest.raises((RuntimeError, OutputError)):
        write(sample(), Broken(error), path)

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.txt"]


def test_a_place_below_a_file_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "report.json"

    with pytest.raises(OutputError) as caught:
        write(sample(), get("json"), path)

    assert caught.value.message.startswith(f"The json report could not be written to {path}: ")
    assert caught.value.hint == "Choose another path, or make that folder writable."


def test_a_folder_is_not_a_place_for_a_report(tmp_path):
    with pytest.raises(OutputError, match=r"could not be written to .*: it is a folder\."):
        write(sample(), get("json"), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path):
    with pytest.raises(OutputError, match=r": No space left on device\. Choose another path"):
        write(sample(), Broken(OSError(28, "No space left on device")), tmp_path / "x.txt")


def test_a_dash_is_standard_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stream = io.StringIO()

    write(sample(), get("json"), "-", stdout=stream)

    assert stream.getvalue().startswith("{")
    assert list(Path().iterdir()) == []


def test_standard_output_is_the_one_of_the_moment(capsys):
    write(sample(), get("markdown"), "-")

    assert capsys.readouterr().out.startswith("<!-- queryaudit -->")


def test_files_are_utf_8_with_unix_newlines(tmp_path):
    path = tmp_path / "report.html"

    write(sample(), get("html"), str(path))

    data = path.read_bytes()
    assert b"\r" not in data
    assert "sjøfart" in data.decode("utf-8")
