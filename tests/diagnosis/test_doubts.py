"""What is said of a case that is new or undecided: what it looks like, and whose answers may be asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modellab import diagnosis
from modellab.diagnosis import Kind, UtteranceContext, examine
from modellab.results import baselines
from modellab.results.other_answers import elsewhere, family
from modellab.tasks import asr
from modellab.types import QualityBaseline, Result, Status, Verdict

from .. import make

SAID = (
    "please turn on the light in the kitchen",
    "what is the weather like this evening",
    "set a timer for seven minutes please",
    "call anna and tell her about the garden",
    "open the window in the bathroom now",
    "play some quiet music in the hallway",
    "the code of the office is four two one",
    "remind me of the train in the morning",
    "my sister reads a book under the tree",
    "close the gate before it gets dark",
)
GERMAN = "das ist nicht das was ich auf dem tisch für dich und mit der"


def heard(number: int, answer: str, before: str | None = None) -> UtteranceContext:
    said = SAID[number]
    return UtteranceContext(str(number), said, answer, said, answer, 2.5, language="en", before=before)


def without_last(text: str, count: int = 1) -> str:
    return " ".join(text.split()[:-count])


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("edge", "word"), [("last", "end"), ("first", "start")])
def test_words_lost_at_one_end_are_one_fault(before: bool, edge: str, word: str) -> None:
    cut = without_last if edge == "last" else lambda text: " ".join(text.split()[1:])
    every = [
        heard(i, cut(said) if i % 2 else said, said if before else None)
        for i, said in enumerate(SAID)
    ]  # fmt: skip
    (found,) = examine(every, "basic")
    assert (found.kind, found.fault, found.ids) == (Kind.TRUNCATED, "adapter", ("1", "3", "5", "7", "9"))
    assert f"the {edge} words are missing in 5 of 10 answers that are right otherwise" in found.sentence
    assert ("and the baseline had them" in found.sentence) is before
    assert f"lose the {word} of the sound" in found.sentence


def test_words_that_are_missing_anywhere_are_no_such_fault() -> None:
    every = [heard(i, " ".join(w for j, w in enumerate(said.split()) if j != i % 6)) for i, said in enumerate(SAID)]
    assert [found.kind for found in examine(every, "basic") if found.fault == "adapter"] == []


def test_words_that_were_missing_before_are_nobody_s_news() -> None:
    every = [heard(i, without_last(said), without_last(said)) for i, said in enumerate(SAID)]
    assert examine(every, "basic") == []


@pytest.mark.parametrize(
    ("model", "weights", "names"),
    [
        ("whisper_cpp", "whisper-lab/ggml-q8_0@5459", {"@5459", "whisper"}),
        ("distil_whisper", "whisper-lab/transformers@5459", {"@5459", "distil", "whisper"}),
        ("mine", "openai/whisper-tiny.en@abc", {"@abc", "mine", "whisper"}),
        ("lfm2_5_audio", "", set()),
        ("ctc_aligner", "facebook/wav2vec2-base@1", {"@1", "aligner", "facebook"}),
    ],
)
def test_a_family_is_told_by_its_names(model: str, weights: str, names: set[str]) -> None:
    assert family(model, weights) == names


def accept(root: Path, model: str, weights: str, text: str) -> None:
    said = [make.utterance("0000", make.asr_counts(1), {"text": text})]
    key = replace(make.KEY, model=model)
    provenance = {**make.PROVENANCE, "weights": weights}
    baselines.save(root, asr, [make.result(said, key=key, provenance=provenance)], "first", "2026-03-01")


def test_kin_prove_nothing(tmp_path: Path) -> None:
    accept(tmp_path, "whisper_cpp", "whisper-lab/ggml@1", "the same ears")
    accept(tmp_path, "renamed", "copy@77", "the same digest")
    accept(tmp_path, "parakeet", "nvidia/parakeet@2", "other ears")
    accept(tmp_path, "parakeet_onnx", "onnx/parakeet@3", "the same other ears")
    accept(tmp_path, "kyutai", "stt@4", "third ears")
    mine = replace(make.KEY, model="faster_whisper")
    assert elsewhere(tmp_path, mine, "mine@77") == {"0000": ["third ears", "other ears"]}


def test_an_answer_that_was_right_before_is_no_wrong_transcript() -> None:
    others = ("please turn off the light",) * 2
    now = replace(heard(0, "please turn off the light", SAID[0]), others=others)
    every = [now, *(heard(i, said, said) for i, said in enumerate(SAID) if i)]
    assert all(found.kind is not Kind.REFERENCE for found in examine(every, "basic"))


# ---------------------------------------------------------------------------- cases that are not red


def measured(answers: list[str]) -> Result:
    cases = [asr.read(row(i), {"normaliser": "basic", "language": "en"}) for i in range(len(SAID))]
    said = [
        make.utterance(case.id, asr.score(case, asr_output(answer)), asr_output(answer))
        for case, answer in zip(cases, answers, strict=True)
    ]
    return make.result(said)


def row(number: int) -> dict[str, object]:
    return {"id": make.name(number), "audio": "", "duration_s": 2.5, "text": SAID[number], "language": "en"}


def asr_output(text: str) -> dict[str, object]:
    return {"text": text, "language": "", "segments": []}


class Data:
    """What the detective needs of a dataset."""

    normaliser = "basic"
    rows = tuple(row(i) for i in range(len(SAID)))
    options = {"normaliser": "basic", "language": "en"}


def told(answers: list[str], status: Status, accepted: QualityBaseline | None = None) -> list[str]:
    verdict = Verdict("wer", "ratio", "quality", status, 1.0, red=status is Status.REGRESSED)
    return diagnosis.notes([verdict], asr, measured(answers), Data(), accepted)  # type: ignore[arg-type]


def test_a_new_case_with_absurd_figures_says_what_it_looks_like() -> None:
    german = [" ".join(GERMAN.split()[i % 4 : i % 4 + 8]) for i in range(len(SAID))]
    (note,) = told(german, Status.NEW)
    assert note.startswith("this looks like the wrong language: language (model fault): 10 utterances; ")


def test_a_new_case_that_is_well_has_no_note() -> None:
    assert told(list(SAID), Status.NEW) == []
    assert told([without_last(SAID[0], 3), *SAID[1:]], Status.NEW) == []


def test_a_red_case_is_told_elsewhere_and_a_pass_not_at_all() -> None:
    cut = [without_last(text) for text in SAID]
    assert told(cut, Status.REGRESSED) == told(cut, Status.PASS) == []


def test_an_undecided_case_says_what_got_worse() -> None:
    then = make.accepted(measured(list(SAID)).utterances)
    then = replace(then, outputs={make.name(i): text for i, text in enumerate(SAID)})
    cut = [without_last(text) if i % 2 else text for i, text in enumerate(SAID)]
    (note,) = told(cut, Status.INCONCLUSIVE, then)
    assert note.startswith(
        "this looks like lost words at one end: truncated (adapter fault): the last words are missing"
    )
    assert told(list(SAID), Status.INCONCLUSIVE, then) == []


def test_a_suspicion_that_cannot_be_formed_takes_nothing_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "contexts", lambda *_: 1 / 0)
    (note,) = told([without_last(text, 4) for text in SAID], Status.NEW)
    assert note.startswith("what this looks like cannot be told: ")
