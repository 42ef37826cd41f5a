"""Imports of more rows than a person reads: the same bytes however the source lies, nothing overlooked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from modellab import datasets, tasks
from modellab.datasets.importers import contradictions, importing, manifest_file, record_checks, row_maker
from modellab.datasets.importers.records import LeftOut, Options, Record, Sound
from modellab.datasets.importers.request import ImportRequest, Report
from modellab.errors import DatasetError, ExtraError
from modellab.tasks import asr
from tests.datasets.importers import layouts

ROWS = 40


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten rows are many here, and names are packed early."""
    monkeypatch.setattr(manifest_file, "MOST_IN_YAML", 10)
    monkeypatch.setattr(row_maker, "MANY", 7)


def source(folder: Path, order: Sequence[int] = range(ROWS)) -> Path:
    """A manifest of stretches of four recordings, of which two lie in folders of their own."""
    for i in range(4):
        noise = np.random.default_rng(i).uniform(-0.5, 0.5, 32_000)
        file = folder / f"{'sub' if i % 2 else '.'}" / f"call{i}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, noise, 16_000, subtype="PCM_16")
    rows = [
        {"audio_filepath": f"{'sub/' if i % 2 else ''}call{i % 4}.wav", "text": f"number {'abcde'[i % 5]} {i}",
         "offset": round(i / 40, 3), "duration": 0.5, "speaker": f"s{i % 3}"} for i in order
    ]  # fmt: skip
    return layouts.write(folder / "manifest.json", layouts.lines(rows))


def imported(place: Path, into: Path, **request: Any) -> Report:
    wanted = ImportRequest(**{"language": "en", "form": "nemo", **request})
    return importing.run(place, into, Options(), wanted, {name: tasks.get(name) for name in tasks.names()})


