"""A commit as a folder: made once, mended, shared, whatever state the working tree is in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.errors import ConfigError, WorkerError
from modellab.runner.paired import worktree

IDENTITY = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *IDENTITY, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits, then changes that belong to none."""
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for text in ("old", "new"):
        (folder / "file").write_text(text)
        git(folder, "add", "file")
        git(folder, "commit", "--quiet", "--message", text)
    (folder / "file").write_text("dirty")
    (folder / "untracked").write_text("dirty")
    return folder


def hash_of(repository: Path, ref: str = "HEAD~1") -> str:
    return git(repository, "rev-parse", ref)


@pytest.mark.parametrize("ref", ["HEAD~1", "main~1", "HEAD^", "short"])
def test_a_name_of_a_commit_is_its_hash(repository: Path, ref: str) -> None:
    known = hash_of(repository)
    assert worktree.commit(repository, known[:9] if ref == "short" else ref) == known


@pytest.mark.parametrize("ref", ["", "HEDA", "--help", "HEAD~9", "HEAD:file", "a b"])
def test_what_names_no_commit(repository: Path, ref: str) -> None:
    assert worktree.commit(repository, ref) == ""


def test_the_top_of_the_working_tree(repository: Path, tmp_path: Path) -> None:
    inside = repository / "some" / "folder"
    inside.mkdir(parents=True)
    assert worktree.toplevel(inside).resolve() == repository.resolve()
    with pytest.raises(ConfigError, match="has no git history: fatal: not a git repository"):
        worktree.toplevel(tmp_path)
    with pytest.raises(ConfigError, match="has no git history"):
        worktree.toplevel(tmp_path / "nowhere")


def test_the_variables_of_a_git_hook_mislead_nobody(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert len(worktree.commit(repository, "HEAD")) == 40


def test_a_shallow_clone_is_known(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    assert worktree.is_shallow(tmp_path / "shallow")
    assert not worktree.is_shallow(repository)


def test_ignored_is_what_git_ignores(repository: Path) -> None:
    (repository / ".gitignore").write_text(".venv/\n")
    assert worktree.ignores(repository, repository / ".venv" / "lib")
    assert not worktree.ignores(repository, repository / "file")
    assert not worktree.ignores(repository, repository / "untracked")


# ---------------------------------------------------------------------------- the worktree


def test_a_commit_is_a_folder_and_the_working_tree_stays_as_it_is(repository: Path, tmp_path: Path) -> None:
    before = git(repository, "status", "--porcelain")
    folder = worktree.worktree(repository, hash_of(repository))
    assert folder.is_relative_to(tmp_path / "cache" / "worktrees")
    assert (folder / "file").read_text() == "old"
    assert not (folder / "untracked").exists()
    assert (repository / "file").read_text() == "dirty"
    assert git(repository, "status", "--porcelain") == before
    assert git(repository, "branch", "--show-current") == "main"


def test_it_is_made_once(repository: Path) -> None:
    folder = worktree.worktree(repository, hash_of(repository))
    made = (folder / "file").stat().st_mtime_ns
    (folder / "left behind").write_text("by a run")
    assert worktree.worktree(repository, hash_of(repository)) == folder
    assert (folder / "file").stat().st_mtime_ns == made
    assert (folder / "left behind").exists()


@pytest.mark.parametrize("damage", ["edited", "file deleted", "folder deleted", "no git", "half made", "other commit"])
def test_what_is_not_whole_is_made_anew(repository: Path, damage: str) -> None:
    commit = hash_of(repository)
    folder = worktree.worktree(repository, commit)
    match damage:
        case "edited":
            (folder / "file").write_text("edited")
        case "file deleted":
            (folder / "file").unlink()
        case "folder deleted":
            shutil.rmtree(folder)
        case "no git":
            (folder / ".git").unlink()
        case "half made":  # git killed while it wrote: its own lock and mark stay
            inner = Path(git(folder, "rev-parse", "--git-dir"))
            (inner / "locked").write_text("initializing")
            (inner / "index.lock").touch()
            (folder / "file").unlink()
        case "other commit":
            git(folder, "checkout", "--quiet", "--detach", "main")
    assert worktree.worktree(repository, commit) == folder
    assert (folder / "file").read_text() == "old"


def test_git_forgets_a_deleted_one(repository: Path) -> None:
    folder = worktree.worktree(repository, hash_of(repository))
    shutil.rmtree(folder)
    git(repository, "worktree", "prune")
    assert git(repository, "worktree", "list", "--porcelain").count("worktree ") == 1


def test_a_clone_takes_over_from_one_that_is_gone(repository: Path, tmp_path: Path) -> None:
    commit = hash_of(repository)
    worktree.worktree(repository, commit)
    git(tmp_path, "clone", "--quiet", str(repository), "clone")
    shutil.rmtree(repository)
    folder = worktree.worktree(tmp_path / "clone", commit)
    assert (folder / "file").read_text() == "old"


def test_no_hook_of_the_repository_runs(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert (worktree.worktree(repository, hash_of(repository)) / "file").exists()


MAKE = "import sys; from pathlib import Path; from modellab.runner.paired import worktree; "
MAKE += "print(worktree.worktree(Path(sys.argv[1]), sys.argv[2]))"


@pytest.mark.slow
def test_two_processes_make_it_together(repository: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(repository), hash_of(repository)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert (Path(answers[0][0].strip()) / "file").read_text() == "old"


def test_a_commit_that_git_cannot_check_out_is_told(repository: Path) -> None:
    with pytest.raises(WorkerError, match=r"git could not check out 0123456 to .*: fatal: invalid reference"):
        worktree.worktree(repository, "0123456" + "0" * 33)


def test_a_cache_that_is_a_file_is_told(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(WorkerError, match="set MODELLAB_CACHE to a folder that can be written"):
        worktree.worktree(repository, hash_of(repository))
