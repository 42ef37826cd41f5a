"""Both models of a case held at once and timed in pairs.

The first look takes the processes as they are. What looks slower is confirmed in fresh ones, two pairs to each: where
the memory of a process happens to lie makes some models faster or slower for as long as it lives, and pairs within
one pair of processes cannot tell that from the code. (faster-whisper at float32 differed from itself by 2.1 % (sd) from
one pair of processes to the next; at int8, and whisper.cpp, by nothing that could be measured.)
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from modellab.errors import NoBaseError
from modellab.gate import paired_speed
from modellab.plan.matrix import Case
from modellab.runner.evaluate import Loaded, load
from modellab.runner.paired import verdicts
from modellab.runner.paired.cpu_affinity import shared
from modellab.runner.paired.interleave import Pairs, joined, run_pairs
from modellab.runner.paired.process import Places, start
from modellab.runner.paired.readings import PairedCase, PairedReadings, Peaks, Timed
from modellab.runner.paired.reference import Reference
from modellab.system import allocator
from modellab.system.virtualenv import Tell

PAIRS = 2  # of each pair of fresh processes
LOADING_S = 120.0  # how long all of them may take to load; slow models get fewer processes, at least FEWEST
FEWEST = 4
START_S = 1.5  # until a process is there to load


@dataclass(slots=True)
class PairedRun:
    """Holds the base's loaded model beside the pool's, at most one."""

    base: Reference
    threads: int
    download: bool
    tell: Tell
    loader: Callable[[Case], tuple[Loaded, tuple[str, ...]]] | None = None  # of a base and its notes: `_load`
    places: Places = field(init=False)
    loaded: Loaded | None = None
    engine: object = None  # the candidate's, to which `loaded` or `missing` belongs
    missing: str = ""  # why there is nothing to time against
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.places = Places(self.base, self.tell)

    def get(self, case: Case) -> None:
        """Load the case's base, unless it is loaded. Raises ModellabError, with the base's name, when it cannot be."""
        if self.engine != (case.key.task, case.engine):
            self.close()
            try:
                self.loaded, self.notes = (self.loader or self._load)(case)
            except NoBaseError as error:
                self.missing = str(error)
            self.engine = (case.key.task, case.engine)
        if self.loaded is not None:
            self.loaded.preprocessing = str(case.chain)

    def _load(self, case: Case) -> tuple[Loaded, tuple[str, ...]]:
        """The base's model in a process of its own, and what is to be said of it."""
        instance = self.base.instance(case, self.places.checkout(), download=self.download)
        apart = instance.model.environment == "own"
        place = self.places.own(instance.folder) if apart else self.places.get(instance.model.install)
        handle = start(place, self.threads, self.base.label, instance.model.environment_variables)
        try:
            loaded = load(instance, handle, self.threads, download=self.download)
        except BaseException:
            handle.close()
            raise
        note = None if apart else self.places.notes.get(instance.model.install)
        notes = (*([note] if note else []), *verdicts.other_precision(case, instance.key.precision, self.base.label))
        return loaded, notes

    def close(self) -> None:
        """End the base's process, if there is one."""
        if self.loaded is not None:
            self.loaded.handle.close()
        self.loaded, self.engine, self.missing, self.notes = None, None, "", ()

    def measure(self, timed_case: PairedCase, candidate: Loaded, again: Callable[[], Loaded]) -> PairedReadings:
        """Times and peaks of both sides. `again` gives the candidate in a new process."""
        label = self.base.label
        if self.loaded is None:
            return PairedReadings(label, missing=self.missing)
        base, generator = self.loaded, np.random.default_rng(zlib.crc32(str(timed_case.case.key).encode()))
        first = self._pairs(timed_case, candidate, base, paired_speed.FIRST, generator)
        peaks = _peaks(timed_case, candidate, base)
        if (more := verdicts.more_pairs(timed_case, first)) > 0:
            first = joined([first, self._pairs(timed_case, candidate, base, more, generator, first)])
        notes = (*self.notes, *verdicts.differences(timed_case.task, candidate, base, first, label))
        second = None
        if verdicts.look_slower(timed_case, first):
            second = self._confirm(timed_case, again, generator, first, _processes(candidate, base))
        if verdicts.look_larger(timed_case, peaks):
            fresh = self._fresh(timed_case, again)
            self._pairs(
                timed_case, *fresh, paired_speed.FIRST, generator
            )  # the same calls for both: the candidate's had done more
            peaks = _peaks(timed_case, *fresh)
        return PairedReadings(label, Timed(first, second, peaks), notes=notes)

    def _pairs(
        self,
        timed_case: PairedCase,
        candidate: Loaded,
        base: Loaded,
        n: int,
        generator: np.random.Generator,
        before: Pairs | None = None,
    ) -> Pairs:
        """n pairs with fresh meters, each on a core for both."""
        for side in (candidate, base):
            side.ask("start", {"task": timed_case.task.NAME})
        with shared((candidate, base), self.threads, timed_case.case.key.device) as place:
            return run_pairs(candidate, base, timed_case.data, n, generator, before, place)

    def _confirm(
        self,
        timed_case: PairedCase,
        again: Callable[[], Loaded],
        generator: np.random.Generator,
        first: Pairs,
        processes: int,
    ) -> Pairs:
        """Fresh pairs, a few of each of so many fresh processes."""
        parts: list[Pairs] = []
        wanted = verdicts.confirming(timed_case, first)
        for i in range(processes):
            left = wanted - sum(len(part.audio_s) for part in parts)
            fresh = self._fresh(timed_case, again)
            parts.append(self._pairs(timed_case, *fresh, math.ceil(left / (processes - i)), generator, first))
        return joined(parts)

    def _fresh(self, timed_case: PairedCase, again: Callable[[], Loaded]) -> tuple[Loaded, Loaded]:
        """Candidate and base in new processes."""
        self.close()
        candidate = again()
        self.get(timed_case.case)
        assert self.loaded is not None, "it was there a moment ago"
        return candidate, self.loaded


def _peaks(timed_case: PairedCase, candidate: Loaded, base: Loaded) -> Peaks:
    """What both sides say of their memory since they were asked to start."""
    now, then = (side.ask("finish", {"device": timed_case.case.key.device}) for side in (candidate, base))
    ours, theirs = (str(side.facts.get(allocator.KEY, "not recorded")) for side in (candidate, base))
    return Peaks(now, then, (ours, theirs))


def _processes(candidate: Loaded, base: Loaded) -> int:
    """How many pairs of processes the confirmation can afford."""
    one_s = sum(START_S + float(side.facts["load_s"]) for side in (candidate, base))
    return min(math.ceil(paired_speed.SECOND / PAIRS), max(FEWEST, int(LOADING_S / one_s)))
