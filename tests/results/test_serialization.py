"""Whatever a result or entry holds comes back from its JSON: every float, every text, every missing value."""

import dataclasses
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.results import entry, serialization
from modellab.results.entry import Entry
from modellab.system.machine import Commit
from modellab.types import Basis, CaseId, Metric, Result, Status, Utterance, Verdict

TEXTS = st.text(max_size=20)  # lone surrogates included: what a broken model says is kept as well
NAMES = st.text(min_size=1, max_size=8)
FLOATS = st.floats()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
PARTS = st.text("aZ09 _.:ü-", min_size=1, max_size=8).filter(lambda name: name not in {".", ".."})  # of file names
KEYS = st.builds(CaseId, PARTS, PARTS, PARTS, PARTS, PARTS, PARTS)
UTTERANCES = st.builds(
    Utterance,
    id=TEXTS,
    counts=st.dictionaries(NAMES, st.lists(FLOATS, max_size=4).map(tuple), max_size=3),
    output=JSON,
    wall_s=FLOATS,
    cpu_s=FLOATS,
    duration_s=FLOATS,
    error=TEXTS,
)
RESULTS = st.builds(
    Result,
    key=KEYS,
    utterances=st.lists(UTTERANCES, max_size=3).map(tuple),
    readings=st.dictionaries(NAMES, FLOATS, max_size=3),
    machine=TEXTS,
    provenance=st.dictionaries(NAMES, TEXTS, max_size=3),
)
SOME = st.floats(allow_nan=False)
VERDICTS = st.builds(
    Verdict,
    metric=NAMES,
    unit=TEXTS,
    kind=st.sampled_from(["quality", "speed", "memory", "sanity"]),
    status=st.sampled_from(Status),
    now=FLOATS,
    baseline=st.none() | SOME,
    change=st.none() | SOME,
    interval=st.none() | st.tuples(FLOATS, FLOATS),
    why=TEXTS,
    red=st.booleans(),
)


def same(one: object, other: object) -> bool:
    """Equal, where NaN equals NaN."""
    if isinstance(one, float) and isinstance(other, float | int):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


