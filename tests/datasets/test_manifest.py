"""Rows and header: what is the same for every task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modellab import datasets
from modellab.datasets import manifest
from modellab.datasets.digests import of as digest_of
from modellab.datasets.manifest import Header
from modellab.errors import DatasetError
from modellab.types.rows import length_s, seconds, sendable, sounding

from ..make import HEADER


def test_a_row_of_text_needs_no_audio_and_no_length(tmp_path: Path) -> None:
    rows, faults = manifest.rows(tmp_path, {"cases": [{"id": "a", "text": "x"}, {"id": "b", "rttm": "b.rttm"}]})
    assert (rows, faults) == ([{"id": "a", "text": "x"}, {"id": "b", "rttm": tmp_path / "b.rttm"}], [])
    assert sendable(rows[1]) == {"id": "b", "rttm": str(tmp_path / "b.rttm")}
    assert [seconds(row) for row in rows] == [0.0, 0.0]
    with pytest.raises(
        DatasetError, match="case 'a': the key 'audio' is missing; every row of this task has id, audio"
    ):
        length_s(rows[0])


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"id": "a"}, "the key 'audio' is missing"),
        ({"id": "a", "duration_s": 1.0}, "the key 'audio' is missing"),
        ({"id": "a", "audio": "a.flac"}, "the key 'duration_s' is missing"),
        ({"id": "a", "rttm": ""}, "rttm is empty, expected a file beside dataset.yaml"),
        ({"id": "a", "uem": 7}, "uem is 7, expected text"),
        ({"id": "", "text": "x"}, "id is '', expected a name"),
        (
            {"id": "a", "language": False},
            "language is False, expected text; YAML reads 7, 0.5 and true as other things",
        ),
        ({"id": "a", "speaker": True}, "speaker is True, expected a name"),
        ({"id": "a", "recording": ["r1"]}, "recording is ['r1'], expected a name"),
        ({"id": "a", "condition": 0.5}, "condition is 0.5, expected a name"),
    ],
)
def test_a_row_that_is_none_is_named(tmp_path: Path, row: dict[str, Any], fault: str) -> None:
    rows, faults = manifest.rows(tmp_path, {"cases": [row]})
    assert rows == []
    assert fault in str(faults[0])


@pytest.mark.parametrize("more", [{"judge": "whisper:lab"}, {"settings": {"collar_s": 0.25}}])
def test_what_a_dataset_chooses_is_in_its_digest(more: dict[str, Any]) -> None:
    plain, chosen = (Header.model_validate(header) for header in (HEADER, {**HEADER, **more}))
    assert digest_of(plain, []) != digest_of(chosen, [])


def test_each_file_of_a_row_is_in_the_digest(tmp_path: Path) -> None:
    uem = tmp_path / "a.uem"
    head, row = Header.model_validate(HEADER), {"id": "a", "text": "x", "uem": uem}
    digests = [digest_of(head, [row])]
    for content in ("", "a 1 0 5"):
        uem.write_text(content)
        digests.append(digest_of(head, [row]))
    assert len(set(digests)) == 3


def test_what_is_said_in_a_dialogue_may_be_files_too(tmp_path: Path) -> None:
    script = [{"text": "hello"}, {"audio": "a.flac", "duration_s": 1.5}]
    (row,), faults = manifest.rows(tmp_path, {"cases": [{"id": "a", "script": script}]})
    assert faults == []
    assert row["script"] == [{"text": "hello"}, {"audio": tmp_path / "a.flac", "duration_s": 1.5}]
    assert sendable(row)["script"][1]["audio"] == str(tmp_path / "a.flac")
    assert seconds(row) == 1.5
    assert [place for place, _ in sounding(row)] == ["script[1]"]
    head, digests = Header.model_validate(HEADER), {digest_of(Header.model_validate(HEADER), [row])}
    for content in ("one", "two"):
        (tmp_path / "a.flac").write_text(content)
        digests.add(digest_of(head, [row]))
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("hello", "script is 'hello', expected a list"),
        (["hello"], "script[0]: 'hello', expected a mapping"),
        ([{"text": "hello"}, {"audio": "a.flac"}], "script[1]: the key 'duration_s' is missing"),
        ([{"text": 7}], "script[0]: text is 7, expected text"),
    ],
)
def test_a_part_that_is_none_is_named(tmp_path: Path, script: Any, fault: str) -> None:
    rows, faults = manifest.rows(tmp_path, {"cases": [{"id": "a", "script": script}]})
    assert rows == []
    assert fault in str(faults[0])


def test_a_header_below_the_cases_is_told_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "dataset.yaml").write_text("cases:\n  - {id: a, text: x}\ntask: asr\nversion: 1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="expected task, version, licence and so on above `cases:`, got nothing"):
        datasets.header(tmp_path)
