"""Chains as text, their names, their order, and steps of other packages."""

from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.audio.preprocessing import NONE, Chain, Parameter, parse, registry
from modellab.errors import AudioError, ConfigError
from modellab.types import Audio

from .tones import HZ, one, sound


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", ""),
        (" none ", ""),
        ("highpass", "highpass@1(cutoff_hz=80,order=4)"),
        (" highpass ( cutoff_hz = 120.5 ) ", "highpass@1(cutoff_hz=120.5,order=4)"),
        ("highpass@1(order=2,cutoff_hz=1e2)", "highpass@1(cutoff_hz=100,order=2)"),
        ("resample(rate_hz=8000), highpass()", "resample@1(rate_hz=8000),highpass@1(cutoff_hz=80,order=4)"),
        ("highpass,highpass", "highpass@1(cutoff_hz=80,order=4),highpass@1(cutoff_hz=80,order=4)"),
    ],
)
def test_a_chain_is_read_and_written_whole(text: str, whole: str) -> None:
    chain = parse(text)
    assert str(chain) == whole
    assert parse(whole) == chain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hipass", "preprocessing has no step 'hipass': did you mean highpass? known: denoise, highpass,"),
        (
            "highpass(cutof_hz=80)",
            "highpass has no parameter 'cutof_hz': did you mean cutoff_hz? known: cutoff_hz",
        ),
        ("highpass(cutoff_hz=0)", "highpass(cutoff_hz=0): expected a number from 1 to 20000 Hz, got '0'"),
        ("highpass(cutoff_hz=nan)", "expected a number from 1 to 20000 Hz, got 'nan'"),
        ("highpass(cutoff_hz=low)", "expected a number from 1 to 20000 Hz, got 'low'"),
        ("highpass(order=2.5)", "expected a whole number from 1 to 10, got '2.5'"),
        ("highpass(order)", "highpass(order): expected parameter=value, got 'order'"),
        ("highpass(order=2,order=3)", "order is there twice"),
        ("vad_chunks(detector=webrtc)", "vad_chunks(detector=webrtc): expected energy or silero, got 'webrtc'"),
        ("highpass@7", "the step highpass is version 1 here, 7 was asked for"),
        ("highpass,", "it ends in a comma"),
        (",highpass", "cannot be read at ',highpass'"),
        ("highpass(cutoff_hz=80", "cannot be read at 'highpass(cutoff_hz=80'"),
        ("highpass denoise", "cannot be read at 'highpass denoise'"),
        (",".join(["denoise"] * 21), "21 steps, 20 at most"),
        ("denoise,none", "preprocessing has no step 'none'"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="highpasdeno(),=@ 0123456789._-\n\x00é", max_size=40))
def test_any_text_is_a_chain_or_a_config_error(text: str) -> None:
    try:
        chain = parse(text)
    except ConfigError:
        return
    assert parse(str(chain)) == chain


def test_names_are_short_and_each_chains_own() -> None:
    texts = ["highpass", "highpass(cutoff_hz=81)", "highpass,denoise", "denoise,highpass", ",".join(["highpass"] * 20)]
    names = [parse(text).name for text in texts]
    assert len(set(names)) == len(names)
    assert all(len(name) < 80 and not set(name) & set("/\\~. ") for name in names)
    assert names[0] == "highpass-da91a462"  # it is part of the names of baselines: it stays
    assert NONE.name == ""
    assert Chain() == NONE == parse("none")


def test_chains_are_applied_in_their_order() -> None:
    given = sound((1.0, 0.0), (1.0, 0.001))
    loud_first = one("normalize_loudness,trim_silence", given)
    trimmed_first = one("trim_silence,normalize_loudness", given)
    assert len(loud_first.samples) == len(trimmed_first.samples) < len(given.samples)
    pieces = parse("vad_chunks(max_s=2),trim_silence(margin_s=0)").apply(
        sound((1.0, 0.0), (1.5, 0.2), (2.0, 0.0), (1.5, 0.2))
    )
    assert [piece.start_s for piece in pieces] == [pytest.approx(1.0, abs=0.02), pytest.approx(4.5, abs=0.02)]


# ------------------------------------------------------------------------ steps of other packages


def own_step(monkeypatch: pytest.MonkeyPatch, name: str = "dither", **contents: object) -> None:
    """Install a module as another package's step."""
    module = types.ModuleType("elsewhere_step")
    vars(module).update(contents)
    monkeypatch.setitem(sys.modules, "elsewhere_step", module)
    point = EntryPoint(name, "elsewhere_step", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])
    registry.every.cache_clear()
    monkeypatch.setattr(registry, "every", registry.every.__wrapped__)


def dither(given: Audio, sd: float, seed: int) -> Audio:
    drawn = np.random.default_rng(seed).normal(0, sd, len(given.samples))
    return Audio((given.samples + drawn).astype(np.float32), given.rate_hz)


DITHER = {"sd": Parameter(0.001, "of the noise", 0, 1), "seed": Parameter(1, "what is drawn follows from it", 0, 2**31)}


def test_a_step_that_draws_is_the_same_under_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    own_step(monkeypatch, VERSION=3, PARAMETERS=DITHER, change=dither)
    given = sound((0.5, 0.1))
    assert str(parse("dither(seed=7)")) == "dither@3(sd=0.001,seed=7)"
    first, again, other = (one(f"dither(seed={seed})", given).samples for seed in (7, 7, 8))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("name", "contents", "said"),
    [
        ("highpass", {}, "two steps of preprocessing are called 'highpass'"),
        ("Dither", {"VERSION": 1, "PARAMETERS": {}, "change": dither}, "expected a name of lower case letters"),
        ("dither", {"PARAMETERS": {}, "change": dither}, "expected a module with VERSION"),
        ("dither", {"VERSION": 1, "PARAMETERS": {"sd": 3}, "change": dither}, "PARAMETERS has to map names"),
        ("dither", {"VERSION": 1, "PARAMETERS": {}}, "expected one of change(audio, ...) and cut(audio, ...)"),
    ],
)
def test_what_is_no_step_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, contents: dict[str, object], said: str
) -> None:
    own_step(monkeypatch, name, **contents)
    with pytest.raises(ConfigError) as caught:
        parse("highpass")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda given: given.samples, "gave ndarray, expected Audio with one channel"),
        (lambda given: Audio(given.samples * np.nan, HZ), "made a NaN or infinite sample"),
        (lambda given: Audio(given.samples[: HZ // 2], HZ), "made 0.50 s of 1.00 s: what shortens is `cut`"),
        (lambda given: Audio(np.zeros((HZ, 2), np.float32), HZ), "expected Audio with one channel"),
    ],
)
def test_what_a_step_must_not_make(monkeypatch: pytest.MonkeyPatch, made: object, said: str) -> None:
    own_step(monkeypatch, "odd", VERSION=1, PARAMETERS={}, change=made)
    with pytest.raises(AudioError) as caught:
        parse("odd").apply(sound((1.0, 0.1)))
    assert said in str(caught.value)


@pytest.mark.parametrize("parts", [[(5, 3)], [(0, 10), (5, 20)], [(0, 10**9)], [(-1, 5)]])
def test_parts_that_are_none(monkeypatch: pytest.MonkeyPatch, parts: list[tuple[int, int]]) -> None:
    own_step(monkeypatch, "odd", VERSION=1, PARAMETERS={}, cut=lambda given: parts)
    with pytest.raises(AudioError, match="expected parts in their order"):
        parse("odd").apply(sound((1.0, 0.1)))
