"""What lies between the clocks, for each engine: its feature extraction does, the decoding of audio does not.

The table of docs/measurement.md says it in words; here each engine's own functions tell.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modellab import models

ROOT = Path(__file__).parents[2]
READ, WRITE = "modellab.audio:read", "modellab.audio:write"
# model: task and dataset, the function that decodes (or writes) audio, the one that makes features of it
ENGINES = {
    "whisper": ("asr", "asr_smoke_v1", READ, "whisper.transcribe:log_mel_spectrogram"),
    "faster_whisper": ("asr", "asr_smoke_v1", READ, "faster_whisper.feature_extractor:FeatureExtractor.__call__"),
    "distil_whisper": ("asr", "asr_smoke_v1", READ, "transformers:WhisperFeatureExtractor.__call__"),
    "whisper_cpp": ("asr", "asr_smoke_v1", READ, "pywhispercpp.model:Model.transcribe"),  # its spectrogram is C
    "silero_vad": ("vad", "vad_smoke_v2", READ, "silero_vad:get_speech_timestamps"),  # it has none: samples go in
    "ctc_aligner": ("alignment", "align_smoke_v1", READ, "transformers:Wav2Vec2FeatureExtractor.__call__"),
    "seamlessm4t": ("asr", "asr_multi_v1", READ, "transformers:SeamlessM4TFeatureExtractor.__call__"),
    "lfm2_5_audio": ("asr", "asr_taught_v1", READ, "liquid_audio:ChatState.add_audio"),
    "pyannote_diarization": (
        "diarization",
        "diar_smoke_v1",
        READ,
        "torchaudio.transforms:MFCC.forward",
    ),
    "heuristic_diarization": ("diarization", "diar_smoke_v2", READ, ".voice:mel"),
    "speaker_transcripts": (
        "meeting",
        "meeting_smoke_v1",
        READ,
        "faster_whisper.feature_extractor:FeatureExtractor.__call__",
    ),
    "sherpa_onnx": ("asr", "asr_taught_v1", READ, "sherpa_onnx:OfflineRecognizer.create_stream"),
    "pocketsphinx": ("asr", "asr_taught_v1", READ, ".hearing:Dither.pcm"),
    "transformers_asr": ("asr", "asr_smoke_v1", READ, "transformers:WhisperFeatureExtractor.__call__"),
    "piper": ("tts", "tts_taught_v1", WRITE, "modellab_adapter_piper:Piper._say"),
    "kokoro": ("tts", "tts_taught_v1", WRITE, "modellab_adapter_kokoro:Kokoro._say"),
    "transformers_tts": ("tts", "tts_taught_v1", WRITE, "transformers:VitsModel.forward"),
    "espeak": ("tts", "tts_smoke_v1", WRITE, "espeakng_loader:get_data_path"),  # asked for at the start of each call
}
SLOW = {"whisper", "distil_whisper", "silero_vad", "ctc_aligner", "seamlessm4t", "lfm2_5_audio", "pyannote_diarization",
        "heuristic_diarization", "speaker_transcripts", "transformers_asr",
        "transformers_tts", "piper", "sherpa_onnx", "pocketsphinx"}  # 3 to 11 s of imports, these 1  # fmt: skip
APART = {"faster_whisper_1_0", "nemo"}  # in environments of their own that tests do not make
FETCHED = {"campplus_diarization"}  # real weights that no test fetches; its own tests have tiny ones
ELSEWHERE = {"openai_api", "wyoming", "deepgram", "assemblyai", "elevenlabs"}  # what lies there a server knows


def test_every_model_is_in_the_table_and_in_the_docs() -> None:
    shipped = {name for name, folder in models.folders().items() if folder.parent == models.FOLDER}
    assert shipped == ENGINES.keys() | APART | FETCHED | ELSEWHERE
    page = (ROOT / "docs" / "measurement.md").read_text(encoding="utf-8")
    section = page.partition("## What the call includes")[2].partition("\n## ")[0]
    assert {line.split("`")[1] for line in section.splitlines() if line.startswith("| `")} == shipped - ELSEWHERE


@pytest.mark.engine
@pytest.mark.parametrize("model", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in ENGINES])
def test_features_are_inside_the_clocks_and_decoding_is_not(model: str) -> None:
    task, dataset, file, features = ENGINES[model]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("line.py"), model, task, dataset, file, features],
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen[file], "audio was read or written"
    assert not any(seen[file])
    assert seen[features], "features were made"
    assert all(seen[features])
