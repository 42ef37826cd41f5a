"""`modellab datasets import` and `formats`: from a folder of somebody's to a dataset that loads, or a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from modellab import audio, datasets
from modellab.datasets import importers

from ..datasets.importers import layouts
from ..datasets.importers.layouts import LAYOUTS, TEXTS
from .conftest import Desk


def loaded(desk: Desk, name: str) -> datasets.Dataset:
    return datasets.load(desk.root / "golden" / name)


def nemo(folder: Path, **rows: object) -> Path:
    """A manifest of lines, with the audio beside it."""
    for id in TEXTS:
        layouts.write(folder / f"{id}.wav", layouts.encoded(id))
    return layouts.write(folder / "manifest.json", layouts.lines(list(rows.values())))  # type: ignore[arg-type]


def line(id: str, text: str = "hello there", **more: object) -> dict[str, object]:
    return {"audio_filepath": f"{id}.wav", "text": text, "lang": "en", **more}


@pytest.mark.parametrize(("format", "recipe", "at"), LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_becomes_a_dataset(desk: Desk, format: str, recipe: object, at: str) -> None:
    recipe(desk.root / "data")  # type: ignore[operator]
    made = desk.type("datasets", "import", str(desk.root / "data" / at), "--into", "golden/new_v3", "--language", "en")
    assert made.exit_code == 0, made.output
    assert made.stdout.startswith(f"taken for {format}: ")
    new = loaded(desk, "new_v3")
    assert (new.task, new.version, new.language, new.digest) == ("asr", 3, "en", new.header.digest)
    assert [row["id"].replace("_", "-") for row in new.rows] == sorted(TEXTS)
    for row in new.rows:
        id = row["id"].replace("_", "-")
        assert (row["duration_s"], row["text"].casefold()) == (
            pytest.approx(layouts.length_s(id)),
            TEXTS[id].casefold(),
        )
        assert (audio.read(row["audio"]).samples * 32768).astype(int).tolist() == layouts.samples(id).tolist()
    assert desk.type("datasets", "validate", "new_v3").exit_code == 0


def test_faulty_rows_are_listed_and_too_many_write_nothing(desk: Desk) -> None:
    ids = list(TEXTS)
    place = nemo(
        desk.root / "data",
        good=line(ids[0]), also=line(ids[1], "good day"), gone=line("gone"), late=line(ids[2], offset=0.1, duration=9),
        long=line(ids[2], duration=7), empty=line(ids[2], " "), dots=line(ids[2], "..."), twice=line(ids[0]),
        one=line(ids[3], "one"), other=line(ids[3], "other"), skipped=line(ids[3], "skip", _skipme=True),
    )  # fmt: skip
    refused = desk.type("datasets", "import", str(place), "--into", "new_v1")
    assert refused.exit_code == 1
    assert refused.stderr == ("8 of 10 rows cannot be used, more than the 5 % of --max-left-out: nothing was written\n")
    assert {path.name for path in (desk.root / "golden").iterdir()} == {"short_v1"}
    taken = desk.type("datasets", "import", str(place), "--into", "new_v1", "--max-left-out", "80%")
    assert taken.exit_code == 0
    assert "11 read, 9 left out, 2 sound: 1.1 s of audio" in taken.stdout
    listed = (desk.root / "golden" / "new_v1" / "left-out.jsonl").read_text().splitlines()
    reasons = {each["where"]: each["reason"] for each in map(json.loads, listed)}
    assert reasons == {
        "manifest.json, line 3": "gone.wav does not exist: expected an audio file",
        "manifest.json, line 4": f"{ids[2]}-0000100-0009100 ends at 9.10 s, {ids[2]}.wav lasts 0.70 s",
        "manifest.json, line 5": f"{ids[2]}.wav lasts 0.70 s, the source says 7.00 s; was it replaced or cut?",
        "manifest.json, line 6": f"the text of {ids[2]} is empty",
        "manifest.json, line 7": f"the text of {ids[2]} has no words ('...')",
        "manifest.json, line 8": f"{ids[0]} is the same clip with the same reference as manifest.json, line 1",
        "manifest.json, line 9": f"{ids[3]} has another reference than manifest.json, line 10 has for the same clip",
        "manifest.json, line 10": f"{ids[3]} has another reference than manifest.json, line 9 has for the same clip",
        "manifest.json, line 11": "_skipme is set",
    }
    again = desk.type("datasets", "import", str(place), "--into", "new_v1")
    assert again.exit_code == 2
    assert "new_v1 is there already: choose another name" in again.stderr


@pytest.mark.parametrize(
    ("text", "language", "is_told"),
    [
        ("привет как дела", "en", True),
        ("see you on friday", "ru", True),
        ("我们星期五见面吧", "en", True),
        ("я купил iPhone вчера", "ru", False),
        ("naïve café, señor", "en", False),
        ("我们星期五见面吧", "zh", False),
        ("привет как дела", "mul", False),
    ],
)
def test_texts_in_another_script_are_told_and_kept(desk: Desk, text: str, language: str, is_told: bool) -> None:
    rest = "en" if language == "mul" else language
    rows = [{**line(id, "42"), "lang": rest} for id in TEXTS]
    rows[0] |= {"text": text, "lang": "ru" if language == "mul" else language}
    manifest = nemo(desk.root / "data", **dict(zip(TEXTS, rows, strict=True)))
    made = desk.type("datasets", "import", str(manifest), "--into", "new_v1", "--language", language)
    assert made.exit_code == 0, made.output
    told = "1 text mostly in another script than that of the language (7-21-0000): right?"
    assert (told in made.stdout) == is_told
    assert len(loaded(desk, "new_v1").rows) == len(TEXTS)


def test_names_and_texts_that_no_manifest_can_hold(desk: Desk) -> None:
    ids = list(TEXTS)
    place = nemo(
        desk.root / "data", good=line(ids[0], "say \u2028 \x7f 'it' #now: {x}"),
        half=line(ids[1], "half \ud83d pair"), ring={**line(ids[2]), "id": "ring\a"},
    )  # fmt: skip
    assert desk.type("datasets", "import", str(place), "--into", "new_v1", "--max-left-out", "90%").exit_code == 0
    assert [row["text"] for row in loaded(desk, "new_v1").rows] == ["say \u2028 \x7f 'it' #now: {x}"]
    listed = (desk.root / "golden" / "new_v1" / "left-out.jsonl").read_text()
    assert "half a surrogate pair" in listed
    assert "without line ends and control characters" in listed


def test_what_is_asked_for_and_cannot_be(desk: Desk) -> None:
    place = nemo(desk.root / "data", a={"audio_filepath": f"{next(iter(TEXTS))}.wav", "text": "hello"})
    asked = ["datasets", "import", str(place), "--into", "new_v1"]
    for more, says in {
        (): "nothing says which language is spoken: say it with --language",
        ("--language", "en", "--tier", "huge"): "'tier' is 'huge'",
        ("--language", "en", "--task", "chat"): "rows of the task 'chat' cannot be imported",
        ("--language", "en", "--task", "tts"): "say who listens to what is synthesised, with --judge",
        (
            "--language",
            "en",
            "--task",
            "translation",
        ): "say what is translated from and into, with --language and --target-language",
        ("--language", "en", "--column", "text"): "--column text: expected NAME=COLUMN",
        ("--language", "en", "--max-left-out", "many"): "--max-left-out many: expected a percentage such as 5%",
        ("--language", "en", "--channel", "left"): "--channel left: expected all, mix, or the number of a channel",
        ("--as", "kaldy"): "there is no format called 'kaldy': did you mean kaldi?",
    }.items():
        result = desk.type(*asked, *more)
        assert (result.exit_code, says in result.stderr) == (2, True), result.output
    assert {path.name for path in (desk.root / "golden").iterdir()} == {"short_v1"}
    dry = desk.type(*asked, "--language", "en", "--dry-run")
    assert "nothing was written (--dry-run)" in dry.stdout
    assert {path.name for path in (desk.root / "golden").iterdir()} == {"short_v1"}


def test_an_interrupted_import_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    LAYOUTS["huggingface"][1](desk.root / "data")
    format = importers.every()["huggingface"]

    def stopped(*given: object) -> object:
        yield from list(original(*given))[:3]  # type: ignore[arg-type]
        assert list((desk.root / "golden" / ".new_v1.importing").glob("audio/*"))
        raise KeyboardInterrupt

    original = format.read
    monkeypatch.setattr(format, "read", stopped)
    result = desk.type("datasets", "import", str(desk.root / "data"), "--into", "new_v1", "--language", "en")
    assert result.exit_code == 130
    assert {path.name for path in (desk.root / "golden").iterdir()} == {"short_v1"}


def test_the_same_import_gives_the_same_dataset(desk: Desk) -> None:
    ids = list(TEXTS)
    rows = {id: line(id, f"say {id}", speaker=id[0]) for id in ids}
    nemo(desk.root / "data", **rows)
    nemo(desk.root / "moved" / "data", **dict(reversed(rows.items())))
    for name, folder in (("a_v1", "data"), ("b_v1", "moved/data")):
        done = desk.type("datasets", "import", str(desk.root / folder), "--into", name, "--copy")
        assert done.exit_code == 0
    first, second = loaded(desk, "a_v1"), loaded(desk, "b_v1")
    assert first.digest == second.digest
    cases = [(desk.root / "golden" / name / "dataset.yaml").read_text().split("cases:")[1] for name in ("a_v1", "b_v1")]
    assert cases[0] == cases[1]
    assert sorted(path.name for path in (first.folder / "audio").iterdir()) == sorted(f"{id}.wav" for id in ids)


@pytest.mark.parametrize(
    ("layout", "by", "two"),
    [("huggingface", "", {"7-21-0000", "9-4-0000"}), ("csv", "speaker", {"7-21-0000", "12-6-0000"})],
)
def test_a_larger_sample_holds_a_smaller_one(desk: Desk, layout: str, by: str, two: set[str]) -> None:
    LAYOUTS[layout][1](desk.root / "data")
    taken = {}
    for count in (2, 3):
        how = ("--language", "en", "--sample", str(count), "--by", by, "--seed", "7")
        assert desk.type("datasets", "import", str(desk.root / "data"), "--into", f"s{count}_v1", *how).exit_code == 0
        new = loaded(desk, f"s{count}_v1")
        taken[count] = {row["id"] for row in new.rows}
        assert by or {path.stem for path in (new.folder / "audio").iterdir()} == taken[count]
    assert taken[2] == two  # everywhere and always
    assert taken[3] > taken[2]
    assert len({row["speaker"] for row in new.rows}) == 3 if by else True
    wrong = desk.type("datasets", "import", str(desk.root / "data"), "--into", "x_v1", *how[:4], "--by", "age")
    assert "--by age: no row says anything of it" in wrong.stderr


def test_recordings_for_diarization_activity_and_meetings(desk: Desk) -> None:
    folder = desk.root / "data"
    tone = layouts.samples("7-21-0000", seconds=3.0)
    folder.mkdir()
    soundfile.write(folder / "talk.wav", tone, 16_000)
    layouts.write(
        folder / "r" / "talk.rttm",
        "SPEAKER talk 1 0.5 1 <NA> <NA> ann <NA> <NA>\nSPEAKER talk 1 1 1 <NA> <NA> bob <NA> <NA>\n",
    )
    layouts.write(folder / "r" / "talk.uem", "talk 1 0 2.5\n")
    layouts.write(folder / "talk.stm", "talk 1 ann 0.5 1.5 good morning\ntalk 1 bob 1.0 2.0 hello\n")
    where = ("--language", "en", "--root", str(folder))
    for task, at in {"diarization": "r", "vad": "r", "meeting": "talk.stm"}.items():
        done = desk.type("datasets", "import", str(folder / at), "--into", f"{task}_v1", "--task", task, *where)
        assert done.exit_code == 0, done.output
        assert desk.type("datasets", "validate", f"{task}_v1").exit_code == 0
    (row,) = loaded(desk, "diarization_v1").rows
    assert (row["turns"], row["uem"].read_text()) == (
        [[0.5, 1.5, "ann"], [1.0, 2.0, "bob"]],
        "recording 1 0.000 2.500\n",
    )
    (row,) = loaded(desk, "vad_v1").rows
    assert row["speech"] == [[0.5, 2.0]]
    (row,) = loaded(desk, "meeting_v1").rows
    assert row["utterances"] == [[0.5, 1.5, "ann", "good morning"], [1.0, 2.0, "bob", "hello"]]


def test_recordings_of_which_none_is_left(desk: Desk) -> None:
    place = nemo(desk.root / "data", a=line("gone", offset=0, duration=1), b=line("gone", offset=1, duration=1))
    how = ("--into", "new_v1", "--task", "meeting", "--max-left-out", "100%")
    refused = desk.type("datasets", "import", str(place), *how)
    assert (refused.exit_code, refused.stderr) == (1, "none of 2 rows can be used: nothing was written\n")


def test_formats_says_what_and_why(desk: Desk) -> None:
    LAYOUTS["kaldi"][1](desk.root / "data")
    result = desk.type("datasets", "formats", str(desk.root / "data"))
    assert "kaldi" in result.stdout
    assert "there is wav.scp, as in Kaldi's data directories, with text, utt2spk" in " ".join(result.stdout.split())
    known = desk.type("datasets", "formats").stdout
    assert all(name in known for name in importers.every())
    (desk.root / "empty").mkdir()
    assert desk.type("datasets", "formats", str(desk.root / "empty")).exit_code == 2


def test_languages_row_by_row(desk: Desk) -> None:
    ids = list(TEXTS)
    place = nemo(desk.root / "data", a=line(ids[0], lang="English"), b=line(ids[1], "guten Tag", lang="de-AT"))
    assert desk.type("datasets", "import", str(place), "--into", "new_v1").exit_code == 0
    new = loaded(desk, "new_v1")
    assert (new.language, [row["language"] for row in new.rows]) == ("mul", ["en", "de"])
    assert desk.type("datasets", "import", str(place), "--into", "lid_v1", "--task", "lid").exit_code == 0
    assert [row["spoken"] for row in loaded(desk, "lid_v1").rows] == ["en", "de"]
