"""What tests of jobs ask a server: a file sent, a job waited for, its events followed."""

from __future__ import annotations

import io
import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import soundfile

from tests.server.conftest import Server

FAKE = "fake:one"
PATIENCE_S = 300.0
ENDED = ("done", "failed", "cancelled")


def clip(tenths: int) -> bytes:
    """A tone of so many tenths of a second."""
    held = io.BytesIO()
    soundfile.write(held, 0.1 * np.sin(np.arange(1600 * tenths) / 10), 16_000, format="WAV")
    return held.getvalue()


def send(server: Server, sound: bytes, headers: dict[str, str] | None = None, **fields: Any) -> tuple[int, Any]:
    """(status, body) of a job that is asked for with a file."""
    data = {"model": FAKE, **{name: str(value) for name, value in fields.items()}}
    files = {"file": ("call.wav", sound)}
    answer = httpx2.post(f"{server.address}/api/v1/jobs", data=data, files=files, headers=headers or {}, timeout=60)
    return answer.status_code, answer.json()


def wait(server: Server, id: str, *states: str) -> dict[str, Any]:
    """The job once it is in one of these states, or has ended."""
    end = time.monotonic() + PATIENCE_S
    while True:
        status, job = server.get(f"/api/v1/jobs/{id}")
        assert status == 200, job
        if job["state"] in (states or ENDED) or job["state"] in ENDED:
            return dict(job)
        assert time.monotonic() < end, job
        time.sleep(0.05)


def follow(server: Server, id: str, after: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(number, kind, data) of each event, as they come."""
    headers = {"Last-Event-ID": after} if after else {}
    asked = urllib.request.Request(f"{server.address}/api/v1/jobs/{id}/events", headers=headers)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        fields: dict[str, str] = {}
        for line in answer:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                yield fields["id"], fields["event"], json.loads(fields["data"])
                fields = {}
