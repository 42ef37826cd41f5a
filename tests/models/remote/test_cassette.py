"""Recorded answers: the same question gets the same answer with no server, and nothing secret is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from modellab.errors import ConfigError, ModelError, ServerError
from modellab.models.remote.cassette import Cassettes
from modellab.models.remote.client import Client
from modellab.models.servers import Server

from ...stand_in import Asked, Given, StandIn, serving

KEY = "s3cr3t-key-0123456789"
FORM = {"data": {"model": "m"}, "files": {"file": ("audio.wav", b"RIFF" + bytes(range(256)), "audio/wav")}}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("A_KEY", KEY)
    with serving() as found:
        yield found


def asking(server: StandIn, folder: Path, mode: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("MODELLAB_CASSETTES", f"{mode}:{folder}")
    return Client(Server(url=server.url, key_from="A_KEY"), "fake-one", patience_s=2, sleep=lambda _: None)


def _says(text: str, _: Asked) -> Given:
    return Given({"text": text})


def test_an_answer_is_played_back_as_it_was(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers = lambda _: Given({"text": "käse\u2028"}, headers={"openai-processing-ms": "12"})
    first = asking(server, tmp_path, "record", monkeypatch).post("/audio/transcriptions", **FORM)
    server.stop()
    monkeypatch.delenv("A_KEY")
    replayed = asking(server, tmp_path, "replay", monkeypatch)
    second = replayed.post("/audio/transcriptions", **FORM)
    assert second.mapping() == first.mapping() == {"text": "käse\u2028"}
    assert replayed.meter.readings()["server_p50_s"] == 0.012
    assert replayed.facts["answers"] == "replayed"


def test_it_does_not_matter_where_the_server_was(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking(server, tmp_path, "record", monkeypatch).post("/audio/transcriptions", **FORM)
    elsewhere = Client(Server(url_from="NO_SUCH_URL"), "fake-one", sleep=lambda _: None)
    with pytest.raises(ServerError, match="NO_SUCH_URL is not set"):  # it still records
        elsewhere.post("/audio/transcriptions", **FORM)
    monkeypatch.setenv("MODELLAB_CASSETTES", f"replay:{tmp_path}")
    elsewhere = Client(Server(url_from="NO_SUCH_URL"), "fake-one")
    assert elsewhere.post("/audio/transcriptions", **FORM).mapping() == {"text": "a b"}


def test_nothing_secret_and_no_audio_is_written(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = {"set-cookie": f"id={KEY}", "server": f"x {KEY}", "x-request-id": KEY}
    server.answers = lambda asked: Given(
        {"text": f"your key {KEY} sent {asked.headers['authorization']}"}, headers=echo
    )
    asking(server, tmp_path, "record", monkeypatch).post("/audio/transcriptions", params={"q": KEY}, **FORM)
    (path,) = tmp_path.iterdir()
    written = path.read_text()
    assert KEY not in written
    assert "RIFF" not in written
    assert "Bearer" not in written.replace("sent Bearer ***", "")
    line = json.loads(written)
    assert line["headers"]["server"].startswith("StandIn") or "***" in line["headers"]["server"]
    assert "set-cookie" not in line["headers"]
    assert "x-request-id" not in line["headers"]


def test_sound_comes_back_to_the_byte(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = bytes(range(256)) * 3
    server.answers = lambda _: Given(body, headers={"content-type": "audio/wav"})
    asking(server, tmp_path, "record", monkeypatch).post("/audio/speech", json={"input": "a"})
    assert asking(server, tmp_path, "replay", monkeypatch).post("/audio/speech", json={"input": "a"}).body == body


def test_what_changed_has_no_answer(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asking(server, tmp_path, "record", monkeypatch).post("/audio/speech", json={"input": "a"})
    replayed = asking(server, tmp_path, "replay", monkeypatch)
    with pytest.raises(
        ServerError, match=r"fake-one\.jsonl holds no answer to POST .*/audio/speech with .* bytes: the"
    ):
        replayed.post("/audio/speech", json={"input": "b"})
    with pytest.raises(ServerError, match="holds no answer"):
        replayed.post("/audio/transcriptions", json={"input": "a"})


def test_an_outage_is_not_recorded_and_a_refusal_is(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [Given("busy", 503), Given({"error": "too long"}, 413)]
    server.answers = lambda _: answers.pop(0)
    recorded = asking(server, tmp_path, "record", monkeypatch)
    with pytest.raises(ModelError, match="too long"):
        recorded.post("/audio/speech", json={"input": "a"})
    assert len((tmp_path / "fake-one.jsonl").read_text().splitlines()) == 1
    with pytest.raises(ModelError, match="too long"):
        asking(server, tmp_path, "replay", monkeypatch).post("/audio/speech", json={"input": "a"})


def test_the_last_recording_counts(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("old", "new"):
        server.answers = partial(_says, text)
        asking(server, tmp_path, "record", monkeypatch).post("/x", json={})
    assert asking(server, tmp_path, "replay", monkeypatch).post("/x", json={}).mapping() == {"text": "new"}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"request": "x"}', '{"request": "x", "status": "no", "headers": {}, "body": ""}']
)
def test_a_damaged_file_is_told(text: str, server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fake-one.jsonl").write_text(text)
    with pytest.raises(ServerError, match=r"fake-one\.jsonl is no recording of answers \(.*\): record it anew"):
        asking(server, tmp_path, "replay", monkeypatch)


def test_a_missing_file_is_told(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServerError, match=r"fake-one\.jsonl does not exist: record it with MODELLAB_CASSETTES=record:"):
        asking(server, tmp_path, "replay", monkeypatch)


@pytest.mark.parametrize("text", ["play:x", "record", "record:", "/tmp/x"])
def test_a_variable_that_says_something_else(text: str) -> None:
    with pytest.raises(ConfigError, match=r"MODELLAB_CASSETTES is '.*', expected record:FOLDER or replay:FOLDER"):
        Cassettes.asked({"MODELLAB_CASSETTES": text})


def test_without_the_variable_nothing_is_recorded() -> None:
    assert Cassettes.asked({}) is None
    assert Cassettes.asked({"MODELLAB_CASSETTES": " "}) is None
