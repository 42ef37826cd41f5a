"""[tool.modellab]: defaults, what may be set, and what is wrong with the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab.errors import ConfigError
from modellab.plan.settings import Project


def write(folder: Path, toml: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(toml, encoding="utf-8")
    return folder


@pytest.mark.parametrize("toml", [None, "", "[project]\nname = 'x'\n", "[tool.ruff]\n", "[tool.modellab]\n"])
def test_everything_has_a_default(tmp_path: Path, toml: str | None) -> None:
    if toml is not None:
        write(tmp_path, toml)
    expected = Project(tmp_path, tmp_path / "golden", tmp_path / "baselines", tmp_path / "mlruns", (), 1)
    assert Project.at(tmp_path) == expected


def test_everything_can_be_set(tmp_path: Path) -> None:
    write(
        tmp_path,
        '[tool.modellab]\ngolden = "data"\nbaselines = "ok"\nmlruns = "/var/mlruns"\n'
        'models = ["mine", "/opt/more"]\nthreads = 4\n',
    )
    assert Project.at(tmp_path) == Project(
        tmp_path,
        golden=tmp_path / "data",
        baselines=tmp_path / "ok",
        mlruns=Path("/var/mlruns"),
        models=(tmp_path / "mine", Path("/opt/more")),
        threads=4,
    )


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        pytest.param("[tool.modellab]\nmodel = []\n", r"\[tool.modellab\] has no key 'model': did you mean models\?"),
        pytest.param(
            "[tool.modellab]\nroot = 'x'\n", "has no key 'root': .*known: alpha, baselines, cases, ", id="root"
        ),
        pytest.param("[tool.modellab]\nmodels = 'mine'\n", "models is 'mine', expected a list of folders", id="one"),
        pytest.param("[tool.modellab]\nmodels = [3]\n", r"models is \[3\], expected a list of folders", id="number"),
        pytest.param("[tool.modellab]\nthreads = 0\n", "threads is 0, expected 1 or more", id="no threads"),
        pytest.param("[tool.modellab]\nthreads = '2'\n", "threads is '2', expected 1 or more", id="threads as text"),
        pytest.param("[tool.modellab]\nthreads = true\n", "threads is True, expected 1 or more", id="threads as yes"),
        pytest.param("[tool.modellab]\ngolden = 3\n", "golden is 3, expected a folder", id="a folder as a number"),
        pytest.param("[tool.modellab]\nonly = [3]\n", r"only is \[3\], expected a list of MODEL", id="only a number"),
        pytest.param("[tool]\nmodellab = 3\n", r"\[tool.modellab\] is 3, expected a table", id="no table"),
        pytest.param("[tool.modellab\n", "is not valid TOML: ", id="not TOML"),
    ],
)
def test_a_fault_names_the_file_and_the_key(tmp_path: Path, toml: str, message: str) -> None:
    write(tmp_path, toml)
    with pytest.raises(ConfigError, match=message) as caught:
        Project.at(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "pyproject.toml"))


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.modellab]\nx = '\xff'\n")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        Project.at(tmp_path)


def test_the_nearest_project_upwards_is_found(tmp_path: Path) -> None:
    outer, inner = tmp_path, tmp_path / "a" / "inner"
    (outer / "golden").mkdir()
    (inner / "golden").mkdir(parents=True)
    (inner / "src" / "deep").mkdir(parents=True)
    assert Project.around(inner / "src" / "deep").root == inner
    assert Project.around(tmp_path / "a").root == outer


def test_a_table_makes_a_project_without_golden(tmp_path: Path) -> None:
    write(tmp_path, "[tool.modellab]\nthreads = 2\n")
    (tmp_path / "src").mkdir()
    assert Project.around(tmp_path / "src").threads == 2
    write(tmp_path, "[tool.modellab]\n")
    assert Project.around(tmp_path / "src").root == tmp_path, "an empty one, too"


def test_a_pyproject_of_something_else_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "golden").mkdir()
    write(tmp_path / "src", "[project]\nname = 'part'\n")
    assert Project.around(tmp_path / "src").root == tmp_path


def test_no_project_anywhere(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no project in .* or above it: expected a folder with golden/"):
        Project.around(tmp_path)
