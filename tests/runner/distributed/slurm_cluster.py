"""A Slurm of one node on this machine's loopback, with a munge of its own; ends with the test."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")
WITHIN_S = 120.0
CONFIGURATION = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={folder}/munge
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
KillWait=5
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 State=UNKNOWN
PartitionName=low Nodes={host} Default=YES State=UP PriorityTier=1 GraceTime=5
PartitionName=high Nodes={host} State=UP PriorityTier=10 PreemptMode=OFF
"""


class NoClusterError(Exception):
    """Slurm is installed here, and its daemons do not come up."""


def why_not() -> str:
    """Why there can be none here; '' if there can."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    if missing := [name for name in NEEDED if shutil.which(name, path=path) is None]:
        return f"no {missing[0]} here: apt-get install slurm-wlm munge"
    return "" if os.getuid() == 0 else "slurmd wants to be root"


@contextmanager
def running() -> Iterator[Mapping[str, str]]:
    """The environment in which Slurm's commands find it. NoClusterError where a daemon does not come up."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True)))
        for name in ("state", "spool"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        host = socket.gethostname().split(".")[0]
        configuration = folder / "slurm.conf"
        text = CONFIGURATION.format(host=host, controller=free_port(), node=free_port(), folder=folder, user="root")
        configuration.write_text(text)
        env = {"SLURM_CONF": str(configuration), "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        own = [f"--{what}={folder}/{name}" for what, name in PLACES.items()]
        for command in (["munged", "--foreground", "--force", *own], ["slurmctld", "-D"], ["slurmd", "-D"]):
            log = undo.enter_context((folder / f"{command[0]}.out").open("wb"))
            process = subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=log)
            undo.callback(process.wait)
            undo.callback(process.terminate)
            if command[0] == "munged":
                wait_for(folder / "munge")
        wait_until_idle(env, folder)
        yield env


PLACES = {
    "key-file": "munge.key",
    "socket": "munge",
    "pid-file": "munged.pid",
    "log-file": "munged.log",
    "seed-file": "munged.seed",
}


def free_port() -> int:
    """A port that nobody has at the moment: Slurm takes no 0."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def wait_for(path: Path) -> None:
    """Until a file is there."""
    end_s = time.monotonic() + WITHIN_S
    while not path.exists():
        if time.monotonic() > end_s:
            raise NoClusterError(f"there is no {path}")
        time.sleep(0.05)


def wait_until_idle(env: Mapping[str, str], folder: Path) -> None:
    """Until the node takes jobs."""
    end_s = time.monotonic() + WITHIN_S
    while "idle" not in asked(env, "sinfo", "--noheader", "--format", "%T"):
        logs = "".join(path.read_text(errors="replace")[-800:] for path in folder.glob("*.log"))
        if time.monotonic() > end_s:
            raise NoClusterError(logs)
        time.sleep(0.1)


def asked(env: Mapping[str, str], *command: str) -> str:
    """What a command of Slurm prints."""
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False).stdout
