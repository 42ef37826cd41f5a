"""The comment on a pull request, held against a server that answers as GitHub does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import ConfigError
from modellab.reports.leaderboard import pull_request
from modellab.reports.leaderboard.markdown import MARKER


class Hub(ThreadingHTTPServer):
    """A pull request's comments; `status` 0 answers, anything else refuses. `user` answers to who it is."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.comments: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.status = 0
        self.user: dict[str, str] | None = None
        self.raw: bytes | None = None  # instead of any answer
        self.promised = 0  # its length, where that is said
        self.moved = ""


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def _reply(self, data: Any, status: int = 200) -> None:
        is_moved = self.server.moved and not self.path.startswith("/elsewhere")
        self.send_response(302 if is_moved else self.server.status or status)
        if is_moved:
            self.send_header("Location", self.server.moved)
        if self.server.promised:
            self.send_header("Content-Length", str(self.server.promised))
        self.end_headers()
        self.wfile.write(json.dumps(data).encode() if self.server.raw is None else self.server.raw)

    def do_GET(self) -> None:
        self.server.asked.append(("GET", self.path))
        if self.path == "/user":
            self._reply(self.server.user or {"message": "no"}, 200 if self.server.user else 403)
            return
        page = int(self.path.rpartition("page=")[2])
        self._reply(self.server.comments[100 * (page - 1) : 100 * page])

    def do_POST(self) -> None:
        self.server.asked.append(("POST", self.path))
        if self.server.moved:
            self._body()
            self._reply({})
            return
        by = {"user": self.server.user or {"login": "github-actions[bot]"}}
        self.server.comments.append({"id": 1000, "html_url": "https://hub/1000", **by, **self._body()})
        self._reply(self.server.comments[-1], 201)

    def do_PATCH(self) -> None:
        self.server.asked.append(("PATCH", self.path))
        own = next(each for each in self.server.comments if each["id"] == int(self.path.rpartition("/")[2]))
        own.update(self._body())
        self._reply(own)

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in ("GH_TOKEN", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("GITHUB_REPOSITORY", "ours/repo")
    monkeypatch.setenv("GITHUB_REF", "refs/pull/12/merge")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_first_time_a_comment_then_the_same_one_again(hub: Hub) -> None:
    hub.comments = [{"id": i, "body": "a person's" if i else None} for i in range(150)]
    assert pull_request.post(f"{MARKER}\nfirst") == "https://hub/1000"
    assert pull_request.post(f"{MARKER}\nsecond") == "https://hub/1000"
    assert [method for method, _ in hub.asked] == ["GET", "GET", "POST", "GET", "GET", "GET", "PATCH"]
    assert hub.asked[2][1] == "/repos/ours/repo/issues/12/comments"
    assert [each["body"] for each in hub.comments if each["id"] == 1000] == [f"{MARKER}\nsecond"]


@pytest.mark.parametrize(
    ("user", "named", "own"),
    [
        (None, "", "github-actions[bot]"),
        ({"login": "lea"}, "", "lea"),
        (None, "our-app[bot]", "our-app[bot]"),
    ],
)
def test_only_our_own_comment_is_written_over(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, user: dict[str, str] | None, named: str, own: str
) -> None:
    monkeypatch.setenv("MODELLAB_COMMENT_AUTHOR", named)
    hub.user = user
    theirs = [{"id": i, "body": f"{MARKER} I am a report too", "user": by} for i, by in enumerate(
        ({"login": "mallory"}, None, {"login": "github-actions"}, {"login": "other[bot]"}, {})
    )]  # fmt: skip
    hub.comments = [dict(each) for each in theirs]
    pull_request.post(f"{MARKER}\nfirst")
    assert hub.comments[:-1] == theirs, "left alone"
    hub.comments[-1]["user"] = {"login": own}
    pull_request.post(f"{MARKER}\nsecond")
    assert hub.comments[:-1] == theirs
    assert hub.comments[-1]["body"] == f"{MARKER}\nsecond"
    assert len(hub.comments) == len(theirs) + 1


def test_the_number_from_the_event(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"pull_request": {"number": 34}}')
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    pull_request.post(MARKER)
    assert hub.asked[-1] == ("POST", "/repos/ours/repo/issues/34/comments")


def test_a_refusal_says_what_the_job_lacks(hub: Hub) -> None:
    hub.status = 403
    with pytest.raises(ConfigError, match=r"refused the comment \(403 Forbidden\): does the job have `permissions"):
        pull_request.post(MARKER)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GITHUB_TOKEN", "", "--comment needs GITHUB_TOKEN"),
        ("GITHUB_REPOSITORY", "nonsense", "--comment needs GITHUB_REPOSITORY as OWNER/NAME, got 'nonsense'"),
        ("GITHUB_REF", "refs/heads/main", "--comment needs a pull request: this run is of none"),
        ("GITHUB_API_URL", "http://elsewhere", "GITHUB_API_URL leads to 'http://elsewhere/repos"),
    ],
)
def test_what_is_missing_is_named(hub: Hub, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as found:
        pull_request.post(MARKER)
    assert str(found.value).startswith(said)
    assert hub.asked == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"message": "hello"}', "GitHub answered a dict ({'message': 'hello'}), expected a list of comments"),
        (b'["a"]', "GitHub answered a list (['a']), expected a list of comments"),
        (b'[{"body": "no id"}]', "GitHub answered a list ([{'body': 'no id'}]), expected a list of comments"),
        (b"null", "GitHub answered None, expected a list of comments"),
        (b"<html>", "GitHub could not be reached for the comment (Expecting value"),
    ],
)
def test_whatever_comes_instead_of_comments_is_one_sentence(hub: Hub, answer: bytes, said: str) -> None:
    hub.raw = answer
    with pytest.raises(ConfigError) as found:
        pull_request.post(MARKER)
    assert str(found.value).startswith(said)


