"""What a run says of a dataset that is not as it says: lengths that are not the files', digests missing or stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from modellab import datasets
from modellab.datasets import decoded_length, parquet_rows
from modellab.types.readings import READINGS

from ..make import as_parquet
from .conftest import FakeProject, length


def change(project: FakeProject, number: int, **changes: Any) -> Path:
    """Write other keys into a row of the dataset."""
    folder = project.root / "golden" / "short_v1"
    manifest = yaml.safe_load((folder / "dataset.yaml").read_text())
    manifest["cases"][number].update(changes)
    (folder / "dataset.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
    return folder


def test_a_length_that_is_not_the_files_is_told_and_not_used(fake_project: FakeProject) -> None:
    datasets.write_digest(change(fake_project, 2, duration_s=15.0))

    result = fake_project.run()

    result.assert_outcomes(passed=1)
    true_s = length(2) / 16_000
    told = f"1 of 8 lengths in its manifest are not the files': 002 lasts {true_s:.2f} s, not 15.00 s; RTF and scores"
    result.stdout.fnmatch_lines([f"note: *{told}*"])
    measured = fake_project.ledger()[-1]["result"]
    assert measured["utterances"][2]["duration_s"] == pytest.approx(true_s)
    assert measured["readings"]["audio_s"] == pytest.approx(sum(map(length, range(8))) / 16_000)
    assert measured["readings"].keys() <= READINGS.keys(), "every number that is measured is declared"


def test_a_digest_that_is_missing_or_stale_is_told(fake_project: FakeProject) -> None:
    fake_project.run().stdout.fnmatch_lines(["note: *its dataset has no digest*"])
    folder = fake_project.root / "golden" / "short_v1"
    datasets.write_digest(folder)
    assert "its dataset" not in fake_project.run().stdout.str()
    soundfile.write(folder / "audio" / "003.flac", 0.1 * np.cos(np.arange(length(3)) / 10), 16_000)
    fake_project.run().stdout.fnmatch_lines(["note: *its dataset's digest is stale*"])


def test_the_longest_length_is_the_files_where_that_is_longer(fake_project: FakeProject) -> None:
    folder = change(fake_project, 1, duration_s=1.0)
    soundfile.write(folder / "audio" / "001.flac", np.random.default_rng(0).normal(0, 0.1, 160_000), 16_000)
    row = datasets.load(folder).rows[1]
    assert decoded_length.longest_s(row) == 10.0
    assert decoded_length.longest_s({**row, "duration_s": 12.0}) == 12.0
    assert decoded_length.longest_s({**row, "settings": {"repeats": 3}}) == 30.0
    assert decoded_length.longest_s({**row, "audio": folder / "no.flac"}) == 1.0


def test_every_fault_of_every_row_is_listed(fake_project: FakeProject) -> None:
    folder = fake_project.root / "golden" / "short_v1"
    for number, data in enumerate([b"", b"RIFF", b"#EXTM3U\nhttp://a/b\n", b"<html>", b"fLaC" + bytes(99)]):
        (folder / "audio" / f"{number:03}.flac").write_bytes(data)
    change(fake_project, 5, duration_s=99.0)
    change(fake_project, 6, text="  ")
    faults = datasets.validate(folder)
    for number in range(7):
        assert sum(f"case {number:03}: " in fault for fault in faults) == 1, faults
    assert all("\n" not in fault for fault in faults)


def test_rows_in_parquet_are_compared_with_their_audio_as_they_are_used(fake_project: FakeProject) -> None:
    folder = fake_project.root / "golden" / "short_v1"
    as_parquet(folder)
    fake_project.accept()
    result = fake_project.run()
    result.assert_outcomes(passed=1)
    assert "its dataset" not in result.stdout.str()
    provenance = fake_project.ledger()[-1]["result"]["provenance"]
    assert provenance["digest_checked"] == "used"
    assert provenance["dataset_digest"] == datasets.load(folder).digest
    accepted = next((fake_project.root / "baselines").rglob("*-float32.json")).read_text()
    assert "digest_checked" not in accepted

    soundfile.write(folder / "audio" / "003.flac", 0.1 * np.cos(np.arange(length(3)) / 10), 16_000)
    result = fake_project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["note: *the audio of 1 row is not that of its dataset any more (003)*"])
    result.stdout.fnmatch_lines(["*dataset digest was sha256:* in the baseline and is sha256:* now*"])
    assert fake_project.ledger()[-1]["result"]["provenance"]["dataset_digest"] != provenance["dataset_digest"]


def test_rows_in_parquet_without_hashes_are_told(fake_project: FakeProject) -> None:
    folder = fake_project.root / "golden" / "short_v1"
    as_parquet(folder)
    rows = [{**row} for row in parquet_rows.ParquetRows(folder / "rows.parquet", dict)]
    parquet_rows.write(folder / "rows.parquet", [{k: row[k] for k in row if k != "sha256"} for row in rows])
    datasets.write_digest(folder)
    fake_project.run().stdout.fnmatch_lines(["note: *its dataset has no hash for the audio of 8 rows*"])
    assert fake_project.ledger()[-1]["result"]["provenance"]["digest_checked"] == "none"
