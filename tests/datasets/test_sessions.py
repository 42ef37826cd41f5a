"""One reference for the chunks of a session: joined in order, counted once, what is missing told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from modellab import datasets
from modellab.datasets import sessions
from modellab.errors import DatasetError
from modellab.tasks import asr, lid
from modellab.types import Ratio, Transcript, Utterance

OPTIONS = {"normaliser": "basic", "language": "en", "settings": {"reference": "session"}}
METRIC = {metric.name: metric for metric in asr.METRICS}


def row(session: str, chunk: int, text: str | None = None, **more: Any) -> dict[str, Any]:
    words = {} if text is None else {"text": text}
    return {
        "id": f"{session}{chunk}",
        "audio": "a.wav",
        "duration_s": 30.0,
        "session": session,
        "chunk": chunk,
        **words,
        **more,
    }


def heard(one: dict[str, Any], text: str | None) -> Utterance:
    output = None if text is None else asr.encode(Transcript(text))
    counts = asr.score(asr.read(one, OPTIONS), output)
    return Utterance(one["id"], counts, output, 1.0, 1.0, 30.0, "" if output else "it raised", one["session"])


def settled(*said: tuple[dict[str, Any], str | None]) -> dict[str, Utterance]:
    rows = [one for one, _ in said]
    found = sessions.settled(asr, rows, OPTIONS, [heard(one, text) for one, text in said])
    return {each.id: each for each in found}


def test_chunks_are_joined_in_order_and_count_on_the_last_one() -> None:
    found = settled(
        (row("a", 2), "day to all"),
        (row("b", 0, "so be it"), "so be"),
        (row("a", 0, "good day to you all"), "good"),
        (row("a", 1), ""),
    )
    assert {id: each.counts["wer"] for id, each in found.items()} == {
        "a2": Ratio(1, 5), "b0": Ratio(1, 3), "a0": (0.0, 0.0), "a1": (0.0, 0.0),
    }  # fmt: skip
    assert METRIC["wer"].value([each.counts["wer"] for each in found.values()]) == 2 / 8
    assert [each.counts["success_rate"] for each in found.values()] == [Ratio(1, 1)] * 4
    assert found["a2"].counts["words_per_s"] == Ratio(4, 90.0)
    assert found["a2"].counts["empty_rate"] == Ratio(0, 1)


def test_each_chunk_may_have_its_own_part_of_the_text() -> None:
    found = settled((row("a", 0, "good day"), "good"), (row("a", 1, "to you"), "day to you"))
    assert found["a1"].counts["wer"] == Ratio(0, 4)  # a word at the border is no error


def test_a_chunk_that_failed_is_silent_and_a_session_that_failed_says_nothing() -> None:
    found = settled((row("a", 0, "good day"), None), (row("a", 1), "day"), (row("b", 0, "so"), None))
    assert (found["a1"].counts["wer"], found["b0"].counts["wer"]) == (Ratio(1, 2), Ratio(1, 1))
    assert [each.counts["success_rate"][0] for each in found.values()] == [0.0, 1.0, 0.0]


def test_a_session_without_speech_counts_its_hallucinations() -> None:
    found = settled((row("a", 0, ""), "thank you"), (row("a", 1, ""), ""))
    assert found["a1"].counts["hallucinated_words_per_min"] == Ratio(2, 1.0)
    assert found["a0"].counts["hallucination_rate"] == (0.0, 0.0)


def test_marks_reach_over_the_session() -> None:
    options = {**OPTIONS, "settings": {"reference": "session", "markup": "nist"}}
    rows = [row("a", 0, "so { um / @ } far"), row("a", 1, "(well) good")]
    said = [heard(one, text) for one, text in zip(rows, ["so", "far good"], strict=True)]
    last = sessions.settled(asr, rows, options, said)[1]
    assert last.counts["wer"] == Ratio(0, 4)


def test_rows_without_sessions_and_other_tasks_are_as_they_were() -> None:
    said = [heard(row("a", 0, "so"), "so")]
    assert sessions.settled(asr, [row("a", 0, "so")], {"settings": {}}, said) is said
    assert sessions.settled(lid, [row("a", 0, "so")], OPTIONS, said) is said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"session": None}, "session is .*, expected the name of its session"),
        ({"chunk": "1"}, "chunk is .*, expected its number from 0 on"),
        ({"chunk": True}, "chunk is .*, expected its number from 0 on"),
        ({"references": ["so"]}, "a chunk of a session has no `references`"),
    ],
)
def test_what_is_no_chunk_names_the_case(change: dict[str, Any], says: str) -> None:
    with pytest.raises(DatasetError, match=f"case 'a0': {says}"):
        asr.read({**row("a", 0, "so"), **change}, OPTIONS)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([row("a", 0, "so"), row("a", 0)], "case 'a0': the session 'a' has the chunk 0 already"),
        ([row("a", 0), row("a", 1)], "the session 'a' has no reference"),
    ],
)
def test_sessions_that_cannot_be_scored_are_refused(rows: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        sessions.check(rows, OPTIONS)
    sessions.check(rows, {})


def test_validation_finds_them(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 0.1 * np.sin(np.arange(480_000) / 9), 16_000)
    header = {"task": "asr", "version": 1, "language": "en", "tier": "full", "licence": "CC0-1.0", "source": "made"}
    cases = [row("a", 0, "so"), row("a", 0, id="other"), {**row("b", 0, "so"), "chunk": "x"}]
    header |= {"settings": OPTIONS["settings"], "cases": cases}
    (tmp_path / "dataset.yaml").write_text(yaml.safe_dump(header, sort_keys=False))
    found = "\n".join(datasets.validate(tmp_path, asr))
    assert "case 'other': the session 'a' has the chunk 0 already" in found
    assert "case 'b0': chunk is a str ('x'), expected its number from 0 on" in found


def test_missing_chunks_are_told() -> None:
    rows = [row("a", 0, "so"), row("a", 3), row("b", 2, "so"), row("c", 1, "so")]
    (sentence,) = sessions.told(rows, OPTIONS)
    assert sentence == (
        "chunks are missing in 2 of its sessions, whose words count as deleted: a lacks 1, 2, b lacks 1"
    )
    assert not list(sessions.told(rows[3:], OPTIONS))
    assert not list(sessions.told(rows, {}))


def test_what_is_run_again_is_the_whole_session() -> None:
    rows = [row("a", 0, "so"), row("a", 1), row("b", 0, "so")]
    assert sessions.names_of(rows, OPTIONS, ["a1"]) == {"a0", "a1"}
    assert sessions.names_of(rows, {}, ["a1"]) == ["a1"]


def test_a_chunk_without_a_text_shows_what_was_heard() -> None:
    chunk = asr.read(row("a", 1), OPTIONS)
    assert (
        asr.show(chunk, asr.encode(Transcript("Good day")))[0] == "(chunk 1 of the session a: counted with all of it)"
    )
    assert asr.words(chunk, asr.encode(Transcript("Good day")))[:2] == ("", "")
