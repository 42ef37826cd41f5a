"""A checkout with CRLF, Git for Windows' default, has the hashes of one with LF."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modellab import datasets
from modellab.audio import augmentation, conditions
from modellab.models import made

from .make import HEADER

ROOT = Path(__file__).parents[1]
LINES = {
    "rttm": "SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\nSPEAKER a 1 1 1 <NA> <NA> y <NA> <NA>\n",
    "stm": "a 1 x 0 1 one\na 1 y 1 2 two\n",
    "uem": "a 1 0 1\na 1 1 2\n",
}


def with_crlf(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("key", LINES)
def test_digest_of_a_dataset(tmp_path: Path, key: str) -> None:
    header = "".join(f"{name}: {value}\n" for name, value in HEADER.items())
    (tmp_path / "dataset.yaml").write_text(
        f"{header}cases:\n- {{id: a, audio: a.flac, duration_s: 1.0, {key}: a.txt}}\n"
    )
    (tmp_path / "a.flac").write_bytes(b"\r\n")
    (tmp_path / "a.txt").write_text(LINES[key])
    before = datasets.load(tmp_path).digest
    with_crlf(tmp_path / "a.txt")
    with_crlf(tmp_path / "dataset.yaml")
    assert datasets.load(tmp_path).digest == before
    (tmp_path / "a.flac").write_bytes(b"\n")
    assert datasets.load(tmp_path).digest != before, "sound is no text"


def test_recipe_of_made_checkpoints(tmp_path: Path) -> None:
    folder = tmp_path / "ctc_aligner"
    shutil.copytree(ROOT / "modellab" / "models" / "ctc_aligner", folder)
    before = made.recipe(folder)
    for path in folder.glob("make*.py"):
        with_crlf(path)
    assert made.recipe(folder) == before


def test_recipe_of_augmented_clips(tmp_path: Path) -> None:
    before, copy = augmentation.recipe(), tmp_path / "conditions.py"
    copy.write_bytes(Path(conditions.__file__).read_bytes())
    with_crlf(copy)
    assert augmentation.recipe(copy) == before
    copy.write_bytes(copy.read_bytes() + b"\n# changed\n")
    assert augmentation.recipe(copy) != before


def test_git_is_told() -> None:
    assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
