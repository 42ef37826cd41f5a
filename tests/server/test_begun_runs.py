"""Runs of the command line on the pages, from their first moment: while they go on, and when they were killed."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.results.test_running import start_run
from tests.server.conftest import PATIENCE_S, Server, project, serving
from tests.server.results.conftest import entry, write


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(project(tmp_path_factory.mktemp("begun"))) as up:
        yield up


def page(site: Server, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{site.address}{path}", timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_a_run_is_there_before_its_first_result_and_after_its_kill(site: Server) -> None:
    assert page(site, "/runs/s1")[0] == 404
    child = start_run(site.root / "mlruns", "s1")
    assert '<a href="/runs/s1">s1</a>' in page(site, "/runs")[1]
    told = site.get("/api/v1/runs/s1")[1]
    assert (told["state"], told["planned"], told["cases"], told["results"]) == ("running", 7, 0, [])
    assert [each["id"] for each in site.get("/api/v1/runs?state=running")[1]["data"]] == ["s1"]
    status, text = page(site, "/runs/s1")
    assert status == 200
    assert "It goes on, and has no result yet." in text
    assert f"process {child.pid}" in text
    write(site.root / "mlruns", entry(1, session="s1"))
    site.get("/api/v1/results")  # which follows the ledger
    assert "It goes on: 1 of 7 cases have a result so far." in page(site, "/runs/s1")[1]
    child.kill()
    child.communicate()
    assert "It did not end by itself: its process is gone, with 1 of 7 cases through." in page(site, "/runs/s1")[1]
    assert "Running now" not in page(site, "/runs")[1]
    assert site.get("/api/v1/runs?state=running")[1]["data"] == []


@pytest.mark.parametrize(
    ("session", "options", "says"),
    [
        ("alone", (), " alone</code> runs it again."),  # it cannot be gone on with: nothing of a case is kept
        ("shared", ("--executor", "queue:q"), "--executor queue:q --resume shared</code> goes on with it."),
        ("again", ("--executor", "queue:q", "--resume", "again"), "queue:q --resume again</code> goes on with it."),
    ],
)
def test_a_killed_run_says_what_goes_on_with_it(
    site: Server, session: str, options: tuple[str, ...], says: str
) -> None:
    child = start_run(site.root / "mlruns", session, *options)
    child.kill()
    child.communicate()
    write(site.root / "mlruns", entry(1, session=session))
    site.get("/api/v1/results")  # which follows the ledger
    assert says in page(site, f"/runs/{session}")[1]


def test_a_run_that_was_killed_before_its_first_result_says_so(site: Server) -> None:
    child = start_run(site.root / "mlruns", "s2")
    child.kill()
    child.communicate()
    assert "It ended without a result: its process is gone." in page(site, "/runs/s2")[1]


def test_a_run_that_ends_by_itself_leaves_nothing(site: Server) -> None:
    child = start_run(site.root / "mlruns", "s3")
    child.communicate("end\n")
    assert page(site, "/runs/s3")[0] == 404
