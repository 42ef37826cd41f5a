"""Environments of their own for other people's programs that the tests talk to: made once on a machine, then kept.

What goes into one is fixed by a list beside this file, every package with its version: `requirements/NAME.txt` for
Python, `NAME/package.json` for JavaScript. They lie in modellab's cache folder under the digest of their list, so that
runs and xdist's workers share them, and a changed list is another environment. Where one cannot be made the test fails
with the reason.

To bring a list up to date: `echo 'moto[server]' | uv pip compile --no-header --no-annotate - -o requirements/s3.txt`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import filelock

from modellab.system import virtualenv

HERE = Path(__file__).parent
WAY_OUT = "make the project's environment with `make setup`, which brings uv"
NPM_S = 600


@cache
def python(name: str, here: Path = HERE) -> Path:
    """The Python of the environment of `requirements/NAME.txt`."""
    wanted = here / "requirements" / f"{name}.txt"
    folder = f"{_digest(wanted, '.'.join(map(str, sys.version_info[:2])))}-test-{name}"
    asked = ["--no-deps", "--requirement", str(wanted)]
    return virtualenv.environment(folder, f"the tests' {name}", asked, here, WAY_OUT, lambda said: None)


def program(name: str, command: str) -> Path:
    """A command that is installed in an environment."""
    return python(name).with_name(command)


@cache
def javascript(name: str) -> Path:
    """A folder whose `node_modules` holds what `NAME/package.json` names."""
    wanted = HERE / name
    folder = virtualenv.place(f"{_digest(wanted / 'package.json', '')}-test-{name}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder.parent / f".{folder.name}.lock", timeout=virtualenv.LOCK_TIMEOUT_S):
        if not virtualenv.is_made(folder):
            _install(wanted, folder)
    return folder


def node() -> str:
    """The command `node`; an error with the way to it where there is none."""
    return _found("node")


def _install(wanted: Path, folder: Path) -> None:
    npm = _found("npm")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(wanted / "package.json", folder)
    command = [npm, "install", "--no-package-lock", "--omit=peer", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=NPM_S)
    if done.returncode != 0:
        raise RuntimeError(f"{folder.name} could not be made by `npm install`: {done.stderr[-400:]}")
    (folder / virtualenv.COMPLETE).touch()


def _found(command: str) -> str:
    path = shutil.which(command)
    if path is None:
        raise RuntimeError(f"the tests need `{command}` on PATH: `.ci/debian` installs it, where it may")
    return path


def _digest(path: Path, more: str) -> str:
    return hashlib.sha256(path.read_bytes() + more.encode()).hexdigest()[:12]
