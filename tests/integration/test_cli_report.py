"""``queryaudit report``: saved traces, one or many, whole or broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.plugin_project import (
    ForkServer,
    Project,
    Run,
    clean_environment,
    without_times,
)

BLOCKER = """
import sys


class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Blocked())
from queryaudit.cli import main

code = main(sys.argv[1:])
assert not [name for name in sys.modules if name.partition(".")[0] in BLOCKED]
sys.exit(code)
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Project:
    """A project with the trace of a run in ``one.qatrace`` and of others in ``many/``."""
    project = Project(tmp_path_factory.mktemp("cli") / "project", fork_server)
    project.pytest("--queryaudit-trace=one.qatrace")
    project.pytest("--queryaudit-trace=many", "-k", "test_the_list_names_every_writer")
    project.pytest("--queryaudit-trace=many", "-k", "test_the_export_is_streamed")
    return project


def report(project: Project, *arguments: str) -> Run:
    return project.command("report", *arguments, "--output=json:report.json")


def diagnostics(run: Run) -> list[str]:
    return [entry["slug"] for entry in run.report["diagnostics"]]


def test_findings_are_exit_code_1_and_shown(recorded: Project) -> None:
    run = report(recorded, "one.qatrace")
    assert run.code == 1
    assert run.places == ["QA101 book_export", "QA101 book_list", "QA101 broken"]
    assert 'select_related("writer__city")' in run.out
    assert "\x1b[" not in run.out


def test_what_is_below_fail_on_is_exit_code_0(recorded: Project) -> None:
    assert report(recorded, "one.qatrace", "--fail-on=never").code == 0
    assert report(recorded, "one.qatrace", "--fail-on=error").code == 0


def test_rules_can_be_selected(recorded: Project) -> None:
    run = report(recorded, "one.qatrace", "--select=QA102")
    assert (run.code, run.findings) == (0, [])


def test_a_baseline_lets_known_findings_pass(recorded: Project, tmp_path: Path) -> None:
    path = f"--baseline={tmp_path / 'known.json'}"
    assert report(recorded, "one.qatrace", path, "--accept-new").code == 0
    again = report(recorded, "one.qatrace", path)
    assert (again.code, again.report["gate"]["new"]) == (0, [])
    some = report(recorded, "many", path)
    assert (some.code, some.report["gate"]["stale"]) == (0, []), "traces are part of a run at most"


def test_traces_of_a_folder_are_merged(recorded: Project) -> None:
    run = report(recorded, "many")
    assert run.report["audited"]["tests"] == 3
    assert run.places == ["QA101 book_export", "QA101 book_list"]


def test_the_order_of_traces_makes_no_difference(recorded: Project) -> None:
    names = [f"many/{path.name}" for path in sorted((recorded.folder / "many").iterdir())]
    one, other = report(recorded, *names), report(recorded, *reversed(names))
    assert without_times(one.report) == without_times(other.report)
    assert one.report["findings"] == other.report["findings"]


def test_the_same_trace_twice_counts_once(recorded: Project) -> None:
    shutil.copy(recorded.folder / "one.qatrace", recorded.folder / "copy.qatrace")
    once = report(recorded, "one.qatrace")
    named_twice = report(recorded, "one.qatrace", "./one.qatrace")
    copied = report(recorded, "one.qatrace", "copy.qatrace")
    assert named_twice.report == once.report
    assert copied.findings == once.findings
    assert copied.report["audited"] == once.report["audited"]
    assert diagnostics(copied) == ["trace-copy"]


def test_a_torn_trace_is_read_as_far_as_it_goes(recorded: Project) -> None:
    data = (recorded.folder / "one.qatrace").read_bytes()
    (recorded.folder / "torn.qatrace").write_bytes(data[: len(data) * 3 // 4])
    run = report(recorded, "torn.qatrace")
    assert run.code == 1
    assert "trace-torn" in diagnostics(run)
    assert "breaks off" in run.out
    assert run.places != []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty."),
        (b"not a trace\n", "queryaudit"),
        (b'{"queryaudit-trace":1,"run":', "breaks off in its first line."),
        (b"\x1f\x8b\x08\x00broken", "broken.qatrace"),
    ],
)
def test_what_is_no_trace_is_one_sentence(recorded: Project, content: bytes, sentence: str) -> None:
    (recorded.folder / "broken.qatrace").write_bytes(content)
    run = report(recorded, "broken.qatrace")
    assert run.code == 4
    assert run.err.startswith("queryaudit: ")
    assert sentence in run.err
    assert len(run.err.splitlines()) == 1


def test_names_that_would_act_on_a_terminal_are_printed_as_they_are(recorded: Project) -> None:
    run = recorded.command("report", "gone\x1b[31m.qatrace")
    assert run.code == 4
    assert "gone" in run.text
    assert "\x1b" not in run.text


