"""The one comment of a pull request that the report keeps up to date, through GitHub's REST interface.

What it needs is what GitHub Actions sets: GITHUB_TOKEN (with `pull-requests: write`), GITHUB_REPOSITORY, and the number
of the pull request in GITHUB_REF (`refs/pull/12/merge`) or in the event's file.

Only a comment of our own account is written over, whatever somebody else's begins with. Who we are, GitHub says to a
person's token (`GET /user`); the token of a job may not ask, and its comments are by github-actions[bot]. The token of
another app may not ask either: MODELLAB_COMMENT_AUTHOR names it.
"""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError
from modellab.reports.leaderboard.markdown import MARKER

API = "https://api.github.com"
PAGE = 100
MOST_PAGES = 30
TIMEOUT_S = 20.0
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
    return str(answer.get("html_url", "")) if isinstance(answer, dict) else ""


def _account(api: str, token: str) -> str:
    """The login that our comments are by."""
    if named := os.environ.get(AUTHOR, ""):
        return named
    try:
        found = _call("GET", f"{api}/user", token)
    except ConfigError:  # a job's token may write comments and not ask who it is
        return JOB
    login = found.get("login") if isinstance(found, dict) else None
    return login if isinstance(login, str) and login else JOB


def _marked(base: str, number: int, token: str) -> Iterator[tuple[int, str]]:
    """The comments that begin with the marker, oldest first: their ids and who they are by, '' where that is gone."""
    for page in range(1, MOST_PAGES + 1):
        found = _call("GET", f"{base}/issues/{number}/comments?per_page={PAGE}&page={page}", token)
        for each in found:
            if str(each.get("body") or "").startswith(MARKER):
                yield int(each["id"]), str((each.get("user") or {}).get("login") or "")
        if len(found) < PAGE:
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
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        hint = ": does the job have `permissions: pull-requests: write`?" if error.code in {401, 403, 404} else ""
        raise ConfigError(f"GitHub refused the comment ({error.code} {error.reason}){hint}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"GitHub could not be reached for the comment ({error})") from error


def _token() -> str:
    found = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or ""
    if not found:
        raise ConfigError("--comment needs GITHUB_TOKEN: set it to ${{ github.token }} in the workflow's step")
    return found


def _repository() -> str:
    found = os.environ.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", found):
        raise ConfigError(
            f"--comment needs GITHUB_REPOSITORY as OWNER/NAME, got {found!r}: it is set in GitHub Actions"
        )
    return found


def _number() -> int:
    """The pull request that this run is about."""
    if found := re.fullmatch(r"refs/pull/(\d+)/.*", os.environ.get("GITHUB_REF", "")):
        return int(found[1])
    try:
        event = json.loads(Path(os.environ.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8"))
        return int((event.get("pull_request") or event["issue"])["number"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(
            "--comment needs a pull request: this run is of none (GITHUB_REF, GITHUB_EVENT_PATH)"
        ) from None
