"""Audio in blocks of one length, however it arrives, so that what a recogniser says depends on the audio alone."""

from __future__ import annotations

import numpy as np

from modellab.streaming.protocol import Samples


class Blocks:
    """Cuts chunks of any length into blocks of `size` samples."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._left: Samples = np.zeros(0, np.float32)

    def feed(self, chunk: Samples) -> list[Samples]:
        """The blocks that are whole now.

        >>> blocks = Blocks(2)
        >>> [block.tolist() for block in blocks.feed(np.float32([1, 2, 3]))], blocks.rest().tolist()
        ([[1.0, 2.0]], [3.0])
        """
        held = np.concatenate([self._left, np.asarray(chunk, np.float32)])
        whole = len(held) - len(held) % self.size
        self._left = held[whole:]
        return [held[at : at + self.size] for at in range(0, whole, self.size)]

    def rest(self) -> Samples:
        """What is left of the last chunk, less than a block; it is taken."""
        left, self._left = self._left, np.zeros(0, np.float32)
        return left
