"""Who moved a model, going back, and looking: `modellab rollback`, `modellab lifecycle`, and damaged records."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import Desk
from .promoted import NAME, promote, prove, records, write_records


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the desk's own models: the shipped ones take a while to read."""
    monkeypatch.setattr("modellab.models.model_folders.FOLDER", Path("none"))


@pytest.fixture
def proven(desk: Desk) -> Desk:
    """A candidate with three sessions and a baseline."""
    return prove(desk)


# ---------------------------------------------------------------------------- who


def test_who_is_gits_user_or_is_named(proven: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(proven.root.parent))
    result = proven.type("promote", NAME, "production", "--because", "x", "--no-mlflow")
    assert result.exit_code == 2
    assert "nobody is named: git has no user.name here, say who decides with --by NAME" in result.stderr
    assert promote(proven, NAME, "production").exit_code == 0
    assert records(proven)[0].commit == "", "no git"
    subprocess.run(["git", "init", "-q"], cwd=proven.root, check=True)
    subprocess.run(["git", "config", "user.name", "Grace"], cwd=proven.root, check=True)
    proven.type("rollback", NAME, "--because", "x", "--no-mlflow")
    assert records(proven)[1].by == "Grace"


def test_why_is_asked_for(proven: Desk) -> None:
    assert promote(proven, NAME, "production", because=" ").exit_code == 2


# ---------------------------------------------------------------------------- going back, and looking


def test_rollback_returns_to_the_stage_before(proven: Desk) -> None:
    promote(proven, NAME, "production")
    result = proven.type("rollback", NAME, "--because", "it shouts", "--by", "Grace", "--no-mlflow")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "fake:one goes back from production to candidate"
    assert [(each.stage, each.rollback) for each in records(proven)] == [("production", False), ("candidate", True)]
    again = proven.type("rollback", NAME, "--because", "x", "--by", "Grace", "--no-mlflow")
    assert again.exit_code == 2
    assert "no move of it can be taken back" in again.stderr


def test_the_history_says_who_when_why_and_on_what(proven: Desk) -> None:
    promote(proven, NAME, "production", because="[red]quiet[/red] *weeks*")
    shown = proven.type("lifecycle", NAME)
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0] == "fake:one: production"
    assert lines[1].split() == ["candidate,", "as", "its", "config.yaml", "says"]
    assert lines[2].endswith("Z  production, by Ada: [red]quiet[/red] *weeks*")
    assert "short_v1-cpu-float32  wer" in lines[4]
    listed = " ".join(proven.type("lifecycle").stdout.split())
    assert f"fake:one production {records(proven)[0].when[:10]} Ada [red]quiet[/red] *weeks*" in listed


def test_a_program_reads_stages_and_moves_as_one_object(proven: Desk) -> None:
    promote(proven, NAME, "production")
    (one,) = json.loads(proven.type("lifecycle", NAME, "--json").stdout)["variants"]
    assert (one["id"], one["stage"], one["has_record"], one["by"]) == ("fake:one", "production", True, "Ada")
    assert [each["stage"] for each in one["history"]] == ["production"]
    assert one["history"][0]["evidence"][0]["metric"] == "wer"
    everything = json.loads(proven.type("lifecycle", "--json").stdout)
    assert [each["id"] for each in everything["variants"]] == ["fake:one"]
    assert everything["damaged"] == []


def test_models_show_the_present_stage(proven: Desk) -> None:
    promote(proven, NAME, "production")
    assert "fake:one asr production smoke cpu float32 cpu" in " ".join(proven.type("models").stdout.split())
    assert "stage production" in " ".join(proven.type("models", NAME).stdout.split())


ENTRY = {"stage": "production", "when": "2026-11-01T08:00:00Z", "by": "Ada", "because": "x"}


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        ("fake", "<<<<<<< HEAD\n", "a merge conflict is in it"),
        ("fake", {"onee": [ENTRY]}, "there is no variant 'onee': did you mean one?"),
        ("fakee", {"one": [ENTRY]}, "there is no model 'fakee': did you mean fake?"),
    ],
)
def test_damaged_records_are_told_and_stop_nothing_else(desk: Desk, model: str, body: Any, words: str) -> None:
    path = write_records(desk, model, body)
    desk.model("other", variants={"one": {"weights": "package"}, "two": {"weights": "package"}})
    shown = desk.type("lifecycle")
    assert shown.exit_code == 0
    assert "other: 2 variants experimental as its config.yaml says" in " ".join(shown.stdout.split())
    assert f"damaged: {path}" in shown.stderr
    assert words in shown.stderr


def test_a_damaged_file_is_not_written_over(desk: Desk) -> None:
    path = write_records(desk, "fake", "<<<<<<< HEAD\n")
    result = promote(desk, NAME, "candidate")
    assert result.exit_code == 2
    assert "merge conflict" in result.stderr
    assert path.read_text() == "<<<<<<< HEAD\n"
    models = desk.type("models")
    assert "fake:one asr experimental? smoke" in " ".join(models.stdout.split())
    assert "merge conflict" in models.stderr


def test_what_is_gone_may_have_been_deprecated(desk: Desk) -> None:
    write_records(desk, "fake", {"old": [{**ENTRY, "stage": "deprecated"}]})
    assert desk.type("lifecycle").stderr == ""
