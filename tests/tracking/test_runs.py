"""What an MLflow run says: names, tags, metrics, note and views, without MLflow."""

import dataclasses
import json
import re
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import modellab
from modellab.system.machine import Commit
from modellab.tracking import runs, ui_views
from modellab.tracking.run_note import LENGTH, note
from modellab.types import Status, Utterance, Verdict

FORBIDDEN = re.compile(r"[^A-Za-z0-9_\-. :/]")


def one(*entries):
    (run,) = runs.group(entries)
    return run


def test_a_run_is_one_model_variant_device_precision_in_one_session(make):
    together = [make(), make(dataset="asr_lab_v1")]
    apart: list[dict[str, Any]] = [
        {"variant": "tiny"},
        {"device": "cuda"},
        {"precision": "int4"},
        {"session": "s2"},
        {"task": "vad"},
    ]
    apart += [{"commit": Commit("f" * 40)}]

    grouped = runs.group([*together, *(make(**change) for change in apart)])

    assert [len(run.entries) for run in grouped] == [2] + [1] * len(apart)
    assert runs.group(reversed(together))[0].id == grouped[0].id, "the same entries, the same run"


def test_names_join_no_two_runs(make):
    """Moving a character from one field to its neighbour is another run."""
    assert len(runs.group([make(model="ab", variant="c"), make(model="a", variant="bc")])) == 2


def test_the_name_tells_model_device_precision_and_commit(make):
    assert one(make()).name == "faster_whisper:lab cpu-int8 @ 1a2b3c4"
    assert one(make(commit=dataclasses.replace(make().commit, dirty=True))).name.endswith("@ 1a2b3c4+")
    assert one(make(commit=Commit())).name.endswith("@ no commit")


def test_a_run_is_as_bad_as_its_worst_entry(session):
    both = one(*session[:2])

    assert (both.verdict, both.red) == (Status.REGRESSED, True)
    assert (one(session[0]).verdict, one(session[0]).red) == (Status.PASS, False)
    assert one(session[2]).red, "an error without a verdict is red too"


def test_tags_say_what_one_filters_by(make):
    tags = runs.tags(one(make(), make(dataset="asr_lab_v1", tier="full")))

    expected = {
        "verdict": "PASS",
        "model": "faster_whisper:lab",
        "series": "faster_whisper:lab cpu-int8",
        "tier": "full, smoke",
        "machine": "test-1t",
        "branch": "main",
        "dirty": "no",
        "weights": "sha256:cd",
        "normaliser": "whisper_en@1#1a2b3c4d",
        "versions.python": "3.12.1",
        "mlflow.source.git.commit": "1a2b3c4d" * 5,
    }
    assert expected.items() <= tags.items()


def test_metrics_are_named_by_dataset_rounded_and_finite(make):
    values = {"wer": 0.25, "cer": 0.123456789, "mer": float("nan"), "wil": float("inf")}

    found = runs.metrics(make(values=values))

    assert found == {"wer/asr_smoke_v1": 0.25, "cer/asr_smoke_v1": 0.12346, "rtf/asr_smoke_v1": 0.024123}


def test_the_columns_are_the_first_metric_and_the_speed(make, session):
    assert runs.headline(make()) == ["wer/asr_smoke_v1", "rtf/asr_smoke_v1"]
    assert runs.headline(session[2]) == [], "an error has nothing to show"


def test_the_table_shows_the_worst_utterances_first(make):
    counts = {"wer": (1.0, 4.0), "der": (0.5, 2.25)}
    utterances = (
        Utterance("good", {"wer": (0.0, 4.0), "der": (0.0, 1.0)}, {"text": "fine"}, 0.1, 0.1, 2.0),
        Utterance("bad", counts, {"text": "so so", "reference": "so"}, 0.1, 0.1, 2.0),
        Utterance("lost", counts, None, 0.1, 0.1, 2.0, error="ValueError: no"),
        Utterance("regions", {"wer": ()}, [[0.5, 1.0]], float("nan"), 0.1, 2.0),
    )
    entry = make()

    table = runs.table(dataclasses.replace(entry, result=dataclasses.replace(entry.result, utterances=utterances)))

    assert table["columns"] == ["id", "reference", "hypothesis", "wer", "der", "wall_s", "duration_s", "error"]
    assert [row[0] for row in table["data"]] == ["lost", "bad", "good", "regions"]
    assert table["data"][1] == ["bad", "so", "so so", "1/4", "0.5/2.25", "0.1000", "2.00", ""]
    assert table["data"][3][2] == "[[0.5,1.0]]"


