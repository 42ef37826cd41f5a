"""The executor on Slurm: an array of workers that pull from a folder of the project (`shared_folder.py`), by submitit.

    slurm:partition=a100,gpus=1,workers=25,time_min=240,cpus=8,mem_gb=32,account=speech,qos=low,constraint=80gb

Slurm starts them whenever there is room, so the run goes on with those that are there. What it takes away because the
time is up gets SIGUSR2 first: the worker finishes its utterance, gives back the rest, and has itself put into Slurm's
queue again; so does Slurm with what it preempts. The project lies on a file system that all nodes see.
`pip install 'modellab[slurm]'`
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError, did_you_mean
from modellab.runner.distributed.controller import Attempt
from modellab.runner.distributed.executor import Event, Plan, Up
from modellab.runner.distributed.puller import Puller
from modellab.runner.distributed.shared_folder import SharedFolder
from modellab.system import extras

NUMBERS = ("gpus", "cpus", "mem_gb", "time_min", "workers")
WORDS = ("partition", "account", "qos", "constraint")
DEFAULTS = {"cpus": 4, "time_min": 240}
IDLE_S = 600.0  # without a run, after which a worker leaves
WARNING_S = 60  # between SIGUSR2 and the end of the time
GRACE_S = 600.0  # more than Slurm waits after SIGTERM
LOOK_S = 10.0
ANSWER_S = 60.0
MOST_LOG = 300  # characters of a log that a sentence has


class Pull:
    """What each member of the array does."""

    def __init__(self, folder: str, root: str, idle_s: float = IDLE_S) -> None:
        self.folder, self.root, self.idle_s = folder, root, idle_s

    def __call__(self) -> str:
        """Compute shards until there are none any more; where Slurm takes this place away, ask for another one."""
        puller = Puller(Path(self.folder), Path(self.root), said)
        puller.work(self.idle_s)
        if puller.left_by == signal.SIGUSR2:
            return requeued()
        if puller.left_by == signal.SIGTERM:
            time.sleep(GRACE_S)  # Slurm ends this process, and knows whether it was preempted and is to come again
        return "nothing more to do"


class Slurm:
    """An array of workers, submitted with the first case and cancelled when the run is over."""

    def __init__(self, text: str, workers: int | None = None) -> None:
        """`text` as above. ConfigError for what no array can have, ExtraError without submitit."""
        self.options = parsed(text)
        extras.need("slurm", "--executor slurm:...")
        if shutil.which("sbatch") is None:
            raise ConfigError("--executor slurm:... needs Slurm's sbatch, which is not here: start it on a login node")
        self.count = workers or int(self.options.get("workers", 1))
        self.folder: SharedFolder | None = None
        self.job = ""
        self.looked_s = 0.0
        self.any_up = False
        self.logs = Path()

    def start(self, plan: Plan) -> None:
        """Put up the plan of a case, and submit the array where none is left of it."""
        place = Path(plan["root"]) / "mlruns" / "slurm"
        place.mkdir(parents=True, exist_ok=True)
        self.folder = self.folder or SharedFolder(place / "queue")
        self.folder.start(plan)
        self.logs, self.any_up, self.looked_s = place / "logs", False, time.monotonic()
        if not self.job or not states(self.job):
            self.job = submitted(self.logs, self.options, self.count, Pull(str(place / "queue"), plan["root"]))
            weakref.finalize(self, cancelled, self.job)

    def submit(self, worker: str, attempt: Attempt) -> None:
        """Give a worker a shard."""
        assert self.folder is not None, "start comes first"
        self.folder.submit(worker, attempt)

    def events(self, timeout_s: float) -> Iterator[Event]:
        """What has happened. ConfigError where the whole array has ended before any of it was up."""
        assert self.folder is not None, "start comes first"
        for event in self.folder.events(timeout_s):
            self.any_up |= isinstance(event, Up)
            yield event
        now_s = time.monotonic()
        if not self.any_up and now_s - self.looked_s > LOOK_S:
            self.looked_s = now_s
            if not states(self.job):
                raise ConfigError(
                    f"every worker of Slurm's job {self.job} ended before it was up: {self._last_words()}"
                )

    def stop(self) -> None:
        """End the case. The array stays for the next one, and is cancelled when this process lets go of it."""
        if self.folder is not None:
            self.folder.stop()

    def _last_words(self) -> str:
        for path in sorted(self.logs.glob(f"{self.job}*_log.err")):
            if text := path.read_text(errors="replace").strip():
                return f"{path}: ...{text[-MOST_LOG:]}"
        return f"see {self.logs}"


def parsed(text: str) -> dict[str, str]:
    """The options of `slurm:...`. ConfigError for one that is unknown, or no number where one is needed.

    >>> parsed("slurm:partition=a100,gpus=1")
    {'partition': 'a100', 'gpus': '1'}
    """
    given: dict[str, str] = {}
    for part in filter(None, text.partition(":")[2].split(",")):
        name, equals, value = (side.strip() for side in part.partition("="))
        if name not in (*NUMBERS, *WORDS):
            raise ConfigError(f"executor is {text!r}: {did_you_mean(name, [*NUMBERS, *WORDS])}")
        if not equals or not value or (name in NUMBERS and (not value.isdecimal() or int(value) < 1)):
            expected = "a whole number, 1 or more" if name in NUMBERS else "a name"
            raise ConfigError(f"executor is {text!r}: {name} is {value!r}, expected {expected}")
        given[name] = value
    return given


def submitted(logs: Path, options: Mapping[str, str], count: int, pull: Pull) -> str:
    """The number of the job. ConfigError where Slurm does not take it, with what it says."""
    import submitit

    given: dict[str, Any] = {**DEFAULTS, **options}
    executor = submitit.SlurmExecutor(logs, python=sys.executable)
    executor.update_parameters(
        job_name="modellab",
        time=int(given["time_min"]),
        cpus_per_task=int(given["cpus"]),
        array_parallelism=count,
        signal_delay_s=WARNING_S,
        **{name: given[name] for name in WORDS if name in given},
        **({"gpus_per_node": int(given["gpus"])} if "gpus" in given else {}),
        **({"mem": f"{given['mem_gb']}GB"} if "mem_gb" in given else {}),
    )
    try:
        jobs = executor.map_array(_run, [pull] * count)
    except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError, OSError) as error:
        told = " ".join(str(error).split())
        raise ConfigError(f"Slurm did not take the job: {told[-MOST_LOG:]}") from error
    return str(jobs[0].job_id).partition("_")[0]


def said(line: str) -> None:
    """Write a line into the log of this member of the array."""
    sys.stdout.write(f"modellab worker: {line}\n")
    sys.stdout.flush()


def _run(pull: Pull) -> str:
    return pull()


def states(job: str) -> list[str]:
    """PENDING, RUNNING, ... of each member of an array that is not over; none where Slurm no longer knows it."""
    done = _asked("squeue", "--noheader", "--array", "--jobs", job, "--format", "%T")
    return done.split() if done is not None else ["UNKNOWN"]


def cancelled(job: str) -> None:
    """End an array."""
    _asked("scancel", job)


def requeued() -> str:
    """Ask for another place for this member of an array, when this one is taken away."""
    job, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    name = f"{job}_{task}" if job and task else os.environ.get("SLURM_JOB_ID", "")
    return "requeued" if name and _asked("scontrol", "requeue", name) is not None else "left"


def _asked(*command: str) -> str | None:
    """What a command of Slurm prints; '' for a job that is over, None where it does not answer."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode and "Invalid job id" not in done.stderr:
        return None
    return done.stdout