def test_half_an_answer_is_none(hub: Hub) -> None:
    hub.raw, hub.promised = b"[]", 100
    with pytest.raises(ConfigError, match=r"could not be reached for the comment .*IncompleteRead"):
        pull_request.post(MARKER)


def test_an_answer_without_an_end_is_given_up(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.raw = b"[" + b" " * 5000
    monkeypatch.setattr(pull_request, "MOST_BYTES", 1000)
    with pytest.raises(ConfigError, match="its answer has more than 0 MiB"):
        pull_request.post(MARKER)
    monkeypatch.setattr(pull_request, "MOST_BYTES", 10_000)
    monkeypatch.setattr(pull_request, "WHOLE_S", -1.0)
    with pytest.raises(ConfigError, match="its answer had no end within"):
        pull_request.post(MARKER)


def test_a_comment_that_was_not_written_is_no_success(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question may be answered elsewhere on the same host; what writes would become a question there."""
    hub.moved = f"http://127.0.0.1:{hub.server_port}/elsewhere?page=1"
    with pytest.raises(ConfigError, match=r"\(302 Found\): was the repository renamed or moved\?"):
        pull_request.post(MARKER)
    assert [method for method, _ in hub.asked] == ["GET", "GET", "POST"]
    assert hub.comments == []


def test_the_token_goes_to_no_other_host(hub: Hub) -> None:
    hub.moved = f"http://localhost:{hub.server_port}/elsewhere?page=1"
    with pytest.raises(ConfigError, match=r"\(302 Found\)"):
        pull_request.post(MARKER)
    assert hub.asked == [("GET", "/repos/ours/repo/issues/12/comments?per_page=100&page=1")]


def test_a_token_with_a_line_end_and_what_github_says(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret\n")
    hub.status, hub.raw = 422, b'{"message": "body is too long"}'
    with pytest.raises(ConfigError, match=r"\(422 Unprocessable (Entity|Content): body is too long\)$"):
        pull_request.post(MARKER)


def test_nobody_answers(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    with pytest.raises(ConfigError, match="GitHub could not be reached for the comment"):
        pull_request.post(MARKER)
