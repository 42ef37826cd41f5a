"""Which variants meet which datasets, what a broken folder becomes, and why this machine cannot run a case."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from modellab.models import Variant
from modellab.plan import availability
from modellab.plan.availability import missing_device, why_not
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.settings import Project

from ..make import CONFIG, HEADER, case

NOWHERE = Path("nowhere")  # in place of modellab's own models
CASE = {"id": "a", "audio": "a.flac", "text": "a b", "duration_s": 1.0}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose models are its own alone."""
    root = tmp_path / "project"
    return Project(root, root / "golden", root / "baselines", root / "mlruns", (root / "models",))


def add_model(project: Project, name: str = "fake", **changes: Any) -> None:
    folder = project.models[0] / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, **changes}), encoding="utf-8")


def add_variant(project: Project, **variant: Any) -> None:
    add_model(project, variants={"one": {"weights": "package", **variant}})


def add_dataset(project: Project, name: str = "short_v1", **changes: Any) -> None:
    folder = project.golden / name
    folder.mkdir(parents=True, exist_ok=True)
    header = yaml.safe_dump({**HEADER, **changes}, sort_keys=False)
    (folder / "dataset.yaml").write_text(f"{header}cases:\n  - {CASE}\n", encoding="utf-8")


def ids(project: Project, task: str = "asr") -> list[str]:
    return [
        str(found.key) if isinstance(found, Case) else str(found)
        for found in Matrix(project, shipped=NOWHERE).cases(task)
    ]


# ---------------------------------------------------------------------------- who meets whom


@pytest.mark.parametrize(
    ("variant", "header", "meet"),
    [
        pytest.param({}, {}, True, id="nothing said"),
        pytest.param({"languages": ["en"]}, {"language": "en"}, True, id="its language"),
        pytest.param({"languages": ["en"]}, {"language": "de"}, False, id="another language"),
        pytest.param({"languages": ["de", "en"]}, {"language": "en"}, True, id="one of its languages"),
        pytest.param({"languages": []}, {"language": "hi"}, True, id="a model of any language"),
        pytest.param({"languages": ["en"]}, {"language": ""}, True, id="a dataset of no language"),
        pytest.param({"domain": "open"}, {"domain": "open"}, True, id="open on open"),
        pytest.param({"domain": "open"}, {"domain": "lab"}, True, id="open on lab"),
        pytest.param({"domain": "lab"}, {"domain": "lab"}, True, id="lab on lab"),
        pytest.param({"domain": "lab"}, {"domain": "open"}, False, id="lab on open: words it cannot know"),
        pytest.param({"domain": "lab", "languages": ["en"]}, {"domain": "lab", "language": "de"}, False, id="both"),
    ],
)
def test_a_variant_meets_what_fits(
    project: Project, variant: dict[str, Any], header: dict[str, Any], meet: bool
) -> None:
    add_variant(project, **variant)
    add_dataset(project, **header)
    assert ids(project) == (["fake:one-short_v1-cpu-float32"] if meet else [])


def test_a_variant_may_have_fewer_tasks_than_its_model(project: Project) -> None:
    variants = {"one": {"weights": "package", "tasks": ["vad"]}, "two": {"weights": "package"}}
    add_model(project, tasks=["asr", "vad"], variants=variants)
    add_dataset(project)
    assert ids(project) == ["fake:two-short_v1-cpu-float32"]
    add_variant(project, tasks=["vad"])
    assert ids(project) == ["fake-broken"]
    (broken,) = Matrix(project, shipped=NOWHERE).cases("asr")
    assert "tasks has 'vad', which the model's tasks lack" in str(getattr(broken, "error", ""))


def test_a_variant_may_meet_a_few_datasets_only(project: Project) -> None:
    add_variant(project, datasets=["taught_v1"])
    add_dataset(project)
    add_dataset(project, "taught_v1")
    assert ids(project) == ["fake:one-taught_v1-cpu-float32"]