def test_a_newer_schema_is_refused_by_name(recorded: Project) -> None:
    text = (recorded.folder / "one.qatrace").read_text(encoding="utf-8")
    newer = text.replace('"queryaudit-trace":1,', '"queryaudit-trace":99,', 1)
    assert newer != text
    (recorded.folder / "newer.qatrace").write_text(newer, encoding="utf-8")
    run = report(recorded, "newer.qatrace")
    assert run.code == 4
    assert "99" in run.err
    assert "pgrade" in run.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("report", "missing.qatrace"), "There is no trace at missing.qatrace."),
        (("report", "library"), "There is no trace in the folder library."),
        (("report",), "TRACE"),
        (("report", "one.qatrace", "--fail-on=x"), "fail-on"),
        (("report", "one.qatrace", "--ignore=QA999"), "QA999"),
        (("report", "one.qatrace", "--colour"), "--colour"),
        (("rule", "QA110"), "There is no rule 'QA110'. Did you mean QA10"),
        (("rule", "lazy-relations-in-loop"), "Did you mean lazy-relation-in-loop?"),
        (("rule", "xyz"), "'queryaudit rules' lists them all."),
        (("rules", "extra"), "extra"),
        ((), "COMMAND"),
        (("repotr",), "repotr"),
    ],
)
def test_wrong_usage_is_exit_code_4_and_says_what(
    recorded: Project, arguments: tuple[str, ...], sentence: str
) -> None:
    run = recorded.command(*arguments)
    assert run.code == 4
    assert sentence in run.err
    assert run.out == ""
    assert "Traceback" not in run.err


def test_a_report_that_cannot_be_written_is_exit_code_4(recorded: Project) -> None:
    run = recorded.command("report", "one.qatrace", "--output=html:manage.py/x.html")
    assert run.code == 4
    assert "manage.py/x.html" in run.err
    assert "Traceback" not in run.err


def test_a_trace_of_nothing_is_exit_code_5(recorded: Project) -> None:
    lines = (recorded.folder / "one.qatrace").read_text(encoding="utf-8").splitlines(True)
    (recorded.folder / "empty.qatrace").write_text(lines[0], encoding="utf-8")
    run = report(recorded, "empty.qatrace")
    assert run.code == 5
    assert "NOTHING WAS AUDITED" in run.out


def test_quiet_is_a_line_a_finding(recorded: Project) -> None:
    run = recorded.command("report", "one.qatrace", "-q")
    assert len([line for line in run.out.splitlines() if "QA101" in line]) == 4
    assert "select_related" not in run.out


def test_colour_can_be_forced_off_and_on(recorded: Project) -> None:
    environment = {"NO_COLOR": "", "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert "\x1b[" in recorded.command("report", "one.qatrace", **environment).out
    plain = recorded.command("report", "one.qatrace", "--no-color", **environment)
    assert "\x1b[" not in plain.out


def test_a_report_on_standard_output_is_that_report_alone(recorded: Project) -> None:
    run = recorded.command("report", "one.qatrace", "--output=json")
    assert json.loads(run.out)["audited"]["tests"] == 11


def test_comments_written_after_the_run_are_honoured(recorded: Project, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(recorded.folder, copy)
    views = copy / "library" / "views.py"
    text = views.read_text(encoding="utf-8")
    old = "    names = [book.writer.name for book in Book.objects.all()]"
    assert old in text
    views.write_text(text.replace(old, f"{old}  # queryaudit: ignore[QA101] known"))
    done = _python(copy, "report", "one.qatrace", "--output=json:r.json")
    assert done.returncode == 1
    written = json.loads((copy / "r.json").read_text(encoding="utf-8"))
    assert [entry["reason"] for entry in written["suppressed"]] == ["known"]


def test_rules_are_listed_and_explained(recorded: Project) -> None:
    listed = recorded.command("rules")
    assert listed.code == 0
    codes = [line.split()[0] for line in listed.out.splitlines()]
    assert codes == sorted(codes)
    assert {"QA101", "QA108"} <= set(codes)
    by_code, by_name = (
        recorded.command("rule", "qa101"),
        recorded.command("rule", "lazy-relation-in-loop"),
    )
    assert by_code.code == 0
    assert by_code.out == by_name.out
    for heading in ("What it detects", "When it is fine", "Options"):
        assert heading in by_code.out


def test_the_version_is_told(recorded: Project) -> None:
    run = recorded.command("--version")
    assert (run.code, run.out.split()[0]) == (0, "queryaudit")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("report", "one.qatrace", "-q"), 1), (("rules",), 0), (("rule", "QA103"), 0)],
)
def test_everything_works_without_django(
    recorded: Project, arguments: tuple[str, ...], code: int
) -> None:
    done = _python(recorded.folder, *arguments)
    assert done.stderr == ""
    assert done.returncode == code
    assert "QA103" in done.stdout or "QA101" in done.stdout


def test_a_reader_that_has_seen_enough_is_no_error(recorded: Project) -> None:
    command = f"{sys.executable} -m queryaudit.cli report one.qatrace --verbose | head -n 1"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=recorded.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def _python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process in which Django can't be imported."""
    script = f"BLOCKED = ('django', 'asgiref', 'psycopg')\n{BLOCKER}"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=os.fspath(folder),
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
