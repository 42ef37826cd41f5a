"""The adapter of the fake model: every way a real engine can go wrong."""

ADAPTER = '''
"""A fake recogniser: knows a clip by its length, and misbehaves as behaviour.json says."""

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from modellab.types import Transcript

HERE = Path(__file__).parent


class Fake:
    def __init__(self, setting):
        self.answers = json.loads((HERE / "answers.json").read_text())
        self.behaviour = json.loads((HERE / "behaviour.json").read_text())
        self.calls = 0
        self.hoard = None
        with (HERE / "loads.log").open("a") as log:
            log.write(f"{setting.variant} {os.getpid()}\\n")
        if self.behaviour.get("fail_to_load"):
            raise OSError("the weights are not what they should be")

    def transcribe(self, audio):
        self.calls += 1
        does = self.behaviour
        n = self.calls
        print("chatter " * does.get("chatter_words", 0))
        end = time.process_time() + does.get("burn_s", 0.002)
        while time.process_time() < end:
            pass
        time.sleep(does.get("sleep_s", 0.0))
        if self.hoard is None and does.get("hoard_mb"):
            self.hoard = np.ones(does["hoard_mb"] * 2**17)
        if n in does.get("raise_on", []) or does.get("raise_always"):
            raise RuntimeError("the decoder lost its way")
        if n == does.get("segfault_on"):
            ctypes.string_at(0)
        if n == does.get("kill_on"):
            os.kill(os.getpid(), signal.SIGKILL)
        if n == does.get("exit_on"):
            sys.exit(7)
        if n == does.get("hang_on"):
            time.sleep(600)
        if n == does.get("once_on") and not (HERE / "once").exists():
            (HERE / "once").touch()
            said = {"text": None}
            exec(does["code"], {**globals(), "said": said})
            if said["text"] is not None:
                return Transcript(said["text"])
        if does.get("return_none"):
            return None
        if str(len(audio.samples)) == str(does.get("once")):
            first = HERE / "first.pid"
            if not first.exists():
                first.write_text(str(os.getpid()))
            if first.read_text() == str(os.getpid()):
                return Transcript("and then and then and then and then and then")
            if does.get("then") == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
        return Transcript(self.answers[str(len(audio.samples))])


load = Fake
'''
