"""Keyed hashes in place of names, and the secret that they are made with."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.datasets import privacy
from modellab.datasets.privacy import Key
from modellab.errors import ConfigError
from modellab.tasks import asr, vad

ONE, OTHER = Key(b"1" * 32), Key(b"2" * 32)
ROW = {
    "id": "call-7",
    "audio": Path("/data/call-7.flac"),
    "text": "hello",
    "duration_s": 1.0,
    "speaker": "Ann",
    "recording": "monday",
    "condition": "ward 3",
    "group": {"region": "north", "age": "30"},
}


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_hash_is_the_keys_and_the_names(name: str, other: str) -> None:
    assert ONE.hash("id", name) == ONE.hash("id", name)
    assert len(ONE.hash("id", name)) == 16
    assert ONE.hash("id", name) != OTHER.hash("id", name)
    assert ONE.hash("id", name) != ONE.hash("speaker", name)
    assert (ONE.hash("id", name) == ONE.hash("id", other)) == (name == other)


def test_a_hash_stays_the_same_for_ever() -> None:
    """Baselines hold it."""
    assert ONE.hash("id", "call-7") == "31c4366be548c951"
    assert ONE.fingerprint == "cd8d266b"


def test_names_in_a_row_are_hashes_and_nothing_else() -> None:
    made = ONE.row(ROW)
    assert {key: made[key] for key in ("audio", "text", "duration_s")} == {
        key: ROW[key] for key in ("audio", "text", "duration_s")
    }
    assert made["id"] == ONE.hash("id", "call-7")
    assert made["speaker"] == ONE.hash("speaker", "Ann")
    assert made["group"] == {"region": ONE.hash("group region", "north"), "age": ONE.hash("group age", "30")}
    assert not {"call-7", "Ann", "monday", "ward 3", "north", "30"} & set(map(str, made.values()))
    assert ROW["id"] == "call-7"


def test_what_a_task_computes_with_stays() -> None:
    assert ONE.row({**ROW, "condition": "noise:10"}, "robustness")["condition"] == "noise:10"
    assert ONE.row({**ROW, "voice": "en-us"}, "tts")["voice"] == "en-us"
    assert ONE.row({"id": "a", "speaker": ""})["speaker"] == ""  # nobody named stays nobody


def test_the_secret_shows_itself_nowhere() -> None:
    assert repr(ONE) == f"Key({ONE.fingerprint})"
    assert "1111" not in repr(ONE)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [("Hello, Ann!", "hello ann", True), ("hello ann", "hello anna", False), ("", "", True)],
)
def test_outputs_are_compared_as_they_are_scored(first: str, second: str, same: bool) -> None:
    remember = privacy.remembering(asr.remember, ONE, "basic", "en")
    kept = [remember({"text": text, "segments": []}) for text in (first, second)]
    assert (kept[0] == kept[1]) == same
    assert all(len(each) == 16 for each in kept)
    assert remember(None) is None


def test_outputs_of_other_tasks_are_compared_whole() -> None:
    remember = privacy.remembering(vad.remember, ONE, "none", "en")
    assert remember({"regions": [[0.0, 1.0]]}) == remember({"regions": [[0.0, 1.0]]})
    assert remember({"regions": [[0.0, 1.0]]}) != remember({"regions": [[0.0, 1.5]]})


def test_without_a_secret_outputs_are_kept_as_ever() -> None:
    assert privacy.remembering(asr.remember, None, "basic", "en") is asr.remember


# ------------------------------------------------------------------------ the file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(privacy.VARIABLE, raising=False)
    (tmp_path / "pyproject.toml").touch()
    place = tmp_path / "data" / "golden" / "calls_v1"
    place.mkdir(parents=True)
    return place


def test_the_secret_is_made_once_at_the_projects_root(folder: Path, tmp_path: Path) -> None:
    made = privacy.key(folder)
    file = tmp_path / ".modellab" / "private.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert (file.parent / ".gitignore").read_text() == "*\n"
    assert privacy.key(folder) == made == privacy.key(folder.parent / "another_v1")
    assert {each.name for each in file.parent.iterdir()} == {".gitignore", "private.key"}


def test_two_processes_that_make_one_have_the_same(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / ".modellab" / "private.key"
    assert privacy._made(file) == privacy._made(file)


def test_the_variable_goes_before_the_file(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(privacy.VARIABLE, "31" * 32)
    assert privacy.key(folder) == ONE
    assert not (tmp_path / ".modellab").exists()


@pytest.mark.parametrize("given", ["abc", "x" * 64, "31" * 33])
def test_a_variable_that_is_no_secret(folder: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(privacy.VARIABLE, given)
    with pytest.raises(ConfigError, match="expected 64 hexadecimal digits") as caught:
        privacy.key(folder)
    assert given not in str(caught.value)


@pytest.mark.parametrize(("content", "said"), [("zz", "cannot be read"), ("3131", "has 2 bytes, expected 32")])
def test_a_file_that_is_no_secret(folder: Path, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / ".modellab").mkdir()
    (tmp_path / ".modellab" / "private.key").write_text(content)
    with pytest.raises(ConfigError, match=said):
        privacy.key(folder)
