"""What others build on: a change here is a change for every adapter, task, dataset and baseline outside this folder."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import pytest

from modellab import pytest_plugin, tasks, types
from modellab.datasets.manifest import Header
from modellab.models import Claim, Model, Variant
from modellab.plan.settings import Project
from modellab.tasks import Task, alignment, asr, chat, concurrency, diarization, lid, meeting, translation, v2v, vad
from modellab.types import Status
from modellab.types.rows import ROW_KEYS

ROOT = Path(__file__).parents[1]


def names(namespace: Any) -> set[str]:
    """The public names that a module defines itself."""
    own = getattr(namespace, "__name__", "")
    return {
        name
        for name, value in vars(namespace).items()
        if not name.startswith("_")
        and getattr(value, "__module__", own)
        in {own, *(f"modellab.types.{name}" for name in ("speech", "gate_counts", "status"))}
        and not inspect.ismodule(value)
    }


def fields(record: type) -> list[str]:
    """A record's fields in their order."""
    if dataclasses.is_dataclass(record):
        return [field.name for field in dataclasses.fields(record)]
    return list(getattr(record, "_fields", None) or getattr(record, "model_fields", []))


def test_the_nouns() -> None:
    classes = {name for name in names(types) if inspect.isclass(getattr(types, name))}
    assert classes == {
        "Audio", "Basis", "Break", "CaseId", "Confidence", "Gross", "Metric", "QualityBaseline", "Ratio", "Region",
        "Reply", "ResourceBaseline", "Result",
        "Rule", "Segment", "Setting", "SpokenTurn", "Status", "Transcript", "Turn", "Utterance", "Verdict", "Word",
    }  # fmt: skip
    assert {name for name in names(types) - classes if inspect.isfunction(getattr(types, name))} == {
        "top_over_bottom",
        "total",
    }


MODEL = (
    "like summary tasks status packages environment environment_variables files takes_language batches install devices"
    " options variants claims thresholds seeds timeout_s"
)
HEADER = (
    "task version language tier licence source normaliser domain rate_hz limits thresholds groups cluster"
    " judge second_judge text settings preprocessing made privacy imported rows digest"
)

