"""What becomes of requests when models crash, hang, are full or unloadable, and when the server ends."""

from __future__ import annotations

import io
import os
import shutil
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openai
import psutil
import pytest
import soundfile

from tests import processes
from tests.server.conftest import Server, project, serving

FAKE = "fake:one"


def clip(tenths: int) -> tuple[str, bytes]:
    """A tone of so many tenths of a second: what the fake model does depends on it."""
    held = io.BytesIO()
    soundfile.write(held, 0.1 * np.sin(np.arange(1600 * tenths) / 10), 16_000, format="WAV")
    return "clip.wav", held.getvalue()


def ask(server: Server, tenths: int, retries: int = 0) -> str:
    """What the fake model says of such a clip."""
    with openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=retries) as client:
        return client.audio.transcriptions.create(model=FAKE, file=clip(tenths)).text


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server for one test, with little room."""
    with serving(project(tmp_path, "max_queue = 2\ndrain_s = 5")) as up:
        yield up


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same for tests that leave it as it was."""
    with serving(project(tmp_path_factory.mktemp("shared"), "max_queue = 2\ndrain_s = 5")) as up:
        yield up


def test_a_confidence_is_the_models_own_or_absent(shared: Server) -> None:
    with openai.OpenAI(base_url=f"{shared.address}/v1", api_key="none") as client:
        told = [client.audio.transcriptions.create(model=FAKE, file=clip(tenths)) for tenths in (8, 9)]
    assert [each.to_dict().get("confidence") for each in told] == [0.75, None]


def test_a_model_that_raises_and_one_that_crashes_once_or_always(own: Server) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="ValueError: cannot hear this"):
        ask(own, 13)
    assert ask(own, 11) == "11 tenths"  # its process was lost once, and it was asked again
    with pytest.raises(openai.InternalServerError, match="lost twice over this request") as lost:
        ask(own, 12)
    assert lost.value.status_code == 503
    assert ask(own, 7) == "7 tenths"
    assert own.get("/stats")[1]["models"][FAKE]["restarts"] == 3


def test_no_room_is_told_at_once_with_when_there_is_and_the_client_gets_through(shared: Server) -> None:
    assert ask(shared, 3) == "3 tenths"  # it is loaded
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(ask, shared, 20) for _ in range(8)]
        outcomes = [each.exception() for each in waiting]
    refused = [error for error in outcomes if error is not None]
    assert 0 < len(refused) <= 5  # one is at work, two wait
    assert all(isinstance(error, openai.RateLimitError) for error in refused)
    assert all(int(error.response.headers["retry-after"]) >= 1 for error in refused)  # type: ignore[attr-defined]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: ask(shared, 5, retries=8), range(8))) == ["5 tenths"] * 8


def test_a_call_that_nobody_waits_for_is_ended(own: Server) -> None:
    ask(own, 20)
    own.get("/stats")
    client = openai.OpenAI(base_url=f"{own.address}/v1", api_key="none", max_retries=0, timeout=2)
    with client, pytest.raises(openai.APITimeoutError):
        client.audio.transcriptions.create(model=FAKE, file=clip(21))
    assert ask(own, 4) == "4 tenths"
    assert (own.fake / "begun").exists()
    assert own.get("/stats")[1]["models"][FAKE]["restarts"] == 1  # it was not waited for


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_says_why_and_is_there_when_it_can(own: Server) -> None:
    (own.fake / "unloadable").touch()
    with pytest.raises(openai.InternalServerError, match="no such weights"):
        ask(own, 3)
    assert own.get(f"/v1/models/{FAKE}")[1]["state"] == "broken"
    assert "no such weights" in own.get(f"/v1/models/{FAKE}")[1]["reason"]
    with pytest.raises(openai.InternalServerError, match="no such weights"):
        ask(own, 3)  # at once, not when it is tried again
    (own.fake / "unloadable").unlink()
    assert ask(own, 3, retries=6) == "3 tenths"


@pytest.mark.slow
def test_a_model_that_another_server_runs_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_OPENAI_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("MODELLAB_OPENAI_MODEL", "theirs")
    with serving(project(tmp_path)) as up:
        names = [each["id"] for each in up.get("/v1/models")[1]["data"]]
    assert FAKE in names
    assert not [name for name in names if name.startswith("openai_api")]


@pytest.mark.slow
def test_models_are_loaded_and_unloaded_by_hand(own: Server) -> None:
    def state(method: str) -> str:
        asked = urllib.request.Request(f"{own.address}/api/v1/models/{FAKE}/load", method=method)
        urllib.request.urlopen(asked, timeout=30).close()
        end = time.monotonic() + 30
        wanted = "ready" if method == "POST" else "unloaded"
        while (found := own.get(f"/v1/models/{FAKE}")[1]["state"]) != wanted and time.monotonic() < end:
            time.sleep(0.05)
        return str(found)

    assert state("POST") == "ready"
    assert len(own.workers()) == 1
    assert state("DELETE") == "unloaded"
    assert own.workers() == []


