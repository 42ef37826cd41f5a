"""The same four utterances out of every layout: found for what it is, to the sample and the word."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run

import pytest

from modellab.datasets import importers
from modellab.datasets.importers import LeftOut, Options, Record
from modellab.errors import ConfigError
from tests.datasets.importers import layouts, utterances
from tests.datasets.importers.layouts import LAYOUTS, TEXTS

each_layout = pytest.mark.parametrize(("format", "recipe", "at"), LAYOUTS.values(), ids=LAYOUTS)


def records(place: Path | str, **options: object) -> tuple[importers.Found, list[Record], list[LeftOut]]:
    """What a place is taken for, and what is in it."""
    there = importers.place_of(place)
    found = importers.chosen(there)
    items = list(importers.read(found.format, there, Options(**options)))  # type: ignore[arg-type]
    return (
        found,
        [each for each in items if isinstance(each, Record)],
        [each for each in items if isinstance(each, LeftOut)],
    )


@each_layout
def test_a_layout_gives_the_same_four_utterances(tmp_path: Path, format: str, recipe: object, at: str) -> None:
    recipe(tmp_path)  # type: ignore[operator]
    found, taken, left = records(tmp_path / at)
    assert format == found.format.NAME
    assert left == []
    by_id = {record.id.replace("_", "-"): record for record in taken}
    assert {id: (by_id[id].text or "").casefold() for id in by_id} == {
        id: text.casefold() for id, text in TEXTS.items()
    }
    for id, record in by_id.items():
        assert record.sound is not None
        assert not record.sound.is_segment
        data = record.sound.file.read_bytes() if record.sound.data is None else record.sound.data
        assert layouts.decoded(data) == layouts.samples(id).tolist()
        assert record.duration_s is None or record.duration_s == pytest.approx(layouts.length_s(id))


def test_what_a_layout_knows_besides(tmp_path: Path) -> None:
    LAYOUTS["librispeech"][1](tmp_path)
    _, taken, _ = records(tmp_path)
    first = next(record for record in taken if record.id == "7-21-0000")
    assert (first.speaker, first.recording, first.group, first.language) == ("7", "7-21", {"gender": "female"}, "en")
    assert first.where == f"{tmp_path}/test-mini/7/21/7-21.trans.txt, line 1"


def test_a_list_without_headings_knows_the_text_as_it_is_written_or_who_speaks(tmp_path: Path) -> None:
    LAYOUTS["ljspeech"][1](tmp_path / "one")
    LAYOUTS["filelist of VITS"][1](tmp_path / "two")
    written = {record.id: (record.speaker, dict(record.texts)) for record in records(tmp_path / "one")[1]}
    assert written["7-21-0001"] == ("", {"raw": '"As written: LET US BEGIN'})
    spoken = {record.id: (record.speaker, dict(record.texts)) for record in records(tmp_path / "two" / "filelists")[1]}
    assert spoken["7-21-0001"] == ("7", {})
    piper = tmp_path / "three" / "metadata.csv"
    utterances.clips(piper.parent / "wav")
    layouts.write(piper, "9-4-0000|ann|i am not so sure\n7-21-0001|1998|nineteen ninety eight\ngone\n")
    _, taken, left = records(piper.parent)
    assert [(record.speaker, dict(record.texts)) for record in taken] == [("ann", {}), ("", {"raw": "1998"})]
    assert [str(each) for each in left] == [f"{piper}, line 3: expected id|text or id|text|normalised text, got 'gone'"]


def test_every_format_of_this_package_is_found_on_disk() -> None:
    folder = Path(importers.__file__).parent / "formats"
    assert set(importers.every()) == {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    assert all(format.TITLE for format in importers.every().values())


def test_an_empty_folder_is_of_no_format(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing here looks like a format that is known"):
        importers.chosen(importers.place_of(tmp_path))
    with pytest.raises(ConfigError, match="there is no file or folder called"):
        importers.place_of(tmp_path / "gone")
    with pytest.raises(ConfigError, match="there is no format called 'kald': did you mean kaldi"):
        importers.chosen(importers.place_of(tmp_path), "kald")


def test_two_likely_formats_are_named(tmp_path: Path) -> None:
    layouts.write(tmp_path / "a.rttm", "SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\n")
    layouts.write(tmp_path / "a.stm", "a 1 x 0 1 <o> hello\n")
    with pytest.raises(ConfigError, match=r"several formats, say which with --as \(rttm: .*; stm: "):
        importers.chosen(importers.place_of(tmp_path))
    assert importers.chosen(importers.place_of(tmp_path), "stm").format.NAME == "stm"


def test_nothing_heavy_is_imported() -> None:
    heavy = ["torch", "pandas", "datasets", "lhotse", "webdataset", "pyarrow", "soundfile", "av"]
    script = (
        "import sys; from modellab.datasets import importers; importers.every(); "
        f"print(*sorted(set({heavy!r}) & sys.modules.keys()))"
    )
    done = run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout.split() == []


def test_a_format_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = """
from modellab.datasets.importers import Guess, Record, Sound
NAME, TITLE = "ours", "files that end in .ours"
def detect(place):
    found = place.called("*.ours")
    return Guess(0.9, f"{found[0].name} is there") if found else None
def read(place, options):
    yield Record(id="a", where="here", sound=Sound(place.folder / "a.wav"), text="hello")
"""
    layouts.write(tmp_path / "site" / "ours_module.py", module)
    layouts.write(
        tmp_path / "site" / "ours-1.0.dist-info" / "METADATA", "Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n"
    )
    layouts.write(
        tmp_path / "site" / "ours-1.0.dist-info" / "entry_points.txt", "[modellab.importers]\nours = ours_module\n"
    )
    layouts.write(tmp_path / "data" / "x.ours", "")
    monkeypatch.syspath_prepend(tmp_path / "site")
    importers.every.cache_clear()
    try:
        found, taken, _ = records(tmp_path / "data")
        assert (found.format.NAME, [record.text for record in taken]) == ("ours", ["hello"])
        layouts.write(tmp_path / "site" / "ours_module.py", "raise ImportError('no such engine')")
        importers.every.cache_clear()
        sys.modules.pop("ours_module")
        with pytest.raises(ConfigError, match="format 'ours' of ours_module cannot be loaded: ImportError: no such"):
            importers.every()
    finally:
        importers.every.cache_clear()
        sys.modules.pop("ours_module", None)


def test_the_folder_above_is_told_which_one_was_meant(tmp_path: Path) -> None:
    for name in ("en", "ja"):
        LAYOUTS["commonvoice"][1](tmp_path / name)
    with pytest.raises(
        ConfigError, match=r"folders in it are: en \(commonvoice\), ja \(commonvoice\): name one of them"
    ):
        importers.chosen(importers.place_of(tmp_path))
