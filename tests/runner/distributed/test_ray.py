"""Workers on a Ray cluster of two nodes on this machine: the same utterances, also when one of them is killed."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modellab.errors import ConfigError, ExtraError
from modellab.runner.distributed import choice, ray_cluster, ray_executor
from modellab.runner.distributed.executor import Gone, Loading, Up
from modellab.runner.run import run
from modellab.system import extras

from ..suites import ONE, behave, write_project
from .test_local import entry_of, part_lines, said

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="pip install 'modellab[ray]'")

OWN_CLUSTER = f"""
import json, os, psutil, signal
from pathlib import Path
from modellab.runner.events import WorkersProgress
from modellab.runner.options import RunOptions
from modellab.runner.run import run
seen, listens, token, nice = {{}}, set(), [], set()

def listen(event):
    if not isinstance(event, WorkersProgress):
        return
    for each in psutil.Process().children(recursive=True):
        try:
            nice.update([each.nice()] if "modellab.worker" in each.cmdline() else [])
        except psutil.Error:
            continue
    if seen:
        return
    for each in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        try:
            seen[each.name()] = each.environ().get("RAY_USAGE_STATS_ENABLED")
            listens.update(c.laddr.ip for c in each.net_connections() if c.status == "LISTEN")
        except psutil.Error:
            continue
    path = os.environ["RAY_AUTH_TOKEN_PATH"]
    token.extend([oct(os.stat(path).st_mode & 0o777), os.environ["RAY_AUTH_MODE"]])

def tell_to_go(event):
    if isinstance(event, WorkersProgress) and event.done and not told:
        for each in psutil.Process().children(recursive=True):
            if each.name().startswith("ray::Actor"):
                each.send_signal(signal.SIGTERM)
                told.append(each.pid)
        Path("go").touch()

before, told = dict(os.environ), []
options = RunOptions(executor="ray:new", workers=1, shard_audio_s=3)
results = [run([{ONE!r}], ".", options, listeners=[listen])]
Path("models/fake/behaviour.json").rename("unheld.json")
Path("held.json").rename("models/fake/behaviour.json")
results.append(run([{ONE!r}], ".", options, listeners=[tell_to_go]))
left = [each.name() for each in psutil.Process().children(recursive=True) if "ray" in each.name()]
changed = {{name for name in before.keys() | os.environ.keys() if before.get(name) != os.environ.get(name)}}
print(json.dumps({{"sessions": [result.session for result in results], "seen": seen, "left": left,
                   "errors": [case.error for result in results for case in result.cases],
                   "listens": sorted(listens), "token": token, "nice": sorted(nice),
                   "changed": sorted(changed), "told": len(told),
                   "notes": [note for case in results[1].cases for note in case.notes]}}), flush=True)
os._exit(0)
"""

TWO_NODES = f"""
import json, os, psutil, threading, time
os.environ |= {{"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}}
from pathlib import Path
from ray.cluster_utils import Cluster
from ray._private.state import state
from modellab.runner.events import WorkersProgress
from modellab.runner.options import RunOptions
from modellab.runner.run import run
cluster = Cluster(initialize_head=True, head_node_args={{"num_cpus": 0, "include_dashboard": False}})  # this process's
nodes = [cluster.add_node(num_cpus=1, include_dashboard=False) for _ in range(2)]

def kill():
    cluster.remove_node(nodes.pop(), allow_graceful=False)

def drain():
    for node in nodes:
        (raylet,) = (each.process for each in node.all_processes["raylet"])
        if any(each.name().startswith("ray::Actor") for each in psutil.Process(raylet.pid).children()):
            threading.Thread(target=node._drain_node_before_shutdown, daemon=True).start()  # what SIGTERM to it does
    while not state.get_draining_nodes():
        time.sleep(0.1)

def through(workers, do):
    done = []

    def listen(event):
        if isinstance(event, WorkersProgress) and event.done and not done:
            done.append(do())
            Path("go").touch()

    options = RunOptions(executor="ray:" + cluster.address, workers=workers, shard_audio_s=3)
    result = run([{ONE!r}], ".", options, listeners=[listen])
    case = result.cases[0]
    return {{"session": result.session, "status": result.exit_status, "notes": case.notes, "error": case.error}}

told = [through(2, kill)]
nodes.append(cluster.add_node(num_cpus=1, include_dashboard=False))
for each in ("go", "models/fake/once"):
    Path(each).unlink()
print(json.dumps([*told, through(1, drain)]), flush=True)
os._exit(0)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))  # this project's own, which is no part of Ray
    (tmp_path / "home").mkdir()
    return write_project(tmp_path, "fake")


