"""Every recogniser that the installed transformers lists, as a tiny checkpoint of random weights: the path holds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server import environments

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "golden" / "asr_smoke_v1" / "audio" / "001.flac"
TYPES = {
    "ctc": "wav2vec2 hubert wavlm unispeech unispeech-sat wav2vec2-conformer data2vec-audio sew sew-d wav2vec2-bert "
    "parakeet_ctc lasr_ctc granite_speech5_ctc",
    "transducer": "parakeet_tdt parakeet_rnnt nemotron_asr_streaming nemotron3_5_asr",
    "seq2seq": "whisper moonshine moonshine_streaming speech_to_text speecht5 canary cohere_asr seamless_m4t_v2 "
    "seamless_m4t speech-encoder-decoder kyutai_speech_to_text qwen3_asr fun_asr_nano granite_speech "
    "granite_speech_plus vibevoice_asr voxtral voxtral_realtime",
    "chat": "glmasr qwen2_audio moss_transcribe_diarize nemo_speechlm audioflamingo3 musicflamingo gemma3n gemma4 "
    "gemma4_unified phi4_multimodal qwen2_5_omni qwen2_5_omni_thinker qwen3_omni_moe qwen3_omni_moe_thinker "
    "inkling_mm_model muse_spark nemotron_h_omni dots3_note",
}
# their processors need mistral-common, torchvision or timm, which lie beside for them: requirements/hearing.txt
BESIDE = (
    "voxtral voxtral_realtime gemma3n gemma4 gemma4_unified phi4_multimodal qwen2_5_omni qwen2_5_omni_thinker "
    "qwen3_omni_moe qwen3_omni_moe_thinker inkling_mm_model muse_spark nemotron_h_omni dots3_note"
)
QUICK = ("wav2vec2", "parakeet_tdt", "whisper", "qwen3_asr")  # one of each way to decode, and a language model
EVERY = [(family, each) for family, names in TYPES.items() for each in names.split()]
CASES = [pytest.param(*each, id=each[1], marks=[] if each[1] in QUICK else [pytest.mark.slow]) for each in EVERY]
pytestmark = pytest.mark.engine


def run(folder: Path, *types: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.models.checkpoints", str(folder), str(CLIP), *types]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    if set(types) & set(BESIDE.split()):
        packages = next(environments.python("hearing").parents[1].glob("lib/python*/site-packages"))
        environment["PYTHONPATH"] = str(packages)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the types say that tests of this session ask for."""
    asked = {name for item in request.session.items if (name := _asked(item))}
    return run(tmp_path_factory.mktemp("checkpoints"), *sorted(asked))


def _asked(item: Any) -> str:
    """The type that a test of this file is about."""
    here = item.path == Path(__file__)
    return str(item.callspec.params.get("name", "")) if here and hasattr(item, "callspec") else ""


@pytest.mark.parametrize(("family", "name"), CASES)
def test_a_checkpoint_hears(family: str, name: str, said: dict[str, Any]) -> None:
    answers = said[name]
    assert "error" not in answers, answers["error"]
    assert answers["family"] == family
    assert all(isinstance(text, str) for text in answers["alone"])
    assert answers["again"] == answers["alone"][0], "the same sound, another answer"
    assert answers["together"] == answers["alone"], "company changed what was heard"
    assert answers["short"][0] == "", "nothing was heard in nothing"
    for text, (again, confidences) in zip(answers["alone"], answers["sure"], strict=True):
        assert again == text, "asking how sure it is changed what was heard"
        assert [word for word, _ in confidences] == text.split()
        assert all(0 <= probability <= 1 for _, probability in confidences)
    for segments, length_s in zip(answers["segments"], (1.0, 2.5, 1.5), strict=True):
        assert all(0 <= start_s <= end_s <= length_s for _, start_s, end_s in segments)
    for (_, start_s, end_s), (_, next_s, _) in zip(answers["words"], answers["words"][1:], strict=False):
        assert 0 <= start_s <= end_s <= next_s + 1e-9 <= 2.5


REFUSED = {
    "headless": r"lacks \d of the tensors that Wav2Vec2ForCTC needs, such as lm_head\.bias: was it saved",
    "another": "is of the type 'bert', which transformers .* lists as no recogniser: is it newer than",
    "nameless": r"config\.json names no model_type \(KeyError: 'model_type'\), expected the folder of a transformers",
    "missing": r"config\.json names no model_type \(FileNotFoundError: ",
    "voxtral": "is of the type 'voxtral', whose requests mistral-common writes: pip install mistral-common",
    "beams of CTC": "a CTC checkpoint generates nothing, so it has no option 'num_beams'",
    "precision": "precision 'int8' is none of this adapter's: float32, float16, bfloat16",
    "no language": "cohere_asr has to be told the language: give the dataset's rows one, or the option `language`",
    "times of a decoder": "a checkpoint of the family seq2seq gives no times: only CTC and transducers do",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_told(what: str, said: dict[str, Any]) -> None:
    assert re.search(REFUSED[what], said["refused"][what]), said["refused"][what]


@pytest.mark.slow
def test_no_recogniser_of_the_library_is_forgotten(tmp_path: Path) -> None:
    """A new release of the library brings new types: this says which, so that they are tried."""
    assert set(run(tmp_path, "--known")["known"]) - {name for _, name in EVERY} == set()