VARIANT = (
    "weights revision sha256 tier tasks datasets domain languages devices options needs seeds thresholds preprocessing"
    " server"
)
VERDICT = (
    "metric unit kind status now baseline change interval why red p least_p detects versus alpha pending"
    " adjusted_p basis broken breaks"
)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (types.Audio, "samples rate_hz language"),
        (types.Setting, "model variant weights device precision threads options"),
        (types.Segment, "text start_s end_s"),
        (types.Confidence, "word probability"),
        (types.Transcript, "text segments language confidences"),
        (types.Region, "start_s end_s"),
        (types.Turn, "start_s end_s speaker"),
        (types.SpokenTurn, "start_s end_s speaker text"),
        (types.Reply, "text audio first_token_s first_audio_s complete"),
        (types.Word, "text start_s end_s"),
        (types.Ratio, "top bottom"),
        (types.Metric, "name unit better margin margin_relative gross kind rate gated on_request optional clock"),
        (types.CaseId, "task dataset model variant device precision preprocessing"),
        (types.Utterance, "id counts output wall_s cpu_s duration_s error cluster gpu_s"),
        (types.Result, "key utterances readings machine provenance"),
        (
            types.Rule,
            "margin margin_relative limit cap alpha sensitivity broken_share broken_least broken_often built_in_limit",
        ),
        (types.Verdict, VERDICT),
        (types.QualityBaseline, "header counts outputs noise until_s"),
        (types.ResourceBaseline, "header times readings sessions"),
        (Model, MODEL),
        (Variant, VARIANT),
        (Claim, "variant dataset metric value source precision"),
        (Header, HEADER),
        (Project, "root golden baselines mlruns models threads judging serve only"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_the_fields_of_a_record(record: type, expected: str) -> None:
    assert fields(record) == expected.split()


def test_the_statuses() -> None:
    assert {str(status) for status in Status} == {
        "PASS", "IMPROVED", "NEW", "NOT_COMPARABLE", "INCONCLUSIVE", "BELOW_LIMIT", "ABOVE_LIMIT",
        "REGRESSED", "PARTIAL", "ERROR",
    }  # fmt: skip


def test_every_row_has_these_keys() -> None:
    assert ROW_KEYS == ("id", "audio", "duration_s")


# ---------------------------------------------------------------------------- tasks and adapters

PROTOCOL = {name: value for name, value in vars(Task).items() if not name.startswith("_")}


def test_the_shape_of_a_task() -> None:
    calls = {name: str(inspect.signature(value)) for name, value in PROTOCOL.items() if inspect.isfunction(value)}
    assert PROTOCOL.keys() - calls.keys() == {"NAME", "METRICS", "LIMITS", "ROW", "SETTINGS"}
    assert calls == {
        "read": "(self, row: 'Row', options: 'Mapping[str, Any]') -> 'Any'",
        "prepare": "(self, row: 'Row') -> 'Any'",
        "run": "(self, model: 'Any', given: 'Any') -> 'Any'",
        "encode": "(self, output: 'Any') -> 'Any'",
        "score": "(self, sample: 'Any', output: 'Any') -> 'Mapping[str, Counts]'",
        "remember": "(self, output: 'Any') -> 'Any'",
        "show": "(self, sample: 'Any', output: 'Any') -> 'list[str]'",
    }


@pytest.mark.parametrize("name", tasks.names())
def test_every_task_has_that_shape_and_a_benchmark(name: str) -> None:
    task = tasks.get(name)
    assert task.NAME in {name}
    assert all(hasattr(task, part) for part in PROTOCOL)
    for part in (part for part, value in PROTOCOL.items() if inspect.isfunction(value)):
        expected = list(inspect.signature(PROTOCOL[part]).parameters)[1:]
        assert list(inspect.signature(getattr(task, part)).parameters) == expected, part
    metrics = {metric.name for metric in task.METRICS}
    assert task.LIMITS.keys() <= metrics, "a limit on what nobody measures"
    assert len(metrics) == len(task.METRICS)
    assert task.METRICS[0].gated, "the first metric is the scorecard's"
    assert (ROOT / "benchmarks" / f"test_{name}.py").is_file()


def test_the_tasks() -> None:
    assert tasks.names() == [
        "alignment", "asr", "chat", "concurrency", "diarization", "lid", "meeting", "robustness", "stability",
        "streaming", "translation", "tts", "v2v", "vad",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("protocol", "method", "signature"),
    [
        (alignment.Aligner, "align", "(self, audio: 'Audio', text: 'str') -> 'list[Word]'"),
        (lid.Identifier, "identify", "(self, audio: 'Audio') -> 'str'"),
        (asr.Transcriber, "transcribe", "(self, audio: 'Audio') -> 'Transcript'"),
        (
            diarization.Diarizer,
            "diarize",
            "(self, audio: 'Audio', num_speakers: 'int | None') -> 'list[Turn]'",
        ),
        (meeting.MeetingTranscriber, "transcribe_speakers", "(self, audio: 'Audio') -> 'list[SpokenTurn]'"),
        (chat.Talker, "converse", "(self) -> 'Dialogue'"),
        (concurrency.Served, "another", "(self, limit_s: 'float') -> 'Transcriber'"),
        (chat.Dialogue, "say", "(self, said: 'str | Audio') -> 'Reply'"),
        (
            translation.Translator,
            "translate",
            "(self, source: 'Audio | str', source_language: 'str', target_language: 'str') -> 'str'",
        ),
        (v2v.Responder, "respond", "(self, audio: 'Audio', language: 'str') -> 'Reply'"),
        (vad.Detector, "detect", "(self, audio: 'Audio') -> 'list[Region]'"),
    ],
)
def test_what_an_adapter_provides(protocol: type, method: str, signature: str) -> None:
    assert str(inspect.signature(getattr(protocol, method))) == signature


# ---------------------------------------------------------------------------- the plugin


@pytest.mark.parametrize("name", tasks.names())
def test_a_benchmark_asks_for_two_fixtures(name: str) -> None:
    text = (ROOT / "benchmarks" / f"test_{name}.py").read_text(encoding="utf-8")
    assert text.endswith(f"def test_{name}(evaluate, gate):\n    gate(evaluate(task))\n")


def test_the_options_of_the_plugin() -> None:
    parser = pytest.Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser)
    options = {name for group in parser._groups for option in group.options for name in option.names()}
    assert options == {
        "--update-baselines", "--reason", "--speed-only", "--strict-baselines", "--strict-matrix", "--in-process",
        "--threads", "--download", "--scorecard", "--against", "--against-env", "--no-mlflow", "--inconclusive",
        "--pre", "--executor", "--workers", "--shard-audio", "--batch", "--resume",
    }  # fmt: skip
