"""What a transcript is held against: several references, several texts of a row, NIST's marks and rules."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import DatasetError
from modellab.tasks import asr, robustness
from modellab.types import Ratio, Transcript

HEADER = {"normaliser": "basic", "language": "en"}
ROW = {"id": "007", "audio": "007.flac", "text": "we go on", "duration_s": 2.0}
TEXTS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map(" ".join)


def sample(row: dict[str, Any], **settings: str) -> asr.Sample:
    return asr.read({**ROW, **row}, {**HEADER, "settings": settings})


def output_of(text: str) -> dict[str, Any]:
    return asr.encode(Transcript(text))


# ---------------------------------------------------------------------------- several references


def test_the_reference_that_fits_best_counts_with_its_own_length() -> None:
    several = sample({"references": ["we are going on", "go on"]})
    counts = asr.score(several, output_of("we are going home"))
    assert (counts["wer"], counts["length_ratio"]) == (Ratio(1, 4), Ratio(4, 4))
    assert asr.show(several, output_of("go on"))[0] == "held against reference 3 of 3: go on"
    assert asr.words(several, output_of("We are going on"))[0] == "we are going on"


def test_of_as_many_errors_the_lower_rate_counts() -> None:
    assert asr.score(sample({"references": ["we all go on"]}), output_of("we two go on"))["wer"] == Ratio(1, 4)


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS)
def test_the_order_of_references_changes_nothing(references: list[str], text: str) -> None:
    found = set()
    for first, *others in itertools.permutations(references):
        counts = asr.score(sample({"text": first, "references": others}), output_of(text))
        del counts["case_error_rate"], counts["punctuation_error_rate"]
        found.add(repr(counts))
    assert len(found) == 1


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS)
def test_more_references_are_never_more_errors(references: list[str], text: str) -> None:
    alone = asr.score(sample({"text": references[0]}), output_of(text))["wer"]
    assert (
        asr.score(sample({"text": references[0], "references": references[1:]}), output_of(text))["wer"][0] <= alone[0]
    )


@pytest.mark.parametrize(
    ("references", "says"),
    [
        ("go", r"references is a str \('go'\), expected a list of texts"),
        ([7], "has no reference text: expected `text` with the words spoken, got 7"),
        (["..."], "basic leaves nothing of '...'"),
    ],
)
def test_what_is_no_reference_names_the_case(references: object, says: str) -> None:
    with pytest.raises(DatasetError, match=rf"case '007'.*{says}"):
        sample({"references": references})


def test_a_clip_under_a_condition_has_several_references_too() -> None:
    row = {**ROW, "references": ["go on"], "condition": "clean"}
    counts = robustness.score(robustness.read(row, HEADER), {**output_of("go on"), "duration_s": 2.0})
    assert counts["wer"] == Ratio(0, 2)


# ---------------------------------------------------------------------------- several texts of a row


def test_the_header_chooses_the_text_that_is_scored() -> None:
    row = {**ROW, "texts": {"verbatim": "um we go on"}}
    assert asr.read(row, HEADER).reference == "we go on"
    assert asr.read(row, {**HEADER, "text": "verbatim"}).reference == "um we go on"
    with pytest.raises(DatasetError, match=r"'007' has no text called 'clean', .* asks for; it has verbatim"):
        asr.read(row, {**HEADER, "text": "clean"})


# ---------------------------------------------------------------------------- NIST's marks, weights and rules


def test_marks_are_marks_where_the_dataset_says_so() -> None:
    row = {"text": "We { um / uh / @ } go (right) on"}
    plain, nist = sample(row), sample(row, markup="nist")
    assert asr.score(plain, output_of("we go on"))["wer"] == Ratio(3, 6)
    assert asr.score(nist, output_of("we go on"))["wer"] == Ratio(0, 4)
    assert asr.score(nist, output_of("We uh go right on!"))["wer"] == Ratio(0, 5)
    assert asr.score(nist, output_of("we (um) go { on"))["wer"] == Ratio(0, 5)  # a model's own braces are no marks
    assert nist.reference == "we um go right on"
    assert asr.words(nist, output_of("We go on!"))[:2] == ("we go right on", "we go right on")
    assert asr.show(nist, output_of("we go on"))[0] == "ref  we go right on"


def test_each_alternative_goes_through_the_normaliser() -> None:
    spelled = asr.read(
        {**ROW, "text": "{ twenty-one / 21 } of them"},
        {"normaliser": "modellab_en", "language": "en", "settings": {"markup": "nist"}},
    )
    assert asr.score(spelled, output_of("21 of them"))["wer"] == Ratio(0, 3)


def test_sclites_alignment_takes_letters_of_any_case_for_equal() -> None:
    header = {"normaliser": "none", "language": "en", "settings": {"alignment": "sclite"}}
    read = asr.read({**ROW, "text": "a b c d e x y z"}, header)
    assert asr.score(read, output_of("X Y Z p q r s t"))["wer"] == Ratio(10, 8)
    assert asr.score(sample({"text": "a b c d e x y z"}), output_of("X Y Z p q r s t"))["wer"] == Ratio(8, 8)


def test_rules_rewrite_both_sides(tmp_path: Path) -> None:
    rules = tmp_path / "own.glm"
    rules.write_text(
        ";; rules\nHOTDOG => HOT DOG\n"
        ';; INPUT_DEPENDENT_APPLICATION = "hyp"\n'
        "[HE'S] => [{HE IS / HE HAS}] / [ ] __ [ ]\n"
    )
    read = sample({"text": "he has a hotdog { um / @ }"}, markup="nist", glm=str(rules))
    counts = asr.score(read, output_of("he's a hot dog"))
    assert (counts["wer"], counts["words_per_s"]) == (Ratio(0, 5), Ratio(5, 2.0))
    assert asr.score(sample({"text": "he has a hotdog"}, glm=str(rules)), output_of("he's a hot-dog"))["wer"] == Ratio(
        0, 5
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"markup": "nits"}, "settings.markup is 'nits': did you mean nist"),
        ({"alignment": "best"}, "settings.alignment is 'best'"),
        ({"glm": "/no/such.glm"}, "no such file, expected a GLM file"),
        ({"markup": "nist", "compounds": "merge"}, "compounds: merge goes with plain texts alone"),
    ],
)
def test_a_setting_that_cannot_be_names_the_ones_there_are(settings: dict[str, str], says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        sample({}, **settings)


def test_marks_that_do_not_fit_name_the_case() -> None:
    with pytest.raises(DatasetError, match=r"case .007.: its text has marks that do not fit together: there is a"):
        sample({"text": "a { b / c"}, markup="nist")


def test_what_is_not_to_be_scored_counts_nothing() -> None:
    ignored = sample({"text": "IGNORE_TIME_SEGMENT_IN_SCORING"}, markup="nist")
    counts = asr.score(ignored, output_of("so much said"))
    assert counts["success_rate"] == Ratio(1, 1)
    assert not any(any(share) for name, share in counts.items() if name != "success_rate")
    assert asr.show(ignored, output_of("so much")) == ["(not to be scored, its text says)"]
    assert asr.words(ignored, output_of("so much"))[:2] == ("", "")
