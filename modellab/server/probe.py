"""A process that looks at an upload before any model does: how long it is, or why it is no audio.

A decoder that a file brings down takes this process with it and no other; what it may use is bounded by the kernel.
`Probe` is the parent's side, `main` the child's.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from modellab import audio
from modellab.audio import Info, limits
from modellab.errors import AudioError, TooLongError, WorkerError
from modellab.system import json_child
from modellab.system.json_child import JsonChild

TIMEOUT_S = 60.0
DATA_BYTES = 2 * 2**30
CPU_S = 3600  # in all: then a new process takes its place


class Probe:
    """Asks the process; a new one takes the place of one that a file has brought down. One thread owns it for life."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self.timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="probe")
        self._child: JsonChild | None = None

    def duration_s(self, path: Path, most_s: float = limits.MAX_DURATION_S) -> float:
        """How long the audio of a file is, in s; AudioError where it has none that can be used.

        No more than `most_s` is decoded: TooLongError where more comes.
        """
        return self.info(path, most_s).duration_s

    def info(self, path: Path, most_s: float = limits.MAX_DURATION_S) -> Info:
        """The same with its sample rate and channels."""
        return self.asked(path, most_s).result()

    def asked(self, path: Path, most_s: float) -> Future[Info]:
        """The same for who does something else meanwhile."""
        return self._thread.submit(self._ask, path, most_s)

    def close(self) -> None:
        """End the process."""
        self._thread.submit(self._end).result()
        self._thread.shutdown()

    def _ask(self, path: Path, most_s: float) -> Info:
        if self._child is not None and self._child.process.poll() is not None:  # it ended at rest: no file's fault
            self._end()
        if self._child is None:
            self._child = JsonChild([sys.executable, "-m", "modellab.server.probe"])
        try:
            reply = self._child.ask("info", {"path": str(path), "most_s": most_s}, self.timeout_s)
        except WorkerError as error:
            self._end()
            raise AudioError(f"{path} cannot be decoded: it brought the decoder down") from error
        if "too_long" in reply:
            raise TooLongError(str(reply["too_long"]))
        if "audio" in reply:
            raise AudioError(str(reply["audio"]))
        return Info(float(reply["duration_s"]), int(reply["rate_hz"]), int(reply["channels"]))

    def _end(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None


def main() -> NoReturn:
    """Look at each file that is asked about, until the parent is gone."""
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))

    def answer(order: Mapping[str, Any]) -> dict[str, Any]:
        try:
            with limits.at_most(order["most_s"]):
                return asdict(audio.info(Path(order["path"])))
        except TooLongError as fault:
            return {"too_long": str(fault)}
        except AudioError as fault:
            return {"audio": str(fault)}

    json_child.run(answer)


if __name__ == "__main__":
    main()
