"""``queryaudit scan``: what is read, what is left out, what it returns, and how it is ignored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from queryaudit.cli import main
from queryaudit.errors import ExitCode

BAD = "def find(name):\n    cursor.execute(f\"SELECT a FROM b WHERE c = '{name}'\")\n"
GOOD = 'def find(name):\n    cursor.execute("SELECT a FROM b WHERE c = %s", [name])\n'


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.queryaudit]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def report(*arguments: str) -> tuple[int, dict[str, object]]:
    code = main(["scan", *arguments, "--output=json:report.json"])
    return code, json.loads(Path("report.json").read_text(encoding="utf-8"))


def rules(found: dict[str, object]) -> list[str]:
    return [finding["rule"] for finding in found["findings"]]  # type: ignore[attr-defined,index]


def test_a_finding_fails_and_names_the_place() -> None:
    write("shop/books.py", BAD)
    code, found = report("shop")
    assert code == ExitCode.FINDINGS
    assert rules(found) == ["QA301"]
    [finding] = found["findings"]  # type: ignore[misc]
    assert finding["location"]["path"] == "shop/books.py"
    assert finding["location"]["line"] == 2
    assert finding["location"]["function"] == "find"
    assert finding["fix"]["edits"]


def test_without_findings_it_passes_though_nothing_ran(capsys: pytest.CaptureFixture[str]) -> None:
    write("shop/books.py", GOOD)
    assert main(["scan", "shop"]) == ExitCode.CLEAN
    assert "Audited 1 file: no findings" in capsys.readouterr().out


def test_without_paths_the_option_source_is_read() -> None:
    write("shop/books.py", BAD)
    assert report()[0] == ExitCode.FINDINGS


def test_test_files_migrations_and_installed_code_are_left_out() -> None:
    for name in (
        "tests/test_a.py",
        "shop/test_b.py",
        "shop/migrations/0002_c.py",
        ".venv/lib/d.py",
        "env/lib/e.py",
        "node_modules/f.py",
        "shop/generated/g.py",
    ):
        write(name, BAD)
    write("env/pyvenv.cfg", "")
    write("shop/books.py", GOOD)
    write("pyproject.toml", '[tool.queryaudit]\nomit = ["*/generated/*"]\n')
    code, found = report(".")
    assert (code, rules(found)) == (ExitCode.CLEAN, [])
    assert found["audited"]["files"] == 1  # type: ignore[index]


def test_comments_select_and_severity_are_those_of_a_run() -> None:
    write("shop/books.py", BAD.replace("\n", "  # queryaudit: ignore[QA301] ours\n", 2))
    code, found = report("shop")
    assert (code, rules(found)) == (ExitCode.CLEAN, [])
    assert [one["reason"] for one in found["suppressed"]] == ["ours"]  # type: ignore[attr-defined]
    write("shop/books.py", BAD)
    assert report("shop", "--ignore=QA3")[0] == ExitCode.CLEAN
    assert report("shop", "--fail-on=error")[0] == ExitCode.CLEAN


def test_a_baseline_keeps_what_is_known() -> None:
    write("shop/books.py", BAD)
    assert main(["scan", "shop", "--accept-new"]) == ExitCode.CLEAN
    write("shop/books.py", "import os\n\n\n" + BAD)
    assert main(["scan", "shop"]) == ExitCode.CLEAN


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"def find(:\n", "invalid syntax"),
        (b"x = '\xff'\n", "invalid or missing encoding"),
        (b"# -*- coding: nonsense -*-\n", "unknown encoding"),
        (b"x = 1\0\n", "null bytes"),
    ],
)
def test_a_broken_file_is_one_sentence_and_the_rest_is_read(data: bytes, why: str) -> None:
    write("shop/books.py", BAD)
    Path("shop/broken.py").write_bytes(data)
    code, found = report("shop")
    assert (code, rules(found)) == (ExitCode.FINDINGS, ["QA301"])
    [told] = found["diagnostics"]  # type: ignore[misc]
    assert told["slug"] == "file-not-read"
    assert told["message"].startswith("shop/broken.py")
    assert "was not scanned" in told["message"]
    assert "\n" not in told["message"]


def test_other_encodings_are_read() -> None:
    Path("shop").mkdir()
    source = "# -*- coding: latin-1 -*-\n# caf\xe9\n" + BAD
    Path("shop/books.py").write_bytes(source.encode("latin-1"))
    assert rules(report("shop")[1]) == ["QA301"]


def test_a_path_that_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "nowhere"]) == ExitCode.USAGE
    assert "There is no nowhere." in capsys.readouterr().err


def test_constants_and_functions_of_other_files_are_followed() -> None:
    write("shop/__init__.py", "")
    write("shop/names.py", 'BOOKS = "b"\n\n\ndef condition(x):\n    return f"c = \'{x}\'"\n')
    write(
        "shop/books.py",
        "from shop.names import BOOKS\nfrom .names import condition\n\n\ndef find(x):\n"
        '    cursor.execute(f"SELECT a FROM {BOOKS}")\n'
        '    cursor.execute("SELECT a FROM b WHERE " + condition(x))\n',
    )
    _, found = report("shop")
    [finding] = found["findings"]  # type: ignore[misc]
    assert finding["location"]["path"] == "shop/names.py"
