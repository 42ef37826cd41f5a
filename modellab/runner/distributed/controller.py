"""Who computes what next, and what is made of the answers. No clock, no disk, no process: the caller brings them.

Each utterance is kept once, by its place in the dataset: the first answer counts, a later one is compared with it. What
was lost is given to another worker. A shard that takes its worker along twice is halved, so that in the end a single
utterance is found out and becomes one with an error. Near the end, what would finish last is given to an idle worker
too, for at most 5 % more work.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from modellab.runner.distributed.shards import Shard, Waiting, missing, pieces, stretch

DEPTH = 2  # shards that a worker has at once: the second waits there, so that it is never idle
TRIES = 2  # workers that a shard, or an utterance, may take along
EXTRA = 0.05  # of the whole audio may be computed a second time near the end
GAIN = 1.25  # a copy has to promise to be so much faster
FRUITLESS = 6  # workers lost in a row without an utterance in between, and two more for each halving


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker made of the first utterances of a shard: of all, unless its model died or it was told to go."""

    lines: Sequence[str]  # an utterance each, as JSON
    hashes: Sequence[int]  # of each without its clocks, 64 bits
    wall_s: float = 0.0
    died: str = ""  # how the model's process died at the utterance after these


@dataclass(slots=True)
class Attempt:
    """One shard at one worker."""

    number: int
    shard: Shard
    since_s: float = 0.0  # when its worker came to it
    careful: bool = False  # a model has died at its first utterance: nothing goes on beside that


@dataclass(slots=True)
class Member:
    """A worker as the controller knows it."""

    name: str
    attempts: deque[Attempt] = field(default_factory=deque)  # in the order in which it goes through them
    utterances: int = 0
    audio_s: float = 0.0
    busy_s: float = 0.0

    @property
    def pace(self) -> float:
        """Seconds for a second of audio; NaN as long as nobody knows."""
        return self.busy_s / self.audio_s if self.audio_s else math.nan


