"""pytest-audioeval in an environment of its own: its tests of speech, and of what a stream hears of that speech."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.server import environments
from tests.server.conftest import Server
from tests.server.test_openai_client import MODEL, SPEAKER

CONFTEST = """
import pytest


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"
"""
TESTS = f"""
import io
import json
import uuid

import pytest
import soundfile

pytestmark = pytest.mark.anyio
SPEECH = {{"model": "{SPEAKER}", "voice": "alloy", "response_format": "wav"}}


async def test_speech_whole(audioeval):
    response = await audioeval.tts.post(json={{**SPEECH, "input": "turn on the kitchen light"}})
    sound, rate_hz = soundfile.read(io.BytesIO(response.content))
    assert 1.0 < len(sound) / rate_hz < 2.0


async def test_speech_in_parts(audioeval):
    async with audioeval.tts.stream(json={{**SPEECH, "input": "hello"}}) as response:
        parts = [part async for part in response.aiter_bytes()]
    assert b"".join(parts)[:4] == b"RIFF"


async def test_speech_as_events(audioeval):
    async with audioeval.tts.sse(json={{**SPEECH, "input": "hello", "stream_format": "sse"}}) as source:
        kinds = [json.loads(event.data)["type"] async for event in source.aiter_sse()]
    assert set(kinds[:-1]) == {{"speech.audio.delta"}}
    assert kinds[-1] == "speech.audio.done"


async def test_what_is_said_is_heard_in_a_stream(audioeval, audioeval_thresholds):
    said = "turn on the kitchen light"
    sample = await audioeval.create_sample(said, tts_json={{**SPEECH, "input": said}})
    async with audioeval.stt.ws(sample=sample) as session:
        hello = {{"uid": str(uuid.uuid4()), "language": "en", "task": "transcribe", "use_vad": False}}
        await session.send_text(json.dumps({{**hello, "model": "{MODEL}"}}))
        assert "SERVER_READY" in await session.receive_text(timeout=120)
        await session.send_sample(sample)
        await session.send_text("END_OF_AUDIO")
        heard = []
        while (message := json.loads(await session.receive_text(timeout=120))).get("message") != "DISCONNECT":
            heard = message.get("segments", heard)
    result = session.result()
    result.hypothesis_text = " ".join(segment["text"].strip() for segment in heard)
    result.compute_metrics(said).assert_quality(max_wer=audioeval_thresholds["max_wer"])
    print("heard:", result.hypothesis_text)
"""


@pytest.mark.slow
def test_its_tests_pass(server: Server, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_theirs.py").write_text(TESTS, encoding="utf-8")
    address = server.address.removeprefix("http://")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        [
            environments.program("pytest-audioeval", "pytest"), "-q", "-s", "-p", "anyio", "-p", "no:cacheprovider",
            "--rootdir", tmp_path, "--stt-url", f"ws://{address}/v1/whisperlive",
            "--tts-url", f"{server.address}/v1/audio/speech", tmp_path,
        ],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    assert "heard: turn on the kitchen light" in done.stdout
