"""curl against the server: forms, events as they come, parts of a file, and a body that comes too slowly."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server.conftest import Server, project, serving
from tests.server.test_openai_client import CLIP, MODEL, SPEAKER, TEXT


def curl(server: Server, path: str, *options: str | Path) -> bytes:
    """What curl writes to its output."""
    found = shutil.which("curl")
    assert found, "the tests need `curl` on PATH: `.ci/debian` installs it, where it may"
    command = [found, "--silent", "--show-error", "--max-time", "120", *options, f"{server.address}{path}"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_form_events_and_parts(server: Server) -> None:
    form = ("--form", f"file=@{CLIP}", "--form", f"model={MODEL}")
    assert json.loads(curl(server, "/v1/audio/transcriptions", *form))["text"] == TEXT
    lines = (
        curl(server, "/v1/audio/transcriptions", "--no-buffer", *form, "--form", "stream=true").decode().split("\n\n")
    )
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    assert "".join(event.get("delta", "") for event in events) == TEXT
    body = json.dumps({"model": SPEAKER, "input": "hello", "voice": "alloy", "response_format": "flac"})
    assert curl(server, "/v1/audio/speech", "--json", body)[:4] == b"fLaC"
    blob = json.loads(curl(server, "/api/v1/uploads", "--data-binary", f"@{CLIP}"))["blob"]
    assert curl(server, f"/api/v1/blobs/{blob}", "--range", "4-11") == CLIP.read_bytes()[4:12]
    assert b"HTTP/1.1 206" in curl(server, f"/api/v1/blobs/{blob}", "--range", "4-11", "--include")


@pytest.mark.slow
def test_a_body_that_trickles_is_a_408(tmp_path: Path) -> None:
    big = tmp_path / "big.wav"
    big.write_bytes(CLIP.read_bytes() * 30)
    with serving(project(tmp_path / "served", "idle_body_s = 0.5")) as up:
        form = ("--form", f"model={MODEL}", "--form", f"file=@{big}")
        slow = ("--limit-rate", "20k")  # in bursts of 64 kB, after each of which curl neither sends nor reads for 3 s
        said = curl(up, "/v1/audio/transcriptions", *form, *slow, "--write-out", "%{http_code}").decode()
        assert said.endswith("408"), said
        assert '"code":"body_too_slow"' in said
