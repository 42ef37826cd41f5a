"""What a line of the ledger has to be: each damage is told in one sentence, and costs that line only."""

from __future__ import annotations

import copy
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.results import entry, ledger, ledger_line, serialization
from modellab.results.entry import Entry
from modellab.types import CaseId, Result, Status, Utterance, Verdict

KEY = CaseId("asr", "short_v1", "fake", "one", "cpu", "float32")
UTTERANCES = tuple(
    Utterance(f"u{n}", {"wer": (float(n), 4.0), "success_rate": (1.0, 1.0)}, {"text": "hi", "segments": [["hi", 0, 1]]},
              0.5, 0.25, 1.5, gpu_s=math.nan, cluster="p1")
    for n in range(2)
)  # fmt: skip
RESULT = Result(KEY, UTTERANCES, {"load_s": 1.5, "peak_rss_bytes": 2e8}, "m-1t", {"threads": "1", "normaliser": "none"})
VERDICT = Verdict("wer", "ratio", "quality", Status.PASS, 0.1, 0.2, -0.1, (-0.2, math.inf), p=0.5)
GOOD = Entry(KEY, Status.PASS, "s1", RESULT, (VERDICT,), values={"wer": 0.125}, settings={"beam": [1, {"a": None}]})
LINE: dict[str, Any] = json.loads(serialization.dumps(entry.encode(GOOD)))
GONE = object()
DEEP: Any = []
for _ in range(60):
    DEEP = [DEEP]


def changed(place: str, value: Any) -> dict[str, Any]:
    """The good line with another value at a place such as `result.utterances.0.wall_s`."""
    line = copy.deepcopy(LINE)
    *parents, last = (int(part) if part.isdecimal() else part for part in place.split("."))
    at: Any = line
    for part in parents:
        at = at[part]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    return line


def test_a_good_line_is_read_as_it_was_written() -> None:
    ledger_line.check(LINE)
    assert entry.encode(entry.decode(LINE)) == LINE


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("result.utterances.0.wall_s", 10**400, r"wall_s is 1000000.*\.\.\.: Input should be a valid number"),
        ("result.utterances.0.wall_s", -1, "greater than or equal to 0"),
        ("result.utterances.0.wall_s", math.inf, "finite number"),
        ("result.utterances.0.wall_s", "5", "valid number"),
        ("result.utterances.0.wall_s", True, "valid number"),
        ("result.utterances.0.shares.wer", [1], "'wer' has 1 numbers in one utterance, in another 2"),
        ("result.utterances.0.shares.wer", [], "at least 1 item"),
        ("result.utterances.0.shares.wer", {"a": 1}, "valid list"),
        ("result.utterances.0.output", DEEP, "nested deeper than 40"),
        ("result.utterances.1.id", "u0", "the utterance 'u0' is there twice"),
        ("result.utterances.0.id", GONE, "Field required"),
        ("result.utterances", {}, "valid list"),
        ("result.readings.load_s", math.inf, "finite number"),
        ("result.machine", "a/b", "expected a name that can be part of a file's"),
        ("result.machine", "", "expected a name that can be part of a file's"),
        ("result.provenance.threads", "many", "result.provenance.threads is 'many', expected how many there were"),
        ("result.key.dataset", "other_v1", "it is a result of other_v1 in a line of short_v1"),
        ("key.variant", "../../x", "expected a name that can be part of a file's"),
        ("session", "a\nb", "expected a name that can be part of a file's"),
        ("commit.position", math.inf, "commit.position is inf: Input should be a valid integer"),
        ("commit.position", 10**400, "commit.position is 1000"),
        ("commit.position", -1, "greater than or equal to 0"),
        ("commit.dirty", "no", "valid boolean"),
        ("verdicts.0.kind", "taste", "Input should be 'quality', 'speed', 'memory' or 'sanity'"),
        ("verdicts.0.status", "FINE", "'FINE' is not a valid Status"),
        ("verdicts.0.red", 1, "valid boolean"),
        ("verdicts.0.interval", [1], "at least 2 items"),
        ("verdicts.0.alpha", 0, "greater than 0"),
        ("status", "FINE", "'FINE' is not a valid Status"),
        ("finished_at", "2026-13-01", "finished_at is '2026-13-01'"),
        ("finished_at", "2026-11-28T18:26:07", "expected a moment with its time zone"),
        ("started_at", "0001-01-01T00:00:00+14:00", "in the years 1971 to 9998"),
        ("id", "../x", "match pattern"),
        ("values.wer", "nan", "Input should be"),
        ("settings", DEEP, "valid dictionary"),
        ("settings.beam", DEEP, "nested deeper than 40"),
        ("versions", {"numpy": 2}, "valid string"),
        ("host", None, "valid string"),
    ],
)
def test_each_damage_is_one_sentence(place: str, value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        entry.decode(changed(place, value))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_share_that_its_metric_cannot_be_counted_from() -> None:
    line = changed("result.utterances.1", GONE)
    line["result"]["utterances"][0]["shares"]["wer"] = [1]
    with pytest.raises(ValueError, match="wer cannot be counted from 1 numbers"):
        entry.decode(line)


VALUES = st.sampled_from(
    [GONE, None, True, 0, -1, 10**400, math.inf, math.nan, 1e308, "", "x", "inf", "..", "a/b", "\ud800", [], [None], {},
     {"a": {"b": [1]}}, DEEP, "0001-01-01T00:00:00+14:00", 2**63]
)  # fmt: skip


def places(value: Any, place: str = "") -> list[str]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    own = [place] if place else []
    return own + [found for key, each in inner for found in places(each, f"{place}.{key}".lstrip("."))]


@given(st.sampled_from(places(LINE)), VALUES)
def test_whatever_is_in_a_line_the_others_are_read(place: str, value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s1.jsonl"
        others = [{**LINE, "id": f"{n:032x}"} for n in (1, 2)]
        lines = [json.dumps(each) for each in (others[0], changed(place, value), others[1])]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found, told = ledger.read_file(path, Path(folder))
    assert {f"{n:032x}" for n in (1, 2)} <= {each.id for each in found}
    assert len(found) + len(told) == 3
    newer = place == "format" and isinstance(value, int) and value > entry.NEWEST  # counted by file, and kept
    assert all(("newer" if newer else "line 2") in sentence and "\n" not in sentence for sentence in told)
