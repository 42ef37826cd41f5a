"""Shell commands in other people's manifests, such as `flac -c -d -s a.flac |` in a wav.scp.

None is run unless a person says so. Of those that only decode a file the file itself is read: `cat`, `flac -dc`,
`sph2pipe`, `sox FILE -t wav -` and `ffmpeg -i FILE -f wav -`, without effects.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from modellab.errors import DatasetError, shortened

SHELL = re.compile(r"[|&;<>()$`\\*?\[\]{}~\n]")  # what a shell makes something of
MOST_S = 600.0
SHOWN = 120  # characters of a command, and of its message
OUTPUT = ("-", "/dev/stdout", "pipe:1", "pipe:")


class Decoded(NamedTuple):
    """The file that a command decodes, and the channel that it takes of it from 0 on; None for all."""

    file: str
    channel: int | None = None


def decoded(command: str) -> Decoded | None:
    """What a command decodes; None for one that does anything else.

    >>> decoded("flac -c -d -s a/b.flac |"), decoded("sph2pipe -f wav -p -c 2 x.sph |")
    (Decoded(file='a/b.flac', channel=None), Decoded(file='x.sph', channel=1))
    >>> decoded("sox a.wav -t wav - speed 1.1 |"), decoded("cat a.wav; rm b.wav |"), decoded("wget -O - http://a/b |")
    (None, None, None)
    """
    plain = command.strip().removesuffix("|").strip()
    if SHELL.search(plain):
        return None
    try:
        words = shlex.split(plain)
    except ValueError:
        return None
    reader = READERS.get(words[0].rpartition("/")[2]) if words else None
    return reader(words[1:]) if reader else None


def _cat(words: Sequence[str]) -> Decoded | None:
    return Decoded(words[0]) if len(words) == 1 and not words[0].startswith("-") else None


def _flac(words: Sequence[str]) -> Decoded | None:
    flags = {letter for word in words if re.fullmatch(r"-[cds]+", word) for letter in word[1:]}
    long = {"--decode": "d", "--stdout": "c", "--silent": "s", "--totally-silent": "s"}
    flags |= {long[word] for word in words if word in long}
    files = [word for word in words if not re.fullmatch(r"-[cds]+", word) and word not in long]
    good = {"c", "d"} <= flags and len(files) == 1 and not files[0].startswith("-")
    return Decoded(files[0]) if good else None


def _sph2pipe(words: Sequence[str]) -> Decoded | None:
    taken = _options(words, {"-f": ("wav", "riff", "sph"), "-c": ("1", "2")}, ("-p",))
    if taken is None or len(taken[1]) != 1:
        return None
    return Decoded(taken[1][0], int(taken[0]["-c"]) - 1 if "-c" in taken[0] else None)


def _sox(words: Sequence[str]) -> Decoded | None:
    """`sox [options] FILE [options] -`, perhaps with `remix N` at its end; rate and bits are ours to choose."""
    output = next((i for i, word in enumerate(words) if word in OUTPUT), -1)
    free = ("-r", "-b", "-e", "--bits", "--rate", "--encoding")
    values: dict[str, tuple[str, ...]] = {**dict.fromkeys(free, ()), "-t": ("wav", "wavpcm", "flac"), "-c": ("1",)}
    taken = _options(words[:output], values, ("-G", "-q", "-R", "-V0", "-V1", "-S")) if output >= 0 else None
    if taken is None or len(taken[1]) != 1:
        return None
    behind = words[output + 1 :]
    if not behind:
        return Decoded(taken[1][0])
    is_one = len(behind) == 2 and behind[0] == "remix" and behind[1].isdigit() and behind[1] != "0"
    return Decoded(taken[1][0], int(behind[1][:4]) - 1) if is_one else None


def _ffmpeg(words: Sequence[str]) -> Decoded | None:
    values: dict[str, tuple[str, ...]] = {
        "-i": (), "-ar": (), "-v": (), "-loglevel": (), "-f": ("wav",), "-ac": ("1",), "-acodec": ("pcm_s16le",),
        "-c:a": ("pcm_s16le",), "-threads": (),
    }  # fmt: skip
    taken = _options(words, values, ("-nostdin", "-hide_banner", "-y", "-vn"))
    good = taken is not None and "-i" in taken[0] and len(taken[1]) == 1 and taken[1][0] in OUTPUT
    return Decoded(taken[0]["-i"]) if taken and good else None


def _options(
    words: Sequence[str], values: Mapping[str, tuple[str, ...]], flags: Sequence[str]
) -> tuple[dict[str, str], list[str]] | None:
    """The options with their values, and the other words; None for an option or value that is not among these."""
    options: dict[str, str] = {}
    others: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in values:
            value = next(rest, None)
            if value is None or (values[word] and value not in values[word]):
                return None
            options[word] = value
        elif word.startswith("-") and word not in OUTPUT:
            if word not in flags:
                return None
        else:
            others.append(word)
    return options, others


READERS: Mapping[str, Callable[[Sequence[str]], Decoded | None]] = {
    "cat": _cat,
    "flac": _flac,
    "sph2pipe": _sph2pipe,
    "sox": _sox,
    "ffmpeg": _ffmpeg,
}


def run(command: str, most_s: float = MOST_S) -> bytes:
    """What a command writes; DatasetError where it fails. Only where a person said that commands are run."""
    plain = command.strip().removesuffix("|").strip()
    try:
        done = subprocess.run(["/bin/sh", "-c", plain], capture_output=True, timeout=most_s, check=False)
    except subprocess.TimeoutExpired:
        raise DatasetError(f"the command took more than {most_s:g} s ({plain[:SHOWN]})") from None
    message = " ".join(done.stderr.decode("utf-8", "replace").split())
    if done.returncode or not done.stdout:
        why = f"ended with status {done.returncode}" if done.returncode else "wrote nothing"
        raise DatasetError(f"the command {why} ({plain[:SHOWN]}){f': {shortened(message, SHOWN)}' if message else ''}")
    return done.stdout
