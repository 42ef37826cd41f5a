"""Every fault that is injected, with the kind and the blame that fit."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from modellab.diagnosis import UtteranceContext
from modellab.diagnosis.kinds import Kind
from tools.detective.faults import (
    ELSEWHERE,
    MADE_UP,
    RATE_HZ,
    SENTENCES,
    TENS,
    UNITS,
    Bench,
    Clip,
    Injected,
    Make,
    everywhere,
    here_and_there,
    kept,
    mislabelled,
    noisy,
    resampled,
    without,
)


def looping(bench: Bench, clip: Clip) -> UtteranceContext:
    """The last words come again and again."""
    words = clip.answer.split() or ["so"]
    tail = words[-int(bench.dice.integers(1, 4)) :]
    return bench.heard(clip, answer=" ".join([*words, *tail * int(bench.dice.integers(6, 20))]))


def late(bench: Bench) -> list[UtteranceContext]:
    """Each call answers the one before."""
    bench.all()
    before = [bench.clips[-1], *bench.clips[:-1]]
    return [
        bench.heard(clip, answer=old.answer, end_s=old.end_s) for clip, old in zip(bench.clips, before, strict=True)
    ]


def shifted(bench: Bench) -> list[UtteranceContext]:
    """The transcripts in the manifest are one row off."""
    bench.all()
    following = [*bench.clips[1:], bench.clips[0]]
    rows = zip(bench.clips, following, strict=True)
    return [replace(bench.heard(clip, transcript=other.transcript), before=None) for clip, other in rows]


def swapped(bench: Bench) -> list[UtteranceContext]:
    """Two rows have each other's transcripts."""
    one, other = (bench.clips[i] for i in bench.dice.permutation(len(bench.clips))[:2])
    bench.hit = {one.id, other.id}
    transcripts = {one.id: other.transcript, other.id: one.transcript}
    return [
        replace(bench.heard(clip, transcript=transcripts[clip.id]), before=None)
        if clip.id in transcripts
        else bench.heard(clip)
        for clip in bench.clips
    ]


def of_elsewhere(bench: Bench, clip: Clip) -> UtteranceContext:
    """The transcript is of audio that is not in the dataset; other engines hear what is spoken."""
    transcript = ELSEWHERE[int(bench.dice.integers(len(ELSEWHERE)))]
    return replace(bench.heard(clip, transcript=transcript, others=clip.others), before=None)


def stuck(bench: Bench) -> list[UtteranceContext]:
    """Whatever is asked, the answer is that to the first."""
    first, *rest = bench.clips
    bench.hit = {clip.id for clip in rest}
    return [bench.heard(first), *(bench.heard(clip, answer=first.answer, end_s=first.end_s) for clip in rest)]


def silent_file(bench: Bench, clip: Clip) -> UtteranceContext:
    """The file holds nothing."""
    return bench.file(clip, np.zeros_like(clip.samples))


def made_up_in(kind: str) -> Make:
    """A file without speech, and a model that makes words up."""

    def change(bench: Bench, clip: Clip) -> UtteranceContext:
        n = len(clip.samples)
        sounds = {
            "silence": np.zeros(n),
            "noise": bench.dice.normal(0, 0.05, n),
            "hum": 0.2 * np.sin(2 * np.pi * 50 * np.arange(n) / RATE_HZ),
            "tone": 0.2 * np.sin(2 * np.pi * 440 * np.arange(n) / RATE_HZ),
        }
        words = MADE_UP[int(bench.dice.integers(len(MADE_UP)))]
        return replace(bench.file(clip, sounds[kind]), answer=words, hypothesis=words)

    return here_and_there(change)


def tail_made_up(bench: Bench, clip: Clip) -> UtteranceContext:
    """Behind what was said comes what nobody said."""
    return bench.heard(clip, answer=f"{clip.answer} {MADE_UP[int(bench.dice.integers(len(MADE_UP)))]}")


