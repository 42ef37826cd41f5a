"""What comes to the server's door: too much, too slow, half, without a token, and to the wrong place."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from modellab.plan.serve_settings import Serve
from modellab.server.serving import listening, main
from tests.server.conftest import Server, project, serving

MULTIPART = "multipart/form-data; boundary=x"


def talk(server: Server, *parts: bytes, pause_s: float = 0.0, for_s: float = 20.0) -> bytes:
    """What the server says on a connection that sends these parts, with a pause between them."""
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=for_s) as line:
        heard = b""
        try:
            for part in parts:
                line.sendall(part)
                time.sleep(pause_s)
            line.settimeout(for_s)
            while chunk := line.recv(65536):
                heard += chunk
                if b"}}" in heard:
                    break
        except ConnectionError:  # it has hung up
            pass
        return heard


def head(length: str, more: str = "") -> bytes:
    lines = ("POST /v1/audio/transcriptions HTTP/1.1", "Host: localhost", f"Content-Type: {MULTIPART}", length, more)
    return "\r\n".join((*lines, "")).encode()


def code(answer: bytes) -> str:
    """The code of an answer that is an error."""
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"])


def test_an_answer_does_not_wait_for_the_client_to_acknowledge_its_head() -> None:
    with listening(Serve(port=0)) as door, socket.create_connection(door.getsockname()):
        accepted, _ = door.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_body_that_says_that_it_is_too_large_is_refused_unread(server: Server) -> None:
    answer = talk(server, head("Content-Length: 200000000"))
    assert b"413" in answer.splitlines()[0]
    assert code(answer) == "file_too_large"


def test_a_body_in_chunks_that_is_too_large_is_cut(server: Server) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'.ljust(65536, b"0")
    chunks = [b"10000\r\n" + data + b"\r\n" for data in (part, *[b"0" * 65536] * 60)]
    assert code(talk(server, head("Transfer-Encoding: chunked"), *chunks)) == "file_too_large"


@pytest.mark.slow
def test_what_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    with serving(project(tmp_path, "head_s = 1\nidle_body_s = 1")) as up:
        assert code(talk(up, head("Content-Length: 1000"), b"--x\r\n", for_s=60)) == "body_too_slow"
        assert talk(up, b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost:", for_s=60) == b""  # it hangs up
        assert up.get("/health")[0] == 200


MODEL = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nfake:one\r\n'
NO_FILE = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n'


@pytest.mark.parametrize(
    ("body", "content_type", "status", "param"),
    [
        (b"", MULTIPART, 400, "model"),
        (b"--x\r\nrubbish", MULTIPART, 400, "model"),
        (b"{}", "application/json", 400, "model"),
        (MODEL + b"--x--\r\n", MULTIPART, 400, "file"),
        (MODEL + NO_FILE + b"--x--\r\n", MULTIPART, 400, "file"),
    ],
)
def test_half_a_form_is_one_sentence(
    server: Server, body: bytes, content_type: str, status: int, param: str | None
) -> None:
    found, said = post(server, "/v1/audio/transcriptions", body, content_type)
    assert (found, said["error"]["param"]) == (status, param)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"[" * 100_000, b'{"model": 7, "input": "x"}', b"\xff"])
def test_what_is_no_request_for_speech(server: Server, body: bytes) -> None:
    status, said = post(server, "/v1/audio/speech", body, "application/json")
    assert status == 400
    assert said["error"]["type"] == "invalid_request_error"


def post(server: Server, path: str, body: bytes, content_type: str, **headers: str) -> tuple[int, Any]:
    asked = urllib.request.Request(f"{server.address}{path}", body, {"Content-Type": content_type, **headers})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/audio", "/../etc/passwd", "/v1/models/%00"])
def test_a_place_that_is_not_there(server: Server, path: str) -> None:
    status, said = server.get(path)
    assert status == 404
    assert said["error"]["type"] == "invalid_request_error"


def test_the_names_of_the_mission_answer_too(server: Server) -> None:
    assert server.get("/models")[1]["data"] == server.get("/v1/models")[1]["data"]
    status, said = post(server, "/tts/synthesize", b"{}", "application/json")
    assert (status, said["error"]["param"]) == (400, "model")


def test_the_facts_of_the_server(server: Server) -> None:
    assert server.get("/health")[1]["status"] == "ok"
    assert server.get("/ready") == (200, {"ready": True, "models": {}})
    assert "models" in server.get("/stats")[1]
    assert 'modellab_requests_total{path="/health"' in server.get("/metrics")[1]
    paths = server.get("/openapi.json")[1]["paths"]
    assert {"/v1/audio/transcriptions", "/v1/audio/speech", "/v1/models"} <= set(paths)


@pytest.mark.slow
def test_who_bears_no_token_is_asked_for_one(tmp_path: Path) -> None:
    token = "mlab_secret"
    digest = hashlib.sha256(token.encode()).hexdigest()
    with serving(project(tmp_path, f'tokens = {{website = "sha256:{digest}"}}')) as up:
        assert up.get("/health")[0] == 200
        status, said = up.get("/v1/models")
        assert (status, said["error"]["code"]) == (401, "invalid_api_key")
        for bearer, wanted in ((token, 400), ("mlab_other", 401), ("", 401)):
            given = {"Authorization": f"Bearer {bearer}"}
            assert post(up, "/v1/audio/speech", b"{}", "application/json", **given)[0] == wanted
        assert token not in str(up.get("/openapi.json"))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('host = "0.0.0.0"', "host 0.0.0.0 answers other machines, and there are no tokens"),
        ('port = 0\npreload = ["fake:two"]', "there is no model 'fake:two' here"),
        pytest.param(
            'host = "192.0.2.1"\ntokens = {a = "sha256:' + "0" * 64 + '"}',
            "cannot listen on 192.0.2.1, port 8000: ",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_settings_that_do_not_go_here_are_one_sentence(tmp_path: Path, settings: str, says: str) -> None:
    root = project(tmp_path, settings)
    done = subprocess.run(
        [sys.executable, "-m", "modellab.server", str(root), "{}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("replicas = 0", "'replicas' is 0"),
        ("prt = 1", "unknown key 'prt'"),
        ('tokens = {a = "secret"}', "'tokens.a' is 'secret'"),
    ],
)
def test_settings_that_cannot_be_are_one_sentence(
    tmp_path: Path, settings: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(str(project(tmp_path, settings)), "{}") == 2
    told = capsys.readouterr().err
    assert says in told
    assert len(told.splitlines()) == 1
