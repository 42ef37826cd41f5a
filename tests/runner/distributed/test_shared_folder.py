"""Workers that pull from a shared folder: the same utterances, whoever is killed and whatever lies in the folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from modellab.cli.worker import worker
from modellab.errors import ConfigError
from modellab.runner.distributed import parts, plan, quality_pass, shared_folder
from modellab.runner.distributed.shared_folder import SharedFolder, own_key, run_name
from modellab.runner.options import RunOptions
from modellab.runner.run import RunResult, run
from modellab.runner.settling import PASSED
from modellab.types import Status

from ...processes import is_alive
from ..suites import ONE, behave, write_project
from .test_local import entry_of, said

WITHIN_S = 300.0
Starter = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    monkeypatch.setattr(shared_folder, "LEASE_S", 4.0)
    return write_project(tmp_path, "fake")


@pytest.fixture
def pullers(root: Path) -> Iterator[Starter]:
    """Starts `modellab worker` on a folder; all of them end with the test."""
    started: list[subprocess.Popen[bytes]] = []
    (root / "queue").mkdir()

    def start(**env: str) -> subprocess.Popen[bytes]:
        code = (
            "from modellab.runner.distributed import puller, shared_folder; import sys\n"
            "puller.LEASE_S = shared_folder.LEASE_S = 4.0\n"
            "from modellab.cli import main; main()"
        )
        command = [sys.executable, "-c", code, "worker", "--queue", str(root / "queue"), "--idle", "300"]
        with (root / f"puller-{len(started)}.log").open("wb") as log:
            started.append(subprocess.Popen(command, cwd=root, env={**os.environ, **env}, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def shared(root: Path, **options: object) -> RunResult:
    return run([ONE], root, RunOptions(executor=f"queue:{root / 'queue'}", shard_audio_s=3, **options))


def wait_for(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.05)


@pytest.mark.slow
def test_two_pullers_say_what_one_process_says(root: Path, pullers: Starter) -> None:
    alone = run([ONE], root)
    pullers(), pullers()
    result = shared(root)
    assert result.exit_status == PASSED
    assert said(entry_of(root, alone.session)) == said(entry_of(root, result.session))
    assert sorted(path.name for path in (root / "queue").iterdir()) == ["key"], "nothing is left behind"


@pytest.mark.slow
def test_a_killed_puller_and_one_that_is_told_to_go(root: Path, pullers: Starter) -> None:
    alone = run([ONE], root)
    behave(root, "fake", sleep_s=2.0)  # so that the one that is killed is at something
    killed, leaving = pullers(), pullers()
    found: list[RunResult] = []
    running = threading.Thread(target=lambda: found.append(shared(root)))
    running.start()
    workers = root / "queue"
    wait_for(lambda: len({each.parent for each in workers.glob("*/workers/*/in/[0-9]*")}) > 1)
    below = psutil.Process(killed.pid).children(recursive=True)
    killed.send_signal(signal.SIGKILL)
    leaving.send_signal(signal.SIGTERM)
    behave(root, "fake", sleep_s=0.1)
    pullers()
    running.join(WITHIN_S)
    assert leaving.wait(WITHIN_S) == 128 + signal.SIGTERM, "so that a scheduler starts another one"
    wait_for(lambda: not any(is_alive(each) for each in below))
    assert [result.exit_status for result in found] == [PASSED]
    entry = entry_of(root, found[0].session)
    assert said(entry) == said(entry_of(root, alone.session))
    assert any("1 worker lost on the way" in note for note in found[0].cases[0].notes)


@pytest.mark.slow
def test_a_puller_that_was_asleep_comes_again(root: Path, pullers: Starter) -> None:
    """As on a machine that was suspended, or cut off from the folder: the only worker is given up, and not for good."""
    model = root / "models" / "fake"
    config = (model / "config.yaml").read_text()
    (model / "config.yaml").write_text(config.replace("timeout_s: 20", "timeout_s: 600"))
    behave(root, "fake", once_on=4, code="while not (HERE / 'go').exists(): time.sleep(0.02)")
    puller = pullers()
    found: list[RunResult] = []
    running = threading.Thread(target=lambda: found.append(shared(root)))
    running.start()
    wait_for((model / "once").exists)
    puller.send_signal(signal.SIGSTOP)
    wait_for(lambda: list((root / "queue").glob("*/workers/*/lost")))
    (model / "go").touch()
    puller.send_signal(signal.SIGCONT)
    running.join(WITHIN_S)
    assert [result.exit_status for result in found] == [PASSED]
    assert any("1 worker lost on the way" in note for note in found[0].cases[0].notes)
    path = parts.place(root / "mlruns", found[0].session, ONE)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {line["worker"].rpartition("-")[2] for line in lines if "worker" in line} == {"1", "2"}


@pytest.mark.slow
def test_a_killed_controller(root: Path, pullers: Starter) -> None:
    """The run is stopped with SIGKILL; what its workers answered since then counts, nothing is computed twice."""
    behave(root, "fake", sleep_s=0.3)
    pullers(), pullers()
    code = (
        "from modellab.runner.run import run; from modellab.runner.options import RunOptions; import sys\n"
        "from modellab.runner.distributed import shared_folder; shared_folder.LEASE_S = 4.0\n"
        "run([sys.argv[1]], '.', RunOptions(executor='queue:queue', shard_audio_s=2), session='a-session')"
    )
    controller = subprocess.Popen([sys.executable, "-c", code, ONE], cwd=root)
    path = parts.place(root / "mlruns", "a-session", ONE)
    wait_for(lambda: path.exists() and path.read_bytes().count(b"\n") > 1)
    controller.kill()
    controller.wait()
    result = shared(root, resume="a-session")
    assert result.exit_status == PASSED
    kept = parts.Parts(path, {**identity_of(path)})
    places = sorted(place for start, hashes in kept.known for place in range(start, start + len(hashes)))
    kept.close()
    assert places == list(range(8))


def identity_of(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text().splitlines()[0])["identity"]
    return found


@pytest.mark.slow
def test_what_is_not_signed_or_other_code_is_refused(
    root: Path, pullers: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = root / "queue" / "forged"
    (forged / "workers").mkdir(parents=True)
    own_key(root / "queue")
    (forged / "plan").write_bytes(plan.signed({"case": "x", "number": "1"}, b"another key"))
    puller = pullers()
    log = root / "puller-0.log"
    wait_for(lambda: "forged is left alone: a message is not signed with the run's key" in log.read_text())
    monkeypatch.setattr(plan, "code", lambda: "of another commit")
    monkeypatch.setattr(quality_pass, "WAIT_S", 20.0)
    result = shared(root)
    (case,) = result.cases
    assert result.exit_status == 3
    assert case.status is Status.PARTIAL
    assert case.error.startswith("PARTIAL: 0 of 8 utterances are done and none is judged (--resume ")
    assert "goes on): no worker has been there" in case.error
    assert "modellab's code is" in case.error
    assert "use the same on both" in case.error
    assert puller.poll() is None, "it waits for another run"


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key = own_key(tmp_path)
    assert len(key) == 64
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert own_key(tmp_path) == key
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(ConfigError, match="mode 644"):
        own_key(tmp_path)


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"the shared folder .*file cannot be used: "):
        SharedFolder(tmp_path / "file").start({"session": "s", "case": "c"})
    with pytest.raises(ConfigError, match=r"there is no folder .*share: is the share mounted here\?"):
        SharedFolder(tmp_path / "share" / "queue").start({"session": "s", "case": "c"})
    assert not (tmp_path / "share").exists()


def test_a_worker_without_its_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no folder .*absent: expected one that the run's machine and this"):
        worker(tmp_path / "absent")


def test_a_lease_is_by_the_watchers_own_clock(tmp_path: Path) -> None:
    """A file from the future, or the past: only that it changes counts."""
    path = tmp_path / "alive"
    path.touch()
    watched = shared_folder.Watched(path)
    os.utime(path, (4e9, 4e9))
    assert watched.silent_s < 1
    watched._since_s -= 50
    assert watched.silent_s >= 50
    os.utime(path, (1, 1))
    assert watched.silent_s < 1


def test_the_name_of_a_run_is_a_folders() -> None:
    assert run_name({"session": "a/b", "case": "m:v-d-cpu-f32"}) == "a_b-m_v-d-cpu-f32"
