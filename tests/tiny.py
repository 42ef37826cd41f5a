"""A tiny recogniser for a worker to hold: it does what the option `does` says, on a clip of 1600 samples only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio
from modellab.types import Audio

ADAPTER = """
import ctypes, os, signal, subprocess, sys, time
from pathlib import Path

from modellab.types import Transcript

from .words import TEXT


class Tiny:
    def __init__(self, setting):
        self.does = setting.options.get("does", "")
        self.setting = setting
        print("loading", setting.variant)
        if self.does == "fail to load":
            raise OSError("the weights are not what they should be")

    def transcribe(self, audio):
        if len(audio.samples) == 1600:
            getattr(self, self.does.replace(" ", "_"))()
        language = self.setting.options.get("language") or os.environ["OMP_NUM_THREADS"]
        return Transcript(TEXT * self.setting.options.get("times", 1), language=language)

    def fail(self):
        raise ValueError("the decoder lost its way")

    def segfault(self):
        print("last words")
        ctypes.string_at(0)

    def kill(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def exit(self):
        sys.exit(7)

    def hang(self):
        print("still here", flush=True)
        time.sleep(600)

    def fork(self):
        os.fork()

    def close_its_pipe(self):
        os.close(int(sys.argv[2]))
        time.sleep(60)

    def chatter(self):
        os.write(1, b"x" * 79 * 2**14)
        print("y" * 2**20)

    def answer_with_an_object(self):
        self.setting.options["language"] = object()

    def spawn(self):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(self.setting.options["pid"]).write_text(str(child.pid))


load = Tiny
"""


def write_adapter(folder: Path, code: str = ADAPTER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter.py").write_text(code, encoding="utf-8")
    (folder / "words.py").write_text("TEXT = 'turn on the light '\n", encoding="utf-8")
    return folder


def order(folder: Path, **options: Any) -> dict[str, Any]:
    """What `evaluate.load` sends."""
    return {
        "folder": str(folder),
        "model": folder.name,
        "variant": "one",
        "weights": "package",
        "revision": None,
        "device": "cpu",
        "precision": "float32",
        "threads": 1,
        "options": options,
        "download": False,
    }


def write(folder: Path) -> Path:
    """The adapter, with a clip on which it is good and one on which it is not."""
    write_adapter(folder)
    for name, samples in (("good", 800), ("bad", 1600)):
        audio.write(folder / f"{name}.wav", Audio(np.full(samples, 0.1, np.float32), 16_000))
    return folder


def row(folder: Path, name: str = "bad") -> dict[str, Any]:
    return {"row": {"id": name, "audio": str(folder / f"{name}.wav"), "duration_s": 0.1}}
