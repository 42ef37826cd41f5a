"""What --against and --against-env name, and what the base then loads for a case."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.errors import ConfigError, NoBaseError
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.runner.paired.reference import Reference, resolve

from ...integration.conftest import write_dataset, write_model

IDENTITY = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *IDENTITY, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def configure(root: Path, **changes: Any) -> None:
    path = root / "models" / "fake" / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one fake model in a git repository with one commit."""
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n')
    write_model(root / "models" / "fake")
    write_dataset(root / "golden" / "short_v1")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "one")
    return root


def matrix(root: Path) -> Matrix:
    return Matrix(Project.at(root))


def case(root: Path, variant: str = "one", precision: str = "float32") -> Case:
    for found in matrix(root).cases("asr"):
        if isinstance(found, Case) and found.folder.name == "fake":
            key = found.key
            if (key.variant, key.precision) == (variant, precision):
                return found
    raise AssertionError(f"no cell fake:{variant} at {precision}")


def against(root: Path, ref: str = "", env: str = "") -> Reference:
    return resolve(ref, env, matrix(root), root)


# ---------------------------------------------------------------------------- names


def test_a_revision_is_labelled_with_its_commit(root: Path) -> None:
    head = git(root, "rev-parse", "HEAD")
    named = against(root, "main")
    assert (named.label, named.commit) == (f"main {head[:7]}", head)
    assert against(root, head[:12]).label == head[:7]


@pytest.mark.parametrize(("ref", "model"), [("fake:one", "fake"), (":one", "")])
def test_a_variant_is_one_of_the_matrix(root: Path, ref: str, model: str) -> None:
    found = against(root, ref)
    assert (found.label, found.model, found.variant, found.commit) == (ref, model, "one", "")


@pytest.mark.parametrize("program", [False, True], ids=["folder", "python"])
def test_an_environment_is_a_folder_or_a_python(root: Path, program: bool) -> None:
    named = sys.executable if program else sys.prefix
    found = against(root, env=named)
    assert found.python == Path(sys.executable)
    assert (found.label, found.commit, found.variant) == (named, "", "")


def test_a_relative_environment_starts_where_pytest_does(root: Path) -> None:
    (root / "other" / "bin").mkdir(parents=True)
    (root / "other" / "bin" / "python").symlink_to(sys.executable)
    assert against(root, env="other").python == root / "other" / "bin" / "python"


@pytest.mark.parametrize(("ref", "label"), [("main", "main {} in {}"), (":one", ":one in {1}")])
def test_a_reference_may_run_in_another_environment(root: Path, ref: str, label: str) -> None:
    head = git(root, "rev-parse", "HEAD")
    assert against(root, ref, sys.prefix).label == label.format(head[:7], sys.prefix)


