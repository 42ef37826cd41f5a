"""Reading a binary file front to back, with one sentence for a file that ends early."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import WeightsError
from modellab.models.embedded.compact import Array


class Reader:
    """A cursor over a file's bytes, little endian."""

    def __init__(self, path: Path) -> None:
        self.path, self.at = path, 0
        self.raw: npt.NDArray[np.uint8] = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, "u1")

    @property
    def ended(self) -> bool:
        return self.at >= len(self.raw)

    def take(self, size: int) -> Any:
        """The next bytes, as a view."""
        if not 0 <= size <= len(self.raw) - self.at:
            raise WeightsError(f"{self.path} ends at byte {len(self.raw)}, expected more: was it copied to the end?")
        self.at += size
        return self.raw[self.at - size : self.at]

    def number(self, layout: str) -> int:
        """One integer, in `struct`'s letters."""
        return int(struct.unpack(f"<{layout}", self.take(struct.calcsize(layout)).tobytes())[0])

    def numbers(self, count: int, layout: str = "i") -> list[int]:
        return [self.number(layout) for _ in range(count)]

    def text(self, size: int) -> str:
        raw = self.take(size).tobytes()
        try:
            return str(raw, "utf-8")
        except UnicodeDecodeError:
            raise WeightsError(
                f"{self.path} has {raw[:20]!r} at byte {self.at - size}, expected a name: is it damaged?"
            ) from None

    def array(self, kind: str, shape: tuple[int, ...]) -> Array:
        """Numbers of a NumPy type."""
        numbers: Array = self.take(math.prod(shape) * np.dtype(kind).itemsize).view(kind).reshape(shape)
        return numbers
