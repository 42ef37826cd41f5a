"""The command that brings packages into the environment that runs here, whoever made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab.system import extras, installer


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("", "pip install 'modellab[mlflow]'"),
        ("pyvenv.cfg", "pip install 'modellab[mlflow]'"),
        ("uv-receipt.toml", "uv pip install --python '{}' 'modellab[mlflow]'"),
        ("pipx_metadata.json", "pipx runpip 'my lab' install 'modellab[mlflow]'"),
    ],
)
def test_an_extra_goes_where_modellab_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, expected: str
) -> None:
    environment = tmp_path / "my lab"
    environment.mkdir()
    if mark:
        (environment / mark).touch()
    monkeypatch.setattr("sys.prefix", str(environment))
    assert extras.install("mlflow") == expected.format(environment)
    assert extras.command(f"it needs MLflow: {extras.install('mlflow')}") == extras.install("mlflow")


def test_several_packages_and_options_stand_as_they_are() -> None:
    assert installer.command("--force-reinstall", "av") == "pip install --force-reinstall av"
