"""A git revision as a folder: `git worktree` in the cache, made once for each commit, whatever state the tree is in.

$MODELLAB_CACHE or ~/.cache/modellab
└── worktrees/
    ├── 1a2b3c4.../        the whole tree of that commit; `git worktree prune` forgets it once it is deleted
    └── .1a2b3c4....lock   held by the one process that makes it
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import filelock

from modellab.errors import ConfigError, WorkerError
from modellab.system.cache import home

LOCK_TIMEOUT_S = 600.0


def toplevel(folder: Path) -> Path:
    """The root of the git working tree around `folder`; ConfigError with git's own words where there is none."""
    done = _git(folder, "rev-parse", "--show-toplevel")
    if done.returncode != 0:
        raise ConfigError(f"{folder} has no git history: {_words(done)}")
    return Path(done.stdout.strip())


def commit(folder: Path, ref: str) -> str:
    """The full hash of the commit that `ref` names; '' if it names none."""
    if not ref or ref.startswith("-"):
        return ""
    done = _git(folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    return done.stdout.strip() if done.returncode == 0 else ""


def is_shallow(folder: Path) -> bool:
    """Whether the clone lacks older commits, as CI's checkouts do."""
    return _git(folder, "rev-parse", "--is-shallow-repository").stdout.strip() == "true"


def ignores(top: Path, path: Path) -> bool:
    """Whether git ignores `path`, as it should a virtual environment inside the working tree."""
    return _git(top, "check-ignore", "--quiet", str(path)).returncode == 0


def worktree(top: Path, hash: str) -> Path:
    """The folder that holds the commit, made or mended first where it is not whole. Safe among processes."""
    folder = home().absolute() / "worktrees" / hash
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder.parent / f".{hash}.lock", timeout=LOCK_TIMEOUT_S):
            if not _intact(folder, hash):
                _make(top, hash, folder)
    except (OSError, filelock.Timeout) as error:
        raise WorkerError(
            f"the revision {hash[:7]} cannot be written to {folder} ({error}): make room and see to the rights there,"
            " or set MODELLAB_CACHE to a folder that can be written"
        ) from error
    return folder


def _make(top: Path, hash: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    # forced twice: over what git remembers of a deleted folder, and of one whose making was killed
    add = ("worktree", "add", "--force", "--force", "--detach", str(folder), hash)
    done = _git(top, "-c", "core.hooksPath=/dev/null", *add)
    if done.returncode != 0:
        raise WorkerError(f"git could not check out {hash[:7]} to {folder}: {_words(done)}")


def _intact(folder: Path, hash: str) -> bool:
    """Whether the folder is at the commit and no tracked file differs; what was added to it does not matter."""
    if not (folder / ".git").exists() or commit(folder, "HEAD") != hash:
        return False
    done = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return done.returncode == 0 and not done.stdout.strip()


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """git's answer; a git hook's own variables, which would name another repository, are kept from it."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or "SSL" in name}
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", env={**variables, "LC_ALL": "C"}, check=False
        )
    except OSError as error:  # no git, no such folder
        return subprocess.CompletedProcess(command, 127, "", f"git: {error.strerror}")


def _words(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "no answer")
