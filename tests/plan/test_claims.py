"""Which cases a claim is about, and what a claim that names nothing says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from modellab.plan import claims
from modellab.plan.claims import ClaimData, Claimed, concern
from modellab.plan.matrix import Broken, Matrix
from modellab.plan.settings import Project

from .. import make

CLAIM = {"variant": "one", "dataset": "short_v1", "metric": "wer", "value": 0.05, "source": "the paper"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose only models are its own: `fake`, with two precisions, and the dataset short_v1."""
    for folder, header in (("short_v1", {}), ("speech_v1", {"task": "vad"})):
        place = tmp_path / "golden" / folder
        place.mkdir(parents=True)
        text = yaml.safe_dump({**make.HEADER, **header, "cases": []}, sort_keys=False)
        (place / "dataset.yaml").write_text(text)
    return tmp_path


def claims_of(project: Path, *stated: dict[str, Any], **config: Any) -> list[Claimed | Broken]:
    folder = project / "models" / "fake"
    folder.mkdir(parents=True, exist_ok=True)
    offered = {"devices": {"cpu": ["float32", "int8"]}, "claims": [{**CLAIM, **each} for each in stated], **config}
    (folder / "config.yaml").write_text(yaml.safe_dump({**make.CONFIG, **offered}))
    (project / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n')
    return claims.find(Matrix(Project.at(project), shipped=project / "none"))


def test_a_claim_is_about_each_precision(project: Path) -> None:
    assert [str(each) for each in claims_of(project, {})] == [
        "fake:one-short_v1-cpu-float32-wer",
        "fake:one-short_v1-cpu-int8-wer",
    ]


def test_or_about_the_one_it_names(project: Path) -> None:
    assert [str(each) for each in claims_of(project, {"precision": "int8"})] == ["fake:one-short_v1-cpu-int8-wer"]


def test_without_claims_there_is_nothing(project: Path) -> None:
    assert claims_of(project) == []


def test_a_missing_dataset_names_its_folder(project: Path) -> None:
    (only,) = claims_of(project, {"dataset": "librispeech_test_clean"})
    assert isinstance(only, Claimed)
    assert only.case is None
    assert only.missing == "no dataset librispeech_test_clean: expected it in golden/librispeech_test_clean"
    assert str(only) == "fake:one-librispeech_test_clean-wer"


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        pytest.param({"variant": "onne"}, ".variant is 'onne': did you mean one? known: one", id="variant"),
        pytest.param(
            {"metric": "werr"}, ".metric is 'werr', which nothing measures there: did you mean wer", id="metric"
        ),
        pytest.param({"metric": "f1"}, ".metric is 'f1', which nothing measures there", id="another task's metric"),
        pytest.param({"precision": "int4"}, ".precision is 'int4': did you mean int8?", id="precision"),
        pytest.param({"dataset": "speech_v1"}, ".dataset is 'speech_v1', whose task vad the model does", id="task"),
        pytest.param({"metric": "werr", "dataset": "nowhere"}, ".metric is 'werr'", id="metric of a missing dataset"),
    ],
)
def test_what_a_claim_names_must_be_there(project: Path, claim: dict[str, str], words: str) -> None:
    _, broken = claims_of(project, {"precision": "int8"}, claim)
    assert isinstance(broken, Broken)
    assert broken.error.startswith(f"{project / 'models/fake/config.yaml'}: claims.1{words}")
    assert str(broken) == "fake-claim-1-broken"


def test_a_pair_that_does_not_meet_is_told(project: Path) -> None:
    german = {"one": {"weights": "package", "tier": "smoke", "languages": ["de"]}}
    (broken,) = claims_of(project, {}, variants=german)
    assert isinstance(broken, Broken)
    assert "claims.0 is about short_v1, which one does not meet: its language or domain" in broken.error


def test_a_broken_model_costs_its_own_claims_only(project: Path) -> None:
    other = project / "models" / "other"
    other.mkdir(parents=True)
    (other / "config.yaml").write_text("summary: half a config\n")
    assert len(claims_of(project, {})) == 2


def test_the_engines_that_claims_need(project: Path) -> None:
    claims_of(project, {"precision": "int8"}, {"dataset": "nowhere"})
    assert claims.engines(Matrix(Project.at(project), shipped=project / "none")) == {
        "fake:one-short_v1-cpu-int8-wer": "fake/one/cpu/int8"
    }


def test_only_cells_that_claims_are_about_are_kept() -> None:
    assert not concern(make.case())
    assert concern(make.case(claims=[CLAIM]))
    assert not concern(make.case(claims=[{**CLAIM, "dataset": "other"}]))


def test_a_sample_is_the_shares_and_who_spoke() -> None:
    said = [make.utterance(make.name(i), make.asr_counts(i), cluster=f"s{i % 2}") for i in range(3)]
    sample = ClaimData.of(make.result(said))
    assert sample.clusters == ("s0", "s1", "s0")
    assert np.array_equal(sample.counts["wer"], [[0, 5], [1, 5], [2, 5]])


def test_a_claim_is_judged_by_the_rules_of_its_case(project: Path) -> None:
    (claimed,) = claims_of(project, {"precision": "int8"}, thresholds={"wer": {"margin": 0.5}})
    assert isinstance(claimed, Claimed)
    said = [make.utterance(make.name(i), make.asr_counts(2)) for i in range(40)]
    verdict = claims.assess(claimed, ClaimData.of(make.result(said)), Project.at(project))
    assert (verdict.now, verdict.baseline, str(verdict.status)) == (0.4, 0.05, "PASS")
    (claimed,) = claims_of(project, {"precision": "int8"})
    assert isinstance(claimed, Claimed)
    assert claims.assess(claimed, ClaimData.of(make.result(said)), Project.at(project)).red
