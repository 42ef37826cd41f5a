"""Our metrics and the reference implementations agree on random inputs: a share of what the tool compares in full."""

from __future__ import annotations

import pytest

from modellab.metrics import diarization
from modellab.metrics.edit_distance import Alignment, align
from tools.performance import draws, references
from tools.performance.check import EXACT

SHARES = {"words": 20_000, "errors": 20_000, "seconds": 600, "translations": 100, "area": 200}


@pytest.mark.parametrize("name", SHARES)
def test_no_random_input_is_scored_otherwise(name: str) -> None:
    reference = references.REFERENCES[name]
    if not reference.is_here:
        pytest.skip(f"{reference.package} is not installed")
    check = reference.run(SHARES[name])
    assert check.faults == ()
    assert check.worst <= EXACT


def test_the_random_texts_hold_what_is_rare() -> None:
    pairs = list(draws.texts(2000))
    assert pairs == list(draws.texts(2000))
    assert ("", "") in pairs
    assert any(not said and heard for said, heard in pairs)
    assert any(said and not heard for said, heard in pairs)
    assert any(said and said == heard for said, heard in pairs)
    assert any(len(letter.encode()) == 4 for said, _ in pairs for letter in said)


def test_the_random_recordings_hold_what_is_rare() -> None:
    drawn = list(draws.recordings(300))
    assert {recording.collar_s for recording in drawn} == {0.0, 0.25, 0.5}
    assert {len(recording.uem) for recording in drawn} == {1, 2}
    assert {recording.skip_overlap for recording in drawn} == {True, False}
    assert any(not recording.reference for recording in drawn)
    assert any(not recording.hypothesis for recording in drawn)
    found = [references.ours(recording) for recording in drawn]
    assert all(any(getattr(one, part) > 0 for one in found) for part in ("miss_s", "false_alarm_s", "confusion_s"))


# ---------------------------------------------------------------------------- a check that could not fail is none


def align_with_one_error_more(reference: str, hypothesis: str) -> Alignment:
    return align(reference, f"{hypothesis} wrong")


@pytest.mark.parametrize("name", ["words", "errors"])
def test_a_wrong_count_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "align", align_with_one_error_more)
    assert len(references.REFERENCES[name].run(50).faults) > 40


def test_a_wrong_second_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = diarization.compare

    def wrong(*given: object, **options: object) -> diarization.Diarization:
        found = right(*given, **options)  # type: ignore[arg-type]
        return diarization.Diarization(
            found.speech_s + 1e-8, found.miss_s, found.false_alarm_s, found.confusion_s,
            found.jaccard_errors, found.mapping, found.n_hypothesis,
        )  # fmt: skip

    monkeypatch.setattr(diarization, "compare", wrong)
    assert len(references.REFERENCES["seconds"].run(20).faults) == 20