@pytest.mark.parametrize(
    ("ref", "env", "words"),
    [
        ("HEDA", "", r"'HEDA': git knows no such revision in .*, and MODEL:VARIANT or :VARIANT has a colon"),
        ("--help", "", r"git knows no such revision"),
        ("fake:oen", "", r"'fake:oen': no such variant, did you mean fake:one\?"),
        (":oen", "", r"':oen': no such variant, did you mean :one\?"),
        ("fake", "", r"'fake': a model is named with its variant, .*fake:one"),
        ("models", "", r"'models': this is a folder; another environment is named with --against-env"),
        ("", "nowhere", r"--against-env 'nowhere': .*/nowhere is no folder with bin/python, and no python"),
        ("", "models", r"--against-env 'models': .*/models is no folder with bin/python"),
    ],
)
def test_what_is_none_of_these_is_told(root: Path, ref: str, env: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        against(root, ref, env)


def test_a_project_without_git_is_told(tmp_path: Path) -> None:
    (tmp_path / "golden").mkdir()
    with pytest.raises(
        ConfigError, match=r"expected a git revision, .* has no git history: fatal: not a git repository"
    ):
        against(tmp_path, "HEAD")


def test_a_shallow_clone_is_told(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{root}", "shallow")
    with pytest.raises(ConfigError, match=r"\(this clone is shallow: fetch the commit first\)"):
        against(tmp_path / "shallow", "HEAD~1")


# ---------------------------------------------------------------------------- what is loaded


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Callable[[], Path]:
    """A revision's folder: the repository's commit."""
    return lambda: Path(git(root, "worktree", "add", "--detach", str(tmp_path / "tree"), "HEAD") or tmp_path / "tree")


def test_a_revision_has_its_own_model_folder_and_options(root: Path, tmp_path: Path, tree: Callable[[], Path]) -> None:
    tree()
    configure(root, options={"beam_size": 5})
    found = against(root, "main").instance(case(root), tmp_path / "tree")
    assert found.folder == tmp_path / "tree" / "models" / "fake"
    assert found.model.options == {}
    assert found.key == replace(case(root).key)


def test_a_folder_that_git_does_not_know_is_the_same_on_both_sides(
    root: Path, tmp_path: Path, tree: Callable[[], Path]
) -> None:
    (root / ".gitignore").write_text("models/\n")
    git(root, "rm", "-r", "--quiet", "--cached", "models")
    git(root, "commit", "--quiet", "--all", "--message", "models are elsewhere")
    tree()
    assert against(root, "main").instance(case(root), tmp_path / "tree").folder == root / "models" / "fake"


def test_modellabs_own_models_are_the_same_where_the_project_is_another_repository(
    root: Path, tmp_path: Path, tree: Callable[[], Path]
) -> None:
    tree()
    own = next(each for each in matrix(root).instances() if each.folder.name == "faster_whisper")
    assert against(root, "main").instance(own, tmp_path / "tree").folder == own.folder
    assert against(root, "main").code(tmp_path / "tree") is None


@pytest.mark.parametrize(
    ("changes", "variant", "precision", "words"),
    [
        ({"variants": {"two": {"weights": "package"}}}, "two", "float32", "fake has no variant two there"),
        ({"devices": {"cpu": ["int8"]}}, "one", "int8", "fake:one is not offered on cpu at int8"),
    ],
)
def test_what_the_revision_has_not_is_told(
    root: Path, tmp_path: Path, tree: Callable[[], Path], changes: Any, variant: str, precision: str, words: str
) -> None:
    tree()
    configure(root, **changes)
    with pytest.raises(NoBaseError, match=words):
        against(root, "main").instance(case(root, variant, precision), tmp_path / "tree")


def test_a_model_that_the_revision_lacks_is_told(root: Path, tmp_path: Path, tree: Callable[[], Path]) -> None:
    tree()
    write_model(root / "models" / "newer")
    newer = replace(case(root), folder=root / "models" / "newer")
    with pytest.raises(NoBaseError, match="there is no model newer there"):
        against(root, "main").instance(newer, tmp_path / "tree")


def test_a_configuration_that_cannot_be_read_is_told(root: Path, tmp_path: Path, tree: Callable[[], Path]) -> None:
    tree()
    (tmp_path / "tree" / "models" / "fake" / "config.yaml").write_text("summary: [")
    with pytest.raises(NoBaseError, match="fake cannot be read there: "):
        against(root, "main").instance(case(root), tmp_path / "tree")


def test_another_variant_keeps_the_precision_or_takes_its_first(root: Path) -> None:
    variants = {
        "one": {"weights": "package"},
        "two": {"weights": "package", "devices": {"cpu": ["int4", "int8"]}},
    }
    configure(root, devices={"cpu": ["float32", "int8"]}, variants=variants)
    base = against(root, ":two")
    assert base.instance(case(root, precision="int8"), None).key.precision == "int8"
    assert base.instance(case(root, precision="float32"), None).key.precision == "int4"


def test_another_models_variant_must_have_the_task(root: Path) -> None:
    base = against(root, "silero_vad:jit")
    with pytest.raises(NoBaseError, match="silero_vad has no task asr there"):
        base.instance(case(root), None)


def test_a_variant_without_weights_here_is_told(root: Path) -> None:
    configure(root, variants={"one": {"weights": "package"}, "two": {"weights": "path:no/such/file"}})
    with pytest.raises(NoBaseError, match=r"no/such/file does not exist"):
        against(root, ":two").instance(case(root), None)


# ---------------------------------------------------------------------------- which code runs


def test_folders_of_the_project_are_imported_from_the_revision(
    root: Path, tmp_path: Path, tree: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("src", "lib", ".venv/lib/site-packages"):
        (root / folder).mkdir(parents=True)
        (root / folder / "helper.py").touch()
    git(root, "add", "--all", "--force")
    git(root, "commit", "--quiet", "--message", "helpers")
    tree()
    monkeypatch.setattr(sys, "prefix", str(root / ".venv"))
    monkeypatch.setattr(sys, "path", [str(root / "lib"), str(root / ".venv/lib/site-packages"), "/usr"])
    base = against(root, "main")
    assert base.search_path(tmp_path / "tree") == [tmp_path / "tree" / "src", tmp_path / "tree" / "lib"]
    assert base.search_path(None) == []


def test_modellab_itself_is_the_revisions_where_it_is_under_version_control(root: Path, tmp_path: Path) -> None:
    base = replace(against(root, "main"), package=root.resolve() / "packages" / "modellab")
    assert base.code(tmp_path / "tree") == tmp_path / "tree" / "packages"
    (root / ".gitignore").write_text("packages/\n")
    assert base.code(tmp_path / "tree") is None
