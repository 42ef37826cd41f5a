"""What is told beside a case's verdicts: other weights, another CPU, models that raised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modellab import datasets, tasks
from modellab.runner import remarks
from modellab.types import QualityBaseline, Status

from ..make import KEY, PROVENANCE, accepted, result, utterance, verdict

SAID = [utterance("000", {}, output="a"), utterance("001", {}, output="b")]
HERE = "amd-epyc-f25.17"


def about(
    header: dict[str, str], machines: tuple[str, ...] = (), changed: int | None = 1, device: str = "cpu"
) -> list[str]:
    now = result(SAID, provenance={**PROVENANCE, "hardware": HERE}, key=replace(KEY, device=device))
    before = QualityBaseline({**PROVENANCE, **header}, {}, {})
    return list(remarks.about(now, before, changed, machines))


@pytest.mark.parametrize(
    ("header", "machines", "changed", "told"),
    [
        pytest.param(
            {"hardware": "intel-xeon-f6.143"}, (), 6, "(intel-xeon-f6.143, this is amd-epyc-f25.17)", id="other"
        ),
        pytest.param({"hardware": HERE}, (), 6, "", id="the same CPU"),
        pytest.param({"hardware": HERE}, ("old-1t",), 6, "", id="the same CPU under another name"),
        pytest.param({"hardware": "intel-xeon-f6.143"}, (), 0, "", id="not one output differs"),
        pytest.param({}, ("old-1t",), 6, "(old-1t, this is a-cpu-1t)", id="a baseline of old, speed elsewhere"),
        pytest.param({}, ("a-cpu-1t", "old-1t"), 6, "", id="of old, with speed here: nobody knows"),
        pytest.param({}, (), 6, "", id="of old, no speed anywhere: nobody knows"),
        pytest.param({"hardware": f"{HERE} CT2_FORCE_CPU_ISA=AVX2"}, (), 1, "CT2_FORCE_CPU", id="kernels"),
    ],
)
def test_another_cpu_is_told_where_outputs_differ(
    header: dict[str, str], machines: tuple[str, ...], changed: int, told: str
) -> None:
    said = [each for each in about(header, machines, changed) if "accepted on another CPU" in each]
    assert len(said) == bool(told)
    assert all(told in each for each in said)


def test_another_gpu_is_told_by_its_kind() -> None:
    (said,) = about({"hardware": "nvidia-l4"}, device="cuda")
    assert said.startswith("its quality was accepted on another GPU (nvidia-l4, this is")


def test_other_weights_and_raised_utterances_are_told() -> None:
    now = result([*SAID, utterance("002", {}, error="ValueError: lost\nand a trace")], provenance=PROVENANCE)
    said = list(remarks.about(now, accepted([], weights="sha256:old"), 0, ()))
    assert said == [
        f"the weights changed since the baseline: sha256:old -> {PROVENANCE['weights']}",
        "the model raised on 1 of 3 utterances: ValueError: lost",
    ]


def test_languages_whose_numbers_are_not_folded_are_told() -> None:
    facts = {**PROVENANCE, "numbers_as_written": "ja, pl"}
    assert any(
        "not folded for ja, pl" in said for said in remarks.about(result(SAID, provenance=facts), None, None, ())
    )
    assert not list(remarks.about(result(SAID, provenance=PROVENANCE), None, None, ()))


def test_numbers_that_whisper_en_cut_are_told() -> None:
    (said,) = remarks.about(result(SAID, provenance={**PROVENANCE, "numbers_cut": "2"}), None, None, ())
    assert said.startswith(
        "whisper_en cut figures of more than 1,000 digits or numbers of more than 1,000 words in 2 texts"
    )


@pytest.mark.parametrize("name", ["mt_smoke_v1", "meeting_smoke_v1"])
def test_settings_of_a_dataset_are_no_unknown_key_of_its_rows(name: str) -> None:
    data = datasets.load(Path(__file__).parents[2] / "golden" / name)
    assert all("settings" in row for row in data.rows)
    told = list(remarks.of_dataset(tasks.get(data.header.task), data, []))
    assert not any("nothing reads" in each for each in told), told


def test_red_by_broken_utterances_of_nobody_knows_whom_is_told() -> None:
    apart = datasets.load(Path(__file__).parents[2] / "golden" / "asr_smoke_v1")
    assert apart.header.cluster == "utterance"
    data = replace(apart, header=apart.header.model_copy(update={"cluster": None}))
    unnamed, named = SAID, [replace(each, cluster="anna") for each in SAID]
    broken = verdict(status=Status.REGRESSED, broken=2)
    (told,) = remarks.unnamed_speakers([verdict(), broken], data, unnamed)
    assert told.startswith("2 of its 2 utterances broke, and its dataset names no speakers")
    for verdicts, of, said in (
        ([broken], data, named),
        ([broken], apart, unnamed),
        ([verdict(status=Status.REGRESSED)], data, unnamed),
        ([verdict(status=Status.INCONCLUSIVE, broken=2)], data, unnamed),
    ):
        assert not list(remarks.unnamed_speakers(verdicts, of, said))
