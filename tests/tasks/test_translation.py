"""The translation task from manifest row to counts, with the model left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sacrebleu
import soundfile

from modellab.errors import DatasetError
from modellab.tasks import Signed, asr, translation
from modellab.types import Audio, Ratio

HEADER = {"normaliser": "none", "language": "en", "settings": {"target_language": "de"}}
TEXT = {"id": "m1", "source": "Open the door.", "reference": "Öffne die Tür.", "source_language": "en"}
SPEECH = {"id": "s1", "audio": "s1.flac", "duration_s": 1.5, "text": "open the door", "reference": ["Tür auf!"]}
METRIC = {metric.name: metric for metric in translation.METRICS}


def sample(**row: Any) -> translation.Sample:
    return translation.read({**TEXT, **row}, HEADER)


def output_of(text: str) -> dict[str, str]:
    return translation.encode(text)


def value(name: str, shown: translation.Sample, text: str) -> float:
    return METRIC[name].value([translation.score(shown, output_of(text))[name]])


# ---------------------------------------------------------------------------- read


def test_a_row_of_text_becomes_a_case() -> None:
    read = sample()
    assert (read.id, read.duration_s, read.source, read.references) == ("m1", 0.0, TEXT["source"], ("Öffne die Tür.",))
    assert (read.target_language, read.tokeniser, read.normaliser.name) == ("de", "13a", "none")


def test_a_row_of_speech_becomes_a_case() -> None:
    read = translation.read({**SPEECH, "source_language": "eng", "target_language": "cmn"}, HEADER)
    assert (read.duration_s, read.source, read.references, read.tokeniser) == (
        1.5,
        "open the door",
        ("Tür auf!",),
        "zh",
    )


def test_the_row_goes_before_the_dataset_and_the_dataset_before_the_language() -> None:
    header = {**HEADER, "normaliser": "auto", "settings": {**HEADER["settings"], "tokeniser": "char"}}  # type: ignore[dict-item]
    read = translation.read({**TEXT, "target_language": "ru", "reference": "Ещё!"}, header)
    assert (read.target_language, read.tokeniser, read.references) == ("ru", "char", ("еще",))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            {"reference": None},
            "has no reference: expected `reference` with its translation or a list of them, got None",
        ),
        ({"reference": []}, "has no reference"),
        ({"reference": ["gut", 3]}, "has no reference"),
        ({"reference": ["gut", " ... "]}, "has a reference with no words: ' ... '"),
        ({"source_language": "xx"}, "unknown language code 'xx': expected one of ISO 639, such as en, fra or zh-Hant"),
        ({"target_language": "german"}, "unknown language code 'german'"),
        ({"source_language": ""}, "no source_language: expected one in the row or under `settings:` in the header"),
        ({"source": " "}, "expected `source` as a text to translate, got ' '"),
        ({"source": 3}, "expected `source` as a text to translate, got 3"),
        ({"audio": "a.flac", "duration_s": 1.0}, "has both `audio` and `source`"),
    ],
)
def test_what_is_wrong_with_a_row_names_the_case(row: dict[str, Any], says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        sample(**row)
    assert "'m1'" in str(caught.value)
    assert says in str(caught.value)


def test_a_row_with_nothing_to_translate_is_named() -> None:
    with pytest.raises(DatasetError, match=r"'m1' has neither `audio` nor `source`"):
        translation.read({key: value for key, value in TEXT.items() if key != "source"}, HEADER)


def test_an_unknown_tokeniser_is_named_before_anything_runs() -> None:
    with pytest.raises(DatasetError, match=r"'m1': unknown tokeniser '13b': did you mean 13a"):
        translation.read(TEXT, {**HEADER, "settings": {"target_language": "de", "tokeniser": "13b"}})


# ---------------------------------------------------------------------------- prepare, run, encode


def test_speech_is_prepared_as_16_khz_mono_and_text_as_it_is(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((4_000, 2)), 8_000)
    row = {"audio": str(tmp_path / "a.wav"), "source_language": "eng", "settings": {"target_language": "de"}}
    source, *between = translation.prepare(row)
    assert isinstance(source, Audio)
    assert (source.rate_hz, source.samples.shape, between) == (16_000, (8_000,), ["eng", "de"])
    assert translation.prepare({**TEXT, "target_language": "fr"}) == ("Open the door.", "en", "fr")


def test_run_is_the_models_method_and_nothing_else() -> None:
    class Parrot:
        def translate(self, source: Audio | str, source_language: str, target_language: str) -> str:
            return f"{source} {source_language} {target_language}"

    assert translation.run(Parrot(), translation.Given("a", "en", "de")) == "a en de"


def test_a_translation_is_json() -> None:
    assert json.loads(json.dumps(output_of("Tür"))) == {"text": "Tür"}


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (None, "translate() returned None, expected a str: does translate() end without a return?"),
        (["Tür"], "translate() returned a list (['Tür']), expected a str"),
    ],
)
def test_anything_else_says_what_came(output: object, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        translation.encode(output)
    assert says in str(caught.value)


# ---------------------------------------------------------------------------- score, show, remember, sign


def test_score_gives_exactly_the_metrics() -> None:
    for output in (None, output_of(""), output_of("Tür")):
        assert list(translation.score(sample(), output)) == list(METRIC)
    assert set(translation.LIMITS) <= set(METRIC)
    assert translation.METRICS[0].name == "chrf"


def test_the_scores_of_a_corpus_are_sacrebleus() -> None:
    texts = ["Öffne die Tür bitte jetzt.", "Das Licht ist nun wieder an.", ""]
    samples = [sample(reference=["Öffne bitte die Tür.", "Mach die Tür auf, bitte."]) for _ in texts]
    counts = [translation.score(each, output_of(text)) for each, text in zip(samples, texts, strict=True)]
    references = [list(column) for column in zip(*(each.references for each in samples), strict=True)]
    for name, theirs in (("bleu", sacrebleu.corpus_bleu), ("chrf", sacrebleu.corpus_chrf)):
        pooled = METRIC[name].value(share[name] for share in counts)
        assert 100 * pooled == pytest.approx(theirs(texts, references).score)


def test_a_model_that_raised_said_nothing() -> None:
    counts, empty = translation.score(sample(), None), translation.score(sample(), output_of(""))
    assert counts == {**empty, "success_rate": Ratio(0.0)}
    assert METRIC["chrf"].value([counts["chrf"]]) == 0.0
    assert counts["empty_rate"] == Ratio(1.0)


@pytest.mark.parametrize(
    ("row", "text", "sick"),
    [
        ({}, "Öffne die Türen.", set()),
        ({}, "Öffne " + "die Tür und das Fenster " * 3, {"length_ratio"}),
        ({}, "Открой дверь.", {"foreign_script_rate"}),
        ({}, "Open the door.", {"copy_rate"}),
        ({"source": "OK", "reference": "OK"}, "OK", set()),
        ({}, "", {"empty_rate"}),
        ({}, "ja ja ja ja ja ja", {"loop_rate"}),
        ({"target_language": "ja", "reference": "ドアを開けて", "tokeniser": "char"}, "ドアを開け", set()),
        ({"target_language": "zh", "reference": "打开门"}, "open", {"foreign_script_rate"}),
    ],
)
def test_each_sickness_breaks_its_own_limit(row: dict[str, Any], text: str, sick: set[str]) -> None:
    settings = {"target_language": "de", "tokeniser": row.pop("tokeniser", "auto")}
    shown = translation.read({**TEXT, **row}, {**HEADER, "settings": settings})
    sanity = {metric.name for metric in translation.METRICS if metric.kind == "sanity"}
    assert {name for name in sanity if value(name, shown, text) > translation.LIMITS[name]} == sick


def test_show_lets_a_person_see_the_error() -> None:
    assert translation.show(sample(reference=["Öffne die Tür.", "Tür auf!"]), output_of("Tür auf!")) == [
        "src  Open the door.",
        "ref  Öffne die Tür.",
        "ref  Tür auf!",
        "hyp  Tür auf!",
        "     chrF 100.0, BLEU 0.0 (13a)",
    ]
    assert translation.show(sample(), None)[-2] == "(the model raised: no translation)"


def test_a_baseline_remembers_the_text() -> None:
    assert translation.remember(output_of("Tür")) == "Tür"
    assert translation.remember(None) is None


def test_the_task_signs_its_numbers_and_others_need_not() -> None:
    other = sample(target_language="zh")
    assert f"tok:13a+zh|smooth:exp|version:{sacrebleu.__version__}" in translation.signature(
        [sample(), other, sample()]
    )
    assert isinstance(translation, Signed)
    assert not isinstance(asr, Signed)
