"""What schedulers are given in docs/distributed-queue.md: it can be read, and every command in it exists."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .server import environments
from .test_deploy import KUBERNETES
from .test_docs import ROOT, commands, of_pytest, read, unknown

PAGE = ROOT / "docs" / "distributed-queue.md"

__all__ = ["of_pytest"]  # a fixture


def manifests() -> list[dict[str, Any]]:
    return [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", read(PAGE), re.DOTALL)]


def scripts() -> list[str]:
    """What shells are given: by SkyPilot, and by Slurm."""
    (sky,) = [each["run"] for each in manifests() if "run" in each]
    (slurm,) = re.findall(r"```bash\n(.*?)```", read(PAGE), re.DOTALL)
    return [sky, slurm]


def test_the_pod_starts_a_worker_that_the_run_finds(of_pytest: set[str]) -> None:
    (job,) = [each for each in manifests() if each.get("kind") == "Job"]
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert unknown(container["command"], of_pytest) == []
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
    folder = container["command"][container["command"].index("--queue") + 1]
    assert Path(folder).is_relative_to(mounts["shared"])
    assert [each["name"] for each in container["env"]] == ["MODELLAB_QUEUE_KEY"]
    assert pod["terminationGracePeriodSeconds"] > 30, "it finishes its utterance"
    assert (job["spec"]["completionMode"], pod["restartPolicy"]) == ("Indexed", "Never"), "as those limits ask for"


def test_kubernetes_would_take_the_job(tmp_path: Path) -> None:
    (job,) = [each for each in manifests() if each.get("kind") == "Job"]
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(job), encoding="utf-8")
    command = [environments.program("deploy", "kubernetes-validate"), "--strict", "-k", KUBERNETES[-1], path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" passed for resource ") == 1


def test_skypilot_s_task_mounts_the_volume_that_holds_the_folder() -> None:
    (task,) = [each for each in manifests() if "run" in each]
    (volume,) = [each for each in manifests() if "access_mode" in each.get("config", {})]
    assert task["volumes"] == {"/shared": volume["name"]}
    assert "--queue /shared/queue" in task["run"]
    assert volume["config"]["access_mode"] == "ReadWriteMany", "by all nodes, with renames and locks"


def test_scripts_are_shells_own_and_start_workers(of_pytest: set[str]) -> None:
    for script in scripts():
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        (line,) = re.findall(r"modellab worker [^&\n]*", script)
        assert unknown(shlex.split(line), of_pytest) == []
        assert re.search(r"&\n", script), "the shell waits for it, so that a signal reaches it"
        assert "wait" in script.split()


def test_hugging_face_takes_its_command(of_pytest: set[str]) -> None:
    (words,) = [words for words in commands(PAGE) if words[0] == "hf"]
    assert unknown(words[words.index("modellab") :], of_pytest) == []
    pytest.importorskip("huggingface_hub.cli.hf", reason="pip install huggingface_hub")
    command = [str(Path(sys.executable).with_name("hf")), "jobs", "run", "--dry-run", *words[3:]]
    env = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    for line in ("flavor    h200x8", "volumes   hf://buckets/our-org/mlruns:/project/mlruns", "not submitted"):
        assert line in done.stdout
