"""An English-only ggml file is known by its number of tokens."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from modellab.models import FOLDER, adapter_code


@pytest.mark.parametrize(("tokens", "several"), [(51_864, False), (51_865, True), (51_866, True)])
def test_a_ggml_file_tells_how_many_languages_it_knows(tmp_path: Path, tokens: int, several: bool) -> None:
    pytest.importorskip("pywhispercpp")
    (tmp_path / "a.bin").write_bytes(struct.pack("<ii", 0x67676D6C, tokens))
    assert adapter_code.load(FOLDER / "whisper_cpp", "adapter").multilingual(tmp_path / "a.bin") is several
