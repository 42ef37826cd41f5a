"""Workers as an array of Slurm's: a real one of one node where it is installed, else stand-ins for its commands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from modellab.errors import ConfigError, ExtraError
from modellab.runner.distributed import choice, puller, slurm
from modellab.runner.options import RunOptions
from modellab.runner.run import RunResult, run
from modellab.runner.settling import PASSED
from modellab.system import extras

from ..suites import ONE, write_project
from . import slurm_cluster
from .test_local import entry_of, said
from .test_shared_folder import wait_for

needs_slurm = pytest.mark.skipif(bool(slurm_cluster.why_not()), reason=slurm_cluster.why_not() or "-")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    with ExitStack() as undo:
        try:
            env = undo.enter_context(slurm_cluster.running())
        except slurm_cluster.NoClusterError as error:  # as in a container that forbids what slurmd needs
            pytest.skip(f"Slurm's daemons do not come up on this machine: {error}")
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield env


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of commands that stand in for Slurm's; each writes down how it was called."""
    folder = tmp_path / "commands"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def stand_in(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f'#!/bin/sh\necho "$0 $*" >> {folder}/calls\n{script}\n')
    (folder / name).chmod(0o755)


@needs_slurm
@pytest.mark.slow
def test_an_array_whose_places_are_taken_away(
    tmp_path: Path, cluster: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One member is warned, as before the end of its time, one is preempted: both come again, nothing is lost."""
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    root = write_project(tmp_path, "fake")
    alone = run([ONE], root)
    model = root / "models" / "fake"
    held(model)
    found: list[RunResult] = []
    options = RunOptions(executor="slurm:partition=low,cpus=1,time_min=10", workers=2, shard_audio_s=2)
    running = threading.Thread(target=lambda: found.append(run([ONE], root, options)))
    running.start()
    queue = root / "mlruns" / "slurm" / "queue"
    wait_for(lambda: len({each.parent for each in queue.glob("*/workers/*/in/[0-9]*")}) == 2)  # both listen
    (job,) = set(slurm_cluster.asked(cluster, "squeue", "--noheader", "--format", "%F").split())
    slurm_cluster.asked(cluster, "scancel", "--signal", "USR2", f"{job}_0")
    (model / "go-2").touch()  # both end the utterance that they are at
    wait_for(lambda: came_again(cluster, f"{job}_0"))
    slurm_cluster.asked(cluster, "srun", "--partition", "high", "--cpus-per-task", "4", "true")
    wait_for(lambda: came_again(cluster, f"{job}_1"))
    for number in range(3, 10):
        (model / f"go-{number}").touch()
    for member in (f"{job}_0", f"{job}_1"):  # Slurm lets one that it has put back wait for two minutes
        slurm_cluster.asked(cluster, "scontrol", "update", f"JobId={member}", "StartTime=now")
    running.join()
    assert [result.exit_status for result in found] == [PASSED], [case.error for each in found for case in each.cases]
    assert said(entry_of(root, found[0].session)) == said(entry_of(root, alone.session))


def held(model: Path) -> None:
    """How each process waits in every call after that by which it gets warm until there is a file `go-N`."""
    adapter, config = model / "adapter.py", model / "config.yaml"
    config.write_text(config.read_text().replace("timeout_s: 20", "timeout_s: 600"))
    waits = "while n > 1 and not (HERE / f'go-{n}').exists():\n            time.sleep(0.05)\n        "
    adapter.write_text(adapter.read_text().replace("if n in does.get", waits + "if n in does.get", 1))


def came_again(cluster: Mapping[str, str], member: str) -> bool:
    return "Restarts=1" in slurm_cluster.asked(cluster, "scontrol", "show", "job", member)


@needs_slurm
@pytest.mark.slow
def test_a_partition_that_is_not_there_is_one_sentence(tmp_path: Path, cluster: Mapping[str, str]) -> None:
    result = run([ONE], write_project(tmp_path, "fake"), RunOptions(executor="slurm:partition=a100"))
    (case,) = result.cases
    assert result.exit_status == 3
    assert re.search("Slurm did not take the job: .*invalid partition specified: a100", case.error)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("slurm:partitoin=a100", "did you mean partition?"),
        ("slurm:gpus=none", "gpus is 'none', expected a whole number, 1 or more"),
        ("slurm:workers=0", "workers is '0', expected a whole number, 1 or more"),
        ("slurm:partition=", "partition is '', expected a name"),
        ("slurm:partition", "partition is '', expected a name"),
    ],
)
def test_options_that_no_array_can_have(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        choice.executor(text)


def test_without_the_extra_or_without_slurm_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="needs Slurm's sbatch, which is not here"):
        choice.executor("slurm:")
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(ExtraError, match=r"--executor slurm:.* needs submitit, .*: pip install 'modellab\[slurm\]'"):
        choice.executor("slurm:")


def test_an_array_that_ends_before_it_is_up_is_one_sentence(
    tmp_path: Path, commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a Python that a node does not have: the run says what the job's log says, and does not wait."""
    monkeypatch.setattr(slurm, "LOOK_S", 0.0)
    stand_in(commands, "sbatch", "echo Submitted batch job 7")
    stand_in(commands, "squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    stand_in(commands, "scancel", "")
    root = write_project(tmp_path, "fake")
    logs = root / "mlruns" / "slurm" / "logs"
    logs.mkdir(parents=True)
    (logs / "7_0_0_log.err").write_text("python: command not found\n")
    (case,) = run([ONE], root, RunOptions(executor="slurm:gpus=1,partition=a100", workers=3)).cases
    assert "every worker of Slurm's job 7 ended before it was up" in case.error
    assert "python: command not found" in case.error
    script = (logs / "7_submission.sh").read_text()
    for line in ("--partition=a100", "--gpus-per-node=1", "--array=0-2%3", "--signal=USR2@60", "--cpus-per-task=4"):
        assert f"#SBATCH {line}" in script
    assert "scancel 7" in (commands / "calls").read_text(), "it is cancelled when the run lets go of it"


@pytest.mark.parametrize(
    ("number", "told"), [(0, "nothing more to do"), (signal.SIGUSR2, "requeued")], ids=["done", "warned"]
)
def test_one_that_is_warned_asks_for_another_place(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    stand_in(commands, "scontrol", "")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")

    def work(self: puller.Puller, idle_s: float) -> None:
        self.left_by = number

    monkeypatch.setattr(puller.Puller, "work", work)
    assert slurm.Pull(str(tmp_path), str(tmp_path))() == told
    calls = (commands / "calls").read_text() if (commands / "calls").exists() else ""
    assert ("scontrol requeue 7_3" in calls) == bool(number)


def test_where_slurm_does_not_answer_nothing_is_given_up(commands: Path) -> None:
    stand_in(commands, "squeue", "echo 'Unable to contact slurm controller' >&2; exit 1")
    assert slurm.states("7") == ["UNKNOWN"]
    stand_in(commands, "squeue", "echo RUNNING; echo PENDING")
    assert slurm.states("7") == ["RUNNING", "PENDING"]


def test_submitit_is_imported_by_nobody_who_does_not_use_it() -> None:
    code = "import sys, modellab.runner.session, modellab.cli; print('submitit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n"
