"""What a revision wants installed, and an environment that has it.

The present interpreter serves when nothing that the model needs differs: the revision's `dependencies`, the model's
extra and what they pull in stand in its constraints.txt as they are installed here. Otherwise uv makes an environment,
once for each content of pyproject.toml and constraints.txt:

$MODELLAB_CACHE or ~/.cache/modellab
└── environments/
    ├── 5d41402abc4b-faster-whisper/        bin/python; the file `complete` is written last
    └── .5d41402abc4b-faster-whisper.lock   held by the one process that makes it
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import filelock
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from modellab.errors import ConfigError, WorkerError
from modellab.store import home

CONSTRAINTS = "constraints.txt"
COMPLETE = "complete"
LOCK_TIMEOUT_S = 3600.0
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Needs:
    """The part of a tree's pyproject.toml and constraints.txt that decides what is installed."""

    dependencies: tuple[str, ...] = ()
    extras: tuple[tuple[str, tuple[str, ...]], ...] = ()
    constraints: tuple[str, ...] = ()

    @classmethod
    def of(cls, root: Path) -> Needs:
        """Read a tree; what is not there asks for nothing."""
        try:
            project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
        except FileNotFoundError:
            project = {}
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{root / 'pyproject.toml'} is not readable TOML: {error}") from error
        try:
            lines = (root / CONSTRAINTS).read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []
        extras = sorted((str(name), tuple(each)) for name, each in project.get("optional-dependencies", {}).items())
        constraints = sorted(line.strip() for line in lines if line.strip() and not line.startswith("#"))
        return cls(tuple(project.get("dependencies", ())), tuple(extras), tuple(constraints))

    def wanted(self, extra: str) -> tuple[str, ...]:
        """The requirements of the project with an extra; an unknown one adds nothing."""
        return (*self.dependencies, *dict(self.extras).get(extra, ()))

    @property
    def digest(self) -> str:
        """A name for this content and this Python."""
        content = json.dumps([self.dependencies, self.extras, self.constraints, list(sys.version_info[:2])])
        return hashlib.sha256(content.encode()).hexdigest()[:12]


Have = Mapping[str, tuple[str, Sequence[str]]]  # canonical name of a distribution -> its version, its requirements


@cache
def present() -> Have:
    """What this interpreter has."""
    return {
        canonicalize_name(each.metadata["Name"]): (each.version, tuple(each.requires or ())) for each in distributions()
    }


def differs(then: Needs, now: Needs, extra: str, have: Have) -> str:
    """What of `then` is not as in `have`, as 'numpy==2.0 (2.1 is installed)'; '' if `have` serves.

    Only what the project with `extra` pulls in is compared: another version of a linter changes no measurement.
    """
    if then == now:
        return ""
    wanted = [Requirement(text) for text in then.wanted(extra)]
    reached = _closure(wanted, have)
    pinned = [pin for pin in map(_requirement, then.constraints) if pin and canonicalize_name(pin.name) in reached]
    for requirement in filter(_applies, (*wanted, *pinned)):
        version, _ = have.get(canonicalize_name(requirement.name), ("", ()))
        if not version and requirement in wanted:
            return f"{requirement} (not installed)"
        if version and not requirement.specifier.contains(version, prereleases=True):
            return f"{requirement} ({version} is installed)"
    return ""


def _requirement(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:  # an option of pip, a URL
        return None


def _applies(requirement: Requirement, extras: Iterable[str] = ()) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _closure(wanted: Iterable[Requirement], have: Have) -> set[str]:
    """The canonical names of the requirements and of all that the installed ones pull in."""
    open_, seen = list(wanted), set[tuple[str, frozenset[str]]]()
    while open_:
        need = open_.pop()
        name, extras = canonicalize_name(need.name), frozenset(need.extras)
        if (name, extras) not in seen:
            seen.add((name, extras))
            pulls = [pull for pull in map(_requirement, have.get(name, ("", ()))[1]) if pull is not None]
            open_ += [pull for pull in pulls if _applies(pull, extras)]
    return {name for name, _ in seen}


# ---------------------------------------------------------------------------- making one


def environment(root: Path, needs: Needs, extra: str, label: str, tell: Tell) -> Path:
    """The Python of an environment with what the tree at `root` wants, made first if it is not there whole."""
    folder = home().absolute() / "environments" / f"{needs.digest}{f'-{extra}' if extra else ''}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder.parent / f".{folder.name}.lock", timeout=LOCK_TIMEOUT_S):
            if not (folder / COMPLETE).exists():
                tell(f"making an environment for {label} in {folder} (once; minutes)")
                _make(root, needs, extra, label, folder)
                tell(f"the environment for {label} is made")
    except (OSError, filelock.Timeout) as error:
        raise WorkerError(
            f"the environment of {label} cannot be written to {folder} ({error}): free some space there, or set"
            " MODELLAB_CACHE to a folder that can be written"
        ) from error
    return folder / "bin" / "python"


def _make(root: Path, needs: Needs, extra: str, label: str, folder: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise WorkerError(
            f"{label} needs an environment of its own, and uv, which makes it, is neither beside {sys.executable} nor"
            " on PATH: pip install uv, or name an environment with --against-env"
        )
    shutil.rmtree(folder, ignore_errors=True)
    python = str(folder / "bin" / "python")
    constrained = ["--constraint", CONSTRAINTS] if needs.constraints else []
    extras = ["--extra", extra] if extra in dict(needs.extras) else []
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", python, *constrained, "--requirement", "pyproject.toml", *extras],
    ):
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode != 0:
            words = " ".join(done.stderr.split())[-400:] or f"exit status {done.returncode}"
            raise WorkerError(f"the environment of {label} could not be made by `uv {' '.join(command[1:3])}`: {words}")
    (folder / COMPLETE).touch()
