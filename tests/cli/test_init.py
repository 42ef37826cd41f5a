"""`modellab init`: from an empty folder to a suite that runs, and nothing of what is there is touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from modellab.cli import suite_files
from modellab.cli.init_suite import named

from .conftest import Desk

SUITE = [
    ".github/workflows/speech.yml",
    ".gitignore",
    "benchmarks/test_asr.py",
    "conftest.py",
    "golden/example_v1/audio/call.flac",
    "golden/example_v1/audio/code.flac",
    "golden/example_v1/audio/light.flac",
    "golden/example_v1/dataset.yaml",
    "mlruns/.gitignore",
    "pyproject.toml",
]


@pytest.fixture
def empty(desk: Desk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A folder with nothing in it."""
    folder = tmp_path_factory.mktemp("empty")
    monkeypatch.chdir(folder)
    return Desk(folder)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_an_empty_folder_gets_a_suite(empty: Desk) -> None:
    result = empty.type("init")
    assert result.exit_code == 0
    assert files(empty.root) == SUITE
    assert "modellab run --update-baselines" in result.stdout
    settings = tomllib.loads((empty.root / "pyproject.toml").read_text())["tool"]
    assert settings["modellab"] == {"only": ["faster_whisper:lab"]}
    workflow = yaml.safe_load((empty.root / ".github/workflows/speech.yml").read_text())
    assert "pytest benchmarks" in str(workflow["jobs"])


def test_a_dry_run_shows_it_and_writes_nothing(empty: Desk) -> None:
    result = empty.type("init", "--dry-run")
    assert result.exit_code == 0
    assert files(empty.root) == []
    for path in (name for name in SUITE if not name.endswith(".flac")):
        assert f"would write {path}:" in result.stdout
    assert 'only = ["faster_whisper:lab"]' in result.stdout


def test_a_second_time_changes_nothing(empty: Desk) -> None:
    empty.type("init")
    before = {name: (empty.root / name).read_bytes() for name in SUITE}
    result = empty.type("init")
    assert result.exit_code == 0
    assert {name: (empty.root / name).read_bytes() for name in SUITE} == before
    assert result.stdout.count("left as it is") == 6


def test_what_is_there_stays(empty: Desk) -> None:
    held = {
        "pyproject.toml": '[project]\nname = "mine"\nversion = "1"',
        ".gitignore": "*.pyc",
        "conftest.py": "import os\n",
    }
    for name, text in held.items():
        (empty.root / name).write_text(text)
    result = empty.type("init")
    assert result.exit_code == 0
    for name, text in held.items():
        assert (empty.root / name).read_text().startswith(text)
    settings = tomllib.loads((empty.root / "pyproject.toml").read_text())
    assert settings["project"]["name"] == "mine"
    assert settings["tool"]["modellab"]["only"] == ["faster_whisper:lab"]
    assert (empty.root / ".gitignore").read_text().split() == ["*.pyc", *suite_files.IGNORED]
    assert 'left as it is: conftest.py (add to it: pytest_plugins = ["modellab.pytest_plugin"])' in result.stdout


