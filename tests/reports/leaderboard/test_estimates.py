"""A number and its interval."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from modellab.reports.leaderboard import estimates
from modellab.results.entry import now

from .makers import entry, some

# ---------------------------------------------------------------------------- speed and memory


def test_one_session_has_the_interval_of_its_utterances() -> None:
    found = estimates.speed([[entry(rtf=0.05)]])
    assert (found.of, found.n) == ("utterances", 40)
    assert found.low < found.value < found.high


def test_a_factor_is_the_reading_and_has_no_interval_of_another_pass() -> None:
    """Results of old that were measured again have the times of the first pass and the readings of the last."""
    retimed, plain = entry(rtf=0.05, readings={"rtf": 0.02, "audio_s": 100.0}), entry(rtf=0.05)
    found = estimates.speed([[retimed]])
    assert (found.value, found.interval, found.n) == (0.02, None, 40)
    assert plain.result is not None
    audio_s = sum(each.duration_s for each in plain.result.utterances)
    known = replace(plain, result=replace(plain.result, readings={**plain.result.readings, "audio_s": audio_s}))
    assert estimates.speed([[retimed], [known]]).value == pytest.approx((2 + 0.05 * audio_s) / (100 + audio_s))


def test_sessions_of_the_same_code_say_how_far_another_would_be() -> None:
    sessions = [entry(session=f"s{i}", rtf=rtf) for i, rtf in enumerate((0.04, 0.06, 0.05))]
    found = estimates.speed([sessions])
    half = stats.t.ppf(0.975, 2) * np.std(np.log([0.04, 0.06, 0.05]), ddof=1)
    assert (found.of, found.n) == ("sessions", 3)
    assert math.log(found.high / found.value) == pytest.approx(half)
    assert estimates.memory([sessions]).n == 3


def test_a_busy_session_says_nothing_of_speed() -> None:
    busy = [entry(session=f"s{i}", readings={"other_cores": 1.9}) for i in range(2)]
    assert estimates.speed([[*busy, entry()]]).of == "utterances"


def test_repeats_are_of_the_same_thing() -> None:
    own = entry(session="now")
    other = [
        entry(session="same"),
        entry(session="machine", machine="b-cpu-1t"),
        entry(session="data", provenance={"dataset_digest": "sha256:other"}),
        entry(session="weights", provenance={"weights": "sha256:other"}),
        entry(session="version", versions={"engine": "2"}),
        entry(session="options", settings={"beam_size": 5}),
        entry("b", session="model"),
    ]
    assert [each.session for each in estimates.repeats(own, [*other, own])] == ["same", "now"]


def test_what_was_scored_anew_is_no_other_session() -> None:
    own, other = entry(session="now"), entry(session="other")
    copies = [
        replace(entry(session="again", provenance={"rescored_from": each.id}), finished_at=now())
        for each in (own, other)
    ]
    assert [each.session for each in estimates.repeats(own, [own, other, *copies])] == ["again", "now"]
    assert [each.session for each in estimates.repeats(copies[0], [own, other, *copies])] == ["again", "again"]


def test_what_is_accepted_has_a_reading_and_no_interval() -> None:
    accepted = entry(rtf=0.05)
    assert accepted.result is not None
    bare = tuple(replace(each, duration_s=math.nan) for each in accepted.result.utterances)
    found = estimates.speed([[replace(accepted, result=replace(accepted.result, utterances=bare))]])
    assert (found.value, found.interval, found.n) == (0.05, None, 40)


def test_peak_memory_of_one_session_has_no_interval() -> None:
    found = estimates.memory([[entry(errors=some(3), readings={"peak_rss_bytes": 3e8})]])
    assert (found.value, found.interval, found.n, found.of) == (3e8, None, 1, "sessions")