def test_the_sounds_are_those_of_the_worst_that_are_still_there(make, tmp_path):
    def said(name: str, errors: float) -> Utterance:
        output = {
            "heard": name,
            "audio": {"audio": str(tmp_path / f"{name}.flac"), "rate_hz": 16000, "duration_s": 1.0},
        }
        return Utterance(name, {"wer": (errors, 4.0)}, output, 0.1, 0.1, 2.0)

    errors = {"good": 0.0, "worst": 4.0, "bad": 2.0, "gone": 3.0, "so-so": 1.0}
    for name in errors.keys() - {"gone"}:
        (tmp_path / f"{name}.flac").write_bytes(b"flac")
    (tmp_path / "bad.flac").write_bytes(bytes(runs.SOUND_BYTES + 1))
    entry = make()
    utterances = tuple(said(*pair) for pair in errors.items())
    entry = dataclasses.replace(entry, result=dataclasses.replace(entry.result, utterances=utterances))

    assert [path.name for path in runs.sounds(entry)] == ["worst.flac", "so-so.flac"], "three at most, one is too long"
    assert [row[:2] for row in runs.table(entry)["data"]][:2] == [["worst", "worst"], ["gone", "gone"]]
    assert runs.sounds(make()) == []


def test_an_entry_without_a_result_has_an_empty_table(session):
    assert runs.table(session[2])["data"] == []


@given(st.text(max_size=400))
def test_keys_are_taken_by_mlflow(text):
    import posixpath

    key = runs.clean_key(text)

    assert 0 < len(key) <= 250
    assert not FORBIDDEN.search(key)
    assert posixpath.normpath(key) == key
    assert not key.startswith((".", "/"))


@given(st.text(max_size=300), st.text(max_size=300))
@example("wer/größe_v1", "wer/grüße_v1")
@example("a" * 260 + "b", "a" * 260 + "c")
@example("a/b", "a//b")
def test_two_names_have_two_keys(one, other):
    assert (runs.clean_key(one) == runs.clean_key(other)) is (one == other)


@given(st.text(alphabet=string.ascii_letters + string.digits + "_- :", min_size=1, max_size=250))
def test_ordinary_keys_stay_as_they_are(text):
    assert runs.clean_key(text) == text


@given(st.text(max_size=60), st.integers(1, 40))
def test_values_are_valid_text_of_bounded_length(text, length):
    cleaned = runs.clean(text, length)

    assert len(cleaned) <= length
    assert "\0" not in cleaned
    cleaned.encode("utf-8")


def test_the_note_begins_with_the_worst(session):
    text = note(one(*session[:2]))

    top, _, table = text.partition("\n\n")
    assert top == r"**REGRESSED** · wer on asr\_lab\_v1 is 50.00 %, was 25.00 %. 3 of 4 changed"
    rows = [line for line in table.splitlines() if line.startswith("| asr")]
    assert "**REGRESSED**" in rows[0]
    assert "+25.00 % [+20.00 %, +30.00 %]" in rows[0]
    assert "| PASS |" in rows[1]


def test_the_note_of_an_error_shows_its_log(make):
    error = "the worker died: killed by SIGSEGV\nend of the worker's log:\n  | ``` Fatal"

    text = note(one(make(result=None, verdicts=(), status=Status.ERROR, error=error)))

    assert text.startswith("**ERROR** on asr\\_smoke\\_v1: the worker died: killed by SIGSEGV\n\n```\n")
    assert text.count("```") == 2


def test_the_note_of_a_green_run_says_so(make):
    assert note(one(make())).startswith("**PASS** · 1 verdict, none red · asr\\_smoke\\_v1: WER ")
    assert note(one(make(verdicts=()))) == "**PASS** without a verdict"


CHANGES = [
    (Verdict("rtf", "s/s", "speed", Status.REGRESSED, 0.03, 0.02, 0.5, (0.4, 0.6)), "+50.0 % [+40.0 %, +60.0 %]"),
    (Verdict("rtf", "s/s", "speed", Status.NEW, 0.03), "-"),
    (Verdict("rss", "bytes", "memory", Status.PASS, 3.0 * 2**20, 2.0 * 2**20, 1.0 * 2**20), "+1.0 MiB"),
]


