"""--against: candidate and base in turn, through the front door. Effects are of 100 %, so that no noise hides them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import processes

from .conftest import FakeProject

BROKEN = 3


@pytest.fixture
def repository(fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> FakeProject:
    """The fake project as a git repository with one commit, in which a call burns 10 ms of CPU time."""
    monkeypatch.setenv("MODELLAB_CACHE", str(fake_project.root.parent / "cache"))
    fake_project.behave(burn_s=0.01)
    git(fake_project, "init", "--quiet", "--initial-branch=main")
    (fake_project.root / ".gitignore").write_text("mlruns/\nloads.log\n__pycache__/\n")
    commit(fake_project, "10 ms")
    return fake_project


def git(project: FakeProject, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(project.root), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(project: FakeProject, message: str) -> str:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", message)
    return git(project, "rev-parse", "HEAD")


def verdicts(project: FakeProject) -> dict[str, Any]:
    """The last case's verdicts by metric."""
    return {verdict["metric"]: verdict for verdict in project.ledger()[-1]["verdicts"]}


# ---------------------------------------------------------------------------- a revision


@pytest.mark.slow
def test_twice_the_computing_is_red_and_the_same_is_green(repository: FakeProject) -> None:
    result = repository.run("--against", "HEAD")
    assert result.ret == 0, result.stdout.str()
    now = verdicts(repository)
    label = f"HEAD {git(repository, 'rev-parse', 'HEAD')[:7]}"
    assert {now[metric]["versus"] for metric in ("rtf", "rtf_cpu", "peak_rss_bytes")} == {label}
    assert now["rtf_cpu"]["status"] == "PASS"
    result.stdout.fnmatch_lines([f"*scorecard*speed vs {label}*", f"*{label} runs in the present environment*"])

    repository.behave(burn_s=0.02)
    slower = repository.run("--against", "HEAD")
    assert slower.ret == 1
    now = verdicts(repository)
    assert now["rtf_cpu"]["status"] == "REGRESSED"
    assert 0.5 < now["rtf_cpu"]["change"] < 1.5
    slower.stdout.fnmatch_lines(["*rtf_cpu against *REGRESSED*slower in 17 fresh pairs*"])
    assert git(repository, "status", "--porcelain") == "M models/fake/behaviour.json", "the working tree is as it was"


@pytest.mark.slow
def test_a_faster_candidate_has_improved(repository: FakeProject) -> None:
    repository.behave(burn_s=0.04)
    slow = commit(repository, "40 ms")
    repository.behave(burn_s=0.01)
    assert repository.run("--against", slow[:10]).ret == 0
    assert verdicts(repository)["rtf_cpu"]["status"] == "IMPROVED"


def test_the_base_runs_its_own_adapter_on_the_present_audio(repository: FakeProject) -> None:
    adapter = repository.model / "adapter.py"
    adapter.write_text(adapter.read_text().replace("return Transcript(", "return Transcript('please ' + "))
    result = repository.run("--against", "HEAD")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*note: * said something else in * of * pairs"])
    note = next(line for line in result.outlines if "something else" in line)
    differing, pairs = note.split(" in ")[1].split(" pairs")[0].split(" of ")
    assert differing == pairs
    tree = repository.root.parent / "cache" / "worktrees" / git(repository, "rev-parse", "HEAD")
    assert (tree / "models" / "fake" / "loads.log").read_text().count("one") == 1
    assert len(repository.loads()) == 1


@pytest.mark.slow
def test_a_model_that_the_revision_lacks_is_new(repository: FakeProject) -> None:
    variants = {name: {"weights": "package", "tier": "smoke"} for name in ("one", "two")}
    repository.configure(variants=variants)
    result = repository.run("--against", "HEAD")
    assert result.ret == 0
    rtf = {entry["key"]["variant"]: verdict for entry in repository.ledger() for verdict in entry["verdicts"]}
    assert rtf["two"]["status"] == "NEW"
    assert rtf["one"]["status"] == "PASS"
    result.stdout.fnmatch_lines(["*peak_rss_bytes against * NEW: fake has no variant two there"])


@pytest.mark.slow
def test_more_memory_than_the_base_is_red_after_fresh_processes_agree(repository: FakeProject) -> None:
    repository.behave(burn_s=0.01, hoard_mb=60)
    result = repository.run("--against", "HEAD")
    assert result.ret == 1
    now = verdicts(repository)
    assert now["peak_rss_bytes"]["status"] == "REGRESSED"
    assert 50 < now["peak_rss_bytes"]["change"] / 2**20 < 70
    assert len(repository.loads()) >= 2, "and more where a busy machine made it look slower, too"
    result.stdout.fnmatch_lines(["*peak_rss_bytes against *MiB above the peak of HEAD *"])


