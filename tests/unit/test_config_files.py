"""pyproject.toml is found upwards, and a broken one is a problem, not a crash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from queryaudit.config import discover, load, resolve


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_nearest_table_upwards_makes_the_root(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.queryaudit]\nmax-queries = 9\n")
    write(tmp_path / "backend" / "pyproject.toml", "[tool.other]\n")
    config = load(discover(tmp_path / "backend" / "shop"))
    assert (config.root, config.max_queries) == (tmp_path, 9)


def test_without_a_table_the_nearest_project_is_the_root(tmp_path: Path) -> None:
    write(tmp_path / "project" / "manage.py", "")
    (tmp_path / "project" / "shop").mkdir()
    inputs = discover(tmp_path / "project" / "shop")
    assert inputs.root == tmp_path / "project"
    assert inputs.pyproject is None


def test_paths_in_pyproject_are_the_roots_and_those_in_flags_are_the_callers(
    tmp_path: Path,
) -> None:
    write(tmp_path / "pyproject.toml", '[tool.queryaudit]\nbaseline = "known.json"\n')
    start = tmp_path / "shop"
    config = load(discover(start, flags={"trace": "out"}))
    assert config.baseline == tmp_path / "known.json"
    assert config.trace == start / "out"


def test_rule_tables_are_read(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.queryaudit.rules.QA101]\nseverity = "error"\n')
    assert [rule.code for rule in load(discover(tmp_path)).rules] == ["QA101"]


def test_broken_toml_is_a_problem_and_the_rest_is_used(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.queryaudit\n")
    config, problems = resolve(discover(tmp_path, settings={"MAX_QUERIES": 3}))
    assert config.max_queries == 3
    assert [problem.id for problem in problems] == ["E007"]
    assert problems[0].message.startswith(f"{tmp_path / 'pyproject.toml'} can't be read: ")
    assert problems[0].hint == "Correct it; until then its options are not used."


def test_toml_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.queryaudit]\nsource = '\xff'\n")
    assert [problem.id for problem in discover(tmp_path).problems] == ["E007"]


def test_a_tool_table_of_another_shape_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "tool = 3\n")
    assert discover(tmp_path).pyproject is None


def test_a_table_that_is_a_number_is_named(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool]\nqueryaudit = 3\n")
    assert [problem.id for problem in resolve(discover(tmp_path)).problems] == ["E005"]


def test_importing_the_configuration_does_not_import_django() -> None:
    code = "import sys, queryaudit.config; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
