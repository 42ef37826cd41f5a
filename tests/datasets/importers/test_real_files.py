"""Real files of each format, read where a folder of them is: MODELLAB_FORMAT_FILES names it.

They are other people's (wenet, lhotse, SCTK, pyannote, MeetEval, Montreal Forced Aligner, praatIO, pocketsphinx, ...),
so none is in this repository; its own tests write small ones. Values are those that the formats' own
libraries give.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from modellab import audio, datasets
from modellab.cli.app import app
from modellab.types import Row

Imported = Callable[..., tuple[Result, list[Row], list[dict[str, str]]]]
VARIABLE = "MODELLAB_FORMAT_FILES"
pytestmark = pytest.mark.skipif(not os.environ.get(VARIABLE), reason=f"{VARIABLE} names no folder of real files")
HOME = Path(os.environ.get(VARIABLE, "."))
SAME = {  # the same four utterances of LibriSpeech
    "librispeech": (),
    "espnet/dump/raw/test": ("--root", str(HOME / "espnet")),
    "lhotse/written": (),
    "lhotse/written/supervisions.jsonl.gz": (),
    "lhotse/written/shar": (),
    "webdataset/written": (),
    "fleurs/data/en_us": (),
    "parquet/paths": (),
    "huggingface/esb_like": ("--config", "librispeech"),
    "nemo/tarred": (),
}
COUNTS = {  # what was read, what of it is sound
    "nemo/manifest.jsonl": (6, 6),
    "kaldi/with_audio": (4, 3),
    "kaldi/mini_librispeech_real_no_audio": (38, 0),
    "commonvoice/cv-corpus-mini/en": (5, 2),
    "damaged/manifest.jsonl": (14, 2),
    "webdataset/real_wenet/shards_000000000.tar": (2, 2),
    "rttm_uem/sample.rttm": (1, 1),
    "seglst_stm_ctm/ref.seglst.json": (2, 2),
    "sphinx_trn": (5, 5),
    "folder/srt": (2, 2),
    "folder/txt": (5, 5),
    "csv_json/speechbrain/ASR_dev.json": (2, 0),
    "other/two_channels": (2, 2),
}


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imported:
    """Imports a place into golden/new_v1 of an empty project."""
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)

    def run(place: str, *more: str) -> tuple[Result, list[Row], list[dict[str, str]]]:
        command = ["datasets", "import", str(HOME / place), "--into", "new_v1", "--max-left-out", "100%"]
        done = CliRunner().invoke(app, [*command, *(more if "--language" in more else (*more, "--language", "en"))])
        folder = tmp_path / "golden" / "new_v1"
        rows = list(datasets.load(folder).rows) if folder.exists() else []
        listed = folder / "left-out.jsonl"
        left = [json.loads(line) for line in listed.read_text().splitlines()] if listed.exists() else []
        return done, rows, left

    return run


def plain(text: str) -> str:
    """A text without casing and final stop, which layouts have or not."""
    return text.casefold().strip(" .")


@pytest.mark.parametrize("place", SAME)
def test_ten_layouts_hold_the_same_four_utterances(imported: Imported, place: str) -> None:
    wanted = {plain(each["text"]): each["id"] for each in json.loads((HOME / "librispeech/expected.json").read_text())}
    done, rows, left = imported(place, *SAME[place])
    assert done.exit_code == 0, done.output
    assert left == []
    assert sorted(plain(row["text"]) for row in rows) == sorted(wanted)
    for row in rows:
        heard = audio.read(row["audio"]).samples
        original = audio.read(next((HOME / "librispeech").rglob(f"{wanted[plain(row['text'])]}.flac"))).samples
        assert heard.tobytes() == original.tobytes()
    assert sum(row["duration_s"] for row in rows) == pytest.approx(35.805)


@pytest.mark.parametrize("place", COUNTS)
def test_what_cannot_be_used_is_listed(imported: Imported, place: str) -> None:
    done, rows, _ = imported(place)
    read, sound = COUNTS[place]
    assert f"{read} read, {read - sound} left out, {sound} sound" in done.output if sound else done.exit_code == 1
    assert len(rows) == sound
