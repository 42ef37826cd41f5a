"""Both sides of a paired run as scripts, with their case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from modellab.datasets import Dataset
from modellab.datasets.manifest import Header
from modellab.plan.matrix import Case
from modellab.runner.evaluate import Loaded
from modellab.runner.paired import verdicts as paired_verdicts
from modellab.runner.paired.readings import PairedCase
from modellab.runner.paired.reference import Reference
from modellab.runner.paired.run import PairedRun
from modellab.tasks import asr
from modellab.types import Rule, Verdict

from ...make import HEADER, KEY, PROVENANCE, READINGS, case, result, utterance

MIB = 2**20
NOISE = np.random.default_rng(1)
FACTS = {"weights": "sha256:w", "versions": {"numpy": "2.0", "engine": "1.0"}, "load_s": 0.5}


class Scripted:
    """A process whose calls take `rtf` seconds for each second of audio, within 0.1 % of it."""

    def __init__(self, rtf: float = 0.1, peak: float = 100 * MIB, **reply: Any) -> None:
        self.rtf, self.peak, self.reply = rtf, peak, reply
        self.asked: list[str] = []
        self.closed = False

    def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float, more_s: Any = None) -> dict[str, Any]:
        self.asked.append(verb)
        if verb == "finish":
            return {"peak_rss_bytes": self.peak, "peak_vram_bytes": self.peak}
        if verb != "utterance":
            return {}
        wall_s = self.rtf * order["row"]["duration_s"] * (1 + NOISE.uniform(-0.001, 0.001))
        return {"output": {"text": "a b"}, "wall_s": wall_s, "cpu_s": wall_s / 2, **self.reply}

    def close(self) -> None:
        self.closed = True


def loaded(handle: Scripted, **facts: Any) -> Loaded:
    return Loaded(handle, ("fake", "one", "cpu", "float32"), {**FACTS, **facts}, lambda audio_s: 60.0)


def timed_case(device: str = "cpu", threads: str = "1", **rules: Rule) -> PairedCase:
    rows = [{"id": f"{i}", "audio": Path(f"/golden/{i}.flac"), "duration_s": 2.0} for i in range(12)]
    data = Dataset("short_v1", Path("short_v1"), Header.model_validate(HEADER), tuple(rows), "sha256:d")
    key = replace(KEY, device=device)
    readings = {**READINGS, "rtf_gpu": 0.03, "peak_vram_bytes": 1e9}
    measured = result([utterance("0", {})], key=key, readings=readings, provenance={**PROVENANCE, "threads": threads})
    return PairedCase(asr, case(key=key), data, measured, rules)


class Held(PairedRun):
    """A paired run whose base is a script, also where it is loaded anew."""

    fresh = 0


def against(base: Scripted, **facts: Any) -> Held:
    held = loaded(base, **facts)

    def again(case: Case) -> tuple[Loaded, tuple[str, ...]]:
        assert found.loaded is None, "the old one is closed first"
        found.fresh += 1
        return held, ()

    found = Held(Reference("HEAD~1 1a2b3c4", Path()), 1, False, lambda line: None, again)
    found.loaded = held
    return found


def unneeded() -> Loaded:
    raise AssertionError("no fresh process was needed")


def verdicts_of(
    paired_run: PairedRun, candidate: Loaded, again: Callable[[], Loaded], of: PairedCase | None = None
) -> tuple[list[Verdict], list[str]]:
    """What is measured and then judged: the verdicts, and the notes."""
    of = of or timed_case()
    readings = paired_run.measure(of, candidate, again)
    return paired_verdicts.judge(of, readings), list(readings.notes)


def judged(candidate: Scripted, base: Scripted, of: PairedCase | None = None) -> dict[str, Verdict]:
    verdicts, _ = verdicts_of(against(base), loaded(candidate), lambda: loaded(candidate), of)
    assert {verdict.versus for verdict in verdicts} == {"HEAD~1 1a2b3c4"}
    return {verdict.metric: verdict for verdict in verdicts}