READ = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # of a ledger: it has no half characters
SECONDS = st.floats(0, allow_infinity=False) | st.just(math.nan)
LINES = st.builds(
    Entry,
    key=KEYS,
    status=st.sampled_from(Status),
    session=PARTS,
    verdicts=st.lists(
        st.builds(
            Verdict,
            metric=READ,
            unit=READ,
            kind=st.sampled_from(["quality", "speed", "memory", "sanity"]),
            status=st.sampled_from(Status),
            now=FLOATS,
            baseline=st.none() | SOME,
            interval=st.none() | st.tuples(FLOATS, FLOATS),
            why=READ,
            red=st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    error=READ,
    values=st.dictionaries(READ, FLOATS, max_size=3),
    commit=st.builds(Commit, READ, st.integers(0, 10**6), READ, st.booleans()),
    versions=st.dictionaries(READ, READ, max_size=3),
    settings=st.dictionaries(READ, JSON, max_size=3),
)
MEASURED = st.lists(
    st.builds(
        Utterance,
        id=READ,
        counts=st.fixed_dictionaries({"wer": st.tuples(FLOATS, FLOATS), "own": st.tuples(FLOATS)}),
        output=JSON,
        wall_s=SECONDS,
        cpu_s=SECONDS,
        duration_s=SECONDS,
        gpu_s=SECONDS,
        error=READ,
        cluster=READ,
    ),
    max_size=3,
    unique_by=lambda utterance: utterance.id,
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An entry such as the suite writes, with or without a result."""
    made = draw(LINES)
    if draw(st.booleans()):
        return made
    about = {"readings": draw(st.dictionaries(READ, FLOATS, max_size=3)), "machine": draw(PARTS)}
    provenance = draw(st.dictionaries(READ.filter(lambda name: name != "seeds"), READ, max_size=3))
    result = Result(key=made.key, utterances=tuple(draw(MEASURED)), provenance=provenance, **about)
    return dataclasses.replace(made, result=result)


@given(entries())
def test_an_entry_survives_the_disk(given_entry):
    line = serialization.dumps(entry.encode(given_entry)).encode("utf-8")  # what the ledger writes

    back = entry.decode(json.loads(line))

    assert b"\n" not in line
    assert same(dataclasses.asdict(back), dataclasses.asdict(given_entry))


@given(RESULTS)
def test_a_result_survives_text(result):
    back = serialization.decode_result(json.loads(serialization.dumps(serialization.encode_result(result))))

    assert same(dataclasses.asdict(back), dataclasses.asdict(result))


@pytest.mark.parametrize("most", [0.8, math.inf])
@pytest.mark.parametrize("error", [0.002, math.nan, math.inf])
def test_what_a_case_detects_follows_from_survives_text(error, most):
    verdict = Verdict("wer", "ratio", "quality", Status.PASS, 0.1, basis=Basis((1.0, 2.5), 4000.0, 400, error, most))

    back = serialization.decode_verdict(json.loads(serialization.dumps(serialization.encode_verdict(verdict))))

    assert same(dataclasses.asdict(back), dataclasses.asdict(verdict))


def test_a_ledger_of_before_told_mean_and_spread_of_the_sizes():
    old = serialization.encode_verdict(Verdict("wer", "ratio", "quality", Status.PASS, 0.1)) | {
        "basis": [1.5, 2, 4000, 400, 0.1]
    }

    assert serialization.decode_verdict(old).basis == Basis((1.5,), 4000.0, 400, 0.1)


@given(VERDICTS)
def test_a_verdict_survives_text(verdict):
    back = serialization.decode_verdict(json.loads(serialization.dumps(serialization.encode_verdict(verdict))))

    assert same(dataclasses.asdict(back), dataclasses.asdict(verdict))


@given(FLOATS)
def test_a_number_keeps_its_value(value):
    assert same(serialization.decode_number(json.loads(serialization.dumps(serialization.encode_number(value)))), value)


PLAIN = [
    (np.float32(0.5), 0.5),
    (np.array([1, 2]), [1, 2]),
    (np.array([math.nan]), [None]),
    (math.inf, None),
    ({1: (Path("a"), {2})}, {"1": ["a", [2]]}),
    (np.bool_(True), True),
    (True, True),
]


@pytest.mark.parametrize(("value", "expected"), PLAIN, ids=repr)
def test_anything_becomes_json(value, expected):
    assert serialization.plain(value) == expected
    assert type(serialization.plain(value)) is type(expected)


def test_whole_floats_are_short():
    assert serialization.dumps(serialization.encode_counts({"wer": (3.0, 8.0)})) == '{"wer":[3,8]}'


class Model:
    def options_for(self, variant: str) -> dict[str, object]:
        return {"beam_size": 5, "variant": variant}


@dataclasses.dataclass
class CaseStub:
    key: CaseId
    tier: str = "smoke"
    model: Model = dataclasses.field(default_factory=Model)
    header: SimpleNamespace = dataclasses.field(default_factory=lambda: SimpleNamespace(privacy="none"))


@dataclasses.dataclass
class DoneStub:
    """What the suite hands over when a case is done."""

    case: CaseStub
    status: Status = Status.PASS
    verdicts: tuple[Verdict, ...] = ()
    result: Result | None = None
    error: str = ""
    notes: tuple[str, ...] = ()


KEY = CaseId("asr", "asr_smoke_v1", "whisper", "lab", "cpu", "float32")
PROVENANCE = {"weights": "sha256:1", "threads": "2", "python": "3.12.1", "ctranslate2": "4.8", "commit": "abc"}


def test_an_entry_takes_its_facts_from_the_case():
    counts = {"wer": (1.0, 4.0), "success_rate": (1.0, 1.0)}
    result = Result(KEY, (Utterance("a", counts, {"text": ""}, 0.1, 0.1, 1.0),), {}, "cpu-1t", PROVENANCE)

    made = Entry.of(DoneStub(CaseStub(KEY), result=result), Commit("abc", 7), "s1", started=0.0)

    assert made.settings == {"device": "cpu", "precision": "float32", "threads": "2", "beam_size": 5, "variant": "lab"}
    assert made.versions == {"python": "3.12.1", "ctranslate2": "4.8"}
    assert (made.weights, made.tier, made.commit.position) == ("sha256:1", "smoke", 7)
    assert made.started_at == "1970-01-01T00:00:00.000000+00:00"
    assert made.values["wer"] == 0.25
    assert math.isnan(made.values["cer"]), "no counts: missing, not zero"


def test_a_result_of_a_task_that_is_gone_has_no_values():
    assert entry.pooled(Result(dataclasses.replace(KEY, task="gone"), (), {}, "", {})) == {}


RED = Verdict("wer", "ratio", "quality", Status.REGRESSED, 0.1, red=True)
REDNESS = [(Status.PASS, (), False), (Status.REGRESSED, (RED,), True), (Status.ERROR, (), True)]


@pytest.mark.parametrize(("status", "verdicts", "red"), REDNESS)
def test_red_means_that_the_test_failed(status, verdicts, red):
    assert Entry(KEY, status, "s", verdicts=verdicts).red is red


def test_every_metric_name_is_kept_in_the_order_of_the_task():
    metric = Metric("wer", "ratio", "lower")
    assert metric.name == next(iter(entry.pooled(Result(KEY, (), {}, "", {}))))


def test_of_optional_metrics_no_zeros_are_kept() -> None:
    utterance = Utterance("a", {"wer": (0.0, 0.0), "pier": (0.0, 0.0), "ece": (0.0, 1.0)}, None, 0.1, 0.1, 1.0)
    kept = serialization.encode_utterance(utterance, {"pier", "ece"})
    assert kept["shares"] == {"wer": [0, 0], "ece": [0, 1]}