class Controller:
    """The state of one pass. `keep(worker, start, answer lines, hashes)` puts utterances on disk, or raises."""

    def __init__(
        self,
        shards: Sequence[Shard],
        lengths_s: Sequence[float],
        keep: Callable[[str, int, Sequence[str], Sequence[int]], None],
        known: Iterable[tuple[int, Sequence[int]]] = (),
    ) -> None:
        """`known` are runs of utterances that were computed before: the place of the first, the hash of each."""
        self.lengths_s, self.keep = lengths_s, keep
        self.done = bytearray(len(lengths_s))
        self.hashes = array("Q", bytes(8 * len(lengths_s)))
        for start, hashes in known:
            self.hashes[start : start + len(hashes)] = array("Q", hashes)
            self.done[start : start + len(hashes)] = b"\1" * len(hashes)
        self.left = len(lengths_s) - sum(self.done)
        parts = (part for shard in shards for part in missing(shard, self.done, lengths_s))
        self.queue = Waiting(sorted(parts, key=lambda shard: (-shard.audio_s, shard.start)))
        self.total_s = float(sum(lengths_s))
        self.extra_s = 0.0
        self.members: dict[str, Member] = {}
        self.condemned: list[Shard] = []  # utterances that have killed: they get their error when all others are done
        self.deaths: dict[tuple[int, int], int] = {}
        self.fruitless, self.last_loss = 0, ""
        self.model_deaths: list[str] = []  # how it died, each time
        self.most_fruitless = FRUITLESS + 2 * math.ceil(math.log2(max((len(shard) for shard in shards), default=1)))
        self.most_members = 0
        self.twice, self.different = 0, list[int]()  # utterances computed twice; places where the answers differ
        self.lost_attempts = 0
        self._number = 0

    # ------------------------------------------------------------------------ what the caller tells

    def up(self, worker: str) -> None:
        """A worker is there, with its model loaded."""
        self.members.setdefault(worker, Member(worker))
        self.most_members = max(self.most_members, len(self.members))

    def answered(self, worker: str, number: int, answer: Answer, now_s: float) -> None:
        """A worker has answered; one that was given up may do so, too."""
        member = self.members.get(worker)
        attempt = _taken(member, number) if member else None
        if member is None or attempt is None:
            return
        start, stop = attempt.shard.start, attempt.shard.start + len(answer.lines)
        fruitless = self.fruitless
        self.accept(worker, start, answer.lines, answer.hashes)
        if attempt.shard.error:  # no model was asked
            self.fruitless = fruitless
        member.utterances += len(answer.lines)
        member.audio_s += sum(self.lengths_s[start:stop])
        member.busy_s += answer.wall_s
        if member.attempts:
            member.attempts[0].since_s = now_s
        if answer.died and stop < attempt.shard.stop:
            self._died_at(stop, answer.died)
        self._again(attempt.shard)

    def accept(self, worker: str, start: int, lines: Sequence[str], hashes: Sequence[int]) -> None:
        """Keep what is new of these utterances, and compare the rest with what is kept."""
        new = start
        for place in range(start, start + len(lines) + 1):
            if place < start + len(lines) and not self.done[place]:
                continue
            if place > new:
                some = slice(new - start, place - start)
                self.keep(worker, new, lines[some], hashes[some])
                self.hashes[new:place] = array("Q", hashes[some])
                self.done[new:place] = b"\1" * (place - new)
                self.left -= place - new
                self.fruitless = 0
            if place < start + len(lines):
                self.twice += 1
                if self.hashes[place] != hashes[place - start]:
                    self.different.append(place)
            new = place + 1

    def early(self, worker: str, start: int, lines: Sequence[str], hashes: Sequence[int]) -> None:
        """Accept utterances that no known worker is computing, so that no shard given from now on holds them again."""
        self.accept(worker, start, lines, hashes)
        self.queue.leave_out(self.done, self.lengths_s)

    def lost(self, worker: str, why: str) -> None:
        """A worker is gone, with whatever it had; what it was at may be to blame."""
        member = self.members.pop(worker, None)
        self._count_loss(why)
        if member is None or not member.attempts:
            return
        self.lost_attempts += len(member.attempts)
        guilty, *waiting = member.attempts
        for attempt in reversed(waiting):
            self._again(attempt.shard)
        self._blame(guilty.shard, why)

    def gone(self, worker: str) -> None:
        """A worker has left as it was told to: nobody is to blame for that."""
        member = self.members.pop(worker, None)
        for attempt in reversed(member.attempts if member else ()):
            self._again(attempt.shard)

    # ------------------------------------------------------------------------ what the caller asks

    @property
    def is_complete(self) -> bool:
        return self.left == 0

    @property
    def hopeless(self) -> str:
        """Why it makes no sense to go on; '' if it does."""
        if self.fruitless < self.most_fruitless + 2 * self.most_members:
            return ""
        return f"{self.fruitless} workers died in a row and not one utterance came of it; the last: {self.last_loss}"

    def orders(self, now_s: float) -> Iterator[tuple[str, Attempt]]:
        """What to give to whom now. Each first one before any second one, and copies where nothing else is left."""
        if not self.queue and not any(member.attempts for member in self.members.values()):
            self.queue.extend(self.condemned)
            self.condemned.clear()
        for depth in range(1, DEPTH + 1):
            for member in self._fastest_first():
                if self.queue and len(member.attempts) < depth and (depth == 1 or self._has_time_for_two(member)):
                    yield member.name, self._given(member, self.queue.popleft(), now_s)
        if not self.queue and self.left:
            for member in self._fastest_first():
                if not member.attempts and (shard := self._worth_a_copy(member, now_s)):
                    self.extra_s += shard.audio_s
                    yield member.name, self._given(member, shard, now_s)

    # ------------------------------------------------------------------------ own

    def _given(self, member: Member, shard: Shard, now_s: float) -> Attempt:
        self._number += 1
        attempt = Attempt(self._number, shard, now_s, (shard.start, shard.start + 1) in self.deaths)
        member.attempts.append(attempt)
        return attempt

    def _fastest_first(self) -> list[Member]:
        return sorted(self.members.values(), key=lambda member: (math.isnan(member.pace), member.pace, member.name))

    def _has_time_for_two(self, member: Member) -> bool:
        """Whether a second shard would not wait at a slow worker when all others are through."""
        paces = [worker.pace for worker in self.members.values() if not math.isnan(worker.pace)]
        if math.isnan(member.pace) or not paces:
            return len(self.queue) >= len(self.members)
        rate = sum(1 / pace for pace in paces if pace) or math.inf
        left_s = self.queue.audio_s / rate
        own_s = sum(attempt.shard.audio_s for attempt in member.attempts) * member.pace
        return own_s <= left_s

    def _worth_a_copy(self, idle: Member, now_s: float) -> Shard | None:
        """What is expected to end last, if the idle worker would be through with it much earlier."""
        if math.isnan(idle.pace):
            return None
        running = [tried.shard for member in self.members.values() for tried in member.attempts]
        best, latest_s = None, 0.0
        for member in self.members.values():
            end_s = 0.0
            for attempt in member.attempts:
                end_s += _left_s(attempt, member, idle.pace, now_s if attempt is member.attempts[0] else None)
                shard = attempt.shard
                affordable = self.extra_s + shard.audio_s <= EXTRA * self.total_s
                worth = end_s > max(latest_s, GAIN * shard.audio_s * idle.pace)
                if running.count(shard) == 1 and affordable and worth:
                    best, latest_s = shard, end_s
        return best

    def _again(self, shard: Shard, least: int = 0) -> None:
        """Put back what of a shard nobody has done or is at; `least`: in pieces of at most so many utterances."""
        if self.done.find(0, shard.start, shard.stop) < 0:
            return
        running = bytearray(self.done[shard.start : shard.stop])
        for member in self.members.values():
            for attempt in member.attempts:
                low, high = max(attempt.shard.start, shard.start), min(attempt.shard.stop, shard.stop)
                if low < high:
                    running[low - shard.start : high - shard.start] = b"\1" * (high - low)
        for waiting in (*self.queue, *self.condemned):
            low, high = max(waiting.start, shard.start), min(waiting.stop, shard.stop)
            if low < high:
                running[low - shard.start : high - shard.start] = b"\1" * (high - low)
        local = Shard(0, len(shard), shard.audio_s, shard.error)
        parts = list(missing(local, running, self.lengths_s[shard.start : shard.stop]))
        for part in reversed(parts):
            start, stop = part.start + shard.start, part.stop + shard.start
            for low, high in reversed(pieces(start, stop, least)):
                self.queue.appendleft(stretch(self.lengths_s, low, high, shard.error))

    def _died_at(self, place: int, why: str) -> None:
        """The model's process died at this very utterance."""
        self._count_loss(why)
        self.model_deaths.append(self.last_loss)
        key = (place, place + 1)
        self.deaths[key] = self.deaths.get(key, 0) + 1
        if self.deaths[key] >= TRIES and not self.done[place]:
            self.condemned.append(self._poison(place, why))

    def _blame(self, shard: Shard, why: str) -> None:
        """A worker died with this shard: again, in halves the second time; one utterance alone is found guilty."""
        key = (shard.start, shard.stop)
        self.deaths[key] = self.deaths.get(key, 0) + 1
        if self.deaths[key] < TRIES or shard.error:
            self._again(shard)
        elif len(shard) > 1:
            self._again(shard, least=(len(shard) + 1) // 2)
        elif not self.done[shard.start]:
            self.condemned.append(self._poison(shard.start, why))

    def _poison(self, place: int, why: str) -> Shard:
        first = (why.splitlines() or ["it died"])[0]
        return stretch(self.lengths_s, place, place + 1, f"killed its worker {TRIES} times: {first}")

    def _count_loss(self, why: str) -> None:
        self.fruitless += 1
        self.last_loss = (why.splitlines() or ["?"])[0]


def _taken(member: Member, number: int) -> Attempt | None:
    """The attempt of this number, which is over; None if the worker does not have it."""
    for attempt in member.attempts:
        if attempt.number == number:
            member.attempts.remove(attempt)
            return attempt
    return None


def _left_s(attempt: Attempt, member: Member, pace: float, now_s: float | None) -> float:
    """How long an attempt will go on. Of a worker that has never answered: at least as long as it has taken so far."""
    own = pace if math.isnan(member.pace) else member.pace
    whole_s = attempt.shard.audio_s * own
    if now_s is None:
        return whole_s
    taken_s = now_s - attempt.since_s
    return whole_s - taken_s if taken_s < whole_s / 2 else max(whole_s - taken_s, taken_s)
