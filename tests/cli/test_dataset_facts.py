"""`modellab datasets list`, `show`, `verify`, `lock` and `power`, with rows in YAML and in Parquet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import soundfile

from modellab import datasets, doctor
from modellab.datasets import audio_hashes, parquet_rows, verifying
from modellab.plan.settings import Project

from ..datasets.importers import layouts
from ..make import as_parquet
from .conftest import Desk

CASE = "fake:one-short_v1-cpu-float32"


@pytest.fixture(params=["yaml", "parquet"])
def folder(desk: Desk, request: pytest.FixtureRequest) -> Path:
    """A dataset of eight rows with both kinds of rows."""
    found = desk.root / "golden" / "short_v1"
    if request.param == "parquet":
        as_parquet(found)
    return found


def test_list_is_what_the_group_alone_prints(desk: Desk, folder: Path) -> None:
    result = desk.type("datasets", "list")
    assert result.stdout == desk.type("datasets").stdout
    assert " ".join(result.stdout.splitlines()[1].split()) == "short_v1 asr 1 smoke 8 12.3 s CC0-1.0 ok"
    assert desk.type("datasets", "validate").stdout.endswith("all sound: 8 files, 12.3 s of audio\n")


def test_show_tells_the_dataset_or_one_row(desk: Desk, folder: Path) -> None:
    shown = desk.type("datasets", "show", "short_v1").stdout.splitlines()
    assert shown[:2] == ["name: short_v1", "task: asr"]
    assert "  001: set a timer for ten minutes" in shown
    assert shown[-1] == "  ... 3 more; modellab datasets show short_v1 ROW shows all of one"
    row = desk.type("datasets", "show", "short_v1", "002").stdout.splitlines()
    assert row[0] == "id: 002"
    assert "text: open the garden door please" in row
    missing = desk.type("datasets", "show", "short_v1", "0002")
    assert missing.exit_code == 2
    assert "short_v1 has no row '0002': did you mean 002" in missing.output


@pytest.mark.parametrize("repeats", ["'yes'", "''", "'3'", "[2]", ".nan", "-1"])
def test_a_dataset_with_a_setting_of_a_wrong_kind_is_shown(desk: Desk, repeats: str) -> None:
    folder = desk.root / "golden" / "steady_v1"
    shutil.copytree(desk.root / "golden" / "short_v1", folder)
    manifest = folder / "dataset.yaml"
    told = manifest.read_text(encoding="utf-8").replace(
        "task: asr", f"task: stability\nsettings: {{repeats: {repeats}}}"
    )
    manifest.write_text(told, encoding="utf-8")
    shown = desk.type("datasets", "show", "steady_v1")
    assert (shown.exit_code, "rows: 8" in shown.stdout) == (0, True), shown.output


def test_verify_says_what_it_compared(desk: Desk, folder: Path) -> None:
    result = desk.type("datasets", "verify", "short_v1")
    assert (result.exit_code, result.stdout) == (0, "short_v1: 8 cases, 12.3 s of audio, sizes and times compared\n")
    deep = desk.type("datasets", "verify", "short_v1", "--deep", "--jobs", "2")
    assert (deep.exit_code, deep.stdout) == (0, "short_v1: 8 cases, 12.3 s of audio, hashed and decoded\n")


def test_verify_sees_audio_that_was_replaced(desk: Desk, folder: Path) -> None:
    samples, rate_hz = soundfile.read(folder / "audio" / "003.flac")
    soundfile.write(folder / "audio" / "003.flac", samples * 0.5, rate_hz)
    for deep in ([], ["--deep"]):
        result = desk.type("datasets", "verify", "short_v1", *deep)
        assert result.exit_code == 1
        what = "the digest changed" if datasets.load(folder).audio is None else "003"
        assert what in result.stdout
        assert result.stderr == "1 problem\n"
    (folder / "audio" / "004.flac").unlink()
    assert "004: " in desk.type("datasets", "verify", "short_v1", "--deep").stdout


def test_verify_names_each_fault(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    folder = desk.root / "golden" / "short_v1"
    as_parquet(folder)
    first = folder / "audio" / "000.flac"
    same_size = bytearray(first.read_bytes())
    same_size[-1] ^= 1
    first.write_bytes(same_size)
    (folder / "audio" / "001.flac").write_bytes(b"short")
    (folder / "audio" / "002.flac").unlink()
    told = [line.split(": ", 1)[0] for line in verifying.faults(datasets.load(folder))]
    assert told == ["000", "001", "002"]
    sentences = list(verifying.faults(datasets.load(folder)))
    assert "000.flac holds other bytes than the row says" in sentences[0]
    assert "001.flac has 5 bytes, the row says" in sentences[1]
    assert "002.flac cannot be read (No such file or directory)" in sentences[2]
    deep = list(verifying.faults(datasets.load(folder), deep=True, jobs=3))
    assert [line.split(": ", 1)[0] for line in deep] == ["000", "001", "002"]


def test_verify_deep_sees_lengths_that_are_not_the_files(desk: Desk) -> None:
    folder = desk.root / "golden" / "short_v1"
    content = (folder / "dataset.yaml").read_text()
    first = datasets.load(folder).rows[0]["duration_s"]
    (folder / "dataset.yaml").write_text(content.replace(f"duration_s: {first}", f"duration_s: {first + 1}", 1))
    desk.type("datasets", "lock", "short_v1")
    assert desk.type("datasets", "verify", "short_v1").exit_code == 0
    assert "000.flac lasts" in desk.type("datasets", "verify", "short_v1", "--deep").stdout


@pytest.mark.parametrize("command", ["lock", "digest"])
def test_lock_writes_what_is_there_now(desk: Desk, folder: Path, command: str) -> None:
    before = datasets.header(folder).digest
    samples, rate_hz = soundfile.read(folder / "audio" / "003.flac")
    soundfile.write(folder / "audio" / "003.flac", samples * 0.5, rate_hz)
    assert desk.type("datasets", command, "short_v1").stdout.startswith("short_v1: sha256:")
    assert datasets.header(folder).digest != before
    assert desk.type("datasets", "verify", "short_v1").exit_code == 0
    row = datasets.load(folder).rows[3]
    with audio_hashes.AudioHashes() as known:
        assert row.get("sha256", known.of(folder / "audio" / "003.flac")) == known.of(folder / "audio" / "003.flac")
    (folder / "audio" / "003.flac").unlink()
    if "sha256" in row:
        result = desk.type("datasets", command, "short_v1")
        assert result.exit_code == 2
        assert "case 003: " in result.output


def test_doctor_decodes_no_audio_of_rows_that_are_as_they_were_locked(desk: Desk) -> None:
    as_parquet(desk.root / "golden" / "short_v1")
    (desk.root / "golden" / "short_v1" / "audio" / "003.flac").write_bytes(b"no flac")
    checks = {each.name: each for each in doctor.check_datasets(Project.at(desk.root))}
    assert checks["short_v1"].state == "ok"
    assert "8 rows as they were locked; `modellab datasets verify short_v1` compares" in checks["short_v1"].found
    rows = [{**row} for row in parquet_rows.ParquetRows(desk.root / "golden" / "short_v1" / "rows.parquet", dict)]
    parquet_rows.write(desk.root / "golden" / "short_v1" / "rows.parquet", rows[1:])
    checks = {each.name: each for each in doctor.check_datasets(Project.at(desk.root))}
    assert checks["short_v1"].state == "bad"


# ---------------------------------------------------------------------------- power


def test_power_without_a_baseline_says_what_it_assumes(desk: Desk, folder: Path) -> None:
    result = desk.type("datasets", "power", "short_v1", "--effect", "0.5%")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("short_v1: assumed: 2 % of the utterances change for no reason, errors come in bursts; ")
    assert lines[1].split() == ["utterances", "swapped", "sees", "a", "change", "of", "WER", "of"]
    assert lines[2].split()[:2] == ["8", "(all)"]
    assert lines[-1].startswith("a change of WER of 0.50 % needs about ")
    assert lines[-1].endswith(", more than the 8 that there are")


def test_power_of_a_baseline(desk: Desk, folder: Path) -> None:
    desk.accept(CASE)
    for more in ([], ["--case", CASE]):
        result = desk.type("datasets", "power", "short_v1", "--effect", "5%", *more)
        assert "from the baseline of fake:one (wer " in result.stdout
        assert "2 % of the utterances change for no reason, assumed" in result.stdout
    within = desk.type("datasets", "power", "short_v1", "--effect", "0.05%").stdout
    assert "is within its margin (0.10 %): no amount of data makes it red" in within


def test_an_import_of_a_sample_says_what_it_would_see(desk: Desk) -> None:
    layouts.LAYOUTS["nemo"][1](desk.root / "data")
    place = str(desk.root / "data" / layouts.LAYOUTS["nemo"][2])
    common = ("datasets", "import", place, "--language", "en")
    whole = desk.type(*common, "--into", "four_v1")
    assert "the sample sees" not in whole.stdout
    some = desk.type(*common, "--into", "two_v1", "--sample", "2")
    told = some.stdout.splitlines()[-1]
    assert told.startswith("the sample sees no change, however large: it is too small (assumed: 2 % of the utterances")
    assert told.endswith("modellab datasets power two_v1 --effect 0.5% says what that needs")


def test_power_needs_something_to_count_with(desk: Desk) -> None:
    result = desk.type("datasets", "power", "short_v1", "--case", CASE)
    assert result.exit_code == 2
    assert f"nothing was accepted of {CASE}" in result.output
    desk.dataset("speech_v1", task="vad")
    result = desk.type("datasets", "power", "speech_v1")
    assert result.exit_code == 2
