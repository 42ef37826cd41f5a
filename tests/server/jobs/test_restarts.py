"""Jobs through the end of a server, told or killed, with the queue on SQLite and on PostgreSQL; workers beside it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.integration.conftest import write_dataset, write_model
from tests.server.conftest import project, serving
from tests.server.jobs.calls import clip, follow, send, wait

pytestmark = pytest.mark.slow
SETTINGS = "[tool.modellab.serve.jobs]\nlease_s = 3\nworkers = 1\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The setting that names an empty database."""
    if request.param == "sqlite":
        yield ""
        return
    url = request.getfixturevalue("postgres_url")
    yield f'database = "{url}"\n'
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")


def test_a_killed_server_loses_nothing_and_the_next_one_goes_on(tmp_path: Path, database: str) -> None:
    root = project(tmp_path, database + SETTINGS)
    with serving(root) as first:
        _, going = send(first, clip(21))
        waiting = [send(first, clip(tenths))[1]["id"] for tenths in (4, 5, 6)]
        wait(first, going["id"], "running")
        first.process.kill()
        first.process.wait()
    (root / "models" / "fake" / "adapter.py").write_text(
        (root / "models" / "fake" / "adapter.py").read_text().replace("time.sleep(30)", "pass")
    )
    with serving(root) as second:
        done = [wait(second, id) for id in (going["id"], *waiting)]
        told = [kind for _, kind, _ in follow(second, going["id"])]
    assert [each["result"]["text"] for each in done] == ["21 tenths", "4 tenths", "5 tenths", "6 tenths"]
    assert [each["tries"] for each in done] == [2, 1, 1, 1]
    assert [kind for kind in told if kind != "progress"] == ["queued", "running", "queued", "running", "done"]


def test_a_server_that_is_told_to_end_gives_back_what_it_is_at(tmp_path: Path, database: str) -> None:
    root = project(tmp_path, f"drain_s = 5\n{database}{SETTINGS}")
    with serving(root) as first:
        _, going = send(first, clip(21))
        wait(first, going["id"], "running")
        stream = follow(first, going["id"])
        next(stream)
        first.process.send_signal(signal.SIGTERM)
        assert "done" not in [kind for _, kind, _ in stream]  # who follows is let go
        assert first.process.wait(timeout=60) == 0
    adapter = root / "models" / "fake" / "adapter.py"
    adapter.write_text(adapter.read_text().replace("time.sleep(30)", "pass"))
    with serving(root) as second:
        done = wait(second, going["id"])
    assert (done["state"], done["tries"], done["most_tries"]) == ("done", 2, 3)


def test_another_process_measures_what_a_server_was_asked_for(tmp_path: Path, database: str) -> None:
    root = project(tmp_path, f"{database}{SETTINGS}runs = false\n")
    write_dataset(root / "golden" / "short_v1")
    write_model(root / "models" / "fake_calm")
    with serving(root) as up:
        _, job = up.ask("POST", "/api/v1/runs", {"models": ["fake_calm"]})
        assert up.get(job["url"])[1]["state"] == "queued"
        command = [sys.executable, "-m", "modellab", "worker", "--runs"]
        worker = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True)
        try:
            assert worker.stderr is not None
            assert "waits for runs from" in worker.stderr.readline()
            done = wait(up, job["id"])
            assert (done["state"], done["result"]["session"]) == ("done", job["id"])
            assert up.get(f"/api/v1/runs/{job['id']}")[0] == 200
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=120) == 0
            assert worker.stderr is not None
            worker.stderr.close()


def test_a_database_that_is_gone_for_a_while_is_told_and_loses_nothing(tmp_path: Path) -> None:
    root = project(tmp_path, SETTINGS)
    with serving(root) as up:
        _, before = send(up, clip(4))
        wait(up, before["id"])
        place = root / "mlruns" / "server" / "server.db"
        with sqlite3.connect(place, isolation_level=None) as held:
            held.execute("alter table job rename to job_gone")
            status, body = up.ask("POST", "/api/v1/jobs", {"kind": "synthesize", "model": "espeak:en-us", "input": "a"})
            assert (status, body["error"]["code"]) == (503, "database_unavailable")
            assert up.get(before["url"])[0] == 503
            held.execute("alter table job_gone rename to job")
        held.close()
        assert up.get(before["url"])[1]["state"] == "done"
        _, after = send(up, clip(5))
        assert wait(up, after["id"])["result"]["text"] == "5 tenths"
