"""A server of another make, from its own package in its own environment, measured through `openai_api`."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modellab import audio, datasets, models
from modellab.errors import ModelError
from modellab.models import adapter_code, embedded
from modellab.types import Setting, Transcript
from tests.server import environments

GOLDEN = Path(__file__).parents[2] / "golden" / "asr_smoke_v1"
START_S = 120
pytestmark = [pytest.mark.slow, pytest.mark.engine]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """faster-whisper-server with whisper-lab, which needs no download."""
    folder = tmp_path_factory.mktemp("faster-whisper-server")
    log = folder / "server.log"
    command = [str(environments.program("faster-whisper-server", "faster-whisper-server")), "--port", "0"]
    command += ["--host", "127.0.0.1", str(embedded.weights("ct2"))]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as process:
        try:
            end = time.monotonic() + START_S
            while (found := re.search(r"running on (http://\S+)", log.read_text())) is None:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            yield found[1]
        finally:
            process.kill()


def heard(address: str, n_clips: int, **options: Any) -> list[tuple[str, Transcript]]:
    """What was said in some clips, and what the server hears."""
    folder = models.FOLDER / "openai_api"
    given = {"server": {"url": f"{address}/v1"}, "model": "whisper-lab", "fields": {"model_name": "whisper-lab"}}
    setting = Setting("openai_api", "server", None, "server", "unknown", 1, given | options)
    model = adapter_code.load(folder, "adapter").load(setting)
    rows = datasets.load(GOLDEN).rows[:n_clips]
    return [(row["text"], model.transcribe(audio.read(row["audio"], 16_000))) for row in rows]


@pytest.mark.parametrize("form", ["json", "verbose_json"])
def test_it_hears_what_was_said(address: str, form: str) -> None:
    for said, found in heard(address, 3, response_format=form, language="en"):
        assert found.text == said
        assert bool(found.segments) == (form == "verbose_json")
        assert all(0 <= each.start_s < each.end_s for each in found.segments)


def test_what_it_does_not_offer_is_told_in_its_own_words(address: str) -> None:
    with pytest.raises(ModelError, match=r"answered 400 \(.*Unsupported response_format: text"):
        heard(address, 1, response_format="text")
