"""Each kind of failure on answers written by hand, and whose fault it is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.diagnosis import Kind, UtteranceContext, examine
from modellab.results.other_answers import elsewhere
from modellab.text import get

from .. import make

SAID = (
    "please turn on the light in the kitchen",
    "what is the weather like this evening",
    "set a timer for seven minutes please",
    "call anna and tell her about the garden",
    "open the window in the bathroom now",
    "play some quiet music in the hallway",
)
WELL_S = 2.5  # a good length for each of them


def heard(number: int, answer: str | None = None, **changes: Any) -> UtteranceContext:
    """Sentence `number`, heard as `answer`; rightly without one."""
    transcript = changes.pop("transcript", SAID[number])
    normalise = get(changes.pop("normaliser", "basic"))
    answer = transcript if answer is None else answer
    fields = {"duration_s": WELL_S, "language": "en", **changes}
    return UtteranceContext(f"{number}", transcript, answer, normalise(transcript), normalise(answer), **fields)


def every(*wrong: UtteranceContext) -> list[UtteranceContext]:
    """All sentences heard rightly, but for these."""
    instead = {each.id: each for each in wrong}
    return [instead.get(str(i), heard(i)) for i in range(len(SAID))]


LOOPED = "call anna and tell her about the garden" + " the garden" * 8


@pytest.mark.parametrize(
    ("wrong", "kind", "fault"),
    [
        ([heard(1, "", error="ValueError: no\nmore")], Kind.RAISED, "adapter"),
        ([heard(3, LOOPED)], Kind.LOOP, "model"),
        ([heard(0, "")], Kind.EMPTY, "model"),
        ([heard(i, "") for i in range(6)], Kind.EMPTY, "adapter"),
        ([heard(i, SAID[0]) for i in range(1, 6)], Kind.STUCK, "adapter"),
        ([heard(i, SAID[i - 1]) for i in range(6)], Kind.LATE, "adapter"),
        ([heard(2, SAID[4]), heard(4, SAID[2])], Kind.REFERENCE, "data"),
        ([heard(2, SAID[4], before=get("basic")(SAID[2]))], Kind.LATE, "adapter"),
        ([heard(2, "a dog ran over the hill", others=("a dog ran over the hill",) * 2)], Kind.REFERENCE, "data"),
        ([heard(2, "a dog ran over the hill", others=("a dog ran over the hill",))], Kind.WORDS, "model"),
        ([heard(1, "wie ist das wetter heute in der stadt")], Kind.LANGUAGE, "model"),
        ([heard(1, "какая сегодня погода")], Kind.LANGUAGE, "model"),
        ([heard(1, "ne slyshal etogo", told="ru")], Kind.LANGUAGE, "model"),
        ([heard(3, "call anna and tell")], Kind.TRUNCATED, "model"),
        ([heard(3, "call anna and tell him")], Kind.TRUNCATED, "model"),
        ([heard(3, "call anna and sell him")], Kind.WORDS, "model"),
        ([heard(3, "call anna and sell him", duration_s=1.2)], Kind.TRUNCATED, "data"),
        ([heard(3, "call anna and tell", duration_s=1.2)], Kind.TRUNCATED, "data"),
        ([heard(3, "tell her about the garden", duration_s=1.2)], Kind.TRUNCATED, "data"),
        ([heard(0, f"{SAID[0]} thank you for watching")], Kind.NON_SPEECH, "model"),
        ([heard(0, "mary had blue ovens", duration_s=0.7)], Kind.RATE, "data"),
        ([heard(5, "pay sum quite music in the hall")], Kind.WORDS, "model"),
    ],
)
def test_it_looks_like(wrong: list[UtteranceContext], kind: Kind, fault: str) -> None:
    found = examine(every(*wrong), "basic")
    assert [(finding.kind, finding.fault) for finding in found] == [(kind, fault)]
    assert found[0].ids == tuple(sorted(each.id for each in wrong))
    assert found[0].errors == sum(each.errors for each in wrong)
    assert str(found[0]).startswith(f"{kind} ({fault} fault): ")


def test_an_answer_that_happens_to_be_another_row_s_is_no_mix_up() -> None:
    """The other row was heard rightly: its transcript is where it belongs."""
    assert [each.kind for each in examine(every(heard(2, SAID[4])), "basic")] == [Kind.WORDS]


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert examine(every()) == []
    assert examine([]) == []
    assert examine(every(heard(0, "please turn on the lights in the kitchen"))) == [], "a wrong word is no failure"


def test_shifted_transcripts_fit_the_wrong_lengths() -> None:
    """Sentences of different lengths: the files are as long as the answers."""
    texts = ["stop it now", "open the bathroom window", "please turn on the light in the kitchen",
             "what time is it in the city of rome", "no more music", "call anna and tell her of the house"]  # fmt: skip
    lengths = [0.1 * len(text) for text in texts]
    shifted = [heard(i, texts[i], transcript=texts[(i + 1) % 6], duration_s=lengths[i]) for i in range(6)]
    assert [(each.kind, each.fault) for each in examine(shifted, "basic")] == [(Kind.REFERENCE, "data")]
    late = [heard(i, texts[i - 1], transcript=texts[i], duration_s=lengths[i]) for i in range(6)]
    assert [(each.kind, each.fault) for each in examine(late, "basic")] == [(Kind.LATE, "adapter")]


@pytest.mark.parametrize(
    ("ratio", "answer", "kind"),
    [
        (0.5, "me green oven", Kind.RATE),
        (3.0, "nine alarm nine eleven anna", Kind.RATE),
        (0.6, None, Kind.TRUNCATED),
    ],
)
def test_times_that_do_not_fit_the_files(ratio: float, answer: str | None, kind: Kind) -> None:
    cut = [
        heard(i, f"{answer} {SAID[i][:3]}" if answer else " ".join(SAID[i].split()[:4]), end_s=ratio * WELL_S)
        for i in range(6)
    ]
    found = examine(cut, "basic")
    assert [(each.kind, each.fault) for each in found] == [(kind, "adapter")]
    assert f"{ratio:.2f} of the files' length" in found[0].sentence


def test_what_is_longer_than_the_longest_good_one_is_cut_by_the_adapter() -> None:
    long = [heard(i, SAID[i], transcript=f"{SAID[i]} and {SAID[i - 1]}", duration_s=5.5) for i in (4, 5)]
    found = examine(every(*long), "basic")
    assert [(each.kind, each.fault) for each in found] == [(Kind.TRUNCATED, "adapter")]
    assert "longer than 2.5 s" in found[0].sentence


def test_everything_is_garbage_though_the_files_are_sound() -> None:
    garbled = [heard(i, f"zero orange march oven blue {'me ' * i}") for i in range(6)]
    assert [(each.kind, each.fault) for each in examine(garbled, "basic")] == [(Kind.GARBLED, "adapter")]


def test_the_same_words_written_differently() -> None:
    plain = ["it is 12 percent", "i'm sure it's 7 degrees", "that's 42"]
    written = ["It is twelve percent.", "I am sure it is seven degrees.", "That is forty two."]
    every = [heard(i, plain[i], transcript=written[i], normaliser="none") for i in range(3)]
    (found,) = examine(every, "none")
    assert (found.kind, found.fault) == (Kind.NORMALISER, "scoring")
    assert "_en" in found.sentence


def write(path: Path, samples: Any, rate_hz: int = 16_000) -> Path:
    soundfile.write(path, samples, rate_hz)
    return path


def test_the_file_is_asked(tmp_path: Path) -> None:
    seconds = np.arange(40_000) / 16_000
    speech = np.sin(2 * np.pi * 150 * seconds) * (np.sin(2 * np.pi * 2 * seconds) > 0) * 0.3
    other = np.sin(2 * np.pi * 230 * seconds) * (np.sin(2 * np.pi * 3 * seconds) > 0) * 0.3
    files = {
        "silent": write(tmp_path / "silent.wav", np.zeros(40_000)),
        "tone": write(tmp_path / "tone.wav", 0.2 * np.sin(2 * np.pi * 440 * seconds)),
        "cancels": write(tmp_path / "cancels.wav", np.stack([speech, -speech], axis=1)),
        "differs": write(tmp_path / "differs.wav", np.stack([speech, other], axis=1)),
        "stereo": write(tmp_path / "stereo.wav", np.stack([speech, speech], axis=1)),
        "gone": tmp_path / "gone.wav",
    }
    expected = {
        ("silent", ""): (Kind.EMPTY, "data"),
        ("silent", "thank you for watching"): (Kind.NON_SPEECH, "model"),
        ("tone", "thank you for watching"): (Kind.NON_SPEECH, "model"),
        ("cancels", ""): (Kind.CHANNELS, "data"),
        ("differs", "a dog ran over the hill"): (Kind.CHANNELS, "data"),
        ("stereo", ""): (Kind.EMPTY, "model"),
        ("gone", ""): (Kind.EMPTY, "model"),
    }
    for (name, answer), blame in expected.items():
        (found,) = examine(every(heard(0, answer, audio=files[name])), "basic")
        assert (found.kind, found.fault) == blame, name


def test_times_are_no_evidence_where_there_are_none() -> None:
    assert math.isnan(heard(0).end_s)
    found = examine([heard(i, " ".join(SAID[i].split()[:4])) for i in range(6)], "basic")
    assert [(each.kind, each.fault) for each in found] == [(Kind.TRUNCATED, "adapter")], (
        "everywhere, by the words alone"
    )


def test_other_models_answers_are_those_of_the_same_dataset(tmp_path: Path) -> None:
    from dataclasses import replace

    from modellab.results import baselines
    from modellab.tasks import asr

    for model, text in (("fake", "mine"), ("other", "theirs")):
        said = [make.utterance("0000", make.asr_counts(1), {"text": text})]
        baselines.save(tmp_path, asr, [make.result(said, key=replace(make.KEY, model=model))], "first", "2026-03-01")
    assert elsewhere(tmp_path, make.KEY) == {"0000": ["theirs"]}
    quality = baselines.quality_path(tmp_path, replace(make.KEY, model="other"))
    quality.write_text("<<<<<<< damaged")
    assert elsewhere(tmp_path, make.KEY) == {}