def test_many_rows_are_written_as_parquet_with_the_hashes_of_their_audio(tmp_path: Path) -> None:
    report = imported(source(tmp_path / "data"), tmp_path / "golden" / "calls_v1")
    data = datasets.load(tmp_path / "golden" / "calls_v1")
    assert (len(data.rows), data.digest, data.is_checked) == (ROWS, report.digest, True)
    ids = [row["id"] for row in data.rows]
    assert ids == sorted(ids)
    file = tmp_path / "data" / "call0.wav"
    first = next(row for row in data.rows if row["id"].startswith("call0"))
    assert first["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert first["size_bytes"] == file.stat().st_size
    assert datasets.validate(tmp_path / "golden" / "calls_v1", asr) == []
    assert "cases:" not in (tmp_path / "golden" / "calls_v1" / "dataset.yaml").read_text()


def test_few_rows_stay_in_yaml(tmp_path: Path) -> None:
    report = imported(source(tmp_path / "data", range(10)), tmp_path / "golden" / "calls_v1")
    assert not (tmp_path / "golden" / "calls_v1" / "rows.parquet").exists()
    data = datasets.load(tmp_path / "golden" / "calls_v1")
    assert (len(data.rows), data.digest) == (10, report.digest)
    assert all(len(row["sha256"]) == 64 for row in data.rows)


def test_another_folder_and_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    orders = [range(ROWS), range(ROWS - 1, -1, -1), np.random.default_rng(5).permutation(ROWS).tolist()]
    made = []
    for i, order in enumerate(orders):
        golden = tmp_path / f"project{i}" / "golden" / "calls_v1"
        report = imported(source(tmp_path / f"place{i}" / "deep", order), golden, copy=True)
        made.append((report.digest, (golden / "rows.parquet").read_bytes()))
    assert made[0] == made[1] == made[2]
    by_reference = imported(tmp_path / "place1" / "deep" / "manifest.json", tmp_path / "golden" / "calls_v1")
    assert by_reference.digest == made[0][0], "where the audio lies is no part of the digest"


def test_a_sample_of_many_is_small(tmp_path: Path) -> None:
    place = source(tmp_path / "data")
    for count in (8, 12):
        imported(place, tmp_path / "golden" / f"some_v{count}", sample=count, by=("speaker",), seed=7)
    small, large = ([row["id"] for row in datasets.load(tmp_path / "golden" / f"some_v{n}").rows] for n in (8, 12))
    assert (len(small), len(large)) == (8, 12)
    assert set(small) < set(large)
    assert (tmp_path / "golden" / "some_v12" / "rows.parquet").exists()
    assert not (tmp_path / "golden" / "some_v8" / "rows.parquet").exists()


def test_an_import_of_many_rows_is_repeated_and_says_what_changed(tmp_path: Path) -> None:
    place, first = source(tmp_path / "data"), tmp_path / "golden" / "calls_v1"
    imported(place, first)
    where, options, request = manifest_file.earlier(first)
    same = importing.run(where, tmp_path / "golden" / "calls_v2", options, request, {}, first)
    assert same.changes == []
    source(tmp_path / "data", range(1, ROWS))
    soundfile.write(tmp_path / "data" / "call0.wav", np.random.default_rng(9).uniform(-0.5, 0.5, 32_000), 16_000)
    other = importing.run(where, tmp_path / "golden" / "calls_v3", options, request, {}, first)
    assert other.changes is not None
    assert [change.split(" (")[0] for change in other.changes] == ["1 row gone", "9 rows with other audio"]


def test_without_pyarrow_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modellab.system.extras.find_spec", lambda name: None)
    with pytest.raises(ExtraError, match="a dataset of more than 10 rows needs pyarrow, which is not installed: pip"):
        imported(source(tmp_path / "data"), tmp_path / "golden" / "calls_v1")
    assert not (tmp_path / "golden" / "calls_v1").exists()
    imported(tmp_path / "data" / "manifest.json", tmp_path / "golden" / "calls_v1", sample=5)


# ---------------------------------------------------------------------------- contradictions


def naive(records: Sequence[Record]) -> set[int]:
    """Which records are left out, by comparing every pair."""
    left, taken = set(), []
    for i, record in enumerate(records):
        twins = [j for j in range(i) if contradictions._clip(records[j]) == contradictions._clip(record)]
        if twins:
            left.add(i)
            if contradictions._reference(records[twins[0]]) != contradictions._reference(record):
                left.add(twins[0])
        else:
            taken.append(i)
    for i in taken:
        namesakes = [j for j in taken if records[j].id == record_id(records[i])]
        if len(namesakes) > 1:
            left.add(i)
    return left


def record_id(record: Record) -> str:
    return record.id


def record(id: str, clip: int, text: str) -> Record:
    return Record(id, f"line of {id}", Sound(Path("a.wav"), float(clip), clip + 1.0, sha256="x"), text=text)


@given(st.lists(st.builds(record, st.sampled_from("abcde"), st.integers(0, 5), st.sampled_from(["x", "y"]))))
def test_what_contradicts_is_found_however_many_there_are(records: list[Record]) -> None:
    compared = contradictions.Compared()
    for each in records:
        compared.add(each)
    found = compared.left_out(records)
    assert set(found) == naive(records)
    assert all(isinstance(each, LeftOut) for each in found.values())


@given(st.lists(st.text("abü\U0001f600", max_size=3), max_size=30))
def test_names_come_in_the_order_of_their_letters(given_names: list[str]) -> None:
    names = row_maker.Names()
    for name in given_names:
        names.append(name)
    assert [given_names[i] for i in names.order()] == sorted(given_names)


# ---------------------------------------------------------------------------- texts


class Counting:
    """The task, counting the texts that it reads."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def read(self, row: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
        self.texts.append(row["text"])
        return asr.read(row, options)


WORDS = st.sampled_from(
    ["uh", "um", "hmm", "mm", "the", "Hello,", "(laughs)", "[noise]", "<unk>", "*", "...", "-", "twenty", "2",
     "o'clock", "mhm", "Mr.", "dr", "a", "I'm", "ah", "&", "\u266a", "don't", "and", "point", "dollars", "%", "uh,"]
)  # fmt: skip


@pytest.mark.parametrize("normaliser", ["whisper_en", "modellab_en", "basic", "none", "auto"])
@given(texts=st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=8))
def test_a_text_that_is_not_read_is_a_reference(normaliser: str, texts: list[str]) -> None:
    options = {"normaliser": normaliser, "language": "en", "settings": {}}
    words = row_maker._Words(asr, options, "asr")
    for text in texts:
        row = {"id": "a", "audio": "a.wav", "duration_s": 1.0, "text": text}
        if words.are_known(row):
            asr.read(row, options)


def test_of_many_texts_few_are_read() -> None:
    task = Counting()
    words = row_maker._Words(task, {"normaliser": "basic", "language": "en", "settings": {}}, "asr")
    for i in range(100):
        assert words.are_known({"id": "a", "audio": "a", "duration_s": 1.0, "text": f"hello there number {i}"})
    assert task.texts == ["hello"]
    assert not words.are_known({"id": "a", "audio": "a", "duration_s": 1.0, "text": "hello there", "texts": {"b": "x"}})
    assert not words.are_known({"id": "a", "audio": "a", "duration_s": 1.0, "text": "(hello there)"})
    with pytest.raises(DatasetError):
        words.read({"id": "a", "audio": "a", "duration_s": 1.0, "text": "..."})


def test_a_text_of_which_nothing_is_left_is_left_out(tmp_path: Path) -> None:
    rows = [
        {"audio_filepath": "a.wav", "text": text, "offset": i / 10, "duration": 0.1}
        for i, text in enumerate(["hello", "uh um", "hello uh", "uh"])
    ]
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 16_000), 16_000)
    place = layouts.write(tmp_path / "manifest.json", layouts.lines(rows))
    report = imported(place, tmp_path / "golden" / "a_v1", normaliser="whisper_en", most_left_out=1.0)
    reasons = [each.reason.split(": ")[-1] for each in report.left]
    assert reasons == [f"whisper_en leaves nothing of {text!r}" for text in ("uh um", "uh")]


def test_a_file_is_decoded_once_however_its_rows_are_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Path] = []
    decode = record_checks.heard

    def listened(file: Path) -> record_checks.Facts:
        heard.append(file)
        return decode(file)

    monkeypatch.setattr(record_checks, "heard", listened)
    imported(source(tmp_path / "data"), tmp_path / "golden" / "calls_v1", copy=True)
    assert len(heard) == 4
    assert len(list((tmp_path / "golden" / "calls_v1" / "audio").iterdir())) == 4
