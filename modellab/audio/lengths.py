"""How long a file is: stated, estimated, unknown and decoded are four different things.

stated      a header says it, and the writer knew it: less than this decoded means that the file was cut
estimated   a library guesses it from a bit rate: held against nothing
unknown     the writer did not know it (a pipe): no claim, or a placeholder
decoded     the samples that came: the only length that is ever reported
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modellab.errors import AudioError


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a file's length before it is decoded; NaN seconds where nothing is."""

    kind: Literal["stated", "estimated", "unknown"]
    duration_s: float = math.nan

    def check(self, path: Path, decoded_s: float, slack_s: float) -> None:
        """AudioError where the file states more than came; an estimate and a placeholder promise nothing."""
        if self.kind == "stated" and decoded_s + slack_s < self.duration_s:
            raise truncated(path, decoded_s, self.duration_s)


UNKNOWN = Claim("unknown")


def truncated(path: Path, decoded_s: float, promised_s: float | None) -> AudioError:
    """The error of a file that holds less than it states; None where it states more, nobody knows how much."""
    promised = "more" if promised_s is None else f"{promised_s:.2f} s"
    return AudioError(
        f"{path} is truncated: its header promises {promised} and {decoded_s:.2f} s came; "
        "was the download or the copy interrupted?"
    )


def cut(path: Path, promised_bytes: int, size: int) -> AudioError:
    """The error of a file that has fewer bytes than it states."""
    return AudioError(
        f"{path} is truncated: its header promises {promised_bytes:,} bytes and {size:,} came; "
        "was the download or the copy interrupted?"
    )


def silent(path: Path) -> AudioError:
    """The error of a file without a sample."""
    return AudioError(f"{path} holds no audio samples, only a header: was the recording stopped before it was written?")


def undecodable(path: Path, error: BaseException) -> AudioError:
    """What a decoder raised, as one sentence."""
    return AudioError(
        f"{path} cannot be decoded as audio by soundfile or FFmpeg: {reason(error)}; "
        "is it really an audio file, and whole?"
    )


def broken_off(path: Path, error: BaseException, came_s: float, claim: Claim = UNKNOWN) -> AudioError:
    """What a decoder raised on the way."""
    where = f"{claim.duration_s:.2f} s promised" if claim.kind == "stated" else f"{came_s:.2f} s came"
    return AudioError(
        f"{path} cannot be decoded to its end ({where}): {reason(error)}; the file is truncated or damaged"
    )


def reason(error: BaseException) -> str:
    """The library's sentence without the file name and the number it wraps it in, on one line."""
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    sentence = (
        getattr(error, "error_string", "") or getattr(error, "strerror", "") or str(error) or type(error).__name__
    )
    return " ".join(str(sentence).split()).removeprefix("Error : ").rstrip(".")[:300]
