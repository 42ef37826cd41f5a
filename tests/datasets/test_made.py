"""Datasets whose audio is no part of them: it is made on each machine, and the digest is over the rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab import datasets

from ..cli.conftest import Desk, desk

__all__ = ["desk"]


@pytest.fixture
def folder(desk: Desk) -> Path:
    return desk.dataset("made_v1", made="make real")


def test_the_digest_is_over_the_rows_alone(folder: Path) -> None:
    digest = datasets.load(folder).digest
    clip = next((folder / "audio").iterdir())
    clip.write_bytes(clip.read_bytes() + b"\0")  # another CPU's last bit
    assert datasets.load(folder).digest == digest
    manifest = folder / datasets.FILE_NAME
    manifest.write_text(manifest.read_text().replace("light", "night", 1))
    assert datasets.load(folder).digest != digest


def test_a_hash_in_a_row_counts(folder: Path) -> None:
    manifest = folder / datasets.FILE_NAME
    digest, text = datasets.load(folder).digest, manifest.read_text()
    assert "id: '000'" in text
    found = [text.replace("id: '000'", f"id: '000'\n  sha256: '{each * 64}'", 1) for each in "ab"]
    digests = []
    for each in found:
        manifest.write_text(each)
        digests.append(datasets.load(folder).digest)
    assert len({digest, *digests}) == 3


def test_without_its_audio_it_is_sound_and_cannot_run(desk: Desk, folder: Path) -> None:
    assert datasets.why_silent(folder, datasets.header(folder)) == ""
    (folder / "audio").rename(folder / "elsewhere")
    assert datasets.why_silent(folder, datasets.header(folder)) == "the audio of made_v1 is not here: make real"
    assert datasets.validate(folder) == []
    validated = desk.type("datasets", "validate", "made_v1")
    assert (validated.exit_code, validated.stdout.splitlines()) == (
        0,
        ["made_v1: 8 cases, the audio of made_v1 is not here: make real", "all sound: 0 files, 0.0 s of audio"],
    )
    assert "ok, its audio: make real" in " ".join(desk.type("datasets", "list").stdout.split())


def test_its_cases_are_skipped_with_the_command(desk: Desk, folder: Path) -> None:
    from modellab.plan.availability import why_not
    from modellab.plan.matrix import Matrix
    from modellab.plan.selection import find_case
    from modellab.plan.settings import Project

    case = find_case(Matrix(Project.at(desk.root)), "fake:one-made_v1-cpu-float32")
    assert why_not(case) == ""
    (folder / "audio").rename(folder / "elsewhere")
    assert why_not(case) == "the audio of made_v1 is not here: make real"


def test_a_damaged_file_of_it_is_a_fault(folder: Path) -> None:
    next((folder / "audio").iterdir()).write_bytes(b"no audio")
    assert len(datasets.validate(folder)) == 1
