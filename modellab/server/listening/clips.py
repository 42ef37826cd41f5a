"""The sounds of a listening test, made in a reader's process: what systems said, equally loud, and what checks raters.

Loudness is ITU-R BS.1770's. The spoilt clip (the anchor) is speech through a telephone's worst line: below 1,000 Hz
alone, with noise as loud as the speech. The tones are a check for headphones: of three, one is quieter, and one has its
sides in opposite phase, which over loudspeakers makes that one the quieter (Woods et al., "Headphone screening to
facilitate web-based auditory experiments", 2017).
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio, tasks, units
from modellab.audio import saved
from modellab.errors import AudioError
from modellab.metrics import speech_quality
from modellab.reports.comparison.references import Library
from modellab.results import withheld
from modellab.results.entry import Entry
from modellab.server.errors import ApiError
from modellab.server.results import whole
from modellab.types import Audio, Floats, Row

Json = dict[str, Any]
Order = Mapping[str, Any]
LOUDNESS_LUFS = -23.0  # EBU R 128
PEAK = 0.98
LONGEST_S = 30.0
ANCHOR_HZ = 1_000.0
ANCHORS_HZ = (3_500.0, 7_000.0)  # of MUSHRA; one that takes next to nothing away is left out
ANCHORED = 2.5  # times its edge that the rate has to be, at least
TONE_HZ, TONE_S, PAUSE_S, TONE_RATE_HZ = 200.0, 1.0, 0.5, 16_000
TONE_LEVEL, QUIETER = 0.2, 10 ** (-6 / 20)
ESTIMATES = ("mos", "naturalness", "intelligibility_wer", "wer", "similarity")


def make(root: Path, order: Order) -> Json:
    """Write every sound into a folder; which items there are, and where each sound lies."""
    folder = Path(order["folder"])
    entries = [whole.read(root, place) for place in order["entries"]]
    _check_alike(entries)
    heard = [_sounds(entry) for entry in entries]
    book = Library(whole.project(root).golden).book(entries[0])
    if order["kind"] == "mushra" and len(entries) == order["judged"]:
        heard.append(_recordings(book.rows))
    ids = sorted(functools.reduce(operator.and_, (set(paths) for paths in heard)))
    if not ids:
        message = (
            "no sentence has a sound of each of these results: the audio of older sessions is removed; run them anew"
        )
        raise ApiError(409, "no_sounds", message, "entries")
    drawn = sorted(np.random.default_rng(order["seed"]).permutation(len(ids))[: order["items"]])
    chosen = {ids[place]: [_level(_read(paths[ids[place]])) for paths in heard] for place in drawn}
    if order["kind"] == "mushra":
        edges_hz = _edges_hz(min(clips[-1].rate_hz for clips in chosen.values()))
        chosen = {id: [*clips, *(_low_passed(clips[-1], edge) for edge in edges_hz)] for id, clips in chosen.items()}
    loudest = max(float(np.abs(clip.samples).max()) for clips in chosen.values() for clip in clips)
    gain = min(1.0, PEAK / loudest)  # of all alike: none is made quieter than another
    items = []
    for number, (id, clips) in enumerate(chosen.items()):
        written = [_written(folder / f"{number}-{i}.flac", _times(clip, gain)) for i, clip in enumerate(clips)]
        text = str(book.rows.get(id, {}).get("text", ""))
        items.append({"id": id, "text": text, "clips": written})
    first = next(iter(chosen.values()))[0]
    tones = [_tones(folder / f"tones-{i}.flac", quietest) for i, quietest in enumerate(_quietest(order["seed"]))]
    return {
        "dataset": entries[0].key.dataset,
        "systems": [
            {"name": name, "estimates": _estimates(entry)} for name, entry in _named(entries[: order["judged"]])
        ],
        "items": items,
        "anchor": _written(folder / "anchor.flac", _spoilt(_times(first, gain), order["seed"])),
        "tones": tones,
    }


def _check_alike(entries: list[Entry]) -> None:
    """ApiError unless they all are results of one task with one dataset, which nobody has to keep to themselves."""
    keys = {(entry.key.task, entry.key.dataset) for entry in entries}
    if len(keys) > 1:
        named = ", ".join(sorted(f"{task} on {dataset}" for task, dataset in keys))
        raise ApiError(400, "invalid_value", f"expected results of one task with one dataset, got {named}", "entries")
    if any(withheld.is_private(entry) for entry in entries):
        raise ApiError(400, "private", "what is private is not played to people who have a link", "entries")


def _sounds(entry: Entry) -> dict[str, Path]:
    """The first sound of each utterance, where it is still there."""
    sounds = {}
    for utterance in entry.result.utterances if entry.result else ():
        path = next((path for path in saved.files(utterance.output) if not str(path).startswith(saved.ELSEWHERE)), None)
        if path is not None and path.is_file():
            sounds[utterance.id] = path
    return sounds


def _recordings(rows: Mapping[str, Row]) -> dict[str, Path]:
    """The recording of each sentence that has one."""
    recordings = {id: Path(row["reference_audio"]) for id, row in rows.items() if row.get("reference_audio")}
    if not recordings:
        message = "no sentence of the dataset has a recording (`reference_audio`): choose a result as the reference"
        raise ApiError(409, "no_sounds", message, "reference")
    return recordings


def _read(path: Path) -> Audio:
    try:
        sound = audio.read(path)
    except AudioError as error:
        raise ApiError(409, "no_sounds", f"a stored sound cannot be read: {error}", "entries") from None
    return Audio(sound.samples[: round(LONGEST_S * sound.rate_hz)], sound.rate_hz)


def _level(sound: Audio) -> Audio:
    """As loud as broadcast; what has no loudness, as silence, as it is."""
    if wanted := speech_quality.missing("pyloudnorm"):
        raise ApiError(503, "not_installed", f"clips are made equally loud with pyloudnorm: {wanted}")
    loudness = speech_quality.loudness(sound)
    return sound if loudness is None else _times(sound, 10 ** ((LOUDNESS_LUFS - loudness) / 20))


def _times(sound: Audio, gain: float) -> Audio:
    return Audio((sound.samples * gain).astype(np.float32), sound.rate_hz)


def _spoilt(sound: Audio, seed: int) -> Audio:
    spectrum = np.fft.rfft(sound.samples.astype(float))
    spectrum[np.fft.rfftfreq(len(sound.samples), 1 / sound.rate_hz) > ANCHOR_HZ] = 0
    dull: Floats = np.fft.irfft(spectrum, len(sound.samples))
    noise = np.random.default_rng(seed).standard_normal(len(dull)) * np.sqrt(np.mean(dull**2))
    both = dull + noise
    return Audio((both * min(1.0, PEAK / max(1e-9, float(np.abs(both).max())))).astype(np.float32), sound.rate_hz)


def _edges_hz(rate_hz: int) -> list[float]:
    """Where anchors are cut of references of that rate; ApiError where not even the low one would be heard."""
    edges_hz = [edge for edge in ANCHORS_HZ if rate_hz >= ANCHORED * edge]
    if not edges_hz:
        message = (
            f"MUSHRA's anchor is cut at {ANCHORS_HZ[0]:,.0f} Hz, which nobody hears of a reference of {rate_hz} Hz"
        )
        raise ApiError(409, "narrow", message, "reference")
    return edges_hz


def _low_passed(sound: Audio, edge_hz: float) -> Audio:
    """As through a filter that ITU-R BS.1534 allows: whole up to the edge, nothing from an eighth of it on."""
    spectrum = np.fft.rfft(sound.samples.astype(float))
    beyond = (np.fft.rfftfreq(len(sound.samples), 1 / sound.rate_hz) - edge_hz) / (edge_hz / 8)
    spectrum *= np.cos(np.pi / 2 * np.clip(beyond, 0.0, 1.0)) ** 2
    return Audio(np.fft.irfft(spectrum, len(sound.samples)).astype(np.float32), sound.rate_hz)


def _quietest(seed: int) -> list[int]:
    """Which of the three tones is quieter, in each check; each is once."""
    return [int(place) + 1 for place in np.random.default_rng(seed).permutation(3)]


def _tones(path: Path, quietest: int) -> Json:
    """A check: tone, pause, tone, pause, tone, in two channels."""
    time_s = np.arange(round(TONE_S * TONE_RATE_HZ)) / TONE_RATE_HZ
    ramp = np.clip(np.minimum(time_s, TONE_S - time_s) / 0.1, 0.0, 1.0)
    tone = TONE_LEVEL * ramp * np.sin(2 * np.pi * TONE_HZ * time_s)
    opposite = quietest % 3 + 1
    parts = []
    for number in (1, 2, 3):
        level = QUIETER if number == quietest else 1.0
        parts += [np.stack([tone * level, (-1 if number == opposite else 1) * tone * level], axis=1)]
        parts += [np.zeros((round(PAUSE_S * TONE_RATE_HZ), 2))]
    samples = np.concatenate(parts[:-1])
    audio.write_channels(path, samples.astype(np.float32), TONE_RATE_HZ)
    return {"clip": {"path": str(path), "duration_s": len(samples) / TONE_RATE_HZ}, "quietest": quietest}


def _written(path: Path, sound: Audio) -> Json:
    audio.write(path, sound)
    return {"path": str(path), "duration_s": sound.duration_s}


def _named(entries: list[Entry]) -> list[tuple[str, Entry]]:
    """Each by what tells it apart: the model, or with two results of one its session too."""
    names = [f"{entry.key.model}:{entry.key.variant}" for entry in entries]
    return [
        (name if names.count(name) == 1 else f"{name} of {entry.session}", entry)
        for name, entry in zip(names, entries, strict=True)
    ]


def _estimates(entry: Entry) -> dict[str, str]:
    """What machines say of the same result, as people read it."""
    known = {metric.name: metric.unit for metric in tasks.get(entry.key.task).METRICS}
    return {
        units.heading(name): units.value(entry.values[name], known[name])
        for name in ESTIMATES
        if name in known and math.isfinite(entry.values.get(name, math.nan))
    }
