"""What tasks of dialogue share about one `Reply`: as JSON, heard by a judge, as counts, and for a person to read.

As JSON: {"text", "audio": Audio or its file, null for none, "complete", "health": see metrics/audio_health.py, null
without audio, "first_token_s", "first_audio_s": null for unknown}, and "heard" where a judge listened to the audio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab import audio
from modellab.errors import described
from modellab.metrics import audio_health
from modellab.tasks import _returned, _transcript
from modellab.types import Audio, Counts, Metric, Ratio, Reply

JUDGE_RATE_HZ = 16_000
MODALITIES = ("text", "audio")
LATENCIES = ("first_token_s", "first_audio_s")
METRICS = (
    *audio_health.HEALTH_METRICS,
    *audio_health.LENGTH_METRICS,
    *(Metric(name, unit="s", better="lower", gated=False, clock=True) for name in LATENCIES),
)
LIMITS: Mapping[str, float] = {**audio_health.HEALTH_LIMITS, **audio_health.LENGTH_LIMITS}
NOTHING: Mapping[str, Any] = {"text": "", "audio": None, "complete": False, "health": None, **dict.fromkeys(LATENCIES)}


def as_json(reply: Any, method: str) -> dict[str, Any]:
    """One Reply as JSON types, its audio as it is, with the audio's health; TypeError saying what `method` gave."""
    if not isinstance(reply, Reply):
        hint = f": does {method} end without a return?" if reply is None else ""
        came = "None" if reply is None else f"a {type(reply).__name__} ({repr(reply)[:60]})"
        raise TypeError(f"{method} returned {came}, expected a Reply{hint}")
    if not isinstance(reply.text, str) or not isinstance(reply.audio, Audio | None):
        came = f"text {type(reply.text).__name__}, audio {type(reply.audio).__name__}"
        raise TypeError(f"{method} returned a Reply with {came}, expected str and Audio or None")
    if not _returned.is_truth(reply.complete):
        came = described(reply.complete)
        raise TypeError(f"{method} returned a Reply whose complete is {came}, expected True or False")
    latencies = {name: _returned.latency(f"{name} of {method}", getattr(reply, name)) for name in LATENCIES}
    return {
        "text": reply.text,
        "audio": reply.audio and _returned.sound(method, reply.audio),
        "complete": bool(reply.complete),
        "health": audio_health.health(reply.audio) if reply.audio else None,
        **latencies,
    }


def heard(judge: Any, reply: Mapping[str, Any]) -> dict[str, Any]:
    """A reply with what the judge heard in its audio; silence is not played to a judge, who might make words up."""
    if not reply["audio"]:
        return dict(reply)
    silent = audio_health.is_silent(reply["health"])
    transcript = "" if silent else _transcript.heard(judge, audio.read(Path(reply["audio"]["audio"]), JUDGE_RATE_HZ))
    return {**reply, "heard": transcript}


def counts(reply: Mapping[str, Any]) -> dict[str, Counts]:
    """The counts of one reply that do not depend on the question: health and length of its audio, latencies.

    No audio is fine here: whether there should have been some is for another metric to say.
    """
    health, words = reply["health"], answer_text(reply)
    latencies = {name: reply[name] for name in LATENCIES}
    return {
        **{name: Ratio(0.0) for name in LIMITS},
        **(audio_health.health_counts(health) if health else {}),
        **(audio_health.length_counts(words, health) if health and audio_health.spoken_s(words) else {}),
        **{name: Ratio(0.0, 0.0) if value is None else Ratio(value) for name, value in latencies.items()},
    }


def summed(reply_counts: Sequence[Mapping[str, Counts]]) -> dict[str, Counts]:
    """The counts of several replies of one sample as those of the sample."""
    names = reply_counts[0]
    return {name: tuple(map(sum, zip(*(counts[name] for counts in reply_counts), strict=True))) for name in names}


def lines(reply: Mapping[str, Any]) -> list[str]:
    """What a person needs to know of one reply besides its text."""
    faults = audio_health.faults(answer_text(reply), reply["health"]) if reply["health"] else []
    latencies = [f"{name} {reply[name]:.3g}" for name in LATENCIES if reply[name] is not None]
    return [
        *([f"heard  {reply['heard']}"] if "heard" in reply else []),
        *([f"audio  {reply['audio']['audio']}"] if reply["audio"] else []),
        *([f"       {', '.join(latencies)}"] if latencies else []),
        *([f"faults {', '.join(faults)}"] if faults else []),
        *([] if reply["complete"] else ["       stopped at its limit rather than by itself"]),
    ]


def answer_text(reply: Mapping[str, Any]) -> str:
    """What an answer says: its own words, else those that were heard."""
    return str(reply["text"].strip() or reply.get("heard") or "")


def modality(reply: Mapping[str, Any]) -> frozenset[str]:
    """The modalities of an answer, out of MODALITIES; audio that is silent is none."""
    loud = reply["health"] is not None and not audio_health.is_silent(reply["health"])
    return frozenset((["text"] if reply["text"].strip() else []) + (["audio"] if loud else []))
