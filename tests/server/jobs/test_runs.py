"""Runs of the suite as jobs: asked for over HTTP, measured in a process of their own, kept in the ledger."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from modellab.results import ledger
from tests import processes
from tests.integration.conftest import SENTENCES, write_dataset, write_model
from tests.server.conftest import Server, project, serving
from tests.server.jobs.calls import follow, wait

pytestmark = pytest.mark.slow
CALM = "fake_calm"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("runs"), "[tool.modellab.serve.jobs]\nlease_s = 5")
    write_dataset(root / "golden" / "short_v1")
    write_model(root / "models" / CALM)
    with serving(root) as server:
        yield server


def test_a_run_is_measured_and_in_the_ledger_with_who_asked(up: Server) -> None:
    asked = {"models": [CALM], "datasets": ["short_v1"], "label": "nightly", "experiment": "beam"}
    status, job = up.ask("POST", "/api/v1/runs", asked)
    assert status == 202, job
    assert job["command"] == f"modellab run --model={CALM} --dataset=short_v1"
    told = list(follow(up, job["id"]))
    stages = [data["stage"] for _, kind, data in told if kind == "progress"]
    assert [*dict.fromkeys(stages)] == ["waiting", "planned", "loading", "measuring", "judged", "settled"]
    done = wait(up, job["id"])
    assert (done["state"], done["result"]["session"]) == ("done", job["id"])
    (name,) = done["result"]["cases"]
    entries, complaints = ledger.read(up.root / "mlruns")
    (entry,) = [each for each in entries if each.session == job["id"]]
    assert complaints == []
    assert str(entry.key) == name
    assert entry.labels == {"job": job["id"], "label": "nightly", "experiment": "beam"}
    assert done["result"]["exit_status"] == 0
    assert str(entry.status) == done["result"]["cases"][name]


def test_workers_share_a_run_and_its_utterances_are_told(up: Server) -> None:
    _, alone = up.ask("POST", "/api/v1/runs", {"models": [CALM]})
    seen = [each for _, _, data in follow(up, alone["id"]) for each in data.get("utterances", ())]
    assert seen[0] == {"id": "000", "reference": SENTENCES[0], "said": SENTENCES[0], "value": 0.0}
    _, shared = up.ask("POST", "/api/v1/runs", {"models": [CALM], "executor": "local"})
    assert shared["command"] == f"modellab run --model={CALM} --executor=local"
    done = wait(up, shared["id"])
    assert done["result"]["cases"] == wait(up, alone["id"])["result"]["cases"]
    entries, _ = ledger.read(up.root / "mlruns")
    (entry,) = [each for each in entries if each.session == shared["id"]]
    assert entry.result is not None
    assert "fleet_workers" in entry.result.readings
    _, batched = up.ask("POST", "/api/v1/runs", {"models": [CALM], "executor": "local", "batch": 2})
    assert batched["command"] == f"modellab run --model={CALM} --executor=local --batch=2"
    assert wait(up, batched["id"])["result"]["exit_status"] == 0, "a model that takes one at a time does so"


def test_a_dry_run_says_what_it_would_measure_and_stores_nothing(up: Server) -> None:
    before = up.get("/api/v1/jobs")[1]["data"]
    status, told = up.ask("POST", "/api/v1/runs", {"models": [CALM, "fake"], "dry_run": True})
    assert (status, told["command"]) == (200, f"modellab run --model={CALM} --model=fake")
    assert sorted(each["case"] for each in told["cases"]) == [
        "fake:one-short_v1-cpu-float32",
        f"{CALM}:one-short_v1-cpu-float32",
    ]
    assert {each["why_not"] for each in told["cases"]} == {""}
    assert up.get("/api/v1/jobs")[1]["data"] == before


@pytest.mark.parametrize(
    ("asked", "param", "said"),
    [
        ({"models": ["fake_clam"]}, "models", "did you mean fake_calm"),
        ({"datasets": ["short_v2"]}, "datasets", "short_v1"),
        ({"devices": ["cpuu"]}, "devices", "cpu"),
        ({"tier": "smok"}, "tier", "smoke"),
        ({"models": [CALM], "precisions": ["int8"]}, "models", "no case has all of these names"),
        ({"model": [CALM]}, "model", "did you mean models"),
        ({"models": [CALM], "executor": "queue:/tmp"}, "executor", "there is no executor 'queue:/tmp' here"),
        ({"models": [CALM], "batch": 4}, "batch", "there is no executor: name one, or leave batch out"),
        ({"models": [CALM], "executor": "local", "batch": 0}, "batch", "greater than or equal to 1"),
    ],
)
def test_names_that_nothing_has(up: Server, asked: dict[str, object], param: str, said: str) -> None:
    status, answer = up.ask("POST", "/api/v1/runs", asked)
    assert (status, answer["error"]["param"]) == (400, param)
    assert said in answer["error"]["message"]


def test_a_run_that_is_cancelled_leaves_its_cases_as_not_run(up: Server) -> None:
    behaviour = up.root / "models" / CALM / "behaviour.json"
    behaviour.write_text(json.dumps({"sleep_s": 1.0}))
    try:
        _, job = up.ask("POST", "/api/v1/runs", {"models": [CALM]})
        end = time.monotonic() + 120
        while (up.get(job["url"])[1]["progress"] or {}).get("stage") != "measuring":
            assert time.monotonic() < end
            time.sleep(0.1)
        assert up.ask("DELETE", job["url"])[1]["state"] == "cancelled"
        below = psutil.Process(up.process.pid).children(recursive=True)
        executors = [each for each in below if "jobs.executor" in " ".join(each.cmdline())]
        psutil.wait_procs(executors, timeout=90)
        assert processes.alive(executors) == []
    finally:
        behaviour.write_text("{}")
    assert up.get(job["url"])[1]["state"] == "cancelled"
    entries, _ = ledger.read(up.root / "mlruns")
    assert {each.labels["job"] for each in entries if each.session == job["id"]} <= {job["id"]}


def test_a_run_whose_process_is_killed_fails_and_says_how(up: Server) -> None:
    _, job = up.ask("POST", "/api/v1/runs", {"models": [CALM]})
    end = time.monotonic() + 120
    while not (found := _executors(up)):
        assert time.monotonic() < end
        time.sleep(0.02)
    found[0].kill()
    failed = wait(up, job["id"])
    assert (failed["state"], failed["error"]["code"], failed["tries"]) == ("failed", "worker_lost", 1)
    assert "killed by SIGKILL" in failed["error"]["message"]
    up.ask("POST", f"{job['url']}/retry")
    again = wait(up, job["id"])
    assert (again["state"], again["result"]["session"]) == ("done", f"{job['id']}-2")


def test_a_server_that_is_told_to_end_gives_a_run_back_and_the_next_one_does_it(tmp_path: Path) -> None:
    root = project(tmp_path, "[tool.modellab.serve.jobs]\nlease_s = 5")
    write_dataset(root / "golden" / "short_v1")
    write_model(root / "models" / CALM)
    behaviour = root / "models" / CALM / "behaviour.json"
    behaviour.write_text(json.dumps({"sleep_s": 1.0}))
    with serving(root) as first:
        _, job = first.ask("POST", "/api/v1/runs", {"models": [CALM]})
        end = time.monotonic() + 120
        while not _executors(first):
            assert time.monotonic() < end
            time.sleep(0.02)
    behaviour.write_text("{}")
    with serving(root) as second:
        done = wait(second, job["id"])
    assert (done["state"], done["tries"], done["most_tries"]) == ("done", 2, 2)
    assert set(done["result"]["cases"].values()) == {"NEW"}
    assert done["result"]["session"] == f"{job['id']}-2"


def _executors(server: Server) -> list[psutil.Process]:
    found = []
    for each in psutil.Process(server.process.pid).children(recursive=True):
        try:
            if "modellab.server.jobs.executor" in each.cmdline():
                found.append(each)
        except psutil.Error:  # it has just ended
            continue
    return found
