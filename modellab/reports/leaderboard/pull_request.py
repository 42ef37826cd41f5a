"""The one comment of a pull request that the report keeps up to date, through GitHub's REST interface.

What it needs is what GitHub Actions sets: GITHUB_TOKEN (with `pull-requests: write`), GITHUB_REPOSITORY, and the number
of the pull request in GITHUB_REF (`refs/pull/12/merge`) or in the event's file.

Only a comment of our own account is written over, whatever somebody else's begins with. Who we are, GitHub says to a
person's token (`GET /user`); the token of a job may not ask, and its comments are by github-actions[bot]. The token of
another app may not ask either: MODELLAB_COMMENT_AUTHOR names it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError, described
from modellab.reports.leaderboard.markdown import MARKER

API = "https://api.github.com"
PAGE = 100
MOST_PAGES = 30
TIMEOUT_S = 20.0  # without a byte
WHOLE_S = 60.0  # of one answer
MOST_BYTES = 64 << 20  # of one answer: a page of the longest comments has less
JOB = "github-actions[bot]"
AUTHOR = "MODELLAB_COMMENT_AUTHOR"


def post(text: str) -> str:
    """Write the comment, or write over the one that is there; its address. ConfigError says what is missing."""
    token, repository, number = _token(), _repository(), _number()
    api = os.environ.get("GITHUB_API_URL", API).rstrip("/")
    base = f"{api}/repos/{repository}"
    marked = list(_marked(base, number, token))
    account = _account(api, token) if marked else ""
    there = next((id for id, author in marked if author == account), None)
    if there is None:
        return _address(_call("POST", f"{base}/issues/{number}/comments", token, {"body": text}))
    return _address(_call("PATCH", f"{base}/issues/comments/{there}", token, {"body": text}))


def _address(answer: Any) -> str:
    if not isinstance(answer, dict) or not answer.get("html_url"):
        raise _other(answer, "the comment that was written")
    return str(answer["html_url"])


def _other(answer: Any, expected: str) -> ConfigError:
    return ConfigError(f"GitHub answered {described(answer)}, expected {expected}: does GITHUB_API_URL lead to it?")


def _account(api: str, token: str) -> str:
    """The login that our comments are by."""
    if named := os.environ.get(AUTHOR, ""):
        return named
    try:
        account = _call("GET", f"{api}/user", token)
    except ConfigError:  # a job's token may write comments and not ask who it is
        return JOB
    login = account.get("login") if isinstance(account, dict) else None
    return login if isinstance(login, str) and login else JOB


def _marked(base: str, number: int, token: str) -> Iterator[tuple[int, str]]:
    """The comments that begin with the marker, oldest first: their ids and who they are by, '' where that is gone."""
    for page in range(1, MOST_PAGES + 1):
        comments = _call("GET", f"{base}/issues/{number}/comments?per_page={PAGE}&page={page}", token)
        if not isinstance(comments, list) or not all(
            isinstance(comment, dict) and "id" in comment for comment in comments
        ):
            raise _other(comments, "a list of comments")
        for comment in comments:
            if str(comment.get("body") or "").startswith(MARKER):
                yield int(comment["id"]), str((comment.get("user") or {}).get("login") or "")
        if len(comments) < PAGE:
            return


def _call(method: str, address: str, token: str, data: Any = None) -> Any:
    if not address.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise ConfigError(f"GITHUB_API_URL leads to {address[:60]!r}, expected https://")
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "Content-Type": "application/json",
        "User-Agent": "modellab",
    }
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(address, data=body, headers=headers, method=method)  # noqa: S310 - checked above
    try:
        with urllib.request.build_opener(_SamePlace).open(request, timeout=TIMEOUT_S) as answer:
            return json.loads(_whole(answer))
    except urllib.error.HTTPError as error:
        hint = ": does the job have `permissions: pull-requests: write`?" if error.code in {401, 403, 404} else ""
        hint = ": was the repository renamed or moved?" if error.code // 100 == 3 else hint
        raise ConfigError(f"GitHub refused the comment ({error.code} {error.reason}{_why(error)}){hint}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ConfigError(f"GitHub could not be reached for the comment ({' '.join(str(error).split())})") from error


class _SamePlace(urllib.request.HTTPRedirectHandler):
    """Nothing that writes is sent elsewhere, where it would become a question, and no token to another host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        there, here = urllib.parse.urlsplit(newurl), urllib.parse.urlsplit(req.full_url)
        if req.get_method() != "GET" or (there.scheme, there.netloc) != (here.scheme, here.netloc):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _whole(answer: http.client.HTTPResponse) -> bytes:
    """An answer's bytes; ValueError for one that is too long, TimeoutError for one that does not end."""
    ends, parts, size = time.monotonic() + WHOLE_S, [], 0
    while part := answer.read1(1 << 16):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise ValueError(f"its answer has more than {MOST_BYTES >> 20} MiB")
        if time.monotonic() > ends:
            raise TimeoutError(f"its answer had no end within {WHOLE_S:g} s")
    if answer.length:
        raise http.client.IncompleteRead(b"".join(parts), answer.length)
    return b"".join(parts)


def _why(error: urllib.error.HTTPError) -> str:
    """What GitHub says of a refusal, after a colon; '' for nothing."""
    try:
        message = json.loads(error.read1(1 << 16))["message"]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, http.client.HTTPException):
        return ""
    return f": {' '.join(str(message).split())[:200]}"


def _token() -> str:
    token = (os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or "").strip()
    if not token:
        raise ConfigError("--comment needs GITHUB_TOKEN: set it to ${{ github.token }} in the workflow's step")
    return token


def _repository() -> str:
    repository = os.environ.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise ConfigError(
            f"--comment needs GITHUB_REPOSITORY as OWNER/NAME, got {repository!r}: it is set in GitHub Actions"
        )
    return repository


def _number() -> int:
    """The pull request that this run is about."""
    if match := re.fullmatch(r"refs/pull/(\d+)/.*", os.environ.get("GITHUB_REF", "")):
        return int(match[1])
    try:
        event = json.loads(Path(os.environ.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8"))
        return int((event.get("pull_request") or event["issue"])["number"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(
            "--comment needs a pull request: this run is of none (GITHUB_REF, GITHUB_EVENT_PATH)"
        ) from None
