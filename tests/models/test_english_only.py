"""Checkpoints of OpenAI by name: which heads time their words, and what an English-only one says of a language."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.models import FOLDER, adapter_code

OPENAI = """
import sys
from pathlib import Path
import numpy as np
import torch
import whisper
from modellab.models import FOLDER, adapter_code
from modellab.types import Audio, Setting

adapter = adapter_code.load(FOLDER / "whisper", "adapter")
sizes = dict(n_mels=80, n_audio_ctx=1500, n_audio_state=24, n_audio_head=6, n_audio_layer=4,
             n_vocab=51864, n_text_ctx=448, n_text_state=24, n_text_head=6, n_text_layer=4)
path = Path(sys.argv[1])
for name, variant in (("tiny.en.pt", "mine"), ("mine.pt", "tiny.en"), ("mine.pt", "mine")):
    file = path / name
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**sizes))
    torch.save({"dims": sizes, "model_state_dict": model.state_dict()}, file)
    loaded = adapter.load(Setting("whisper", variant, file, "cpu", "float32", 1, {"language": "en"}))
    heads = loaded.model.alignment_heads.to_dense().nonzero().tolist()
    print(name, variant, heads, loaded.identify(Audio(np.zeros(16_000, np.float32), 16_000)))
"""


def test_words_are_timed_with_the_heads_of_the_checkpoint(tmp_path: Path) -> None:
    """Loading a file leaves them at the upper half of the decoder, which is right for whisper-lab alone."""
    done = subprocess.run(
        [sys.executable, "-c", OPENAI, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=FOLDER.parents[1],
    )
    assert done.returncode == 0, done.stderr
    trained = "[[1, 0], [2, 0], [2, 5], [3, 0], [3, 1], [3, 2], [3, 3], [3, 4]]"
    upper = str([[layer, head] for layer in (2, 3) for head in range(6)])
    assert done.stdout.splitlines() == [
        f"tiny.en.pt mine {trained} en",
        f"mine.pt tiny.en {trained} en",
        f"mine.pt mine {upper} en",
    ]


@pytest.mark.parametrize(("tokens", "several"), [(51_864, False), (51_865, True), (51_866, True)])
def test_a_ggml_file_tells_how_many_languages_it_knows(tmp_path: Path, tokens: int, several: bool) -> None:
    pytest.importorskip("pywhispercpp")
    (tmp_path / "a.bin").write_bytes(struct.pack("<ii", 0x67676D6C, tokens))
    assert adapter_code.load(FOLDER / "whisper_cpp", "adapter").multilingual(tmp_path / "a.bin") is several
