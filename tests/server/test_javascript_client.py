"""OpenAI's own client for JavaScript against the server, with the embedded models."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from tests.server import environments
from tests.server.conftest import Server
from tests.server.test_openai_client import CLIP, MODEL, SPEAKER, TEXT


@pytest.fixture(scope="module")
def said(server: Server) -> Any:
    """What `javascript/client.mjs` saw."""
    script = (environments.HERE / "javascript" / "client.mjs").read_text(encoding="utf-8")
    asked = {"SERVER": server.address, "CLIP": str(CLIP), "MODEL": MODEL, "SPEAKER": SPEAKER}
    done = subprocess.run(
        [environments.node(), "--input-type=module", "-"],
        input=script, cwd=environments.javascript("javascript"), env={**os.environ, **asked},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_models_are_listed_and_found(said: Any) -> None:
    assert {MODEL, SPEAKER} <= set(said["models"])
    assert said["one"] == MODEL


@pytest.mark.slow
def test_a_transcription_in_its_formats(said: Any) -> None:
    assert said["json"]["text"] == TEXT
    assert said["text"].strip() == TEXT
    assert said["srt"].startswith("1\n00:00:00,000 --> 00:00:02,")
    assert said["verbose"]["text"] == TEXT
    assert [word["word"] for word in said["verbose"]["words"]] == TEXT.split()
    assert said["verbose"]["segments"][0]["text"].strip()


@pytest.mark.slow
def test_deltas_joined_are_the_whole(said: Any) -> None:
    deltas = [event["delta"] for event in said["events"] if event["type"] == "transcript.text.delta"]
    assert "".join(deltas) == TEXT
    assert said["events"][-1] | {"usage": None} == {"type": "transcript.text.done", "text": TEXT, "usage": None}


@pytest.mark.slow
def test_speech_is_heard_again(said: Any) -> None:
    assert said["type"] == "audio/wav"
    assert "kitchen light" in said["heard"]["text"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "kind", "status", "code", "param"),
    [
        ("model", "NotFoundError", 404, "model_not_found", "model"),
        ("prompt", "BadRequestError", 400, "unsupported_parameter", "prompt"),
        ("file", "BadRequestError", 400, "invalid_audio", "file"),
        ("speed", "BadRequestError", 400, "unsupported_parameter", "speed"),
        ("words", "BadRequestError", 400, "unsupported_parameter", "timestamp_granularities[]"),
    ],
)
def test_errors_are_its_classes(said: Any, asked: str, kind: str, status: int, code: str, param: str) -> None:
    assert said["errors"][asked] == {"kind": kind, "status": status, "code": code, "param": param}