def test_a_setting_that_the_task_does_not_know_is_named(project: Project) -> None:
    add_model(project)
    add_dataset(project, settings={"colar_s": 0.25})
    (broken,) = Matrix(project, shipped=NOWHERE).cases("asr")
    assert "settings has 'colar_s', no setting of asr" in str(getattr(broken, "error", ""))


@pytest.mark.parametrize(
    ("variant", "header", "tier"),
    [
        ("smoke", "smoke", "smoke"),
        ("smoke", "full", "full"),
        ("full", "smoke", "full"),
        ("nightly", "full", "nightly"),
        ("smoke", "nightly", "nightly"),
        ("full", "real", "real"),
        ("nightly", "real", "nightly"),
    ],
)
def test_a_cell_has_the_higher_tier_of_the_two(project: Project, variant: str, header: str, tier: str) -> None:
    add_variant(project, tier=variant)
    add_dataset(project, tier=header)
    assert [found.tier for found in Matrix(project, shipped=NOWHERE).cases("asr")] == [tier]


def test_a_task_has_its_own_models_and_datasets(project: Project) -> None:
    add_model(project, "hears")
    add_model(project, "detects", tasks=["vad"])
    add_model(project, "both", tasks=["asr", "vad"])
    add_dataset(project, "words_v1")
    add_dataset(project, "speech_v1", task="vad")
    assert ids(project) == ["both:one-words_v1-cpu-float32", "hears:one-words_v1-cpu-float32"]
    assert ids(project, "vad") == ["both:one-speech_v1-cpu-float32", "detects:one-speech_v1-cpu-float32"]


def test_cells_of_one_engine_follow_each_other(project: Project) -> None:
    add_model(project, devices={"cpu": ["int8", "float32"]})
    add_dataset(project, "a_v1")
    add_dataset(project, "b_v1")
    cases = [found for found in Matrix(project, shipped=NOWHERE).cases("asr") if isinstance(found, Case)]
    assert [found.engine for found in cases] == [
        ("fake", "one", "cpu", "int8"),
        ("fake", "one", "cpu", "int8"),
        ("fake", "one", "cpu", "float32"),
        ("fake", "one", "cpu", "float32"),
    ]
    assert [found.key.dataset for found in cases] == ["a_v1", "b_v1"] * 2


def test_a_loadable_needs_no_dataset(project: Project) -> None:
    add_model(project, devices={"cpu": ["int8"], "cuda": ["float16"]})
    add_model(project, "broken", devises={})
    found = list(Matrix(project, shipped=NOWHERE).instances())
    assert [instance.engine for instance in found] == [
        ("fake", "one", "cpu", "int8"),
        ("fake", "one", "cuda", "float16"),
    ]
    assert found[0].source.name == "package"


def test_an_empty_project_has_no_cells(project: Project) -> None:
    assert ids(project) == []


# ---------------------------------------------------------------------------- broken folders


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"devises": {}}, "unknown key 'devises': did you mean devices?", id="unknown key"),
        pytest.param({"tasks": ["asr", "vat"]}, "unknown task 'vat': did you mean vad? known: ", id="task"),
    ],
)
def test_a_broken_model_is_one_item_that_says_so(project: Project, changes: dict[str, Any], says: str) -> None:
    add_model(project, "good")
    add_model(project, "bad", **changes)
    add_dataset(project)
    assert ids(project) == ["bad-broken", "good:one-short_v1-cpu-float32"]
    (broken,) = (found for found in Matrix(project, shipped=NOWHERE).cases("asr") if isinstance(found, Broken))
    assert broken.error.startswith(f"{project.models[0] / 'bad' / 'config.yaml'}: {says}")
    assert broken.tier == "smoke", "it fails every push"
    assert Matrix(project, shipped=NOWHERE).model_names() == ["bad", "good"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"normalizer": "basic"}, "unknown key 'normalizer': did you mean normaliser?", id="unknown key"),
        pytest.param({"task": "asrr"}, "unknown task 'asrr': did you mean asr? known: ", id="task"),
        pytest.param(
            {"limits": {"wre": 0.1}}, "limits has 'wre', no metric of asr: did you mean wer? known: ", id="limit"
        ),
    ],
)
def test_a_broken_dataset_is_one_item_that_says_so(project: Project, changes: dict[str, Any], says: str) -> None:
    add_model(project)
    add_dataset(project, "good_v1")
    add_dataset(project, "bad_v1", **changes)
    assert ids(project) == ["bad_v1-broken", "fake:one-good_v1-cpu-float32"]
    (broken,) = (found for found in Matrix(project, shipped=NOWHERE).cases("asr") if isinstance(found, Broken))
    assert broken.error.startswith(f"{project.golden / 'bad_v1' / 'dataset.yaml'}: {says}")


