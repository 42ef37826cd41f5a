"""What the tier `real` needs: what is missing, how large it is, and that audio is taken for the rows it belongs to."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from modellab import datasets
from modellab.plan.matrix import Case, Matrix
from modellab.plan.selection import Selection
from modellab.plan.settings import Project, find_root
from tools import real
from tools.golden import librivox_v1
from tools.speech import piper

STREAM = "stream_librivox_v1"


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it: an empty cache, and a copy of the datasets' texts."""
    for name in ("HF_HUB_CACHE", "XDG_CACHE_HOME", "MODELLAB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    golden = tmp_path / "golden"
    for folder in datasets.available(real.GOLDEN):
        (golden / folder.name).mkdir(parents=True)
        shutil.copy(folder / datasets.FILE_NAME, golden / folder.name)
    return golden


def test_a_fresh_clone_needs_all_of_it(empty: Path) -> None:
    needs = list(real.needs(empty))
    weights = [need for need in needs if need.command[2:5] == ("modellab", "models", "fetch")]
    whispers = [f"{engine}:{variant}" for variant in real.VARIANTS for engine in real.ENGINES]
    assert [need.command[5] for need in weights] == [*whispers, real.DIARIZER]
    fetched = ["faster_whisper:tiny.en", "faster_whisper:base", real.DIARIZER]
    assert [need.what for need in weights if need.size_mb] == fetched
    audio = [need.what for need in needs[len(weights) :]]
    assert audio == [f"audio of {name}" for name in ("librivox_v1", "spoken_espeak_v1", "spoken_piper_v1", STREAM)]
    (empty / "librivox_v1" / "audio").mkdir()
    assert [folder.name for folder in real.made(empty)] == ["spoken_espeak_v1", "spoken_piper_v1", STREAM]


def test_what_is_fetched_is_said_before(
    empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def run(command: tuple[str, ...], **_: object) -> object:
        ran.append(capsys.readouterr().out)
        return type("Done", (), {"returncode": 1})()

    monkeypatch.setattr("tools.real.subprocess.run", run)
    assert real.main([], empty) == 1
    total = sum(real.SIZE_MB.values()) + real.DIARIZER_MB + real.ARCHIVE_MB + piper.SIZE_MB
    assert len(ran) == 1
    assert f"{total} MB to fetch" in ran[0]
    assert "whisper:tiny.en, converted here" in ran[0]
    assert str(empty.parent / "MODELLAB_CACHE") in ran[0]
    assert "faster_whisper:tiny.en could not be brought" in capsys.readouterr().err


def test_its_options_choose_two_checkpoints_in_four_engines_and_the_floor() -> None:
    options = [option.removeprefix("--").split("=") for option in real.selection()]
    names = ("model", "dataset", "device", "precision")
    given = {name: tuple(value for key, value in options if key == name) for name in names}
    chosen = Selection(**given, tier="real")
    matrix = Matrix(Project.at(real.ROOT))
    chosen.check(matrix)
    cases = [case for case in chosen.cases(matrix) if isinstance(case, Case)]
    assert {case.tier for case in cases} == {"real"}
    # each checkpoint in four engines in float32 or f16 and in int8, the same as a stream, PocketSphinx, the diarizer
    assert len({case.engine for case in cases}) == 12
    assert len(cases) == 43 + len(real.TALKS)
    assert sum(case.dataset.name == STREAM for case in cases) == 10


def test_audio_is_taken_for_the_same_rows_alone(tmp_path: Path) -> None:
    ours = real.GOLDEN / "librivox_v1"
    new = tmp_path / "librivox_v1"
    new.mkdir()
    text = (ours / datasets.FILE_NAME).read_text()
    changes = {
        "": text,
        "0870 has another text": text.replace("in his power to do", "in her power to do"),
        "0870 has another sha256": text.replace("b0557cf9", "b0557cf8"),
        "other rows": text.replace('id: "sense_and_sensibility_01_austen_64kb-0870"', 'id: "x"'),
    }
    for expected, changed in changes.items():
        (new / datasets.FILE_NAME).write_text(changed)
        found = real.difference(ours, new)
        assert (expected in found) if expected else (found == "")


def test_a_variant_that_is_there_is_not_fetched(empty: Path) -> None:
    def is_missing(engine: str, variant: str) -> bool:
        return (engine, variant) == ("whisper_cpp", "base")

    needs = [need for need in real.needs(empty, is_missing) if "audio" not in need.what]
    assert [need.command[5:] for need in needs] == [("whisper_cpp:base", "--precision", "f16")]


def test_the_import_is_one_of_its_own_project_and_its_transcript_is_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = real.GOLDEN / "librivox_v1" / datasets.FILE_NAME
    text = ours.read_text().replace(librivox_v1.RIGHT, librivox_v1.WRONG)
    head, cases = text.split("import:", 1)
    head = re.sub(r"^(source|cluster|made):.*\n", "", head, flags=re.MULTILINE) + 'source: "imported as trn"\n'

    def run(command: list[str], cwd: str, **_: object) -> object:
        assert find_root(Path(cwd)) == Path(cwd)
        folder = Path(cwd) / "golden" / command[command.index("--into") + 1]
        folder.mkdir(parents=True)
        (folder / datasets.FILE_NAME).write_text(f"{head}import:{cases}")
        return type("Done", (), {"returncode": 0})()

    monkeypatch.setattr("tools.golden.librivox_v1.subprocess.run", run)
    folder = tmp_path / "golden" / "librivox_v1"
    folder.parent.mkdir()
    librivox_v1.make(folder)
    assert real.difference(real.GOLDEN / "librivox_v1", folder) == ""
    made = datasets.load(folder)
    assert (made.digest, made.source) == (datasets.load(ours.parent).digest, librivox_v1.SOURCE)
    assert [each.name for each in folder.parent.iterdir()] == ["librivox_v1"]
