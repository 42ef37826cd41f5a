"""The meeting task from manifest row to counts, with the model left out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab import datasets
from modellab.errors import DatasetError
from modellab.tasks import meeting as task
from modellab.types import Audio, Ratio, SpokenTurn
from modellab.types.display import Timeline, Words

SAID = [[0.0, 2.0, "ann", "Good morning!"], [2.0, 3.0, "bob", "hello, Ann"]]
ROW = {"id": "monday", "audio": Path("monday.flac"), "duration_s": 4.0, "utterances": SAID, "condition": "in_turn"}
STM = "monday 1 ann 0 2 <NA> Good morning!\nmonday 1 bob 2 3 <NA> hello, Ann\n"
OPTIONS = {"normaliser": "basic", "language": "en"}
HEADER = {"task": "meeting", "version": 1, "language": "en", "tier": "smoke", "licence": "CC0-1.0", "source": "x"}


def read(row: dict[str, Any], **settings: Any) -> task.Sample:
    return task.read({**ROW, **row}, {**OPTIONS, "settings": settings})


def output_of(*given: tuple[float, float, str, str]) -> dict[str, Any]:
    return task.encode([SpokenTurn(*each) for each in given])


def with_file(folder: Path, text: str = STM) -> dict[str, Any]:
    (folder / "a.stm").write_text(text)
    return {key: value for key, value in ROW.items() if key != "utterances"} | {"stm": folder / "a.stm"}


def test_a_row_becomes_a_case() -> None:
    sample = read({})
    assert sample.utterances == (SpokenTurn(0, 2, "ann", "good morning"), SpokenTurn(2, 3, "bob", "hello ann"))
    assert (sample.id, sample.duration_s, sample.collar_s, sample.condition) == ("monday", 4.0, 5.0, "in_turn")
    assert read({}, collar_s=1).collar_s == 1.0


def test_a_file_says_the_same_as_the_row(tmp_path: Path) -> None:
    assert task.read(with_file(tmp_path), OPTIONS) == read({})
    both = STM + "tuesday 1 cy 0 1 yes\n"
    assert task.read(with_file(tmp_path, both), OPTIONS) == read({})


def test_utterances_without_a_word_are_left_out() -> None:
    assert len(read({"utterances": [*SAID, [3.0, 4.0, "cy", "..."]]}).utterances) == 2


@pytest.mark.parametrize(
    ("row", "settings", "says"),
    [
        ({"utterances": None}, {}, "expected `utterances` as a list of [start_s, end_s, speaker, words], got None"),
        ({"stm": Path("a.stm")}, {}, "expected `stm` with a file or `utterances` with a list, one of the two"),
        ({"utterances": [[0, 1, "a"]]}, {}, "a list ([0, 1, 'a']), expected [start_s, end_s, speaker, words]"),
        ({"utterances": [[-1, 1, "a", "b"]]}, {}, "[-1, 1, a], expected finite seconds from 0 up"),
        ({"utterances": [[0, math.nan, "a", "b"]]}, {}, "expected finite seconds from 0 up"),
        ({"utterances": [[2, 1, "a", "b"]]}, {}, "the end not before"),
        ({"utterances": [[0, 1, "", "b"]]}, {}, "expected a name as speaker"),
        ({"utterances": [[0, 1, "a", 7]]}, {}, "expected a text as words"),
        ({"utterances": [[0, 5, "a", "b"]]}, {}, "[0.0, 5.0, 'a', 'b'] ends after the clip's 4 s"),
        ({"utterances": [[0, 1, "a", "!"]]}, {}, "basic leaves no word of its utterances, so it has no error rate"),
        ({"utterances": []}, {}, "basic leaves no word of its utterances"),
        ({}, {"collar_s": -1}, "settings.collar_s is -1, expected seconds from 0 up"),
        ({}, {"collar_s": True}, "settings.collar_s is True, expected seconds from 0 up"),
    ],
)
def test_bad_rows_say_what_is_wrong(row: dict[str, Any], settings: dict[str, Any], says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        read(row, **settings)
    assert says in str(caught.value)
    assert "settings." in says or "'monday'" in str(caught.value)


def test_validate_names_the_dataset_the_case_and_the_line(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(64_000), 16_000)
    with_file(tmp_path, STM.replace(" 2 3 ", " 3 2 "))
    lines = [f"{key}: {value}" for key, value in HEADER.items()]
    sample = "  - {id: monday, audio: a.wav, duration_s: 4.0, stm: a.stm}"
    (tmp_path / "dataset.yaml").write_text("\n".join([*lines, "cases:", sample, ""]))
    datasets.write_digest(tmp_path)
    (fault,) = datasets.validate(tmp_path, task)
    assert fault.startswith(f"{tmp_path / 'dataset.yaml'}: case monday: {tmp_path / 'a.stm'}, line 2: it ends at 2 s")


def test_a_changed_file_is_another_dataset(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(64_000), 16_000)
    with_file(tmp_path)
    lines = [f"{key}: {value}" for key, value in HEADER.items()]
    sample = "  - {id: monday, audio: a.wav, duration_s: 4.0, stm: a.stm}"
    (tmp_path / "dataset.yaml").write_text("\n".join([*lines, "cases:", sample, ""]))
    before = datasets.load(tmp_path).digest
    with_file(tmp_path, STM.replace("hello", "hallo"))
    assert datasets.load(tmp_path).digest != before


def test_a_model_hears_the_mean_at_16_khz_and_is_told_the_language(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((4_000, 2)), 8_000)
    given = task.prepare({**ROW, "audio": tmp_path / "a.wav", "language": "de"})
    assert (given.rate_hz, given.samples.shape, given.language) == (16_000, (8_000,), "de")


def test_run_is_the_models_method_and_nothing_else() -> None:
    class One:
        def transcribe_speakers(self, audio: Audio) -> list[SpokenTurn]:
            return [SpokenTurn(0.0, audio.duration_s, "x", "hello")]

    assert task.run(One(), Audio(np.zeros(8_000, np.float32), 16_000)) == [SpokenTurn(0, 0.5, "x", "hello")]


# ---------------------------------------------------------------------------- encode, score, show, remember


def test_utterances_are_json() -> None:
    output = task.encode([SpokenTurn(0.5, float(np.float32(1.5)), "x", "a b"), (2, 2, "y", "")])
    assert output == {"utterances": [[0.5, 1.5, "x", "a b"], [2.0, 2.0, "y", ""]]}
    assert json.loads(json.dumps(output)) == output
    assert task.recall(task.remember(output)) == output
    assert task.recall(task.remember(None)) is None


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (None, "returned None, expected a list of SpokenTurn: does transcribe_speakers() end without a return?"),
        ("hello", "returned a str ('hello')"),
        ([(0.0, 1.0, "x")], "returned a tuple ((0.0, 1.0, 'x')), expected [start_s, end_s, speaker, words]"),
        ([(0.0, 1.0, 3, "a")], "expected a name as speaker"),
        ([(0.0, 1.0, "x", None)], "expected a text as words"),
        ([(1.0, math.inf, "x", "a")], "expected finite seconds from 0 up"),
    ],
)
def test_anything_else_says_what_came(output: object, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        task.encode(output)
    assert says in str(caught.value)


def test_score_by_hand() -> None:
    """Two words of four at the right person; the name comes late, a word is another, a third person says one more."""
    counts = task.score(
        read({}, collar_s=0.5), output_of((0, 2, "x", "Good mourning"), (9, 10, "y", "Hello Ann"), (3, 4, "z", "so"))
    )
    assert counts == {
        "cpwer": Ratio(2, 4),
        "tcpwer": Ratio(6, 4),
        "speaker_count_error": Ratio(1.0),
        "success_rate": Ratio(1.0),
        "cpwer_substitutions": Ratio(1, 4),
        "cpwer_deletions": Ratio(0, 4),
        "cpwer_insertions": Ratio(1, 4),
        "tcpwer_substitutions": Ratio(1, 4),
        "tcpwer_deletions": Ratio(2, 4),
        "tcpwer_insertions": Ratio(3, 4),
    }
    assert set(counts) == {metric.name for metric in task.METRICS}


def test_a_model_that_raised_heard_nobody() -> None:
    counts = task.score(read({}), None)
    assert (counts["cpwer"], counts["tcpwer"], counts["success_rate"]) == (Ratio(4, 4), Ratio(4, 4), Ratio(0.0))
    assert counts["speaker_count_error"] == Ratio(2.0)


def test_show_puts_each_persons_words_over_what_was_heard() -> None:
    assert task.show(read({}), output_of((0, 2, "x", "good mourning"), (3, 4, "z", "so"), (3, 4, "z", "so"))) == [
        "ann, heard as x",
        "ref  good morning",
        "hyp  good mourning",
        "          S",
        "1 substitution",
        "bob, heard as z",
        "ref  hello ann",
        "hyp  so    so",
        "     S     S",
        "2 substitutions",
        "errors: 3, with words at their time (+-5 s) 3",
    ]
    assert task.show(read({}), output_of((0, 2, "x", "good morning"), (2, 3, "y", "hello ann"), (3, 4, "z", "so"))) == [
        "ann, heard as x: no errors",
        "bob, heard as y: no errors",
        "nobody, heard as z",
        "ref  **",
        "hyp  so",
        "     I",
        "1 insertion",
        "errors: 1, with words at their time (+-5 s) 1",
    ]
    raised = task.show(read({}), None)
    assert raised[0] == "ann, not heard"
    assert raised[-1] == "(the model raised: no words)"


def test_draw_has_a_lane_for_each_speaker_of_each_side() -> None:
    timeline, *words = task.draw(
        read({}), output_of((0, 2, "x", "good morning"), (3, 4, "z", "so"), (3, 4, "y", "hello"))
    )
    assert isinstance(timeline, Timeline)
    assert [lane.name for lane in timeline.lanes] == ["ann ref", "ann hyp", "bob ref", "bob hyp", "z? hyp"]
    assert [span[:2] for lane in timeline.lanes for span in lane.spans] == [(0, 2), (0, 2), (2, 3), (3, 4), (3, 4)]
    assert [panel.title for panel in words if isinstance(panel, Words)] == [
        "ann, heard as x",
        "bob, heard as y",
        "nobody, heard as z",
    ]
