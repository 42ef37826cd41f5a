"""Workers on a Ray cluster of two nodes on this machine: the same utterances, also when one of them is killed."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import ConfigError, ExtraError
from modellab.runner.distributed import choice, ray_cluster
from modellab.runner.run import run
from modellab.system import extras

from ..suites import ONE, behave, write_project
from .test_local import entry_of, said

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="pip install 'modellab[ray]'")

OWN_CLUSTER = f"""
import json, os, psutil
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

before = dict(os.environ)
options = RunOptions(executor="ray:new", workers=1, shard_audio_s=3)
results = [run([{ONE!r}], ".", options, listeners=[listen]) for _ in range(2)]
left = [each.name() for each in psutil.Process().children(recursive=True) if "ray" in each.name()]
changed = {{name for name in before.keys() | os.environ.keys() if before.get(name) != os.environ.get(name)}}
print(json.dumps({{"sessions": [result.session for result in results], "seen": seen, "left": left,
                   "errors": [case.error for result in results for case in result.cases],
                   "listens": sorted(listens), "token": token, "nice": sorted(nice),
                   "changed": sorted(changed)}}))
os._exit(0)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))  # this project's own, which is no part of Ray
    (tmp_path / "home").mkdir()
    return write_project(tmp_path, "fake")


def scripted(root: Path, code: str) -> dict[str, Any]:
    """What a Python process of its own prints last: Ray leaves threads and handlers behind."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@needs_ray
@pytest.mark.slow
def test_two_nodes_one_of_which_is_killed(root: Path) -> None:
    alone = run([ONE], root)
    behave(root, "fake", sleep_s=1.0)  # long enough to be told of on the way
    told = scripted(
        root,
        f"""
        import json, os, signal, threading, time
        os.environ |= {{"RAY_USAGE_STATS_ENABLED": "0"}}
        from pathlib import Path
        from ray.cluster_utils import Cluster
        from modellab.runner.events import WorkersProgress
        from modellab.runner.options import RunOptions
        from modellab.runner.run import run
        cluster = Cluster()
        nodes = [cluster.add_node(num_cpus=1, include_dashboard=False) for _ in range(2)]
        killed = []

        def listen(event):
            if isinstance(event, WorkersProgress) and 0 < event.done < 7 and not killed:
                killed.append(event.done)
                cluster.remove_node(nodes[1], allow_graceful=False)

        options = RunOptions(executor="ray:" + cluster.address, workers=2, shard_audio_s=2)
        result = run([{ONE!r}], ".", options, listeners=[listen])
        case = result.cases[0]
        print(json.dumps({{"session": result.session, "status": result.exit_status, "killed": killed,
                           "notes": case.notes, "error": case.error}}))
        os._exit(0)
        """,
    )
    assert told["status"] == 0, told
    assert told["killed"], "a node was killed on the way"
    assert said(entry_of(root, told["session"])) == said(entry_of(root, alone.session))


@needs_ray
@pytest.mark.slow
def test_a_cluster_that_is_started_here_is_for_this_run_alone(root: Path) -> None:
    """A token of its own, no statistics in any process, no port beyond loopback, nothing in the home, nothing left."""
    told = scripted(root, OWN_CLUSTER)
    assert told["errors"] == ["", ""], told
    assert told["token"][:2] == ["0o600", "token"]
    assert {value for name, value in told["seen"].items() if name in {"raylet", "gcs_server"}} == {"0"}
    assert {"raylet", "gcs_server"} <= told["seen"].keys()
    assert {each.removeprefix("::ffff:") for each in told["listens"]} == {"127.0.0.1"}
    assert told["nice"] == [0], "as much of a busy machine as anybody's"
    assert told["left"] == []
    assert "RAY_USAGE_STATS_ENABLED" in told["changed"]
    assert not {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "RAY_worker_niceness"} & set(told["changed"])
    assert sorted(path.name for path in (root / "home").iterdir()) == []
    one, two = (entry_of(root, session) for session in told["sessions"])
    assert said(one) == said(two)


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
