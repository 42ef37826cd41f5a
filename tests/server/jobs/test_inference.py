"""Jobs that models do, asked for over HTTP: files, texts, datasets; followed, cancelled, repeated, refused."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import islice

import httpx2
import pytest
import soundfile

from tests.integration.conftest import write_dataset
from tests.server.conftest import Server, project, serving
from tests.server.jobs.calls import FAKE, clip, follow, send, wait


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(
        tmp_path_factory.mktemp("jobs"),
        "max_audio_s = 2\nmax_upload_mb = 0.1\n"
        "max_blob_audio_s = 50\n[tool.modellab.serve.jobs]\nmost_queued = 5\nlease_s = 5",
    )
    write_dataset(root / "golden" / "short_v1")
    with serving(root) as server:
        yield server


def test_a_file_that_no_request_may_bring_is_heard_as_a_job(up: Server) -> None:
    status, job = send(up, clip(40))
    assert (status, job["state"], job["kind"], job["asked"]["model"]) == (202, "queued", "transcribe", FAKE)
    done = wait(up, job["id"])
    assert (done["state"], done["error"], done["tries"]) == ("done", None, 1)
    assert done["result"]["text"] == "40 tenths"
    assert done["result"]["segments"] == [{"text": "40 tenths", "start": 0.0, "end": 4.0}]
    assert "position" not in done
    assert up.get(f"{job['url']}/output?response_format=srt") == (
        200,
        "1\n00:00:00,000 --> 00:00:04,000\n40 tenths\n\n",
    )
    assert up.get(f"{job['url']}/output")[1]["text"] == "40 tenths"
    assert not (up.root / "mlruns/server/jobs" / job["id"] / "audio").exists()


def test_an_upload_is_heard_as_a_job(up: Server) -> None:
    answer = httpx2.post(f"{up.address}/api/v1/uploads", content=clip(35), timeout=60)
    blob = answer.json()["blob"]
    _, job = up.ask("POST", "/api/v1/jobs", {"kind": "transcribe", "model": FAKE, "file": blob})
    assert wait(up, job["id"])["result"]["text"] == "35 tenths"
    status, refused = up.ask("POST", "/api/v1/jobs", {"kind": "transcribe", "model": FAKE, "file": "blob_none"})
    assert (status, refused["error"]["code"]) == (404, "blob_not_found")


def test_its_events_come_in_order_and_from_where_one_was(up: Server) -> None:
    _, job = send(up, clip(3))
    told = list(follow(up, job["id"]))
    assert [kind for _, kind, _ in told] == ["queued", "running", "progress", "done"]
    assert all(data["job"] == job["id"] for _, _, data in told)
    assert [event[:2] for event in follow(up, job["id"], told[1][0])] == [event[:2] for event in told[2:]]
    asked = {"Last-Event-ID": told[-1][0]}
    assert up.ask("GET", f"{job['url']}/events", headers=asked) == (204, ""), "an EventSource asks no more"
    assert list(follow(up, job["id"], "999" * 6)) == [], "nor does one that has seen more than there is"


def test_who_follows_sees_the_end_while_it_happens(up: Server) -> None:
    _, job = send(up, clip(20))
    stream = follow(up, job["id"])
    first = list(islice(stream, 2))
    assert [kind for _, kind, _ in first] == ["queued", "running"]
    assert [kind for _, kind, _ in stream] == ["progress", "done"]


def test_the_same_key_is_the_same_job(up: Server) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = send(up, clip(5), key), send(up, clip(5), key)
    assert (first[0], again[0]) == (202, 202)
    assert first[1]["id"] == again[1]["id"]
    for changed in (send(up, clip(6), key), send(up, clip(5), key, words="true", priority=3)):
        status, body = changed
        assert status in (400, 409)
    status, body = send(up, clip(6), key)
    assert (status, body["error"]["code"]) == (409, "idempotency_key_reused")
    kept = {path.name for path in (up.root / "mlruns/server/jobs").iterdir()}
    listed = {each["id"] for each in up.get("/api/v1/jobs?limit=200")[1]["data"]}
    assert kept <= listed  # nothing of what was refused is left


def test_a_text_is_spoken(up: Server) -> None:
    _, job = up.ask("POST", "/api/v1/jobs", {"kind": "synthesize", "model": "espeak:en-us", "input": "hello there"})
    done = wait(up, job["id"])
    assert done["state"] == "done", done
    import urllib.request

    asked = urllib.request.Request(f"{up.address}{job['url']}/output", headers={"Range": "bytes=0-3"})
    with urllib.request.urlopen(asked) as answer:
        assert (answer.status, answer.read()) == (206, b"RIFF")
    with urllib.request.urlopen(f"{up.address}{job['url']}/output") as answer:
        assert answer.headers["content-type"] == done["result"]["media_type"]
        sound, rate = soundfile.read(io.BytesIO(answer.read()))
    assert len(sound) / rate == pytest.approx(done["result"]["duration"], abs=0.01)


def test_a_whole_dataset_is_heard(up: Server) -> None:
    _, job = up.ask("POST", "/api/v1/jobs", {"kind": "dataset", "model": FAKE, "dataset": "short_v1"})
    done = wait(up, job["id"])
    assert done["state"] == "done", done
    assert done["progress"] == {"stage": "transcribing", "done": 8, "of": 8}
    _, lines = up.get(f"{job['url']}/output")
    told = [json.loads(line) for line in lines.splitlines()]
    assert len(told) == done["result"]["utterances"] == 8
    assert all(each["text"] == f"{round(10 * each['duration'])} tenths" for each in told)


def test_cancelled_at_work_its_model_is_free_again(up: Server) -> None:
    _, job = send(up, clip(21))
    wait(up, job["id"], "running")
    status, body = up.ask("DELETE", job["url"])
    assert (status, body["state"]) == (200, "cancelled")
    assert up.ask("DELETE", job["url"])[0] == 409
    _, other = send(up, clip(4))
    assert wait(up, other["id"])["result"]["text"] == "4 tenths"
    assert [kind for _, kind, _ in follow(up, job["id"])][-1] == "cancelled"
    assert up.get(f"{job['url']}/output")[0] == 409


def test_what_a_model_raises_fails_and_what_crashes_is_tried_again(up: Server) -> None:
    _, raised = send(up, clip(13))
    failed = wait(up, raised["id"])
    assert (failed["state"], failed["error"]["code"], failed["tries"]) == ("failed", "model_failed", 1)
    assert "cannot hear this" in failed["error"]["message"]
    _, crashed = send(up, clip(12))
    lost = wait(up, crashed["id"])
    assert (lost["state"], lost["error"]["code"], lost["tries"]) == ("failed", "worker_lost", 2)
    status, again = up.ask("POST", f"{raised['url']}/retry")
    assert (status, again["state"], again["error"]) == (202, "queued", None)
    assert wait(up, raised["id"])["tries"] == 2
    _, well = send(up, clip(4))
    wait(up, well["id"])
    assert up.ask("POST", f"{well['url']}/retry")[0] == 409


def test_the_list_has_states_and_pages(up: Server) -> None:
    ids = [send(up, clip(2))[1]["id"] for _ in range(3)]
    for id in ids:
        wait(up, id)
    first = up.get("/api/v1/jobs?state=done&limit=2")[1]
    rest = up.get(f"/api/v1/jobs?state=done&limit=2&cursor={first['next']}")[1]
    assert [each["id"] for each in (*first["data"], *rest["data"])][:3] == ids[::-1]
    assert "result" not in first["data"][0]


def test_a_quota_is_told(up: Server) -> None:
    asked = [send(up, clip(21), priority=-1) for _ in range(8)]  # two are at work, five wait
    refused = [body["error"]["code"] for status, body in asked if status == 429]
    assert refused
    assert set(refused) == {"quota_exceeded"}
    waiting = [body for status, body in asked if status == 202]
    assert sorted(up.get(each["url"])[1].get("position") or 0 for each in waiting)[-1] >= 1
    for each in waiting:
        up.ask("DELETE", each["url"])


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({}, "missing_field", "kind"),
        ({"kind": "transscribe"}, "invalid_value", "did you mean transcribe"),
        ({"kind": "transcribe", "model": FAKE}, "missing_file", "file"),
        ({"kind": "dataset", "model": FAKE, "dataset": "short_v2"}, "invalid_value", "short_v1"),
        ({"kind": "dataset", "model": "fake:onw", "dataset": "short_v1"}, "model_not_found", "fake:one"),
        ({"kind": "synthesize", "model": FAKE, "input": "a"}, "unsupported_task", "does asr and no tts"),
        ({"kind": "synthesize", "model": "espeak:en-us"}, "missing_field", "input"),
        ({"kind": "synthesize", "model": "espeak:en-us", "inputs": "a", "input": "a"}, "unknown_field", "input"),
        ({"kind": "synthesize", "model": "espeak:en-us", "input": "a", "priority": 1e9}, "invalid_value", "priority"),
        ([1], "invalid_json", "object"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(up: Server, body: object, code: str, said: str) -> None:
    status, answer = up.ask("POST", "/api/v1/jobs", body)
    assert status in (400, 404)
    assert answer["error"]["code"] == code
    assert said in answer["error"]["message"]


def test_files_that_cannot_be_are_refused_and_leave_nothing(up: Server) -> None:
    def kept() -> set[str]:
        return {path.name for path in (up.root / "mlruns/server/jobs").iterdir()}

    before = kept()
    for sound, status, code in (
        (b"no sound at all", 400, "invalid_audio"),
        (b"#EXTM3U\n/etc/passwd\n", 400, "invalid_audio"),
        (clip(510), 413, "audio_too_long"),
    ):
        got, body = send(up, sound)
        assert (got, body["error"]["code"]) == (status, code)
        assert str(up.root) not in body["error"]["message"]
    assert kept() == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/jobs/job_00000000000000000000", 404),
        ("/api/v1/jobs/..%2f..%2fetc", 404),
        ("/api/v1/jobs/none/events", 404),
        ("/api/v1/jobs?state=dnoe", 400),
        ("/api/v1/jobs?cursor=x", 400),
        ("/api/v1/jobs?limit=0", 400),
    ],
)
def test_what_is_not_there(up: Server, path: str, status: int) -> None:
    got, body = up.get(path)
    assert got == status
    assert body["error"]["message"]
