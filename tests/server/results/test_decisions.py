"""Candidates, moves, findings, recommendations and experiments of a real server."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import ChangedError
from modellab.lifecycle import stages
from modellab.lifecycle.stages import Record
from tests.cli.conftest import Desk, furnished
from tests.cli.finished import measure
from tests.cli.promoted import prove
from tests.server.conftest import Server, serving

NAME = "/api/v1/lifecycle/fake/one"


@pytest.fixture
def proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A candidate with three sessions and a baseline."""
    monkeypatch.chdir(tmp_path)
    return prove(furnished(tmp_path))


@pytest.fixture
def server(proven: Desk) -> Iterator[Server]:
    with serving(proven.root) as up:
        yield up


def ask(server: Server, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
    data = None if body is None else json.dumps(body).encode()
    given = {"Content-Type": "application/json", **headers}
    asked = urllib.request.Request(f"{server.address}{path}", data, given, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


def records(server: Server) -> tuple[Record, ...]:
    return stages.read(server.root / "baselines", "fake").get("one", ())


def test_a_candidate_is_moved_with_its_evidence_and_nobody_else_s_record_is_lost(server: Server) -> None:
    (found,) = server.get("/api/v1/candidates?model=fake")[1]["data"]
    assert (found["id"], found["stage"], found["next"], found["missing"]) == (
        "fake:one", "candidate", "production", [],
    )  # fmt: skip
    _, _, headers = ask(server, "GET", NAME)
    looked_at = headers["etag"]
    tried = {"to": "production", "because": "three quiet weeks"}
    status, said, _ = ask(server, "POST", NAME, {**tried, "dry_run": True})
    assert (status, said.get("moved"), records(server)) == (200, False, ()), said
    status, said, headers = ask(server, "POST", NAME, tried, **{"If-Match": looked_at})
    assert (status, said["moved"], said["stage"]) == (200, True, "production")
    (record,) = records(server)
    assert (record.stage, record.because, len(record.evidence)) == ("production", "three quiet weeks", 1)
    status, said, _ = ask(server, "POST", NAME, {"to": "candidate", "because": "no"}, **{"If-Match": looked_at})
    assert (status, said["error"]["code"]) == (412, "changed")
    status, said, _ = ask(
        server, "POST", NAME, {"to": "candidate", "because": "a doubt"}, **{"If-Match": headers["etag"]}
    )
    assert status == 200
    assert [each.stage for each in records(server)] == ["production", "candidate"]
    assert [each["stage"] for each in server.get(NAME)[1]["history"]] == ["production", "candidate"]


def test_every_run_of_a_variant_counts_and_a_fresh_one_has_its_interval_at_once(server: Server, proven: Desk) -> None:
    """More runs than are read whole; then one with other weights, of which none of those before counts."""
    for number in range(3, 38):
        measure(proven, session=f"s{number}", weights="package")
    (number,) = server.get(NAME)[1]["evidence"]
    assert (number["runs"], number["session"]) == (38, "s37")
    command = proven.type("promote", "fake:one", "production", "--because", "x", "--by", "Ada", "--dry-run")
    assert " 38  " in command.stdout
    measure(proven, session="mended", weights="package", wrong=3)
    fresh = server.get("/runs/mended")[1]
    low, high = server.get("/api/v1/results?session=mended")[1]["data"][0]["interval"]
    assert f"[{100 * low:.2f}, {100 * high:.2f}]" in fresh
    for number in range(31):
        measure(proven, session=f"other{number}", weights="sha256:other")
    found = server.get(NAME)[1]
    assert (found["evidence"][0]["runs"], found["evidence"][0]["session"]) == (39, "mended")
    assert found["evidence"][0]["n"] == 8
    assert any("with weights" in each["what"] for each in found["missing"])


@pytest.mark.slow
def test_what_is_missing_is_told_altogether(server: Server) -> None:
    with (server.root / "pyproject.toml").open("a") as file:
        file.write("\n[tool.modellab.lifecycle.production]\nruns = 9\nutterances = 50\n")
    status, said, _ = ask(server, "POST", NAME, {"to": "production", "because": "now"})
    assert (status, said["error"]["code"]) == (409, "criteria_not_met")
    assert ["3 of 9 runs" in said["missing"][0]["what"], "8 utterances, 50" in said["missing"][1]["what"]] == [True] * 2
    assert all(each["mend"] for each in said["missing"])
    assert records(server) == ()


BAD: list[tuple[str, Any, int, str]] = [
    (NAME, {"to": "prod", "because": "x"}, 400, "invalid_value"),
    (NAME, {"to": "production"}, 400, "invalid_value"),
    (NAME, {"to": "production", "because": "  "}, 400, "invalid_value"),
    (NAME, {"to": "production", "because": "x", "drry_run": True}, 400, "invalid_value"),
    ("/api/v1/lifecycle/fkae/one", {"to": "production", "because": "x"}, 404, "model_not_found"),
    ("/api/v1/lifecycle/fake/two", {"to": "production", "because": "x"}, 404, "model_not_found"),
    ("/api/v1/experiments", {"hypothesis": "x"}, 400, "missing_field"),
    ("/api/v1/experiments", {"name": "x", "members": [7]}, 400, "invalid_value"),
]


@pytest.mark.slow
def test_what_cannot_be(server: Server) -> None:
    for path, body, status, code in BAD:
        found, said, _ = ask(server, "POST", path, body)
        assert (found, said["error"]["code"]) == (status, code), (path, body)
        if code == "invalid_value" and said["error"]["param"] not in (None, "to"):
            assert said["error"]["param"] in said["error"]["message"]


@pytest.mark.slow
def test_findings_and_a_recommendation_are_those_of_the_report(server: Server, proven: Desk) -> None:
    found = server.get("/api/v1/recommendation")[1]
    told = proven.type("report").stdout
    assert found["headline"] in told
    (group,) = found["data"]
    assert all(sentence in told for sentence in group["sentences"])
    assert server.get("/api/v1/findings")[1]["data"] == []
    measure(proven, session="later", weights="package", status="ERROR", result=None, error="RuntimeError: gone")
    (finding,) = server.get("/api/v1/findings")[1]["data"]
    assert (finding["status"], finding["session"]) == ("ERROR", "later")
    assert server.get("/api/v1/findings?task=asrr")[0] in (400, 404)
    rows = server.get("/api/v1/leaderboard?dataset=short_v1")[1]["data"]
    assert {"wer"} <= {row["metric"] for row in rows}


@pytest.mark.slow
def test_an_experiment_with_its_members_compared(server: Server, proven: Desk) -> None:
    measure(proven, session="worse", weights="package", wrong=5)
    asked = {"name": "beams", "hypothesis": "five are better than one", "members": ["fake:one@s0", "fake:one@worse"]}
    status, made, _ = ask(server, "POST", "/api/v1/experiments", asked)
    assert (status, made["version"]) == (201, 1)
    place = f"/api/v1/experiments/{made['id']}"
    found = server.get(f"{place}/comparison")[1]
    assert found["specs"] == asked["members"]
    assert "fake:one@worse" in json.dumps(found)
    status, changed, _ = ask(server, "PATCH", place, {"conclusion": "they are not"}, **{"If-Match": '"1"'})
    assert (status, changed["version"], changed["hypothesis"]) == (200, 2, asked["hypothesis"])
    assert ask(server, "PATCH", place, {"state": "closed"}, **{"If-Match": '"1"'})[0] == 412
    with ThreadPoolExecutor(4) as pool:  # each change is a line of its own
        list(pool.map(lambda n: ask(server, "PATCH", place, {"name": f"n{n}"}), range(4)))
    assert server.get(place)[1]["version"] == 6
    assert [each["id"] for each in server.get("/api/v1/experiments")[1]["data"]] == [made["id"]]
    assert len((server.root / "mlruns" / "lab" / "experiments.jsonl").read_text().splitlines()) == 6
    (empty,) = [ask(server, "POST", "/api/v1/experiments", {"name": "none"})[1]]
    assert server.get(f"/api/v1/experiments/{empty['id']}/comparison")[1]["error"]["code"] == "nothing_to_compare"
    assert server.get("/api/v1/experiments/nobody")[0] == 404


WRITER = """
import sys
from pathlib import Path
from modellab.lifecycle import stages
from modellab.lifecycle.stages import Record
root, name = Path(sys.argv[1]), sys.argv[2]
for number in range(20):
    stages.append(root, "fake", {f"{name}{number}": Record(stage="candidate", when=stages.now(), by=name, because="x")})
"""


def test_of_two_that_write_records_at_once_neither_loses_any(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert len(stages.read(tmp_path, "fake")) == 40


def test_a_move_that_was_planned_with_other_records_is_refused(tmp_path: Path) -> None:
    record = Record(stage="candidate", when=stages.now(), by="a", because="x")
    before = stages.version(tmp_path, "fake")
    stages.append(tmp_path, "fake", {"one": record}, before)
    with pytest.raises(ChangedError, match="somebody else moved fake just now"):
        stages.append(tmp_path, "fake", {"one": record}, before)
    assert len(stages.read(tmp_path, "fake")["one"]) == 1