@pytest.mark.parametrize(("verdict", "change"), CHANGES)
def test_a_change_is_shown_in_what_it_is_measured_in(make, verdict, change):
    assert f"| {change} | {verdict.status} |" in note(one(make(verdicts=(verdict,))))


def test_text_in_the_note_stays_text(make):
    hostile = "<img src=x onerror=alert(1)> | new cell\n# heading [link](http://example.org) `code`"
    verdict = Verdict("wer", "ratio", "quality", Status.REGRESSED, 1.0, why=hostile, red=True)

    text = note(one(make(verdicts=(verdict,), dataset="a|b")))

    assert "<img" not in text
    assert "\n# heading" not in text
    assert "[link]" not in text
    assert all(line.count("|") == 8 for line in text.splitlines() if line.startswith("|"))


def test_the_note_fits_whatever_happens(make):
    verdict = Verdict("wer", "ratio", "quality", Status.REGRESSED, 1.0, why="x" * 300, red=True)

    text = note(one(*(make(dataset=f"d{number}", verdicts=(verdict,) * 10, error="e" * 5000) for number in range(9))))

    assert len(text) <= 8000
    assert LENGTH <= 8000
    assert re.search(r"and \d+ more$", text) or text.endswith("…")


def test_views_gather_the_datasets_that_were_ever_seen():
    first = ui_views.tags("1", ["wer/a", "rtf/a"], ["wer", "rtf"], {})
    second = ui_views.tags("1", ["wer/b"], ["cer"], first)

    columns = json.loads(second[ui_views.OVERVIEW])["selectedColumns"]
    assert columns == ["tags.`verdict`", "metrics.`wer/a`", "metrics.`rtf/a`", "metrics.`wer/b`", "tags.`machine`"]
    sections = json.loads(second[ui_views.TREND])["compareRunSections"]
    assert [section["name"] for section in sections] == ["wer", "rtf", "cer"]
    assert ui_views.tags("1", ["wer/b"], [], first | second) == {}, "nothing new, nothing to write"


def test_verdict_and_the_first_quality_and_speed_are_seen_at_1280_pixels_beside_the_assistant():
    view = json.loads(ui_views.tags("1", ["wer/asr_golden_v1", "rtf/asr_golden_v1"], [], {})[ui_views.OVERVIEW])

    widths = view["columnWidths"]
    boxes_px, seen_px = 73, 698  # what MLflow 3 puts before the names, and what it has for the table
    first = sum(widths[name] for name in view["columnOrder"][:5])
    assert view["columnOrder"][2:5] == ["tags.`verdict`", "metrics.`wer/asr_golden_v1`", "metrics.`rtf/asr_golden_v1`"]
    assert boxes_px + first <= seen_px


def test_views_leave_what_a_user_wrote():
    assert "mlflow.note.content" not in ui_views.tags("1", [], [], {"mlflow.note.content": "ours"})


@pytest.mark.parametrize("stored", ["", "{", "[]", '{"selectedColumns": 3}', '{"selectedColumns": ["x"]}'])
def test_a_view_that_somebody_broke_is_written_anew(stored):
    tags = ui_views.tags("1", ["wer/a"], [], {ui_views.OVERVIEW: stored})

    assert "metrics.`wer/a`" in tags[ui_views.OVERVIEW]


def test_views_fit_into_a_tag_however_many_datasets_there_are():
    many = [f"{name}/dataset_{number}" for number in range(300) for name in ("wer", "rtf")]

    tags = ui_views.tags("1", many, many, {})

    assert all(len(text) <= 5000 for text in tags.values())
    assert "wer/dataset_0" in tags[ui_views.OVERVIEW]


def test_only_what_speaks_with_a_store_imports_mlflow():
    """Everything else of modellab works without it."""
    root = Path(modellab.__file__).parent
    imports = re.compile(r"^\s*(?:import|from) mlflow\b", re.MULTILINE)
    found = {
        str(path.relative_to(root)) for path in root.rglob("*.py") if imports.search(path.read_text(encoding="utf-8"))
    }
    assert found == {
        f"tracking/{name}.py" for name in ("store", "sqlite", "sender", "experiments", "registry", "fetch")
    }