# ---------------------------------------------------------------------------- the base is lost


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param(
            {"segfault_on": 3},
            "the worker died during 'utterance': killed by SIGSEGV*",
            id="segfault",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"hang_on": 3},
            "no answer to 'utterance' within 2 s: the worker was killed*",
            id="hangs",
            marks=pytest.mark.slow,
        ),
        pytest.param({"fail_to_load": True}, "the model could not be loaded: OSError: the weights*", id="load"),
    ],
)
def test_a_lost_base_is_one_failed_case_that_names_it(
    repository: FakeProject, behaviour: dict[str, Any], words: str
) -> None:
    repository.configure(timeout_s=2)
    repository.behave(**behaviour)
    bad = commit(repository, "a bad one")
    repository.behave(burn_s=0.01)
    repository.dataset("second_v1")
    result = repository.run("--against", bad)
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines([f"*the base ({bad[:7]})*{words}"])
    assert [entry["status"] for entry in repository.ledger()] == ["ERROR", "ERROR"]
    assert processes.workers_below() == []


@pytest.mark.slow
def test_ctrl_c_ends_both_workers(repository: FakeProject) -> None:
    repository.behave(burn_s=0.01, hang_on=12)
    hangs = commit(repository, "hangs in the pairs")
    repository.behave(burn_s=0.01)
    command = [sys.executable, "-m", "pytest", "benchmarks", "-k", "fake", "--no-mlflow", "--against", hangs]
    process = subprocess.Popen(command, cwd=repository.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 60
    while len(workers := psutil.Process(process.pid).children()) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert len(workers) == 2
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


# ---------------------------------------------------------------------------- another variant, another environment


@pytest.mark.slow
def test_another_variant_is_a_base(repository: FakeProject) -> None:
    adapter = repository.model / "adapter.py"
    halved = 'does.get("burn_s", 0.002) / (2 if self.variant == "two" else 1)'
    text = adapter.read_text().replace('does.get("burn_s", 0.002)', halved)
    adapter.write_text(text.replace("self.calls = 0", "self.calls = 0; self.variant = setting.variant"))
    variants = {name: {"weights": "package", "tier": "smoke"} for name in ("one", "two")}
    repository.configure(variants=variants)
    result = repository.run("--against", ":one")
    assert result.ret == 0, result.stdout.str()
    status = {
        entry["key"]["variant"]: verdict["status"]
        for entry in repository.ledger()
        for verdict in entry["verdicts"]
        if verdict["metric"] == "rtf_cpu"
    }
    assert status == {"one": "PASS", "two": "IMPROVED"}


@pytest.mark.slow
def test_the_present_interpreter_is_an_environment(repository: FakeProject) -> None:
    result = repository.run("--against-env", sys.prefix)
    assert result.ret == 0, result.stdout.str()
    assert verdicts(repository)["rtf_cpu"]["versus"] == sys.prefix


@pytest.mark.slow
def test_a_revision_in_a_named_environment(repository: FakeProject) -> None:
    result = repository.run("--against", "HEAD", "--against-env", sys.executable)
    assert result.ret == 0, result.stdout.str()
    assert verdicts(repository)["rtf_cpu"]["versus"].endswith(f" in {sys.executable}")


def test_an_environment_without_modellabs_dependencies_is_told(repository: FakeProject, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    result = repository.run("--against-env", str(bare))
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines([f"*the base ({bare}) cannot run modellab in {bare}/bin/python: ModuleNotFoundError:*"])


@pytest.mark.slow
def test_dependencies_that_cannot_be_installed_are_told_once(
    repository: FakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    pyproject = repository.root / "pyproject.toml"
    now = pyproject.read_text()
    pyproject.write_text('[project]\nname = "p"\nversion = "1"\ndependencies = ["jiwer==0.0.1"]\n' + now)
    old = commit(repository, "wants an old jiwer")
    pyproject.write_text(now)
    repository.dataset("second_v1")
    result = repository.run("--against", old)
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines([f"modellab: making an environment for {old[:7]} in *"])
    assert result.stdout.str().count("making an environment") == 1
    result.stdout.fnmatch_lines([f"*the environment of {old[:7]} could not be made by `uv pip install`: *jiwer*"])


# ---------------------------------------------------------------------------- wrong usage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--against", "HEDA"], "*--against 'HEDA': git knows no such revision in *"),
        (["--against", "HEAD", "--in-process"], "*--in-process cannot go with --against*"),
        (["--against", "HEAD", "--update-baselines", "--reason", "x"], "*--update-baselines cannot go with --against*"),
    ],
)
def test_wrong_usage_is_one_sentence(repository: FakeProject, arguments: list[str], words: str) -> None:
    result = repository.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([words])


@pytest.mark.slow
def test_two_xdist_workers_give_the_same(repository: FakeProject) -> None:
    variants = {name: {"weights": "package", "tier": "smoke"} for name in ("one", "two")}
    repository.configure(variants=variants)
    commit(repository, "two variants")
    result = repository.run_subprocess("--against", "HEAD", "-n", "2")
    assert result.ret == 0, result.stdout.str()
    found = [
        (entry["key"]["variant"], verdict["status"])
        for entry in repository.ledger()
        for verdict in entry["verdicts"]
        if verdict["metric"] == "rtf_cpu"
    ]
    assert sorted(found) == [("one", "PASS"), ("two", "PASS")]
