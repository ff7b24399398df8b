"""The report does not depend on processes, on the order of tests, or on a detour by traces."""

from __future__ import annotations

import pytest

from tests.integration.plugin_project import ForkServer, Project, Run, without_times

XDIST = ("-p", "xdist.plugin")
RANDOM = ("-p", "pytest_randomly")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Project:
    return Project(tmp_path_factory.mktemp("parallel") / "project", fork_server)


@pytest.fixture(scope="module")
def alone(shared: Project) -> Run:
    """One process, tests in their order, and a trace."""
    return shared.pytest("--queryaudit-trace=alone")


@pytest.fixture(scope="module")
def parallel(shared: Project) -> Run:
    """Two processes, and their traces."""
    return shared.pytest(*XDIST, "-n2", "--queryaudit-trace=parallel")


def same(run: Run, other: Run) -> None:
    """The same report but for times, and for what was set up: each process sets up for itself."""
    assert run.code == other.code
    for report in (run.report, other.report):
        report["audited"].pop("setup_queries", None)
    assert without_times(run.report) == without_times(other.report)


def test_two_processes_report_what_one_reports(alone: Run, parallel: Run) -> None:
    assert "2 workers" in parallel.out
    assert len(alone.places) == 3
    same(parallel, alone)


def test_no_processes_at_all_report_the_same(shared: Project, alone: Run) -> None:
    same(shared.pytest(*XDIST, "-n0"), alone)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_another_order_of_tests_reports_the_same(shared: Project, alone: Run, seed: int) -> None:
    pytest.importorskip("pytest_randomly")
    same(shared.pytest(*RANDOM, f"--randomly-seed={seed}"), alone)


def test_a_trace_gives_the_same_report(shared: Project, alone: Run) -> None:
    replayed = shared.command("report", "alone", "--output=json:report.json")
    assert [path.suffix for path in (shared.folder / "alone").iterdir()] == [".qatrace"]
    same(replayed, alone)


def test_traces_of_processes_give_the_same_report(
    shared: Project, alone: Run, parallel: Run
) -> None:
    traces = sorted(path.name for path in (shared.folder / "parallel").iterdir())
    assert len(traces) == 2
    names = [f"parallel/{name}" for name in reversed(traces)]
    replayed = shared.command("report", *names, "--output=json:report.json")
    same(replayed, alone)


def test_a_second_run_into_the_folder_reports_itself_alone(shared: Project, alone: Run) -> None:
    shared.pytest(*XDIST, "-n2", "--queryaudit-trace=twice")
    again = shared.pytest(*XDIST, "-n2", "--queryaudit-trace=twice")
    same(again, alone)


def test_a_worker_that_cannot_write_runs_its_tests_and_says_that_they_are_missing(
    project: Project,
) -> None:
    project.only_test("def test_it(client, books):\n    client.get('/books/')\n")
    project.append(
        "tests/conftest.py",
        "\n\nimport pytest\n\n\n@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_sessionstart(session):\n"
        "    given = getattr(session.config, 'workerinput', None)\n"
        "    if given is not None:\n"
        "        import shutil\n"
        "        shutil.rmtree(given['queryaudit_traces'])\n"
        "        open(given['queryaudit_traces'], 'w').close()\n",
    )
    run = project.pytest(*XDIST, "-n1", "--queryaudit-trace=traces")
    assert "1 passed" in run.out
    assert run.code == 5, "nothing was audited"
    (told,) = run.report["diagnostics"]
    assert told["slug"] == "trace-incomplete"
    assert told["message"].startswith("A worker's tests are missing: The trace ")


def test_a_run_of_which_a_workers_tests_are_missing_is_not_clean(project: Project) -> None:
    project.only_test(
        "import pytest\n\n\n@pytest.mark.parametrize('number', range(4))\n"
        "def test_it(number, client, books):\n    client.get('/books/lean/')\n"
    )
    project.append(
        "tests/conftest.py",
        "\n\nimport pytest\n\n\n@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_configure(config):\n"
        "    given = getattr(config, 'workerinput', None)\n"
        "    if given is not None and given['workerid'] == 'gw0':\n"
        "        given['queryaudit_traces'] += '/a-file/within'\n"
        "        open(given['queryaudit_traces'][:-7], 'w').close()\n",
    )
    run = project.pytest(*XDIST, "-n2", "--dist=each")
    assert run.report["audited"]["tests"] == 4, "those of the other worker"
    assert [d["slug"] for d in run.report["diagnostics"]] == ["trace-incomplete"]
    assert run.code == 3


def test_a_worker_that_died_as_it_began_takes_nothing_from_the_others(project: Project) -> None:
    project.only_test("def test_it(client, books):\n    client.get('/books/')\n")
    project.append(
        "tests/conftest.py",
        "\n\ndef pytest_configure_node(node):\n"
        "    open(node.workerinput['queryaudit_traces'] + '/dead.qatrace', 'w').close()\n",
    )
    run = project.pytest(*XDIST, "-n1", "--queryaudit-trace=traces")
    assert run.code == 1
    assert run.places == ["QA101 book_list"]
    assert [d["slug"] for d in run.report["diagnostics"]] == ["trace-left-out"]


def test_processes_cannot_share_one_trace_file(shared: Project) -> None:
    run = shared.pytest(*XDIST, "-n2", "--queryaudit-trace=one.qatrace")
    assert run.code == 4
    assert "several processes can't write one trace" in run.text
    assert "Name a folder." in run.text