def in_language(language: str) -> Make:
    """Sentences of another language, of the same kind of length."""

    def change(bench: Bench, clip: Clip) -> UtteranceContext:
        words = SENTENCES[language][int(bench.dice.integers(len(SENTENCES[language])))]
        return bench.heard(clip, answer=words)

    return here_and_there(change)


def told_language(bench: Bench, clip: Clip) -> UtteranceContext:
    """The model names another language, and says something else."""
    return replace(bench.heard(clip, answer="ya ne slyshal etogo sovsem"), told="ru")


def other_channel(bench: Bench, clip: Clip) -> UtteranceContext:
    """The other channel of the file holds somebody else, louder."""
    other = bench.clips[int(bench.dice.integers(len(bench.clips)))]
    other = bench.clips[0] if other.id == clip.id and bench.clips[0].id != clip.id else other
    other = bench.clips[1] if other.id == clip.id else other
    samples = np.resize(other.samples, len(clip.samples))
    return bench.file(clip, np.stack([clip.samples * 0.3, samples], axis=1))


def cancelling(bench: Bench, clip: Clip) -> UtteranceContext:
    """The channels are each other's negative: in the mix nothing is left."""
    return bench.file(clip, np.stack([clip.samples, -0.97 * clip.samples], axis=1))


def in_digits(bench: Bench, clip: Clip) -> UtteranceContext:
    """Numbers below a hundred as figures."""
    number = rf"\b({'|'.join(TENS)})(?: ({'|'.join(UNITS)}))?\b|\b({'|'.join(UNITS)})\b"
    words = re.sub(number, lambda m: str(TENS.get(m[1], 0) + UNITS.get(m[2] or m[3], 0)), clip.answer)
    return bench.heard(clip, answer=words)


def punctuated(bench: Bench, clip: Clip) -> UtteranceContext:
    """Capitals, and a comma behind each word."""
    words = clip.answer.upper().split()
    return bench.heard(clip, answer=", ".join(words) + ".")


def under(normaliser: str, make: Make) -> Make:
    """The same, scored with a normaliser that does not fit."""

    def changed(bench: Bench) -> list[UtteranceContext]:
        bench.normaliser = normaliser
        heard = make(bench)
        bench.hit = {context.id for context in heard if context.errors}
        return heard

    return changed


def longer_than(seconds: float) -> Make:
    """The adapter hands on the first seconds alone; clips are joined so that some are longer."""

    def make(bench: Bench) -> list[UtteranceContext]:
        clips = [*bench.clips]
        joined = [_joined(a, b) for a, b in zip(clips[0::3], clips[1::3], strict=False)]
        mixed = [*joined, *clips[2::3]]
        bench.hit = {clip.id for clip in mixed if len(clip.samples) > seconds * RATE_HZ}
        return [
            bench.given(clip, clip.samples[: int(seconds * RATE_HZ)]) if clip.id in bench.hit else bench.heard(clip)
            for clip in mixed
        ]

    return make


def _joined(a: Clip, b: Clip) -> Clip:
    samples = np.concatenate([a.samples, b.samples])
    end_s = len(a.samples) / RATE_HZ + b.end_s
    return Clip(f"{a.id}+{b.id}", f"{a.transcript} {b.transcript}", samples, f"{a.answer} {b.answer}", end_s, ())


def raising(bench: Bench, clip: Clip) -> UtteranceContext:
    """The adapter raises."""
    return replace(bench.heard(clip, answer=""), error="RuntimeError: expected 80 mel bins, got 128")


def in_noise(snr_db: float) -> Make:
    """White noise: the model mishears, and nothing else is wrong."""
    return everywhere(lambda bench, clip: bench.given(clip, noisy(clip.samples, snr_db, bench.dice)))


