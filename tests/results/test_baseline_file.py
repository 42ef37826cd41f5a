"""The file of a baseline: written line by line, read line by line, and as a whole where somebody laid it out anew."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import BaselineError
from modellab.results import baseline_file
from modellab.types.spooled import Table

TOP = {"header": {"reason": 'a "quoted" one, with utterances: {', "date": "2026-01-31"}, "noise": {"wer": 0.001}}
SESSIONS = {"sessions": [{"rtf": 0.01}, {"rtf": -0.02}]}
ROWS: dict[str, Any] = {f"{i:03}": {"output": f"said {i}, \u2028 }}", "shares": {"wer": [i, 5]}} for i in range(20)}
VALUES = st.recursive(
    st.none() | st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "asr" / "short_v1" / "fake-one.cpu-float32.json"


@pytest.mark.parametrize("top", [TOP, {**TOP, **SESSIONS}], ids=["quality", "speed"])
@pytest.mark.parametrize("rows", [ROWS, {"one": [0.1, 0.2]}, {}], ids=["many", "one", "none"])
def test_it_reads_what_it_wrote(path: Path, top: dict[str, Any], rows: dict[str, Any]) -> None:
    baseline_file.write(path, top, rows)
    text = path.read_text(encoding="utf-8")
    assert baseline_file.read(path) == json.loads(text) == {"format": 1, **top, "utterances": rows}
    lines = text.splitlines()
    assert all(sum(line.startswith(f"  {json.dumps(name)}: ") for line in lines) == 1 for name in rows)


@given(st.dictionaries(st.text(), VALUES, max_size=8))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("any") / "file.json"
    baseline_file.write(path, TOP, rows)
    stored = baseline_file.read(path)
    assert stored is not None
    assert stored["utterances"] == rows


def test_a_file_as_it_is_written_is_read_line_by_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    baseline_file.write(path, TOP, ROWS)
    sizes, loads = [], json.loads

    def noted(text: str) -> Any:
        sizes.append(len(text))
        return loads(text)

    monkeypatch.setattr(json, "loads", noted)
    assert baseline_file.read(path) == {"format": 1, **TOP, "utterances": ROWS}
    assert len(sizes) == len(ROWS) + 1
    assert max(sizes) < path.stat().st_size / 4


@pytest.mark.parametrize("indent", [None, 2])
def test_a_file_that_was_laid_out_anew_is_the_same(path: Path, indent: int | None) -> None:
    baseline_file.write(path, {**TOP, **SESSIONS}, ROWS)
    before = baseline_file.read(path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")), indent=indent), encoding="utf-8")
    after = baseline_file.read(path)
    assert before == after
    assert after is not None
    assert isinstance(after["utterances"], Table)


DAMAGE = {
    "cut among the utterances": lambda text: text[: len(text) // 2],
    "cut before its end": lambda text: text[:-3],
    "a comma too few": lambda text: text.replace('},\n  "003"', '}\n  "003"'),
    "a comma too many": lambda text: text.replace("}\n }\n}", "},\n }\n}"),
    "a merge conflict": lambda text: text.replace('  "003"', '<<<<<<< HEAD\n  "003"'),
    "a header that is no JSON": lambda text: text.replace('"header"', "header"),
    "something behind": lambda text: text + "}",
    "two on a line without a name": lambda text: text.replace('  "003": ', '  "003", '),
}


@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_told(path: Path, change: Any) -> None:
    baseline_file.write(path, TOP, ROWS)
    text = path.read_text(encoding="utf-8")
    assert change(text) != text
    path.write_text(change(text), encoding="utf-8")
    with pytest.raises(BaselineError, match=r"is not a baseline \(JSONDecodeError.*merge conflict\?"):
        baseline_file.read(path)


def test_no_file_is_none_and_a_folder_is_not_one(path: Path) -> None:
    assert baseline_file.read(path) is None
    path.mkdir(parents=True)
    with pytest.raises(BaselineError, match="IsADirectoryError"):
        baseline_file.read(path)


def test_another_format_is_told(path: Path) -> None:
    baseline_file.write(path, TOP, ROWS)
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 7'), encoding="utf-8")
    with pytest.raises(BaselineError, match="has format 7, expected 1"):
        baseline_file.read(path)


def test_files_that_belong_together_are_all_new_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / "a" / "quality.json", tmp_path / "a" / "speed.json"]
    baseline_file.write_all([(path, {"header": {"reason": "first"}}, {}) for path in paths])
    before = [path.read_bytes() for path in paths]
    real, synced = os.fsync, []

    def fsync(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(BaselineError, match=r"speed\.json could not be written: .*No space left"):
        baseline_file.write_all([(path, {"header": {"reason": "second"}}, {}) for path in paths])
    assert [path.read_bytes() for path in paths] == before
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["quality.json", "speed.json"]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_where_the_second_has_no_name_the_first_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, *, before: bool, linked: bool
) -> None:
    paths = [tmp_path / "quality.json", tmp_path / "speed.json"]
    if before:
        baseline_file.write_all([(path, {"header": {"reason": "first"}}, {}) for path in paths])
    there = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    real = os.replace

    def replace(draft: Path, path: Path) -> None:
        if path == paths[1]:
            raise error
        real(draft, path)

    def no_links(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "replace", replace)
    if not linked and before:
        monkeypatch.setattr(os, "link", no_links)
    with pytest.raises((BaselineError, KeyboardInterrupt)) as raised:
        baseline_file.write_all([(path, {"header": {"reason": "second"}}, {}) for path in paths])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == there
    if isinstance(error, OSError):
        assert "Input/output error: the baseline before it stays as it was" in str(raised.value)


def test_what_cannot_be_taken_back_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / "quality.json", tmp_path / "speed.json"]
    baseline_file.write_all([(path, {"header": {"reason": "first"}}, {}) for path in paths])
    real, calls = os.replace, []

    def replace(draft: Path, path: Path) -> None:
        calls.append(path)
        if len(calls) > 1:
            raise OSError(errno.EROFS, "Read-only file system")
        real(draft, path)

    monkeypatch.setattr(os, "replace", replace)
    words = r"written in part \(.*Read-only.*\): .*quality\.json is the new one already .* restore it with git"
    with pytest.raises(BaselineError, match=words):
        baseline_file.write_all([(path, {"header": {"reason": "second"}}, {}) for path in paths])


def test_file_and_folders_are_on_the_disk_before_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real, replaced = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        synced.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    def replace(draft: Path, path: Path) -> None:
        synced.append("replaced")
        replaced(draft, path)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    path = tmp_path / "asr" / "short_v1" / "quality.json"
    baseline_file.write(path, {"header": {}}, {})
    draft = next(name for name in synced if "quality" in name)
    assert synced.index(draft) < synced.index("replaced") < len(synced) - 1, "the file before it has its name"
    assert synced[-1] == str(path.parent), "then the name"
    assert {str(tmp_path), str(tmp_path / "asr")} <= set(synced), "and the folders that are new"
