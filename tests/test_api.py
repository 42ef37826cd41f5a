"""`import modellab`: what it gives, that it is cheap, and that it says what the command line says."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

import modellab
from modellab import api, models
from modellab.errors import ConfigError
from modellab.plan.settings import Project

from .test_layers import HEAVY

ROOT = Path(__file__).parents[1]
PROJECT = Project.at(ROOT)
WORDS = st.lists(st.sampled_from(["please", "increase", "the", "volume", "by", "two"]), min_size=1, max_size=8).map(
    " ".join
)


def test_the_names() -> None:
    assert modellab.__all__ == [
        "ModelInfo", "ModellabError", "RunOptions", "TextScore", "compare", "events", "find_cases",
        "find_datasets", "find_models", "load_dataset", "normalise", "open_project", "read_audio", "read_results",
        "run", "score_texts", "transcribe",
    ]  # fmt: skip
    assert all(getattr(modellab, name) is not None for name in modellab.__all__)
    assert set(modellab.__all__) <= set(dir(modellab))
    public = {name for name, value in vars(api).items() if getattr(value, "__module__", "") == api.__name__}
    assert public == set(modellab.__all__) - {"ModellabError", "RunOptions", "events"}
    assert modellab.__version__ == version("modellab")
    with pytest.raises(AttributeError, match="has no attribute 'transcript'"):
        _ = modellab.transcript


def test_importing_it_loads_nothing_heavy() -> None:
    script = f"import sys, modellab, modellab.api; print(*sorted({{'numpy', *{HEAVY!r}}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_every_name_is_documented() -> None:
    page = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
    assert [name for name in modellab.__all__ if not re.search(rf"\b{name}\b", page)] == []


def test_it_is_typed() -> None:
    assert (ROOT / "modellab" / "py.typed").is_file()


def test_what_there_is() -> None:
    found = modellab.find_models("vad", project=PROJECT)
    assert "silero_vad" in {each.model for each in found}
    assert all("vad" in each.tasks for each in found)
    assert {each.model for each in modellab.find_models(project=PROJECT)} == set(models.folders())
    assert "asr_smoke_v1" in modellab.find_datasets("asr", project=PROJECT)
    assert set(modellab.find_datasets("asr", project=PROJECT)) < set(modellab.find_datasets(project=PROJECT))
    cases = modellab.find_cases(model=["whisper:lab"], dataset=["asr_smoke_v1"], device=["cpu"], project=PROJECT)
    assert [str(case.key) for case in cases] == ["whisper:lab-asr_smoke_v1-cpu-float32"]


def test_a_project_is_found_from_below(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert modellab.open_project(ROOT / "golden" / "asr_smoke_v1").root == ROOT
    monkeypatch.chdir(tmp_path)
    with pytest.raises(modellab.ModellabError, match="no project in"):
        modellab.find_datasets()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: modellab.find_models("asx", project=PROJECT), "asx"),
        (lambda: modellab.find_cases(model=["whispr"], project=PROJECT), "did you mean"),
        (lambda: modellab.run(["whispr:lab-asr_smoke_v1-cpu-float32"], project=PROJECT), "did you mean"),
        (lambda: modellab.RunOptions(speed_only=True), "give it a reason"),
        (lambda: modellab.load_dataset("asr_smoke", project=PROJECT), "did you mean"),
        (lambda: modellab.read_results("whispr@baseline", project=PROJECT), "whispr"),
        (lambda: modellab.score_texts(["a"], ["a", "b"]), "1 references and 2 hypotheses"),
        (lambda: modellab.normalise("a", "modelab_en"), "modellab_en"),
        (lambda: modellab.read_audio("no such file.wav"), "no such file.wav"),
    ],
)
def test_a_mistake_is_one_sentence(call, said) -> None:
    with pytest.raises(modellab.ModellabError, match=re.escape(said)) as caught:
        call()
    assert len(str(caught.value).splitlines()) == 1


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_scores_are_those_of_the_reference(pairs: list[tuple[str, str]]) -> None:
    ours, theirs = [list(side) for side in zip(*pairs, strict=True)]
    found = modellab.score_texts(ours, theirs, "none")
    known = jiwer.process_words(ours, theirs)
    assert found.wer == pytest.approx(known.wer)
    assert found.cer == pytest.approx(jiwer.cer(ours, theirs))
    assert found.words == known.hits + known.substitutions + known.deletions


def test_without_a_word_there_is_no_rate() -> None:
    found = modellab.score_texts("", "well")
    assert math.isnan(found.wer)
    assert found.insertions == 1


def test_baselines_are_read_and_compared() -> None:
    (entry,) = modellab.read_results("whisper:lab/cpu-float32@baseline", project=PROJECT)[:1]
    assert entry.key.model == "whisper"
    found = modellab.compare("whisper:lab@baseline", "faster_whisper:lab@baseline", project=PROJECT)
    assert getattr(found, "system_pairs", None), found
    with pytest.raises(ConfigError, match="is one system"):
        modellab.compare("whisper:lab@baseline", project=PROJECT)


@pytest.mark.engine
def test_a_file_is_heard() -> None:
    clip = modellab.load_dataset("asr_smoke_v1", project=PROJECT).rows[0]
    assert modellab.read_audio(clip["audio"], 16_000).rate_hz == 16_000
    heard = modellab.transcribe(clip["audio"], project=PROJECT)
    assert modellab.score_texts(clip["text"], heard.text, language="en").wer == 0.0
