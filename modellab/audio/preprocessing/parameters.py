"""One parameter of a step: its default, what it may be, and how it is read from text."""

from __future__ import annotations

import math
from dataclasses import dataclass

from modellab.errors import ConfigError

Value = float | int | str
MOST_CHARACTERS = 40  # of what came, in a message


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number from `least` to `most`, in `unit`, or one of the words in `choices`. The default gives the type."""

    default: Value
    means: str
    least: float = -math.inf
    most: float = math.inf
    unit: str = ""
    choices: tuple[str, ...] = ()

    def read(self, text: str, where: str) -> Value:
        """The value that a text stands for; ConfigError, which begins with `where`, for one that it may not be.

        >>> Parameter(80.0, "where it cuts", 1, 20_000, "Hz").read("120", "highpass(cutoff_hz=120)")
        120.0
        """
        if self.choices:
            if text in self.choices:
                return text
        else:
            try:
                number = int(text) if isinstance(self.default, int) else float(text)
            except ValueError:
                number = math.nan
            if self.least <= number <= self.most:
                return number
        raise ConfigError(f"{where}: expected {self.expected}, got {text[:MOST_CHARACTERS]!r}")

    @property
    def expected(self) -> str:
        """What it may be, in words.

        >>> Parameter(4, "order", 1, 10).expected, Parameter("a", "way", choices=("a", "b")).expected
        ('a whole number from 1 to 10', 'a or b')
        """
        if self.choices:
            return " or ".join(self.choices)
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        return f"{kind} from {self.least:g} to {self.most:g} {self.unit}".rstrip()


def written(value: Value) -> str:
    """A value as a chain's text has it: the shortest that reads back as the same.

    >>> written(80.0), written(0.1), written(4), written("energy")
    ('80', '0.1', '4', 'energy')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