def test_a_limit_on_a_metric_is_sound(project: Project) -> None:
    add_model(project)
    add_dataset(project, limits={"wer": 0.1, "success_rate": 0.9})
    assert ids(project) == ["fake:one-short_v1-cpu-float32"]


# ---------------------------------------------------------------------------- what this machine lacks


@pytest.mark.parametrize(
    ("config", "says"),
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"packages": ["json", "json.decoder"]}, "", id="installed"),
        pytest.param({"packages": ["json", "no_such"]}, "package no_such is not installed", id="package"),
        pytest.param(
            {"packages": ["no_such.at_all"], "install": "pyannote"},
            "package no_such.at_all is not installed: pip install 'modellab[pyannote]'",
            id="package of a package",
        ),
        pytest.param(
            {"variants": {"one": {"weights": "path:/no/such/file"}}},
            "/no/such/file does not exist: config.yaml names it as weights",
            id="weights",
        ),
    ],
)
def test_what_is_missing_is_said(config: dict[str, Any], says: str) -> None:
    assert why_not(case(**config)) == says


def test_with_a_download_missing_weights_are_no_hindrance() -> None:
    missing = case(variants={"one": {"weights": "path:/no/such/file"}})
    assert why_not(missing, download=True) == ""


@pytest.mark.parametrize(
    ("device", "driver", "platform", "says"),
    [
        ("cpu", False, "linux", ""),
        ("cuda", False, "linux", "no NVIDIA driver: CUDA cases need an NVIDIA GPU"),
        ("cuda", True, "linux", ""),
        ("mps", False, "linux", "no Metal on linux: mps cases need an Apple computer"),
        ("mps", False, "darwin", ""),
    ],
)
def test_a_missing_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, driver: bool, platform: str, says: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert missing_device(device, driver=tmp_path if driver else tmp_path / "none") == says


class FakeNvml:
    """What of pynvml is used, for a GPU of `total` bytes or one that cannot be read."""

    class NVMLError(Exception):
        pass

    def __init__(self, total: float | None) -> None:
        self.total = total

    def nvmlInit(self) -> None:
        if self.total is None:
            raise self.NVMLError

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=self.total)


@pytest.mark.parametrize(
    ("total", "needs", "says"),
    [
        (24e9, {"vram_gb": 8}, ""),
        (8e9, {"vram_gb": 8}, ""),
        (4e9, {"vram_gb": 7.5}, "the GPU has 4 GB of memory, this variant needs 7.5 GB"),
        (4e9, {}, ""),
        (None, {"vram_gb": 80}, ""),  # not known: not skipped
    ],
)
def test_a_gpu_that_is_too_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: float | None, needs: dict[str, float], says: str
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(total))
    availability._vram_gb.cache_clear()
    try:
        variant = Variant.model_validate({"weights": "package", "needs": needs})
        assert missing_device("cuda", variant, driver=tmp_path) == says
        assert missing_device("cpu", variant) == ""
    finally:
        availability._vram_gb.cache_clear()
