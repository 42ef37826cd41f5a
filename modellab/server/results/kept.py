"""What was made of the index, given again for as long as the index is the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from modellab.server.results.index import Index


class Kept[Made]:
    """The last `most` things that were made. May be asked from any thread."""

    def __init__(self, index: Index, most: int) -> None:
        self.index, self.most = index, most
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, tuple[tuple[int, int], Made]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made under a key, or `make`'s, where the index has changed since or there is none."""
        stamp = self.index.stamp()
        with self._lock:
            kept = self._made.get(key)
            if kept is not None and kept[0] == stamp:
                self._made.move_to_end(key)
                return kept[1]
        made = make()
        with self._lock:
            self._made[key] = stamp, made
            while len(self._made) > self.most:
                self._made.popitem(last=False)
        return made