@pytest.mark.slow
def test_told_to_end_it_answers_what_was_begun_and_leaves_no_process(own: Server) -> None:
    ask(own, 3)
    below = psutil.Process(own.process.pid).children(recursive=True)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask, own, 20) for _ in range(2)]
        end = time.monotonic() + 20
        while own.get("/stats")[1]["models"][FAKE]["running"] + own.get("/stats")[1]["models"][FAKE]["waiting"] < 2:
            assert time.monotonic() < end
        own.process.send_signal(signal.SIGTERM)
        assert [each.result() for each in waiting] == ["20 tenths", "20 tenths"]
    assert own.process.wait(timeout=30) == 0
    assert processes.alive(below) == []


@pytest.mark.slow
def test_killed_it_takes_its_processes_with_it(own: Server) -> None:
    ask(own, 3)
    below = psutil.Process(own.process.pid).children(recursive=True)
    assert below
    own.process.kill()
    own.process.wait()
    psutil.wait_procs(below, timeout=10)
    assert processes.alive(below) == []


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_request(own: Server) -> None:
    ask(own, 3)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(ask, own, 20, 6) for _ in range(3)]
        time.sleep(0.3)
        for pid in own.workers():
            os.kill(pid, signal.SIGKILL)
        assert [each.result() for each in waiting] == ["20 tenths"] * 3


@pytest.mark.slow
def test_several_at_once_share_the_processes(tmp_path: Path) -> None:
    with serving(project(tmp_path), replicas=2) as up:
        ask(up, 3)
        barrier = threading.Barrier(2)

        def together(_: int) -> str:
            barrier.wait()
            return ask(up, 20)

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(together, range(2))) == ["20 tenths"] * 2
        assert len(up.workers()) == 2


@pytest.mark.slow
@pytest.mark.engine
def test_a_model_of_several_languages_is_told_what_is_spoken(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "models" / "several").mkdir()
    (root / "models" / "several" / "config.yaml").write_text(
        "like: faster_whisper\nsummary: told what is spoken\nstatus: candidate\n"
        'variants:\n  lab: {weights: "embedded:whisper-lab/ct2", options: {language: null}}\n'
    )
    recording = Path(__file__).parents[3] / "golden" / "asr_smoke_v1" / "audio" / "001.flac"
    with serving(root) as up, openai.OpenAI(base_url=f"{up.address}/v1", api_key="none", max_retries=0) as client:

        def heard(**more: str) -> openai.types.audio.TranscriptionVerbose:
            made = client.audio.transcriptions.create(
                model="several:lab", file=recording, response_format="verbose_json", **more
            )  # type: ignore[call-overload]
            assert isinstance(made, openai.types.audio.TranscriptionVerbose)
            return made

        assert heard(language="deu").language == "de"
        assert heard().language == "en"
        with pytest.raises(openai.UnprocessableEntityError, match="was not taught 'gsw'"):
            heard(language="gsw")


def beside(root: Path, settings: str) -> Path:
    """A project with a second fake model."""
    folder = project(root, settings) / "models"
    shutil.copytree(folder / "fake", folder / "other")
    return root


def loaded(server: Server) -> set[str]:
    """The models that have a process."""
    return {name for name, each in server.get("/stats")[1]["models"].items() if each["state"] in ("ready", "busy")}


def heard(server: Server, model: str, tenths: int = 3) -> str:
    with openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as client:
        return client.audio.transcriptions.create(model=model, file=clip(tenths)).text


@pytest.mark.slow
def test_what_was_used_longest_ago_makes_room_and_what_is_at_work_does_not(tmp_path: Path) -> None:
    with serving(beside(tmp_path, "memory_mb = 1\ndrain_s = 0.1")) as up:
        for model in ("fake:one", "other:one", "fake:one"):
            assert heard(up, model) == "3 tenths"
            assert loaded(up) == {model}
            assert len(up.workers()) == 1
        with ThreadPoolExecutor(1) as pool:
            pool.submit(heard, up, "fake:one", 21)  # takes 30 s
            end = time.monotonic() + 30
            while not (up.fake / "begun").exists() and time.monotonic() < end:
                time.sleep(0.02)
            assert heard(up, "other:one") == "3 tenths"
            assert loaded(up) == {"fake:one", "other:one"}
            up.process.send_signal(signal.SIGTERM)


@pytest.mark.slow
def test_what_nobody_asks_is_unloaded_but_for_what_is_to_be_there(tmp_path: Path) -> None:
    with serving(beside(tmp_path, 'idle_s = 0.5\npreload = ["other:one"]')) as up:
        assert heard(up, "fake:one") == "3 tenths"
        end = time.monotonic() + 30
        while "fake:one" in loaded(up) and time.monotonic() < end:
            time.sleep(0.05)
        assert loaded(up) == {"other:one"}
        assert len(up.workers()) == 1
        assert heard(up, "fake:one") == "3 tenths"
