"""Hashes of audio that are computed once: what is believed, what is hashed again, and what may be broken."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modellab import datasets
from modellab.datasets import audio_hashes

from .test_datasets import manifest, save, sine

ROOT = Path(__file__).parents[2]


def test_a_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "a.wav"
    file.write_bytes(b"one")
    os.utime(file, (time.time() - 60, time.time() - 60))
    with audio_hashes.AudioHashes() as known:
        first = known.of(file)
    monkeypatch.setattr("hashlib.file_digest", None)
    with audio_hashes.AudioHashes() as known:
        assert known.of(file) == first
        os.utime(file, (time.time() - 50, time.time() - 50))
        with pytest.raises(TypeError):
            known.of(file)


def test_a_file_that_was_changed_just_now_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "a.wav"
    file.write_bytes(b"one")
    state = file.stat()
    with audio_hashes.AudioHashes() as known:
        first = known.of(file)
        file.write_bytes(b"two")
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert known.of(file) != first


@pytest.mark.parametrize("damage", [b"", b"no database" * 100])
def test_a_damaged_side_file_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / audio_hashes.NAME).write_bytes(damage)
    file = tmp_path / "a.wav"
    file.write_bytes(b"one")
    os.utime(file, (0, 0))
    for _ in range(2):
        with audio_hashes.AudioHashes() as known:
            assert known.of(file) == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file, no folder")
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "a.wav"
    file.write_bytes(b"one")
    with audio_hashes.AudioHashes() as known:
        assert known.of(file).startswith("7692")


def test_hashes_in_rows_of_yaml_are_not_what_their_digest_is_made_of(tmp_path: Path) -> None:
    sine(tmp_path / "a1.flac", 0.5)
    sine(tmp_path / "a2.flac", 0.25)
    content = manifest()
    save(tmp_path, content)
    before = datasets.load(tmp_path).digest
    save(tmp_path, {**content, "cases": [{**case, "sha256": "0" * 64, "size_bytes": 1} for case in content["cases"]]})
    assert datasets.load(tmp_path).digest == before
    sine(tmp_path / "a1.flac", 0.4)
    assert datasets.load(tmp_path).digest != before


WORK = """
import sys
from pathlib import Path
from modellab.datasets.audio_hashes import AudioHashes
for _ in range(5):
    with AudioHashes() as known:
        for file in sorted(Path(sys.argv[1]).glob("*.wav")):
            known.of(file)
"""


@pytest.mark.slow
def test_several_processes_share_the_side_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    for i in range(60):
        (tmp_path / f"{i:02}.wav").write_bytes(bytes([i]) * 100)
        os.utime(tmp_path / f"{i:02}.wav", (0, 0))
    at_work = [subprocess.Popen([sys.executable, "-c", WORK, str(tmp_path)], cwd=ROOT) for _ in range(3)]
    assert [each.wait(120) for each in at_work] == [0, 0, 0]
    monkeypatch.setattr("hashlib.file_digest", None)
    with audio_hashes.AudioHashes() as known:
        for i in range(60):
            assert known.of(tmp_path / f"{i:02}.wav") == hashlib.sha256(bytes([i]) * 100).hexdigest()
