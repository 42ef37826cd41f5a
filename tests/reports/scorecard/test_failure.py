"""What a red case prints: the red metrics, then the utterances that did most damage, worst first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import yaml

from modellab.reports.scorecard import failure
from modellab.tasks import Task, asr, lid, vad
from modellab.text import get
from modellab.types import QualityBaseline, Status, Utterance, Verdict

from ...make import HEADER, KEY, accepted, case, outcome, result, utterance, verdict

ASR: Task = asr
VAD: Task = vad
LID: Task = lid
TEXTS = ["turn on the light", "set a timer", "open the door", "play the music", "call anna", "stop"]
MIB = 2.0**20


def write_dataset(folder: Path, rows: list[dict[str, Any]], **header: Any) -> Path:
    folder.mkdir()
    samples = [{"audio": "none.flac", "duration_s": 2.0, **row} for row in rows]
    text = yaml.safe_dump({**HEADER, **header, "cases": samples}, sort_keys=False)
    (folder / "dataset.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "short_v1", [{"id": f"{i:03}", "text": text} for i, text in enumerate(TEXTS)])


def heard(number: int, text: str | None, error: str = "") -> Utterance:
    """Utterance `number` as if the model had said `text`."""
    output = None if text is None else {"text": text, "language": "en", "segments": []}
    sample = asr.Sample(f"{number:03}", 2.0, TEXTS[number], TEXTS[number], get("basic"))
    said = utterance(sample.id, asr.score(sample, output), error=error)
    return said if output is None else Utterance(said.id, said.counts, output, 0.1, 0.1, 2.0, error)


def red(metric: str = "wer", **changes: Any) -> Verdict:
    given = {"baseline": 0.0087, "change": 0.0223, "interval": (0.006, 0.039), "why": "3 of 6 changed"}
    return verdict(metric, Status.REGRESSED, 0.031, **{**given, **changes})


def shown(
    dataset: Path, said: list[Utterance], then: QualityBaseline | None, *verdicts: Verdict, task: Task = ASR
) -> list[str]:
    sample = outcome(
        Status.REGRESSED, *(verdicts or [red()]), case=case(dataset=dataset), result=result(said), accepted=then
    )
    return failure.text(sample, task).splitlines()


def blamed(lines: list[str]) -> list[str]:
    """The ids of the utterances that are shown."""
    return [line.split()[0] for line in lines if line.startswith("  0")]


PERFECT = [heard(i, text) for i, text in enumerate(TEXTS)]


# ---------------------------------------------------------------------------- the red metrics


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (
            red(),
            "  wer: baseline 0.87 %, now 3.10 %, change +2.23 % [+0.60 %, +3.90 %]: REGRESSED (3 of 6 changed)",
        ),
        (
            red(baseline=None, change=None, interval=None, why="0.031 is above the limit 0.02 of short_v1"),
            "  wer: baseline -, now 3.10 %, change -: REGRESSED (0.031 is above the limit 0.02 of short_v1)",
        ),
        (
            red("rtf", unit="s/s", kind="speed", change=0.3, interval=(0.2, 0.41), baseline=0.02, why="slower"),
            "  rtf: baseline 0.02, now 0.031, change +30.0 % [+20.0 %, +41.0 %]: REGRESSED (slower)",
        ),
        (
            red("rtf", unit="s/s", kind="speed", change=0.3, interval=None, baseline=0.02, why=""),
            "  rtf: baseline 0.02, now 0.031, change +30.0 %: REGRESSED",
        ),
        (
            Verdict("peak_rss_bytes", "bytes", "memory", Status.REGRESSED, 150 * MIB, 100 * MIB, 50 * MIB, red=True),
            "  peak_rss_bytes: baseline 100.0 MiB, now 150.0 MiB, change +50.0 MiB: REGRESSED",
        ),
    ],
)
def test_a_red_metric_is_a_line(dataset: Path, verdict: Verdict, line: str) -> None:
    lines = shown(dataset, PERFECT, accepted(PERFECT), verdict)
    assert lines[:2] == [f"{KEY}: REGRESSED", line]


def test_only_red_metrics_and_all_notes_are_told(dataset: Path) -> None:
    sample = outcome(
        Status.REGRESSED,
        verdict("cer", Status.INCONCLUSIVE),
        red("rtf", unit="s/s", kind="speed"),
        case=case(dataset=dataset),
        result=result(PERFECT),
        notes=("the weights changed",),
    )
    lines = failure.text(sample, ASR).splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["fake", "rtf", "note"]
    assert lines[2] == "  note: the weights changed", "and no utterance is to blame for speed"


def test_an_error_is_told_as_it_is() -> None:
    sample = outcome(Status.ERROR, error="the worker died\nend of its log")
    assert failure.text(sample, ASR) == f"{KEY}: ERROR\nthe worker died\nend of its log"


# ---------------------------------------------------------------------------- who did the damage


def test_the_worst_utterances_are_shown_with_what_was_heard(dataset: Path) -> None:
    now = [heard(0, "turn off the lights"), *PERFECT[1:4], heard(4, ""), PERFECT[5]]
    lines = shown(dataset, now, accepted([*PERFECT[:4], heard(4, "call hannah"), PERFECT[5]]))
    assert lines[2:] == [
        "",
        "  the 2 utterances that did most damage:",
        "  000  ref  turn on  the light",
        "       hyp  turn off the lights",
        "                 S       S",
        "       2 substitutions",
        "       wer 50.00 % (was 0.00 %)",
        "  004  ref  call anna",
        "       hyp  **** ****",
        "            D    D",
        "       2 deletions",
        "       wer 100.00 % (was 50.00 %)",
        "",
        "  what it looks like:",
        "  empty (model fault): 004: no answer to “call anna”",
        "  words (model fault): 000: 2 wrong of 4 words",
    ]


def test_at_most_five_are_shown(dataset: Path) -> None:
    now = [heard(i, "something else entirely said here") for i in range(6)]
    lines = shown(dataset, now, accepted(PERFECT))
    assert len(blamed(lines)) == 5
    assert "  the 5 utterances that did most damage:" in lines


def test_one_that_did_damage_is_told_as_one(dataset: Path) -> None:
    lines = shown(dataset, [heard(0, "turn off the light"), *PERFECT[1:]], accepted(PERFECT))
    assert blamed(lines) == ["000"]
    assert "  the utterance that did most damage:" in lines


def test_without_a_baseline_those_with_most_errors_are_shown(dataset: Path) -> None:
    now = [PERFECT[0], heard(1, "get the time"), *PERFECT[2:5], heard(5, "top")]
    lines = shown(dataset, now, None)
    assert blamed(lines) == ["001", "005"], "three errors are more damage than one, whatever their share"
    assert "       wer 100.00 % (no baseline)" in lines


def test_a_model_that_raised_is_told(dataset: Path) -> None:
    lost = heard(2, None, error="ValueError: lost\ntraceback")
    lines = shown(dataset, [*PERFECT[:2], lost, *PERFECT[3:]], accepted(PERFECT))
    assert blamed(lines) == ["002"]
    assert "       the model raised: ValueError: lost" in lines
    assert lines[-1] == "  raised (adapter fault): 002: the adapter raised “ValueError: lost”"


def test_the_verdict_is_told_when_what_did_most_damage_cannot_be_shown(dataset: Path) -> None:
    def show(*_: Any) -> NoReturn:
        raise KeyError("gone")

    unshowable: Any = SimpleNamespace(**{**vars(asr), "show": show})
    lines = shown(dataset, PERFECT, accepted(PERFECT), task=unshowable)
    assert lines[1].startswith("  wer: baseline 0.87 %")
    assert lines[-1] == "  what did most damage cannot be shown: KeyError: 'gone'"


def test_one_is_shown_even_if_none_got_worse(dataset: Path) -> None:
    assert len(blamed(shown(dataset, PERFECT, accepted(PERFECT)))) == 1


def test_false_alarms_do_damage_to_a_score_that_should_be_high(tmp_path: Path) -> None:
    """Their share of F1 has the same top and a larger bottom; a clip without speech has no F1 of its own."""
    speech: dict[str, list[list[float]]] = {"000": [[0.5, 1.5]], "001": [], "002": [[0.5, 1.5]]}
    rows = [{"id": id, "speech": regions} for id, regions in speech.items()]
    folder = write_dataset(tmp_path / "speech_v1", rows, task="vad")
    found = {"000": [[0.0, 2.0]], "001": [], "002": [[0.5, 1.4]]}

    def listened(regions: dict[str, list[list[float]]]) -> list[Utterance]:
        samples = [
            vad.read({"id": id, "audio": "a.flac", "duration_s": 2.0, "speech": speech[id]}, {}) for id in speech
        ]
        outputs = [{"regions": regions[sample.id]} for sample in samples]
        return [
            utterance(sample.id, vad.score(sample, said), said) for sample, said in zip(samples, outputs, strict=True)
        ]

    for then in (accepted(listened(speech)), None):
        lines = shown(folder, listened(found), then, red("f1"), task=VAD)
        assert blamed(lines) == ["000", "002"]
        assert any("false alarm  0.00-0.50  1.50-2.00  (1.00 s)" in line for line in lines)


def test_a_confusion_table_of_every_utterance(tmp_path: Path) -> None:
    rows = [{"id": f"{i}", "spoken": spoken} for i, spoken in enumerate(("de", "de", "en"))]
    folder = write_dataset(tmp_path / "lid_v1", rows, task="lid", language="mul")
    outputs: list[Any] = [{"language": "de"}, {"language": "nl"}, None]
    said = [
        Utterance(str(i), lid.score(lid.Sample(str(i), 2.0, rows[i]["spoken"]), output), output, 0.1, 0.1, 2.0)
        for i, output in enumerate(outputs)
    ]
    lines = shown(folder, said, None, red("error_rate"), task=LID)
    assert lines[-4:] == [
        "",
        "  spoken   de   en  (raised)   nl",
        "  de        1    .         .    1",
        "  en        .    .         1    .",
    ]
