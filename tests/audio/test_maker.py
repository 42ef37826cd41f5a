"""Files under conditions: made once, in another process, and what happens when they cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from modellab import audio
from modellab.audio import augmentation
from modellab.audio.conditions import parse
from modellab.errors import AudioError, ConfigError, CrashError
from modellab.types import Audio


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "a.flac"
    audio.write(path, Audio(np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32), 16_000))
    return path


@pytest.fixture
def helper() -> Iterator[augmentation.Helper]:
    """A helper of this test's own, gone when it ends."""
    own = augmentation.Helper()
    yield own
    own.close()


def test_a_file_is_made_once_and_again_when_it_is_damaged(clip: Path, helper: augmentation.Helper) -> None:
    made = augmentation.file(clip, parse("speed:1.25"), 1, helper)
    assert audio.info(made).duration_s == pytest.approx(0.4, abs=0.001)
    before = made.read_bytes()
    first = helper.child
    assert first is not None
    assert augmentation.file(clip, parse("speed:1.25"), 1, helper) == made
    made.write_bytes(b"damaged")
    assert augmentation.file(clip, parse("speed:1.25"), 1, helper).read_bytes() == before
    assert helper.child is first
    first.close()  # as if it had gone idle
    assert augmentation.file(clip, parse("clipping:20"), 1, helper) != made
    assert helper.child is not first


def test_clip_condition_and_seed_name_the_file(clip: Path, tmp_path: Path) -> None:
    orders: list[dict[str, Any]] = []

    class Notes(augmentation.Helper):
        def make(self, order: Any, into: Path) -> None:
            orders.append(order)
            into.write_bytes(b"")

    class Updated(Notes):
        def recipe(self) -> list[str]:
            return [*super().recipe(), "another"]

    other = tmp_path / "b.flac"
    audio.write(other, Audio(np.zeros(800, np.float32), 16_000))
    files = {
        augmentation.file(path, parse(name), seed, Notes())
        for path, name, seed in [
            (clip, "noise:5", 1),
            (clip, "noise:10", 1),
            (clip, "noise:5", 2),
            (other, "noise:5", 1),
        ]
    }
    assert len(files) == len({order["seed"] for order in orders}) == 4
    assert augmentation.file(clip, parse("noise:5"), 1, Updated()) not in files


def test_the_versions_of_the_libraries_are_part_of_the_recipe() -> None:
    assert f"numpy {np.__version__}" in augmentation.recipe()


def test_a_clean_clip_is_itself(clip: Path) -> None:
    assert augmentation.file(clip, parse("clean"), 1) == clip


def test_a_missing_clip_and_a_broken_one_are_told(clip: Path, helper: augmentation.Helper) -> None:
    with pytest.raises(AudioError, match=r"gone\.flac does not exist"):
        augmentation.file(clip.with_name("gone.flac"), parse("speed:1.1"), 1, helper)
    broken = clip.with_name("broken.flac")
    broken.write_bytes(clip.read_bytes()[:600])
    with pytest.raises(AudioError, match=r"broken\.flac under speed:1\.1 could not be made: .*"):
        augmentation.file(broken, parse("speed:1.1"), 1, helper)


def test_a_missing_package_is_told_with_what_brings_it(clip: Path) -> None:
    def absent(*_: object) -> NoReturn:
        raise ModuleNotFoundError("no torch_audiomentations", name="torch_audiomentations")

    order = {"clip": str(clip), "condition": "noise:5", "seed": 1, "into": "x.flac"}
    assert augmentation.answer(order, absent) == {"missing": "torch_audiomentations"}

    class Lacks(augmentation.Helper):
        def _asked(self, order: Mapping[str, object]) -> dict[str, Any]:
            return {"missing": "torch_audiomentations"}

    with pytest.raises(ConfigError, match=r"noise:5 needs torch_audiomentations: pip install 'modellab\[robustness\]'"):
        Lacks().make(order, Path("x.flac"))


def test_a_helper_that_died_is_told_and_another_one_started(clip: Path, helper: augmentation.Helper) -> None:
    augmentation.file(clip, parse("speed:1.25"), 1, helper)
    first = helper.child
    assert first is not None
    first.kill()
    assert augmentation.file(clip, parse("speed:1.5"), 1, helper).is_file()
    assert helper.child is not first

    class Dead(augmentation.Helper):
        def _asked(self, order: Mapping[str, object]) -> dict[str, Any]:
            raise CrashError("the worker died during 'make': it exited with status 3")

    with pytest.raises(AudioError, match="could not be made: the worker died during 'make'"):
        Dead().make({"clip": str(clip), "condition": "noise:5"}, Path("x.flac"))
