"""Where a result comes from: read from git and the hardware, and empty instead of wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from modellab.system import machine
from modellab.system.machine import Commit, machine_class


@pytest.fixture
def git(tmp_path, monkeypatch):
    """A function that runs git in a fresh repository, alone with its own configuration."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in machine.BRANCH_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    folder = tmp_path / "repository"
    folder.mkdir()
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]

    def run(*arguments: str) -> str:
        done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    run("init", "--initial-branch=trunk")
    return run


def test_a_commit_is_read_whole(git, tmp_path):
    folder = tmp_path / "repository"
    for number in range(3):
        (folder / "file").write_text(str(number))
        git("add", "file")
        git("commit", "-m", str(number))

    clean = machine.commit(folder)
    (folder / "untracked").write_text("x")
    with_notes = machine.commit(folder)
    (folder / "file").write_text("changed")

    assert clean == Commit(git("rev-parse", "HEAD"), 3, "trunk", dirty=False)
    assert clean.short == clean.hash[:7]
    assert with_notes == clean, "a file that git does not know changes nothing that was measured"
    assert machine.commit(folder).dirty


def test_a_detached_checkout_takes_its_branch_from_the_ci(git, tmp_path, monkeypatch):
    git("commit", "--allow-empty", "-m", "x")
    git("checkout", "--detach")
    nameless = machine.commit(tmp_path / "repository")
    monkeypatch.setenv("GITHUB_REF_NAME", "feature")

    assert (nameless.branch, machine.commit(tmp_path / "repository").branch) == ("", "feature")


def test_a_shallow_clone_has_no_position(git, tmp_path):
    for number in range(3):
        git("commit", "--allow-empty", "-m", str(number))
    git("clone", "--depth=1", f"file://{tmp_path / 'repository'}", str(tmp_path / "shallow"))

    found = machine.commit(tmp_path / "shallow")

    assert (found.hash, found.position) == (git("rev-parse", "HEAD"), 0)