CATALOGUE: tuple[Injected, ...] = (
    Injected("nothing wrong", None, None, lambda bench: [bench.heard(clip) for clip in bench.clips]),
    Injected("noise of 12 dB SNR", Kind.WORDS, "model", in_noise(12)),
    Injected("noise of 6 dB SNR", Kind.WORDS, "model", in_noise(6)),
    Injected("loop", Kind.LOOP, "model", here_and_there(looping)),
    Injected("made up in silence", Kind.NON_SPEECH, "model", made_up_in("silence")),
    Injected("made up in noise", Kind.NON_SPEECH, "model", made_up_in("noise")),
    Injected("made up in hum", Kind.NON_SPEECH, "model", made_up_in("hum")),
    Injected("made up in a tone", Kind.NON_SPEECH, "model", made_up_in("tone")),
    Injected("made up behind the end", Kind.NON_SPEECH, "model", here_and_there(tail_made_up)),
    Injected("end of the file cut off", Kind.TRUNCATED, "data",
             here_and_there(lambda bench, clip: bench.file(clip, kept(0, 0.5)(clip.samples)))),
    Injected("start of the file cut off", Kind.TRUNCATED, "data",
             here_and_there(lambda bench, clip: bench.file(clip, kept(0.5, 1)(clip.samples)))),
    Injected("end not handed on", Kind.TRUNCATED, "adapter",
             everywhere(lambda bench, clip: bench.given(clip, kept(0, 0.6)(clip.samples)))),
    Injected("chunk in the middle lost", Kind.TRUNCATED, "adapter",
             everywhere(lambda bench, clip: bench.given(clip, without(0.35, 0.7)(clip.samples)))),
    Injected("everything behind 3.5 s lost", Kind.TRUNCATED, "adapter", longer_than(3.5)),
    *(Injected(f"answer in {language}", Kind.LANGUAGE, "model", in_language(language)) for language in SENTENCES),
    Injected("another language is named", Kind.LANGUAGE, "model", here_and_there(told_language)),
    *(Injected(f"{rate_hz} Hz handed on as 16 kHz", Kind.RATE, "adapter", everywhere(resampled(rate_hz)))
      for rate_hz in (8_000, 11_025, 22_050, 24_000, 44_100, 48_000)),
    Injected("stereo handed on as mono", Kind.RATE, "adapter",
             everywhere(lambda bench, clip: bench.given(clip, np.repeat(clip.samples, 2)))),
    *(Injected(f"a file of 16 kHz that says {rate_hz} Hz", Kind.RATE, "data", here_and_there(mislabelled(rate_hz)))
      for rate_hz in (8_000, 32_000, 44_100)),
    Injected("another speaker in the other channel", Kind.CHANNELS, "data", here_and_there(other_channel)),
    Injected("channels that cancel", Kind.CHANNELS, "data", here_and_there(cancelling)),
    Injected("figures scored by basic", Kind.NORMALISER, "scoring", under("basic", everywhere(in_digits))),
    Injected("capitals and commas scored by none", Kind.NORMALISER, "scoring", under("none", everywhere(punctuated))),
    Injected("transcripts one row off", Kind.REFERENCE, "data", shifted),
    Injected("two transcripts swapped", Kind.REFERENCE, "data", swapped),
    Injected("transcripts of other audio", Kind.REFERENCE, "data", here_and_there(of_elsewhere)),
    Injected("each answer is the last one's", Kind.LATE, "adapter", late),
    Injected("the first answer for ever", Kind.STUCK, "adapter", stuck),
    Injected("no sound handed on", Kind.EMPTY, "adapter",
             everywhere(lambda bench, clip: bench.given(clip, np.zeros_like(clip.samples)))),
    Injected("sound handed on a thousand times too soft", Kind.EMPTY, "adapter",
             everywhere(lambda bench, clip: bench.given(clip, clip.samples / 32_768))),
    Injected("now and then no answer", Kind.EMPTY, "model", here_and_there(lambda b, clip: b.heard(clip, answer=""))),
    Injected("silent files", Kind.EMPTY, "data", here_and_there(silent_file)),
    Injected("sound handed on backwards", Kind.GARBLED, "adapter",
             everywhere(lambda bench, clip: bench.given(clip, clip.samples[::-1]))),
    Injected("the adapter raises", Kind.RAISED, "adapter", here_and_there(raising)),
)  # fmt: skip