def scripted(root: Path, code: str) -> Any:
    """What a Python process of its own prints last: Ray leaves threads and handlers behind."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def held(root: Path) -> dict[str, object]:
    """How a model waits in its fourth call until there is a file `go` in the project: the first that comes to it."""
    config = root / "models" / "fake" / "config.yaml"
    config.write_text(config.read_text().replace("timeout_s: 20", "timeout_s: 600"))
    return {"sleep_s": 1.0, "once_on": 4, "code": "while not (HERE.parents[1] / 'go').exists(): time.sleep(0.02)"}


def workers_of(root: Path, session: str) -> list[tuple[str, int]]:
    """Who computed how many utterances, in the order in which they were kept."""
    return [(line["worker"], line["count"]) for line in part_lines(root, session) if "worker" in line]


@needs_ray
@pytest.mark.slow
def test_two_nodes_one_of_which_is_killed_and_one_drained(root: Path) -> None:
    """What was lost is computed again; who is taken away with notice leaves after the utterance that it is at."""
    alone = run([ONE], root)
    behave(root, "fake", **held(root))
    told = scripted(root, TWO_NODES)
    assert [each["status"] for each in told] == [0, 0], told
    for each in told:
        assert said(entry_of(root, each["session"])) == said(entry_of(root, alone.session))
    drained = told[1]
    assert not any("lost" in note for note in drained["notes"]), drained
    assert {name for name, _ in workers_of(root, drained["session"])} == {"ray-1", "ray-2"}
    assert sum(count for _, count in workers_of(root, drained["session"])) == 8


@needs_ray
@pytest.mark.slow
def test_a_cluster_that_is_started_here_is_for_this_run_alone(root: Path) -> None:
    """A token of its own, no statistics in any process, no port beyond loopback, nothing in the home, nothing left.

    In the second run the actor gets SIGTERM: it leaves after its utterance, and another one goes on.
    """
    (root / "held.json").write_text(json.dumps(held(root)))
    told = scripted(root, OWN_CLUSTER)
    assert told["errors"] == ["", ""], told
    assert told["token"][:2] == ["0o600", "token"]
    assert {value for name, value in told["seen"].items() if name in {"raylet", "gcs_server"}} == {"0"}
    assert {"raylet", "gcs_server"} <= told["seen"].keys()
    assert {each.removeprefix("::ffff:") for each in told["listens"]} == {"127.0.0.1"}
    assert told["nice"] == [os.nice(0)], "as much of a busy machine as anybody's"
    assert told["told"] == 1
    assert not any("lost" in note for note in told["notes"]), "one that was told to go is no loss"
    assert len({name for name, _ in workers_of(root, told["sessions"][1])}) == 2
    assert told["left"] == []
    assert "RAY_USAGE_STATS_ENABLED" in told["changed"]
    assert not {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "RAY_worker_niceness"} & set(told["changed"])
    assert sorted(path.name for path in (root / "home").iterdir()) == []
    one, two = (entry_of(root, session) for session in told["sessions"])
    assert said(one) == said(two)


class Stub:
    """In place of Ray, whose answers are there at once but for `later`, and of an actor."""

    exceptions = SimpleNamespace(RayError=ConnectionError)
    answers: Mapping[str, object] = {"stays": False, "goes": True, "opened": {"opened": {"host": "node-7"}}}

    def __init__(self, looks: str = "") -> None:
        self.look = SimpleNamespace(remote=lambda: looks)
        self.order = SimpleNamespace(remote=lambda order: "later")
        self.killed = False

    def remote(self, kind: type) -> Any:
        """What starts an actor."""
        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=lambda _: Stub("later")))

    def wait(self, references: list[str], **_: object) -> tuple[list[str], list[str]]:
        return [each for each in references if each != "later"], []

    def get(self, reference: str) -> object:
        return self.answers[reference]

    def kill(self, actor: Stub, *, no_restart: bool) -> None:
        actor.killed = no_restart


@needs_ray
def test_an_idle_actor_is_asked_whether_it_is_to_leave() -> None:
    """One that has no shard has no answer that would tell: without being asked it kept its node until the end."""
    executor = ray_executor.RayCluster("new", 2)
    executor.plan, executor.count = {"device": "cpu", "threads": 1}, 2
    executor.connection = SimpleNamespace(ray=Stub(), close=lambda: None)  # type: ignore[assignment]
    staying, leaving = Stub("stays"), Stub("goes")
    executor.members = {"ray-1": ray_executor._Member(staying), "ray-2": ray_executor._Member(leaving)}
    assert list(executor.events(0)) == [Gone("ray-2")]
    assert (list(executor.members), leaving.killed) == (["ray-1", "ray-3"], True), "another one takes its place"
    assert list(executor.events(0)) == [], "it is not asked all the time"


@needs_ray
def test_an_actor_is_known_to_load_when_the_cluster_has_room_for_it() -> None:
    executor = ray_executor.RayCluster("new", 2)
    executor.connection = SimpleNamespace(ray=Stub(), close=lambda: None)  # type: ignore[assignment]
    executor.members = {"ray-1": ray_executor._Member(Stub("stays"), "later", "later")}
    assert list(executor.events(0)) == []
    executor.members["ray-1"].looking = "stays"
    assert list(executor.events(0)) == [Loading("ray-1")]
    executor.members["ray-1"].opening = "opened"
    assert list(executor.events(0)) == [Up("ray-1", {"host": "node-7"})]


@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nonsense"])
def test_a_cluster_that_is_not_there_is_one_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    with pytest.raises(ConfigError) as caught:
        ray_cluster.Connection(address)
    where = address.removeprefix("ray://")
    sentence = f"the Ray cluster {address} cannot be used: nothing answers at {where}; is it running"
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "said_by_ray",
    [
        "RPC error: InvalidAuthToken: Authentication token is missing or incorrect",
        "Failed to connect to Ray cluster at 192.0.2.2:6379",  # by its head's port, with another token
        "ray client connection timeout",  # by its client port, with another token
    ],
)
def test_a_token_that_is_refused_is_one_sentence(said_by_ray: str) -> None:
    told = ray_cluster.cause(ConnectionError(said_by_ray))
    assert "its token was refused, or is missing; set RAY_AUTH_MODE=token" in told
    assert "token" not in ray_cluster.cause(ConnectionError("nothing answers at 127.0.0.1:1"))


def test_the_address_that_a_killed_cluster_left_is_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "CURRENT", tmp_path / "ray_current_cluster")
    assert not ray_cluster.is_there()
    with socket.create_server(("127.0.0.1", 0)) as server:
        ray_cluster.CURRENT.write_text(f"127.0.0.1:{server.getsockname()[1]}")
        assert ray_cluster.is_there()
    assert not ray_cluster.is_there()


def test_without_the_extra_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(ExtraError, match=r"--executor ray:auto.* needs ray, .*: pip install 'modellab\[ray\]'"):
        choice.executor("ray:auto")


def test_an_address_is_asked_for() -> None:
    with pytest.raises(ConfigError, match="expected ray:auto, ray:new"):
        choice.executor("ray")


def test_ray_is_imported_by_nobody_who_does_not_use_it() -> None:
    code = "import sys, modellab.runner.session, modellab.pytest_plugin, modellab.cli; print('ray' in sys.modules)"
    env = {**os.environ}
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env).stdout == "False\n"
