"""Numbers with their units, as people read them."""

from __future__ import annotations

import math
from collections.abc import Callable

MISSING = "-"
NOTHING = 5e-7  # a difference below is that between a number and the baseline's rounding of it


def value(number: float | None, unit: str) -> str:
    """A value in its unit.

    >>> value(0.0087, "ratio"), value(0.02412, "s/s"), value(190840832.0, "bytes"), value(None, "s")
    ('0.87 %', '0.0241', '182.0 MiB', '-')
    """
    if number is None or math.isnan(number):
        return MISSING
    return _FORMS.get(unit, _plain)(number, "")


def change(number: float | None, unit: str) -> str:
    """A difference in the unit, with its sign.

    >>> change(0.0211, "ratio"), change(-0.5, "s"), change(-2e-17, "s")
    ('+2.11 %', '-0.5 s', '+0 s')
    """
    if number is None or math.isnan(number):
        return MISSING
    return _FORMS.get(unit, _plain)(0.0 if abs(number) < NOTHING else number, "+")


def interval(ends: tuple[float, float] | None, unit: str) -> str:
    """A confidence interval of a difference.

    >>> interval((0.006, 0.039), "ratio")
    '[+0.60 %, +3.90 %]'
    """
    return "" if ends is None else f"[{change(ends[0], unit)}, {change(ends[1], unit)}]"


def detects(number: float | None, unit: str) -> str:
    """The smallest change that would be seen; a dash where none would.

    >>> detects(0.0046, "ratio"), detects(float("inf"), "ratio"), detects(None, "s")
    ('0.46 %', '-', '-')
    """
    return MISSING if number is None or not math.isfinite(number) else _FORMS.get(unit, _plain)(number, "")


def relative(number: float | None) -> str:
    """A fraction of what was before, such as a slowdown, with its sign.

    >>> relative(0.2034), relative(None)
    ('+20.3 %', '-')
    """
    return MISSING if number is None or math.isnan(number) else f"{100 * number:+.1f} %"


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "file"), counted(2_000, "file")
    ('1 file', '2000 files')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def heading(name: str) -> str:
    """A metric's or reading's name at the head of a column.

    >>> heading("cpwer"), heading("success_rate")
    ('cpWER', 'success_rate')
    """
    return _HEADINGS.get(name, name)


def _plain(number: float, sign: str) -> str:
    return f"{number:{sign}.4g}"


_FORMS: dict[str, Callable[[float, str], str]] = {
    "ratio": lambda number, sign: f"{100 * number:{sign}.2f} %",
    "1": _plain,
    "dB": lambda number, sign: f"{number:{sign}.2f} dB",
    "LUFS": lambda number, sign: f"{number:{sign}.1f} LUFS",
    "USD": lambda number, sign: f"{number:{sign}.3g} USD",
    "Hz": lambda number, sign: f"{number:{sign}.4g} Hz",
    "semitones": lambda number, sign: f"{number:{sign}.2f} semitones",
    "s/s": lambda number, sign: f"{number:{sign}.3g}",
    "s": lambda number, sign: f"{number:{sign}.3g} s",
    "words/s": lambda number, sign: f"{number:{sign}.3g} words/s",
    "words/min": lambda number, sign: f"{number:{sign}.3g} words/min",
    "characters/min": lambda number, sign: f"{number:{sign}.3g} characters/min",
    "bytes": lambda number, sign: f"{number / 2**20:{sign}.1f} MiB",
}

_HEADINGS = {
    "cer": "CER", "f1": "F1", "wer": "WER", "der": "DER", "cpwer": "cpWER", "tcpwer": "tcpWER", "rtf": "RTF",
    "peak_bytes": "peak",
}  # fmt: skip
