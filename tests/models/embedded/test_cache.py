"""Written once, checked on every use, safe among processes and when things go wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from modellab.errors import WeightsError
from modellab.models import embedded
from modellab.models.embedded import cache
from modellab.system import cache as system_cache
from modellab.system.cache import SUMS, intact

# A process that asks for ct2, with a writer that is quick, counts its runs and does what the test says.
PROCESS = """
import os, sys, time
from pathlib import Path
from modellab.models.embedded import cache

def expand(fmt, folder):
    with (folder.parent / "runs.log").open("a") as log:
        log.write("x")
    (folder / "model.bin").write_bytes(b"half")
    {does}
    (folder / "model.bin").write_bytes(b"whole")

print(cache.weights("ct2", expand))
"""


class Writer:
    """A quick stand-in for the real writers, which notes the formats it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, fmt: str, folder: Path) -> None:
        self.asked.append(fmt)
        (folder / "model.bin").write_bytes(b"weights of " + fmt.encode())
        (folder / "config.json").write_text("{}")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def writer(home: Path) -> Writer:
    return Writer()


def start(does: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROCESS.format(does=does)], stdout=subprocess.PIPE, text=True)


def test_written_once_and_then_found(home: Path, writer: Writer) -> None:
    first, second = embedded.weights("ct2", writer), embedded.weights("ct2", writer)
    assert first == second == home / f"whisper-lab-{embedded.digest()[:12]}-v{cache.VERSION}" / "ct2"
    assert writer.asked == ["ct2"]


@pytest.mark.parametrize(
    ("fmt", "name"),
    [
        ("openai", "whisper-lab.pt"),
        ("ct2", "ct2"),
        ("transformers", "transformers"),
        ("ggml", "ggml-whisper-lab.bin"),
        ("ggml-q8_0", "ggml-whisper-lab.bin"),
    ],
)
def test_each_format_is_the_file_or_folder_its_engine_takes(writer: Writer, fmt: str, name: str) -> None:
    assert embedded.weights(fmt, writer).name == name
    assert writer.asked == [fmt]


def _flip(folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"weights of CT2")


def _add(folder: Path) -> None:
    (folder / "stray.txt").write_text("")


@pytest.mark.parametrize(
    "damage",
    [
        _flip,
        _add,
        lambda folder: (folder / "model.bin").unlink(),
        lambda folder: (folder / SUMS).write_bytes(b"\xff\x00"),
        lambda folder: (folder / SUMS).unlink(),
    ],
    ids=["a changed byte", "a stray file", "a lost file", "unreadable sums", "lost sums"],
)
def test_a_damaged_folder_is_written_again(writer: Writer, damage: Callable[[Path], object]) -> None:
    folder = embedded.weights("ct2", writer)
    damage(folder)
    assert not intact(folder)
    assert embedded.weights("ct2", writer) == folder
    assert intact(folder)
    assert (folder / "model.bin").read_bytes() == b"weights of ct2"
    assert writer.asked == ["ct2", "ct2"]


def test_four_processes_at_once_write_once(home: Path) -> None:
    processes = [start("time.sleep(0.3)") for _ in range(4)]
    places = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    (place,) = places
    folder = Path(place.strip())
    assert (folder / "model.bin").read_bytes() == b"whole"
    assert (folder.parent / "runs.log").read_text() == "x"
    assert not (folder.parent / ".ct2.new").exists()


def test_a_process_killed_half_way_leaves_nothing_broken(home: Path) -> None:
    killed = start("os.kill(os.getpid(), 9)")
    killed.communicate(timeout=60)
    folder = home / f"whisper-lab-{embedded.digest()[:12]}-v{cache.VERSION}" / "ct2"
    assert killed.returncode == -9
    assert not folder.exists()
    assert start("pass").communicate(timeout=60)[0].strip() == str(folder)
    assert (folder / "model.bin").read_bytes() == b"whole"
    assert sorted(path.name for path in folder.parent.iterdir()) == [".ct2.lock", "ct2", "runs.log"]


def test_a_whole_cache_is_used_while_another_process_holds_the_lock(writer: Writer) -> None:
    folder = embedded.weights("ct2", writer)
    with FileLock(folder.parent / ".ct2.lock"):
        assert embedded.weights("ct2", writer, lock_timeout_s=0.05) == folder


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match=r"cannot be written to .*/file/.*\(Not a directory\).*set MODELLAB_CACHE"):
        embedded.weights("ggml")


def test_a_full_disk_is_one_sentence_and_leaves_nothing(home: Path) -> None:
    script = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
    script += "from modellab.models import embedded; embedded.weights('ggml')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "WeightsError: whisper-lab could not be expanded to ggml" in done.stderr.splitlines()[-1]
    assert "File too large" in done.stderr.splitlines()[-1]
    assert [path.name for path in home.glob("whisper-lab-*/*")] == [".ggml.lock"]


def test_a_missing_library_is_named(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "safetensors.py").write_text("raise ModuleNotFoundError(\"No module named 'safetensors'\")")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(WeightsError, match="No module named 'safetensors'"):
        embedded.weights("transformers")


def test_a_lock_held_for_ever_is_one_sentence(writer: Writer) -> None:
    folder = embedded.weights("ct2", writer)
    _flip(folder)
    with (
        FileLock(folder.parent / ".ct2.lock"),
        pytest.raises(WeightsError, match="another process has been writing"),
    ):
        embedded.weights("ct2", writer, lock_timeout_s=0.05)


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(WeightsError, match="did you mean ggml-q8_0"):
        embedded.weights("ggml-q8")


def test_the_default_cache_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELLAB_CACHE", raising=False)
    monkeypatch.setenv("HOME", os.sep + "somebody")
    assert system_cache.home() == Path("/somebody/.cache/modellab")


def test_the_digest_names_the_stored_weights() -> None:
    assert len(embedded.digest()) == 64
    assert embedded.digest() == cache.digest.__wrapped__()