def test_the_author_is_gits_user(git, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    assert machine.author(tmp_path / "repository") == ""
    git("config", "user.name", "Ada Lovelace")
    assert machine.author(tmp_path / "repository") == "Ada Lovelace"


def test_no_commit_is_empty(git, tmp_path, monkeypatch):
    unborn, elsewhere = machine.commit(tmp_path / "repository"), machine.commit(tmp_path)
    monkeypatch.setenv("PATH", "")

    assert [unborn, elsewhere, machine.commit(tmp_path)] == [Commit()] * 3
    assert Commit().short == "no commit"


def test_a_program_that_hangs_or_fails_answers_nothing():
    assert machine.answer(sys.executable, "-c", "import time; time.sleep(60)", within_s=0.2) == ""
    assert machine.answer(sys.executable, "-c", "print('no'); raise SystemExit(1)") == ""


def test_versions_leave_out_what_is_missing():
    found = machine.versions(["numpy", "no-such-distribution", ""])

    assert list(found) == ["python", "numpy"]


MARKETING = [
    ("AMD EPYC", "AMD EPYC"),
    ("AMD Ryzen 7 5800X 8-Core Processor", "AMD Ryzen 7 5800X"),
    ("AMD Ryzen 7 PRO 4750U with Radeon Graphics", "AMD Ryzen 7 PRO 4750U"),
    ("Intel(R) Core(TM) i7-10700 CPU @ 2.90GHz", "Intel Core i7-10700"),
    ("Apple M2 Pro", "Apple M2 Pro"),
]


@pytest.mark.parametrize(("marketing", "name"), MARKETING)
def test_cpu_names_lose_their_marketing(marketing, name):
    assert machine.cpu_name(marketing) == name


@pytest.fixture
def forgotten_hardware(monkeypatch):
    """The functions that ask the hardware have forgotten their answers, before and after."""
    monkeypatch.delenv("MODELLAB_MACHINE", raising=False)
    for function in (machine._cpu, machine._gpu):
        function.cache_clear()
    yield monkeypatch
    for function in (machine._cpu, machine._gpu):
        function.cache_clear()


CPUINFO = [
    ("processor: 0\nmodel name\t: AMD EPYC 7763 64-Core Processor\nmodel name\t: AMD", "amd-epyc-7763-2c-1t"),
    ("cpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n", "amd-epyc-f25.1-2c-1t"),
    ("processor: 0\nCPU implementer: 0x41\n", "aarch64-2c-1t"),
]


@pytest.mark.parametrize(("cpuinfo", "expected"), CPUINFO)
def test_the_class_of_a_cpu(forgotten_hardware, cpuinfo, expected):
    forgotten_hardware.setattr(Path, "read_text", lambda *_, **__: cpuinfo)
    forgotten_hardware.setattr("platform.system", lambda: "Linux")
    forgotten_hardware.setattr("platform.processor", lambda: "")
    forgotten_hardware.setattr("platform.machine", lambda: "aarch64")
    forgotten_hardware.setattr("os.cpu_count", lambda: 2)

    assert machine_class(1, "cpu") == expected


@pytest.fixture
def nvidia_smi(forgotten_hardware, tmp_path):
    """An nvidia-smi that knows two GPUs by number and one by UUID."""
    program = tmp_path / "nvidia-smi"
    large = 'echo "NVIDIA H100 80GB HBM3, 570.1"'
    program.write_text(
        f'#!/bin/sh\ncase "$4" in 0) echo "NVIDIA L4, 550.54.15";; 1|GPU-aa) {large};; *) exit 6;; esac\n'
    )
    program.chmod(0o755)
    forgotten_hardware.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return forgotten_hardware


GPUS = [
    ("cuda", None, "nvidia-l4-550.54.15"),
    ("cuda:1", None, "nvidia-h100-80gb-hbm3-570.1"),
    ("cuda", "1", "nvidia-h100-80gb-hbm3-570.1"),
    ("cuda:0", "GPU-aa,0", "nvidia-h100-80gb-hbm3-570.1"),
    ("cuda:7", None, "unknown-cuda"),
]


@pytest.mark.parametrize(("device", "visible", "expected"), GPUS)
def test_the_class_of_a_gpu_is_its_name_and_driver(nvidia_smi, device, visible, expected):
    nvidia_smi.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        nvidia_smi.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert machine_class(1, device) == expected


OVERRIDES = [("cpu", "ci-large-4t"), ("cuda", "ci-large-cuda"), ("mps", "ci-large-mps")]


@pytest.mark.parametrize(("device", "expected"), OVERRIDES)
def test_a_fleet_can_name_its_machines(forgotten_hardware, device, expected):
    forgotten_hardware.setenv("MODELLAB_MACHINE", "CI large")

    assert machine_class(4, device) == expected


OTHER_LETTERS = ["größe", "grüße", "本番", "生産", "*", "?", "x" * 300, "x" * 299 + "y"]


def test_two_names_of_machines_stay_two(forgotten_hardware):
    classes = []
    for name in OTHER_LETTERS:
        forgotten_hardware.setenv("MODELLAB_MACHINE", name)
        classes.append(machine_class(1, "cpu"))

    assert len(set(classes)) == len(OTHER_LETTERS)
    assert all(len(name) < 100 and name.endswith("-1t") and machine.slug(name) == name for name in classes)


def test_a_class_is_safe_as_a_file_name():
    assert machine.slug("../..\\x y/Z\0ü") == "x-y-z"
    assert machine.slug("///") == "unknown"


def test_hardware_is_the_cpus_whatever_the_machine_is_called(nvidia_smi):
    for name in (*machine.KERNELS, "CUDA_VISIBLE_DEVICES"):
        nvidia_smi.delenv(name, raising=False)
    cpu = machine_class(1, "mps").removesuffix("-mps")
    nvidia_smi.setenv("MODELLAB_MACHINE", "bench")
    assert [machine.hardware(device) for device in ("cpu", "mps", "cuda")] == [cpu, cpu, "nvidia-l4"]
    nvidia_smi.setenv("CT2_FORCE_CPU_ISA", "AVX2")
    assert machine.hardware("cpu") == f"{cpu} CT2_FORCE_CPU_ISA=AVX2"


HASH = "1" * 40


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", ""),
        (
            f'{{"url": "https://h.example/o/m", "vcs_info": {{"commit_id": "{HASH}"}}}}',
            f"git+https://h.example/o/m@{HASH}",
        ),
        ('{"url": "file:///tmp/modellab-0.2.0-py3-none-any.whl", "archive_info": {}}', ""),
        (f'{{"url": "https://me:secret@h.example/o/m", "vcs_info": {{"commit_id": "{HASH}"}}}}', ""),
    ],
    ids=["an index", "git", "a wheel", "a password"],
)
def test_where_pip_finds_this_modellab_again(monkeypatch: pytest.MonkeyPatch, said: str, expected: str) -> None:
    monkeypatch.setattr("importlib.metadata.distribution", lambda _: SimpleNamespace(read_text=lambda _: said))
    assert machine.origin() == expected


def test_a_clone_is_found_by_where_it_was_cloned_from(git, tmp_path, monkeypatch):
    git("commit", "--quiet", "--allow-empty", "-m", "first")
    folder = tmp_path / "repository"
    said = json.dumps({"url": folder.as_uri(), "dir_info": {}})
    monkeypatch.setattr("importlib.metadata.distribution", lambda _: SimpleNamespace(read_text=lambda _: said))
    assert machine.origin() == "", "it has no origin"
    git("remote", "add", "origin", "git@h.example:o/m.git")
    assert machine.origin() == f"git+https://h.example/o/m.git@{machine.resolve(folder, 'HEAD')}"
