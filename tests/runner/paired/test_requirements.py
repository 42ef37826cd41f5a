"""What a revision wants installed: read, compared with what is here, made where it differs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.errors import ConfigError, WorkerError
from modellab.runner.paired import requirements
from modellab.runner.paired.requirements import Have, Needs, differs, environment
from modellab.system import virtualenv

HAVE: Have = {
    "engine": ("2.1", ("numerics>=1", "gpu-numerics; extra == 'gpu'")),
    "gpu-numerics": ("5.0", ()),
    "linter": ("9.0", ()),
    "numerics": ("1.5+cpu", ()),
}
PYPROJECT = """
[project]
name = "mine"
version = "1"
dependencies = ["numerics>=1"]

[project.optional-dependencies]
fast = ["engine>=2"]
"""


def needs(*constraints: str, dependencies: tuple[str, ...] = ("numerics>=1",), fast: str = "engine>=2") -> Needs:
    return Needs(dependencies, (("fast", (fast,)),), constraints)


NOW = needs("numerics==1.5")


def write(root: Path, pyproject: str = PYPROJECT, constraints: str | None = None) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(pyproject)
    if constraints is not None:
        (root / "constraints.txt").write_text(constraints)
    return root


# ---------------------------------------------------------------------------- read


def test_needs_are_dependencies_extras_and_constraints(tmp_path: Path) -> None:
    root = write(tmp_path, constraints="# made by a tool\n\nnumerics==1.5\nengine==2.1\n")
    assert Needs.of(root) == needs("engine==2.1", "numerics==1.5")


def test_a_tree_that_asks_for_nothing(tmp_path: Path) -> None:
    assert Needs.of(tmp_path) == Needs()
    assert Needs.of(write(tmp_path, "[tool.modellab]\n")) == Needs()


def test_a_pyproject_that_is_not_toml_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"pyproject\.toml is not readable TOML"):
        Needs.of(write(tmp_path, "[project"))


def test_a_comment_changes_no_name_and_a_version_does(tmp_path: Path) -> None:
    plain = Needs.of(write(tmp_path / "a", constraints="numerics==1.5\n"))
    commented = Needs.of(write(tmp_path / "b", PYPROJECT + "# hello\n", "# made anew\nnumerics==1.5\n"))
    newer = Needs.of(write(tmp_path / "c", constraints="numerics==1.6\n"))
    assert plain.digest == commented.digest != newer.digest


# ---------------------------------------------------------------------------- compared


@pytest.mark.parametrize(
    ("then", "extra", "words"),
    [
        pytest.param(NOW, "fast", "", id="the same"),
        pytest.param(needs("numerics==1.5", "linter==8.0"), "fast", "", id="another linter"),
        pytest.param(needs("numerics==1.4"), "fast", "numerics==1.4 (1.5+cpu is installed)", id="another version"),
        pytest.param(needs("engine==2.0"), "fast", "engine==2.0 (2.1 is installed)", id="another engine"),
        pytest.param(needs("engine==2.0"), "", "", id="another engine than the model's"),
        pytest.param(needs(fast="engine>=3"), "fast", "engine>=3 (2.1 is installed)", id="a newer engine"),
        pytest.param(needs(fast="rival"), "fast", "rival (not installed)", id="an engine that is not here"),
        pytest.param(needs("gpu-numerics==4.0"), "fast", "", id="what an extra of the engine would pull in"),
        pytest.param(
            needs("gpu-numerics==4.0", fast="engine[gpu]"), "fast", "gpu-numerics==4.0 (5.0 is installed)", id="extra"
        ),
        pytest.param(
            needs(dependencies=("numerics>=1", "MLflow>=3.10,<4", "pyarrow")), "fast", "", id="what no worker uses"
        ),
        pytest.param(needs("rival==1.0"), "fast", "", id="a pin of something that nothing wants"),
        pytest.param(needs("numerics==1.4; python_version < '3'"), "fast", "", id="for another Python"),
        pytest.param(needs("-r other.txt", "./wheels/x.whl"), "fast", "", id="no requirement"),
    ],
)
def test_what_differs_from_what_is_installed(then: Needs, extra: str, words: str) -> None:
    assert differs(then, NOW, extra, HAVE) == words


def test_the_same_needs_are_met_whatever_is_installed() -> None:
    assert differs(NOW, NOW, "fast", {}) == ""


def test_this_interpreter_has_what_this_project_wants() -> None:
    root = Path(__file__).parents[3]
    now = Needs.of(root)
    assert dict(now.extras)["faster-whisper"]
    assert differs(now, Needs(), "faster-whisper", requirements.present()) == ""


# ---------------------------------------------------------------------------- made

EMPTY = '[project]\nname = "mine"\nversion = "1"\n'


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    return []


def test_an_environment_is_made_once_with_this_python(tmp_path: Path, told: list[str]) -> None:
    root = write(tmp_path / "mine", EMPTY)
    python = environment(root, Needs.of(root), "fast", "HEAD~1", told.append)
    assert python.is_relative_to(tmp_path / "cache" / "environments")
    version = subprocess.run(
        [python, "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=True
    )
    assert version.stdout.strip() == sys.version
    assert [line.split(" in ")[0] for line in told] == [
        "making an environment for HEAD~1",
        "the environment for HEAD~1 is made",
    ]
    assert environment(root, Needs.of(root), "fast", "HEAD~1", told.append) == python
    assert len(told) == 2


def test_a_half_made_one_is_made_anew(tmp_path: Path, told: list[str]) -> None:
    root = write(tmp_path / "mine", EMPTY)
    python = environment(root, Needs.of(root), "", "HEAD~1", told.append)
    (python.parents[1] / virtualenv.COMPLETE).unlink()
    python.unlink()
    assert environment(root, Needs.of(root), "", "HEAD~1", told.append).exists()
    assert len(told) == 4


def test_what_cannot_be_installed_is_told_in_uvs_words(tmp_path: Path, told: list[str]) -> None:
    root = write(tmp_path / "mine", EMPTY + 'dependencies = ["jiwer==0.0.1"]\n', "jiwer==0.0.1\n")
    with pytest.raises(WorkerError, match=r"environment of HEAD~1 could not be made by `uv pip install`: .*jiwer"):
        environment(root, Needs.of(root), "", "HEAD~1", told.append)
    assert len(told) == 1


def test_without_uv_the_way_out_is_told(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    root = write(tmp_path / "mine", EMPTY)
    with pytest.raises(WorkerError, match=r"uv, which makes it, is neither .*: pip install uv, or .* --against-env"):
        environment(root, Needs.of(root), "", "HEAD~1", told.append)


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    root = write(tmp_path / "mine", EMPTY)
    with pytest.raises(WorkerError, match="set MODELLAB_CACHE to a folder that can be written"):
        environment(root, Needs.of(root), "", "HEAD~1", told.append)
