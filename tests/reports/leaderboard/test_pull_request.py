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


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def _reply(self, data: Any, status: int = 200) -> None:
        self.send_response(self.server.status or status)
        self.end_headers()
        self.wfile.write(json.dumps(data).encode())

    def do_GET(self) -> None:
        self.server.asked.append(("GET", self.path))
        if self.path == "/user":
            self._reply(self.server.user or {"message": "no"}, 200 if self.server.user else 403)
            return
        page = int(self.path.rpartition("page=")[2])
        self._reply(self.server.comments[100 * (page - 1) : 100 * page])

    def do_POST(self) -> None:
        self.server.asked.append(("POST", self.path))
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


def test_nobody_answers(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    with pytest.raises(ConfigError, match="GitHub could not be reached for the comment"):
        pull_request.post(MARKER)
