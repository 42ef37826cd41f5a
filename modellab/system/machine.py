"""Facts about where a result was measured: commit, library versions, host, machine class.

Every function answers quickly and never raises: what cannot be found out is empty.
"""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

HARDWARE = "hardware"  # the key of provenance under which a result says what computed it
KERNELS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "CT2_FORCE_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR",
           "OPENBLAS_CORETYPE")  # fmt: skip
PROCESS = "process"  # the key under which a result says that its model ran in the process of the run itself
SELFTEST = "selftest"  # the key of provenance under which a result says what its machine's self-test said
MOST_CHARACTERS = 80  # of a machine's given name: it is part of file names
ANSWER_S = 5.0  # the longest any helper program may take
BRANCH_VARIABLES = ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME")  # a CI checkout has no branch


def is_ci(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a run of continuous integration, where nobody looks at what is merely told."""
    return environment.get("CI", "").lower() in {"1", "true"}


@dataclass(frozen=True, slots=True)
class Commit:
    """The state of the working tree. Every field is empty outside a git repository.

    `position` is the number of commits up to and including this one: the x axis of a trend. It is 0
    where it cannot be known (a shallow clone). `dirty` says that a tracked file differs from the commit.
    """

    hash: str = ""
    position: int = 0
    branch: str = ""
    dirty: bool = False

    @property
    def short(self) -> str:
        """Seven characters, or "no commit"."""
        return self.hash[:7] or "no commit"


def commit(folder: Path) -> Commit:
    """The commit that `folder` is checked out at."""
    status = answer(
        "git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no", GIT_OPTIONAL_LOCKS="0"
    )
    lines = status.splitlines()
    facts = dict(line[2:].split(" ", 1) for line in lines if re.match(r"# branch\.\S+ \S", line))
    hash = facts.get("branch.oid", "")
    if not re.fullmatch(r"[0-9a-f]{40,64}", hash):  # "(initial)" in a repository without a commit
        return Commit()
    branch = facts.get("branch.head", "")
    if branch == "(detached)":
        branch = next((os.environ[name] for name in BRANCH_VARIABLES if os.environ.get(name)), "")
    return Commit(hash, _position(folder), branch, dirty=any(not line.startswith("#") for line in lines))


def author(folder: Path) -> str:
    """The name that git has for who works in `folder`; '' without one."""
    return answer("git", "-C", str(folder), "config", "user.name").strip()


def _position(folder: Path) -> int:
    shallow = answer("git", "-C", str(folder), "rev-parse", "--is-shallow-repository").strip()
    count = answer("git", "-C", str(folder), "rev-list", "--count", "HEAD").strip()
    return int(count) if shallow == "false" and count.isdecimal() else 0


def resolve(folder: Path, revision: str) -> str:
    """The hash of the commit that git calls so; "" where there is none."""
    if revision.startswith("-"):
        return ""
    command = ("git", "-C", str(folder), "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return answer(*command).strip()


def origin() -> str:
    """Where pip finds this modellab again: `git+URL@COMMIT` of what it was installed from; "" where nobody can tell."""
    try:
        direct_url = json.loads(importlib.metadata.distribution("modellab").read_text("direct_url.json") or "{}")
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""
    url, place = str(direct_url.get("url", "")), urlsplit(str(direct_url.get("url", "")))
    commit = str(direct_url.get("vcs_info", {}).get("commit_id", ""))
    if place.scheme == "file" and "dir_info" in direct_url:
        git = ("git", "-C", folder := unquote(place.path))
        is_whole = answer(*git, "rev-parse", "--show-toplevel").strip() == folder
        url = answer(*git, "remote", "get-url", "origin").strip() if is_whole else ""
        commit = resolve(Path(folder), "HEAD")
    url = re.sub(r"^git@([\w.-]+):", r"https://\1/", url)
    return f"git+{url}@{commit}" if commit and re.fullmatch(r"https://[\w.-]+/[\w./~-]+", url) else ""


def changes(path: Path) -> list[tuple[str, str, str]]:
    """The commits that changed a file, newest first: hash, ISO date, subject. None outside a repository."""
    form = "--format=%H%x09%cI%x09%s"
    if not path.parent.is_dir():
        return []
    log = answer("git", "-C", str(path.parent), "log", form, "--", path.name)
    lines = (line.split("\t", 2) for line in log.splitlines())
    return [(parts[0], parts[1], parts[2]) for parts in lines if len(parts) == 3]


def content(path: Path, revision: str) -> str:
    """What a file held at a commit; "" where it was not there."""
    return answer("git", "-C", str(path.parent), "show", f"{revision}:./{path.name}")


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Python's version and that of each distribution that is installed, in the order given."""
    by_name = {"python": platform.python_version()}
    for name in distributions:
        try:
            by_name[name] = importlib.metadata.version(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):  # ValueError: an empty name
            continue
    return by_name


def hostname() -> str:
    """The name of this computer."""
    return platform.node()


def machine_class(threads: int, device: str) -> str:
    """What speed and memory depend on, as a slug: the key of their baselines.

    `amd-epyc-7763-f25.1-2c-1t` is a CPU model (family 25, model 1) with 2 logical cores, used with 1
    thread; `nvidia-l4-550.54.15` is
    a GPU and its driver. The variable MODELLAB_MACHINE replaces the name of the hardware, for fleets whose
    machines differ in name only (or share a name and differ).
    """
    given = _apart(os.environ.get("MODELLAB_MACHINE", "").strip())
    kind, _, index = device.partition(":")
    if kind == "cuda":
        return slug(f"{given}-cuda" if given else _gpu(index or "0"))
    if kind == "cpu":
        return slug(f"{given or f'{_cpu()}-{os.cpu_count() or 0}c'}-{threads}t")
    return slug(f"{given or _cpu()}-{kind}")


def hardware(device: str) -> str:
    """What the last bits of an output depend on: the CPU with its generation, or the GPU.

    Whatever MODELLAB_MACHINE calls the machine. Variables that make libraries compute as on an older CPU belong to it.
    """
    kind, _, index = device.partition(":")
    if kind == "cuda":
        return slug(_gpu(index or "0").partition(",")[0])
    forced = [f"{name}={os.environ[name]}" for name in KERNELS if os.environ.get(name)]
    return " ".join([slug(_cpu()), *forced])


def _apart(given: str) -> str:
    """A machine's given name; where a slug would lose letters or be too long for a file's name, with a hash of it.

    >>> _apart("CI large"), _apart("größe"), _apart("")
    ('CI large', 'größe-d353a267', '')
    """
    kept = given.isascii() and any(map(str.isalnum, given)) and len(given) <= MOST_CHARACTERS
    if kept or not given:
        return given
    mark = hashlib.sha256(given.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{given[:MOST_CHARACTERS]}-{mark}"


def slug(text: str) -> str:
    """Lower case, digits, dots and hyphens: safe as a file name.

    >>> slug("Intel(R) Xeon(R) 8481C / 2 cores")
    'intel-r-xeon-r-8481c-2-cores'
    """
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.") or "unknown"


def cpu_name(marketing: str) -> str:
    """A CPU's model name without trade marks, clock and core count.

    >>> cpu_name("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"), cpu_name("AMD EPYC 7763 64-Core Processor")
    ('Intel Xeon Platinum 8481C', 'AMD EPYC 7763')
    """
    noise = r"\((R|TM)\)|@.*|\bwith .*|\b(CPU|Processor)\b|\b[\w-]+-Core\b"
    return " ".join(re.sub(noise, " ", marketing, flags=re.IGNORECASE).split())


@lru_cache
def _cpu() -> str:
    if platform.system() == "Darwin":
        return cpu_name(answer("sysctl", "-n", "machdep.cpu.brand_string").strip() or platform.machine())
    try:
        facts = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        facts = ""
    name, *generation = (
        match[1] if (match := re.search(rf"^{field}\s*:\s*(\S.*)$", facts, flags=re.MULTILINE)) else ""
        for field in ("model name", "cpu family", "model")
    )
    named = cpu_name(name or platform.processor() or platform.machine())  # ARM kernels give no name
    return f"{named} f{'.'.join(generation)}" if all(generation) else named  # hypervisors shorten names: "AMD EPYC"


@lru_cache
def _gpu(index: str) -> str:
    visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    if visible and index.isdecimal() and int(index) < len(visible):
        index = visible[int(index)].strip()  # a number or a UUID; nvidia-smi takes both
    said = answer("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader", "-i", index)
    return said.splitlines()[0] if said.strip() else "unknown-cuda"


def answer(*command: str, within_s: float = ANSWER_S, **variables: str) -> str:
    """What a program prints, or "" when it is missing, fails or takes too long."""
    environment: Mapping[str, str] = os.environ | {"LC_ALL": "C"} | variables
    try:
        done = subprocess.run(command, capture_output=True, timeout=within_s, env=environment, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def today() -> str:
    """The date in UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
