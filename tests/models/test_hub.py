"""The hub's path, by its own client against a stand-in on loopback: each thing that can happen, and its sentence."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.models.hub_stand_in import COMMIT, REPOSITORY, Hub, serving
from tests.stand_in import silent_port

WHOLE = bytes(range(256)) * 4000  # 1,024,000 bytes
STEP = 10 * 1024 * 1024  # that the client writes at a time
PIN = hashlib.sha256(WHOLE).hexdigest()
ASK = """
import sys, time
from pathlib import Path
from modellab.errors import ModellabError
from modellab.models.weights import Source, locate
if "--patient" not in sys.argv:
    time.sleep = lambda _: None  # the client's pauses between its tries
place, revision, pin = sys.argv[1:4]
try:
    print(locate(Source((place,), revision, Path(), {"model.bin": pin} if pin else {}), download=True))
except ModellabError as error:
    print(f"refused: {error}")
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub({"model.bin": WHOLE, "config.json": b"{}"})) as running:
        yield running


def settings(hub: Hub, home: Path, given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    quick = {"HF_HUB_DOWNLOAD_TIMEOUT": "2", "HF_HUB_ETAG_TIMEOUT": "2", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return {**kept, **quick, "HF_ENDPOINT": hub.address, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", **given}


def ask(hub: Hub, home: Path, place: str = REPOSITORY, revision: str = COMMIT, pin: str = "", **given: str) -> str:
    """What comes of a download, in a process of its own: the client reads its settings as it is imported."""
    command = [sys.executable, "-c", ASK, f"hf:{place}", revision, pin]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=settings(hub, home, given)
    )
    assert "Traceback" not in done.stderr
    (line,) = done.stdout.splitlines()
    return line


def test_a_snapshot_comes_once_and_is_found_without_a_network(hub: Hub, tmp_path: Path) -> None:
    found = Path(ask(hub, tmp_path, pin=PIN))
    assert found.name == COMMIT
    assert (found / "model.bin").read_bytes() == WHOLE
    hub.asked.clear()
    assert Path(ask(hub, tmp_path, pin=PIN)) == found
    assert not [each for each in hub.asked if "resolve" in each]


@pytest.mark.parametrize("place", [REPOSITORY, f"{REPOSITORY}#model.bin"])
def test_what_came_once_will_do_where_the_hub_is_out_of_reach(hub: Hub, tmp_path: Path, place: str) -> None:
    found = ask(hub, tmp_path, place, pin=PIN)
    assert ask(hub, tmp_path, place, pin=PIN, HF_HUB_OFFLINE="1") == found
    with silent_port() as port:
        assert ask(hub, tmp_path, place, pin=PIN, HF_ENDPOINT=f"http://127.0.0.1:{port}") == found
    assert ask(hub, tmp_path, place, "d" * 40, PIN, HF_HUB_OFFLINE="1").startswith("refused: hf:owner/name")


def test_one_file_at_its_commit(hub: Hub, tmp_path: Path) -> None:
    assert Path(ask(hub, tmp_path, f"{REPOSITORY}#model.bin", pin=PIN)).read_bytes() == WHOLE
    assert f"GET /{REPOSITORY}/resolve/{COMMIT}/model.bin" in hub.asked
    assert not [each for each in hub.asked if "config.json" in each]


@pytest.mark.slow
@pytest.mark.parametrize("place", [REPOSITORY, f"{REPOSITORY}#model.bin"])
@pytest.mark.parametrize(
    ("changes", "asked", "says"),
    [
        (
            {},
            {"revision": "d" * 40},
            f"{REPOSITORY} has no revision {'d' * 40}: is it the commit of another repository?",
        ),
        (
            {"refusal": (401, "GatedRepo")},
            {},
            "are gated: accept their conditions at https://huggingface.co/owner/name",
        ),
        ({"refusal": (403, "GatedRepo")}, {}, "HF_TOKEN, or run `hf auth login` (there is none now)"),
        ({"refusal": (403, "GatedRepo")}, {"HF_TOKEN": "hf_of_no_use"}, "(the token that is there now has no access)"),
        ({"refusal": (401, "")}, {}, "the hub refuses them (401): is the name right, and may the token in HF_TOKEN"),
        ({"refusal": (403, "")}, {}, "the hub refuses them (403): is the name right"),
        (
            {"refusal": (401, "RepoNotFound")},
            {},
            "the hub knows no owner/name, or shows it only to those who may see it",
        ),
        (
            {"refusal": (404, "RepoNotFound")},
            {},
            "the hub knows no owner/name, or shows it only to those who may see it",
        ),
        ({"refusal": (503, "")}, {}, "the hub has trouble (503); the files that came are kept: try again later"),
        ({"refusal": (429, "")}, {}, "the hub has trouble (429)"),
        ({"of_files": 500}, {}, "the hub has trouble (500)"),
        ({"sent": {"model.bin": WHOLE[:-5]}}, {}, "what came is not what the hub promised (Consistency check failed"),
        (
            {"sent": {"model.bin": bytes(len(WHOLE))}},
            {"pin": PIN},
            f"config.yaml pins {PIN}: other weights, or damaged",
        ),
        ({}, {"HF_HUB_OFFLINE": "1"}, "was not fetched: HF_HUB_OFFLINE forbids it, unset it first"),
        ({}, {"HF_ENDPOINT": "http://127.0.0.1:9"}, "127.0.0.1 does not answer ("),
        (
            {},
            {"HF_ENDPOINT": "http://hub.example", "HTTP_PROXY": "http://me:secret@127.0.0.1:9"},
            "was not fetched: the proxy 127.0.0.1:9 does not answer ([Errno 111] Connection refused); is the variable",
        ),
    ],
)
def test_what_does_not_come_is_one_sentence(
    hub: Hub, tmp_path: Path, place: str, changes: Mapping[str, object], asked: Mapping[str, str], says: str
) -> None:
    for name, value in changes.items():
        setattr(hub, name, value)
    said = ask(hub, tmp_path, place, **asked)
    assert said.startswith("refused: ")
    assert says in said
    assert "hf_of_no_use" not in said


@pytest.mark.slow
def test_a_file_that_the_repository_has_not(hub: Hub, tmp_path: Path) -> None:
    said = ask(hub, tmp_path, f"{REPOSITORY}#none.bin")
    assert said == f"refused: weights owner/name#none.bin: owner/name has no file none.bin at {COMMIT}"


@pytest.fixture
def large(hub: Hub) -> str:
    """The pin of a file of more than the 10 MiB that the client writes at a time."""
    hub.files["model.bin"] = WHOLE * 24
    return hashlib.sha256(hub.files["model.bin"]).hexdigest()


@pytest.mark.slow
def test_a_download_that_breaks_off_goes_on_where_it_was(hub: Hub, tmp_path: Path, large: str) -> None:
    hub.cut = 2 * STEP + 5
    found = Path(ask(hub, tmp_path, f"{REPOSITORY}#model.bin", pin=large))
    assert found.read_bytes() == hub.files["model.bin"]
    assert hub.ranges == [f"bytes={2 * STEP}-"]


@pytest.mark.slow
def test_a_server_that_pauses_for_long_is_asked_again(hub: Hub, tmp_path: Path, large: str) -> None:
    hub.pause_s = 4.0  # twice what the client waits for
    found = Path(ask(hub, tmp_path, f"{REPOSITORY}#model.bin", pin=large))
    assert found.read_bytes() == hub.files["model.bin"]
    assert hub.ranges == [f"bytes={STEP}-"]


@pytest.mark.slow
def test_a_server_that_stays_silent_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.stays_silent = True
    assert "the hub went silent; the files that came are kept: try again" in ask(hub, tmp_path)


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_the_files_that_came(hub: Hub, tmp_path: Path, large: str) -> None:
    hub.pause_s = 60.0
    command = [sys.executable, "-c", ASK, f"hf:{REPOSITORY}", COMMIT, "", "--patient"]
    first = subprocess.Popen(command, env=settings(hub, tmp_path, {"HF_HUB_DOWNLOAD_TIMEOUT": "60"}))
    try:
        end = time.monotonic() + 60
        while hub.pause_s or not list(tmp_path.rglob("config.json")):  # the large one stands still
            assert time.monotonic() < end, "nothing came"
            time.sleep(0.05)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert not list(tmp_path.rglob("model.bin"))
    hub.asked.clear()
    found = Path(ask(hub, tmp_path, pin=large))
    assert (found / "model.bin").read_bytes() == hub.files["model.bin"]
    assert not [each for each in hub.asked if each.startswith("GET") and "config.json" in each]


def test_whoever_looks_for_what_was_never_fetched_does_not_load_the_client(tmp_path: Path) -> None:
    asked = (
        "import sys\nfrom modellab.errors import WeightsError\nfrom modellab.models import hub\n"
        "try:\n    hub.locate('nobody/nothing#model.bin', 'abc', download=False)\n"
        "except WeightsError as error:\n    print(error)\n"
        "print('huggingface_hub.hf_api' in sys.modules)\n"
    )
    home = {**os.environ, "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", asked], env=home, capture_output=True, text=True, check=True)
    said = "weights nobody/nothing#model.bin at abc are not in the local cache"
    assert done.stdout.splitlines() == [said, "False"]
