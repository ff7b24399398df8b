"""What can be wrong around an audited run: a clear sentence and an exit code for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.plugin_project import Project, Run

ONE_TEST = "def test_it(client, books):\n    assert client.get('/books/').status_code == 200\n"


def pyproject(project: Project, text: str) -> None:
    project.write("pyproject.toml", f"[tool.queryaudit]\n{text}\n")


def refused(run: Run, sentence: str) -> None:
    assert run.code == 4
    assert sentence in run.text
    assert "Traceback" not in run.text
    assert "passed" not in run.text


def test_settings_that_fail_to_import_are_named(project: Project) -> None:
    project.append("project/settings.py", "\nimport nothing_of_this_name\n")
    refused(
        project.pytest(),
        "settings or applications can't be imported: No module named 'nothing_of_this_name'.",
    )


def test_settings_that_do_not_exist_are_named(project: Project) -> None:
    refused(project.pytest("--ds=project.no_settings"), "No module named 'project.no_settings'.")


def test_a_project_without_settings_is_told_to_name_them(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")
    project.write("tests/conftest.py", "")
    project.only_test("def test_it():\n    pass\n")
    refused(project.pytest(), "Set DJANGO_SETTINGS_MODULE (pytest-django: --ds).")


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ('ignore = ["QA199"]', "QA199"),
        ('ignore = ["N+1"]', "N+1"),
        ("n-plus-one-treshold = 3", "Did you mean 'n-plus-one-threshold'?"),
        ("n-plus-one-threshold = 'three'", "n-plus-one-threshold"),
        ("fail-on = 'warnings'", "Did you mean 'warning'?"),
        ("ignore = [", "pyproject.toml"),
        ("[tool.queryaudit.rules.QA101]\nseverty = 'error'", "Did you mean 'severity'?"),
    ],
)
def test_a_wrong_option_in_pyproject_is_named(project: Project, option: str, sentence: str) -> None:
    pyproject(project, option)
    refused(project.pytest(), sentence)


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        ("--queryaudit-ignore=QA999", "QA999"),
        ("--queryaudit-n-plus-one-threshold=1", "n-plus-one-threshold"),
        ("--queryaudit-output=pdf:report.pdf", "pdf"),
    ],
)
def test_a_wrong_flag_is_named(project: Project, flag: str, sentence: str) -> None:
    refused(project.pytest(flag), sentence)


def test_a_wrong_setting_is_named(project: Project) -> None:
    project.append("project/settings.py", "\nQUERYAUDIT = {'FAIL_ONN': 'error'}\n")
    run = project.pytest()
    refused(run, "FAIL_ONN")
    assert "Did you mean" in run.text


def test_a_wrong_environment_variable_is_named(project: Project) -> None:
    refused(project.pytest(QUERYAUDIT_FAIL_ON="nobody"), "QUERYAUDIT_FAIL_ON")


def test_all_mistakes_are_told_at_once(project: Project) -> None:
    pyproject(project, "fail-on = 'x'\nn-plus-one-threshold = 0\n")
    run = project.pytest()
    refused(run, "2 options are wrong:")


def test_a_wrong_configuration_matters_only_to_an_audited_run(project: Project) -> None:
    pyproject(project, "fail-on = 'x'")
    assert project.pytest(audit=False).code == 0


def test_a_report_that_cannot_be_written_is_told_after_the_tests(project: Project) -> None:
    project.only_test(ONE_TEST)
    project.write("file", "no folder")
    run = project.pytest("--queryaudit-output=json:file/report.json")
    assert run.code == 4
    assert "1 passed" in run.out
    assert "file/report.json" in run.out
    assert "Traceback" not in run.text
    assert run.places == ["QA101 book_list"], "the other report is written all the same"


@pytest.mark.parametrize("processes", [(), ("-p", "xdist.plugin", "-n2")], ids=["alone", "-n2"])
def test_a_trace_that_cannot_be_written_is_told(
    project: Project, processes: tuple[str, ...]
) -> None:
    project.only_test(ONE_TEST)
    project.write("file", "no folder")
    run = project.pytest(*processes, "--queryaudit-trace=file/traces")
    refused(run, "file/traces")


def test_an_unreadable_source_root_is_no_obstacle(project: Project) -> None:
    pyproject(project, 'source = ["."]\nomit = ["library/views.py"]')
    project.only_test(ONE_TEST)
    run = project.pytest()
    assert "views.py" not in "".join(f["location"]["path"] for f in run.findings)


def test_a_source_that_does_not_exist_is_named(project: Project) -> None:
    pyproject(project, 'source = ["no_such_package"]')
    refused(project.pytest(), "source names 'no_such_package'")


@pytest.fixture
def packaged(project: Project, tmp_path: Path) -> Project:
    """The application is an installed package, the project only has settings and tests."""
    site = tmp_path / "env" / "site-packages"
    site.mkdir(parents=True)
    (project.folder / "library").rename(site / "library")
    ini = (project.folder / "pytest.ini").read_text(encoding="utf-8")
    project.write("pytest.ini", ini.replace("pythonpath = .", f"pythonpath = . {site}"))
    project.only_test(ONE_TEST)
    return project


def test_an_installed_package_is_not_the_project(packaged: Project) -> None:
    assert packaged.pytest().places == []


def test_an_installed_package_is_audited_as_source(packaged: Project) -> None:
    pyproject(packaged, 'source = ["library"]')
    run = packaged.pytest()
    assert run.code == 1
    [finding] = run.findings
    assert finding["location"]["path"].endswith("library/views.py")
    assert finding["location"]["function"] == "book_list"
    assert {c["location"]["kind"] for c in finding["causes"]} == {"template"}
    assert finding["fix"]["code"] == 'Book.objects.select_related("writer__city")'


def test_the_fingerprints_of_a_package_do_not_depend_on_where_it_is(
    packaged: Project, tmp_path: Path
) -> None:
    pyproject(packaged, 'source = ["library"]')
    first = packaged.pytest()
    site = tmp_path / "env" / "site-packages"
    other = tmp_path / "elsewhere" / "lib" / "site-packages"
    other.parent.mkdir(parents=True)
    site.rename(other)
    ini = (packaged.folder / "pytest.ini").read_text(encoding="utf-8")
    packaged.write("pytest.ini", ini.replace(str(site), str(other)))
    again = packaged.pytest()
    assert [f["fingerprint"] for f in again.findings] == [f["fingerprint"] for f in first.findings]
    assert again.report["gate"]["new"] == first.report["gate"]["new"]
