"""Which row a hypothesis is about: segments and channels of one recording, other names, what fits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from modellab import datasets
from modellab.datasets import Dataset
from modellab.errors import DatasetError
from modellab.rescoring import hypotheses
from modellab.rescoring.hypotheses.matching import Matched, matched
from modellab.rescoring.hypotheses.records import Columns, Hypothesis, HypothesisSegment, Item

HEADER = {"task": "asr", "version": 1, "language": "en", "tier": "full", "licence": "CC0-1.0", "source": "made"}
CALL = [
    {"id": "a1", "start_s": 0.0, "end_s": 1.0, "duration_s": 1.0, "channel": 0},
    {"id": "a2", "start_s": 1.0, "end_s": 2.0, "duration_s": 1.0, "channel": 0},
    {"id": "b1", "start_s": 0.5, "end_s": 2.0, "duration_s": 1.5, "channel": 1},
]


def dataset(folder: Path, rows: Sequence[dict[str, Any]], **header: Any) -> Dataset:
    """Rows of one recording of 2 s with two channels, `call.wav`."""
    folder.mkdir()
    soundfile.write(folder / "call.wav", np.zeros((32_000, 2)), 16_000)
    cases = [{"text": "so", "audio": "call.wav", **row} for row in rows]
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**HEADER, **header, "cases": cases}, sort_keys=False))
    return datasets.load(folder)


def match(tmp_path: Path, items: list[Item], rows: Sequence[dict[str, Any]] = CALL) -> Matched:
    return matched(items, dataset(tmp_path / "calls", rows))


def word(text: str, at_s: float, channel: int | None = None, recording: str = "call") -> HypothesisSegment:
    return HypothesisSegment(recording, "x.ctm, line 1", at_s, at_s + 0.1, channel, text=text)


def test_words_go_to_the_segment_of_their_channel_that_their_middle_lies_in(tmp_path: Path) -> None:
    words = [
        word("one", 0.2, 0),
        word("two", 0.96, 0),
        word("three", 1.5, 0),
        word("other", 1.0, 1),
        word("out", 0.1, 1),
    ]
    result = match(tmp_path, [*words])
    assert {id: answer.text for id, answer in result.answers.items()} == {"a1": "one", "a2": "two three", "b1": "other"}
    assert result.outside == ["out at 0.1 s of call"]
    turns = result.answers["a2"].turns
    assert turns is not None
    assert [turn[:2] for turn in turns] == [(0.0, 0.06), (0.5, 0.6)]


def test_under_sclites_alignment_a_word_between_segments_is_the_next_ones(tmp_path: Path) -> None:
    rows = [{**row, "channel": 0} for row in CALL]
    rows[1:] = [{**rows[1], "start_s": 1.2, "end_s": 1.6}, {**rows[2], "start_s": 1.7, "end_s": 1.9}]
    words = [word(text, at_s) for text, at_s in (("one", 0.2), ("two", 1.0), ("three", 1.62), ("four", 1.94))]
    data = dataset(tmp_path / "calls", rows, settings={"alignment": "sclite"})
    result = matched([*words], data)
    assert {id: answer.text for id, answer in result.answers.items()} == {"a1": "one", "a2": "two", "b1": "three four"}
    assert not result.outside
    assert matched([*words], dataset(tmp_path / "plain", rows)).outside[0] == "two at 1 s of call"


def test_a_segment_in_which_no_word_lies_has_an_empty_answer(tmp_path: Path) -> None:
    result = match(tmp_path, [word("one", 0.2, 0)])
    assert result.answers["a2"].text == ""
    assert "b1" not in result.answers  # of its channel the file says nothing


@pytest.mark.parametrize("name", ["a1", "call.wav", "x/call.wav", r"C:\their\call.wav", "call"])
def test_a_row_is_known_by_id_or_file(tmp_path: Path, name: str) -> None:
    assert match(tmp_path, [Hypothesis((name,), "line 1", "so")], CALL[:1]).answers["a1"].text == "so"


def test_of_several_stretches_of_a_file_the_offset_tells(tmp_path: Path) -> None:
    result = match(tmp_path, [Hypothesis(("call.wav",), "line 1", "late", start_s=1.01)], CALL)
    assert {id: answer.text for id, answer in result.answers.items()} == {"a2": "late"}
    other = match(tmp_path / "calls", [Hypothesis(("call.wav",), "line 1", "late", start_s=1.7)], CALL)
    assert other.surplus == ["call.wav"]


def test_an_offset_is_asked_for_where_it_could_be_several(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"line 4: call.wav is the audio of 3 rows \(a1, ...\), and no offset says"):
        match(tmp_path, [Hypothesis(("call.wav",), "line 4", "so")])


def test_the_first_name_that_is_known_counts(tmp_path: Path) -> None:
    items: list[Item] = [Hypothesis(("0", "x/call.wav"), "line 1", "so"), Hypothesis(("nobody",), "line 2", "so")]
    result = match(tmp_path, items, CALL[:1])
    assert list(result.answers) == ["a1"]
    assert result.surplus == ["nobody"]


FILES = {
    "rttm": ("SPEAKER call 1 0.5 1.0 <NA> <NA> ann <NA> <NA>\n", "rttm"),
    "stm-like ctm": ("call A 0.5 0.1 hello 0.98\ncall B 0.7 0.1 there lex\n", "ctm"),
    "kaldi": ("call so it is\n", "kaldi"),
    "stm": (";; CATEGORY\ncall A ann 0.5 0.9 <o> so it is\ncall A bob 1.0 1.2 yes\n", "stm"),
    "chime": ('[{"start_time": "0:00:00.5", "end_time": "0:00:01", "words": "so", "speaker": "P1"}]', "seglst"),
    "lines": ('{"audio_filepath": "call.wav", "pred_text": "so", "text": "x"}\n', "nemo"),
    "leading comment": (";; made by us\nso it is (call)\n", "trn"),
    "tsv": ("id\thypothesis\ncall\tso\n", "table"),
    "json": ('{"key": "call", "transcription": "so"}', "jsonl"),
}


@pytest.mark.parametrize(("text", "form"), FILES.values(), ids=FILES)
def test_a_format_is_told_by_what_stands_in_the_file(tmp_path: Path, text: str, form: str) -> None:
    (tmp_path / "call.txt").write_text(text)
    chosen = hypotheses.chosen(tmp_path / "call.txt")
    assert form == chosen.NAME
    result = matched(chosen.read(tmp_path / "call.txt", Columns()), dataset(tmp_path / "calls", CALL[:1]))
    assert list(result.answers) == ["a1"]


def test_many_rows_of_one_recording_are_known_by_id(tmp_path: Path) -> None:
    rows = [{"id": f"u{i}", "start_s": i / 1_000, "end_s": 2.0, "duration_s": 1.0} for i in range(1_000)]
    (tmp_path / "hyp.txt").write_text("".join(f"u{i} so\n" for i in range(1_000)))
    form = hypotheses.chosen(tmp_path / "hyp.txt")
    result = matched(form.read(tmp_path / "hyp.txt", Columns()), dataset(tmp_path / "calls", rows))
    assert len(result.answers) == 1_000