def test_recordings_become_the_first_dataset_and_it_runs_green(desk: Desk) -> None:
    (desk.root / "conftest.py").unlink()
    (desk.root / "benchmarks" / "test_asr.py").unlink()
    calls = desk.root / "My Calls"
    calls.mkdir()
    for number, text in ((0, "turn on the kitchen light"), (6, None)):
        (calls / f"{number}.flac").write_bytes(Path(desk.audio(number)).read_bytes())
        if text:
            (calls / f"{number}.txt").write_text(text)
    (desk.root / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\nonly = ["fake"]\n')
    result = desk.type("init", "--data", "My Calls", "--language", "en", "--model", "fake")
    assert result.exit_code == 0, result.stderr
    assert "there is no 6.txt or other text beside it" in result.stdout
    data = yaml.safe_load((desk.root / "golden" / "my_calls_v1" / "dataset.yaml").read_text())
    assert [(row["audio"], row["text"]) for row in data["cases"]] == [
        ("../../My Calls/0.flac", "turn on the kitchen light")
    ]
    command = [sys.executable, "-m", "pytest", "benchmarks", "--no-mlflow", "-p", "no:cacheprovider"]
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(command, cwd=desk.root, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stdout
    assert "fake:one" in done.stdout
    assert "my_calls_v1" in done.stdout


def test_recordings_above_the_suite_are_copied(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, suite = tmp_path / "Gespräche", tmp_path / "suite"
    calls.mkdir()
    suite.mkdir()
    (calls / "erster Anruf.flac").write_bytes(Path(desk.audio(0)).read_bytes())
    (calls / "erster Anruf.txt").write_text("turn on the kitchen light")
    monkeypatch.chdir(suite)
    result = desk.type("init", "--data", "../Gespräche", "--language", "en", "--model", "faster_whisper:tiny.en")
    assert result.exit_code == 0, result.stderr
    data = yaml.safe_load((suite / "golden" / "gespraeche_v1" / "dataset.yaml").read_text(encoding="utf-8"))
    assert [row["audio"] for row in data["cases"]] == ["audio/erster_Anruf.flac"]
    assert (suite / "golden" / "gespraeche_v1" / "audio" / "erster_Anruf.flac").is_file()


def test_a_model_of_ones_own_begins_from_the_suite_s_and_each_step_to_it_is_told(empty: Desk) -> None:
    empty.type("init")
    written = (empty.root / "pyproject.toml").read_text(encoding="utf-8")
    (empty.root / "pyproject.toml").write_text(written.replace("; without", " and"), encoding="utf-8")  # by a person
    begun = empty.type("models", "new", "mine")
    assert 'models = ["models"]' in begun.stdout
    assert 'add "mine" to `only`' in begun.stdout
    config = yaml.safe_load((empty.root / "models" / "mine" / "config.yaml").read_text(encoding="utf-8"))
    assert config["packages"] == ["faster_whisper"]
    assert list(config["variants"]) == ["lab"], "the one that the suite is about"
    assert "but [tool.modellab] has no models" in empty.type("run", "--model", "mine").stderr
    settings = (empty.root / "pyproject.toml").read_text(encoding="utf-8").replace("# models =", "models =")
    (empty.root / "pyproject.toml").write_text(settings, encoding="utf-8")
    assert "this suite is about faster_whisper:lab: add mine to `only`" in empty.type("run", "--model", "mine").stderr
    settings = settings.replace('["faster_whisper:lab"]', '["mine"]')
    (empty.root / "pyproject.toml").write_text(settings, encoding="utf-8")
    header = empty.root / "golden" / "example_v1" / "dataset.yaml"
    header.write_text(header.read_text(encoding="utf-8").replace('domain: "lab"\n', ""), encoding="utf-8")
    assert "mine knows a small vocabulary (domain lab)" in empty.type("run", "--model", "mine").stderr


@pytest.mark.slow
def test_a_suite_as_it_was_written_is_about_the_new_model_at_once(empty: Desk) -> None:
    empty.type("init")
    begun = empty.type("models", "new", "mine")
    assert begun.stdout.endswith("pyproject.toml: the suite is about it, too\n")
    assert "mine:lab-example_v1-cpu-int8" in empty.type_in_shell("run", "--model", "mine", "--co", "-q").stdout
    again = empty.type("models", "new", "other")
    assert 'add "other" to `only`' not in again.stdout
    settings = tomllib.loads((empty.root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["modellab"]
    assert settings == {"only": ["faster_whisper:lab", "mine", "other"], "models": ["models"]}


def test_a_copy_has_the_variant_that_is_asked_for_with_all_places_of_its_weights(empty: Desk) -> None:
    empty.type("init")
    begun = empty.type("models", "new", "mine", "--like", "faster_whisper:tiny.en")
    assert begun.exit_code == 0, begun.stderr
    folder = Path(suite_files.__file__).parents[1] / "models" / "faster_whisper"
    of = [
        yaml.safe_load((each / "config.yaml").read_text(encoding="utf-8"))
        for each in (folder, empty.root / "models" / "mine")
    ]
    assert list(of[1]["variants"]) == ["tiny.en"]
    assert of[1]["variants"]["tiny.en"] == of[0]["variants"]["tiny.en"]


@pytest.mark.slow
@pytest.mark.engine
def test_the_example_runs_green_at_once_and_stands_in_ci_once_it_is_accepted(empty: Desk) -> None:
    empty.type("init")
    environment = {name: value for name, value in os.environ.items() if name != "CI"}

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "modellab", "run", "--no-mlflow", *arguments]
        return subprocess.run(
            command, cwd=empty.root, capture_output=True, text=True, timeout=300, env={**environment, **more}
        )

    first = run()
    assert first.returncode == 0, first.stdout
    assert "note: 2 cases: 3 of 3 lengths" not in first.stdout
    assert run(CI="true").returncode == 1, "in CI a case without a baseline is red"
    assert run("--update-baselines", "--reason", "the first").returncode == 0
    assert run(CI="true").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--task", "vad"), "there is no example of vad: give recordings with --data FOLDER"),
        (("--task", "vda"), "did you mean vad?"),
        (("--model", "silero_vad"), "silero_vad does vad, and no asr: --model takes another"),
        (("--model", "whispr"), "did you mean whisper?"),
        (("--data", "nowhere", "--language", "en"), "there is no file or folder called nowhere"),
        (("--data", "void", "--language", "en"), "void: nothing here looks like a format that is known"),
        (("--data", "calls"), "calls holds 2 recordings and nothing that says what is heard in them: expected a text"),
        (("--data", "void", "--model", "whisper:lab"), "whisper:lab knows a small vocabulary and would meet none of"),
        (("--data", "kept"), "kept is a dataset already: a copy of the folder in golden/ of a suite is all that it"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_writes_nothing(empty: Desk, arguments: tuple[str, ...], said: str) -> None:
    for name in ("void", "calls/may", "kept"):
        (empty.root / name).mkdir(parents=True)
    given = ("calls/a.wav", "calls/may/b.opus", "kept/dataset.yaml")
    for name in given:
        (empty.root / name).touch()
    result = empty.type("init", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert files(empty.root) == sorted(given)
    assert not (empty.root / "golden").exists()


@pytest.mark.parametrize(
    ("place", "name"), [("calls/", "calls_v1"), ("../Ünder way", "uender_way_v1"), ("7", "data_7_v1")]
)
def test_the_name_of_a_dataset(place: str, name: str) -> None:
    assert named(place) == name
