"""Private datasets: a canary in every text, name, path, group and message is found nowhere but in the local ledger."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.results import baselines, ledger
from modellab.types import CaseId

from . import private_project
from .private_project import CANARY, PrivateProject

CASE = "fake:one-calls_v1-cpu-float32"
KEY = CaseId("asr", "calls_v1", "fake", "one", "cpu", "float32")
PLAIN = ("--model", "fake", "--no-mlflow")
LOOP = "and then and then and then and then and then and then and then"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PrivateProject:
    monkeypatch.setenv("MODELLAB_MACHINE", "here")
    monkeypatch.delenv("MODELLAB_PRIVATE_KEY", raising=False)
    return private_project.make(tmp_path)


def accept(project: PrivateProject) -> PrivateProject:
    done = project.type("run", *PLAIN, "--update-baselines", "--reason", "first")
    assert done.returncode == 0, done.stdout
    return project


def regressed(project: PrivateProject) -> PrivateProject:
    """What the model says of three clips is wrong, in words that name the canary; of one it raises."""
    project.answer(2, f"quite another thing {CANARY} said")
    project.answer(3, LOOP)
    project.answer(5, "raise")
    return project


def verdicts(project: PrivateProject) -> dict[str, dict[str, Any]]:
    """The last case's verdicts by metric."""
    last = json.loads(project.ledger().splitlines()[-1])
    return {each["metric"]: each for each in last["verdicts"]}


@pytest.mark.slow
def test_the_canary_is_found_nowhere_but_in_the_local_ledger(project: PrivateProject) -> None:
    assert project.type("run", "--model", "fake", "--update-baselines", "--reason", "first").returncode == 0
    regressed(project)
    summary = str(project.root / "summary.md")
    files = ("--junitxml=junit.xml", "--scorecard", "card.md")
    on_github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary}
    assert project.type("run", "--model", "fake", *files, **on_github).returncode == 1
    project.behave(kill_on=4)
    assert project.type("run", "--model", "fake").returncode == 3
    project.behave(raise_always=True)
    assert project.type("run", "--model", "fake", "-n", "2").returncode == 3
    project.behave()
    audio = project.root / "golden" / "calls_v1" / "audio"
    (audio / f"{CANARY}-003.flac").rename(audio / "gone.flac")
    assert project.type("run", "--model", "fake").returncode == 3
    assert project.type("datasets", "validate").returncode == 1
    (audio / "gone.flac").rename(audio / f"{CANARY}-003.flac")
    session = json.loads(project.ledger().splitlines()[1])["session"]
    kinds = ("--html", "r.html", "--markdown", "r.md", "--json", "r.json", "--csv", "r.csv", "--parquet", "r.parquet")
    for command in (
        ("report", f"fake@{session}", *kinds),
        ("report", "fake", "--html", "errors.html"),
        ("page", CASE, "--session", session, "-o", "page.html"),
        ("site", "site", "--all"),
        ("compare", "fake@baseline", f"fake@{session}", "--html", "compare.html"),
        ("history", CASE),
        ("explain", CASE),
        ("rescore", CASE),
        ("baselines", "list"),
        ("datasets",),
        ("sync",),
    ):
        assert project.type(*command).returncode == 0, command
    assert project.type("export", f"fake@{session}", "--as", "jsonl").returncode == 2
    assert project.leaks() == []
    for name in ("mlruns/mlflow.db", "junit.xml", "card.md", "summary.md", "r.html", "page.html", "site/index.html"):
        assert (project.root / name).is_file(), name
    assert not list(project.root.glob("mlruns/**/utterances/*.json"))
    assert project.ledger().lower().count(CANARY) > 20  # which has it all


@pytest.mark.slow
def test_the_gate_works_on_hashes(project: PrivateProject) -> None:
    """From acceptance over a harmless change, one that is accepted from the ledger, and a regression."""
    root = accept(project).root
    stored = baselines.load(root / "baselines", KEY)
    assert stored is not None
    assert all(len(id) == 16 and int(id, 16) >= 0 for id in stored.counts)
    assert all(len(output) == 16 for output in stored.outputs.values())
    (shown,), (whole,) = ledger.read(root / "mlruns")[0], ledger.read(root / "mlruns", private=True)[0]
    assert shown.result is not None
    assert whole.result is not None
    assert {each.output for each in shown.result.utterances} == {None}
    assert CANARY in str(whole.result.utterances[0].output)
    assert [each.counts for each in shown.result.utterances] == [each.counts for each in whole.result.utterances]

    project.answer(3, f"What is the weather tomorrow, {CANARY}?")
    assert project.type("run", *PLAIN, "--strict-baselines").returncode == 0
    assert "outputs changed" not in project.said  # casing and punctuation are in no hash
    assert verdicts(project)["wer"]["status"] == "PASS"

    project.answer(6, f"call hannah tonight {CANARY}")
    project.type("run", *PLAIN)
    assert verdicts(project)["wer"]["why"].startswith("1 of 8 utterances changed")
    done = project.type("baselines", "accept", "--all", "--model", "fake", "--reason", "from the ledger")
    assert done.returncode == 0, done.stderr
    after = baselines.load(root / "baselines", KEY)
    assert after is not None
    assert sum(stored.outputs[id] != after.outputs[id] for id in stored.outputs) == 1

    told = regressed(project).type("run", *PLAIN).stdout
    assert verdicts(project)["wer"]["status"] == "REGRESSED"
    assert "6 substitutions, 0 deletions, 8 insertions of 6 words (text withheld)" in told
    assert "RuntimeError: (message withheld" in told
    assert project.leaks() == []


@pytest.mark.slow
def test_its_texts_are_exported_on_request_and_what_others_said_is_scored(project: PrivateProject) -> None:
    """What our model said, written out and scored as somebody else's, is the same result; no text is told of either."""
    root = accept(project).root
    project.answer(3, f"call hannah tonight {CANARY}")
    project.type("run", *PLAIN)
    into = ("--into", "golden")
    assert project.type("export", "fake", "--as", "jsonl", *into).returncode == 2
    assert project.type("export", "fake@baseline", "--as", "jsonl", *into, "--private").returncode == 2
    assert "keeps hashes of what was said" in project.said
    assert project.type("export", "fake", "--as", "jsonl", *into, "--private").returncode == 0
    (written,) = root.glob("golden/*.jsonl")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    said = [json.loads(line) for line in written.read_text().splitlines()]
    assert sum(CANARY in line["hypothesis"] for line in said) == 8

    golden = yaml.safe_load((root / "golden" / "calls_v1" / "dataset.yaml").read_text())["cases"]
    rows = [{"id": row["id"], "hypothesis": project.says(number)} for number, row in enumerate(golden)]
    theirs = [json.dumps(row) for row in [*rows, {"id": f"{CANARY}-999", "hypothesis": CANARY}]]
    (root / "golden" / "theirs.jsonl").write_text("\n".join(theirs))
    scored = project.type("score", "--dataset", "calls_v1", "--hyp", "golden/theirs.jsonl", "--model", "acme")
    assert scored.returncode == 0, scored.stderr
    assert "1 hypothesis fits no row of calls_v1" in scored.stdout
    *_, ours, other = (entry.result for entry in ledger.read(root / "mlruns")[0])
    assert ours
    assert other
    assert [each.counts for each in other.utterances] == [each.counts for each in ours.utterances]
    for command in (("report", "acme", "--html", "acme.html"), ("site", "site", "--all"), ("sync",)):
        assert project.type(*command).returncode == 0, command
    assert project.leaks() == []


@pytest.mark.slow
def test_with_another_secret_one_sentence_says_what_to_bring(project: PrivateProject) -> None:
    accept(project)
    (key,) = project.root.glob(".modellab/*.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    former = key.read_text().strip()
    key.unlink()
    assert project.type("run", *PLAIN).returncode == 1
    why = verdicts(project)["wer"]["why"]
    assert verdicts(project)["wer"]["status"] == "NOT_COMPARABLE"
    assert "its ids and outputs are hashed with another secret (hashes " in why
    assert "bring .modellab/private.key from the machine that accepted it, or set MODELLAB_PRIVATE_KEY" in why
    assert project.type("run", *PLAIN, MODELLAB_PRIVATE_KEY=former).returncode == 0
    assert verdicts(project)["wer"]["status"] == "PASS"
    assert former not in project.said
    done = project.type("run", *PLAIN, "--in-process", "-rs")
    assert "--in-process shows what a model prints, and calls_v1 is private" in done.stdout
    manifest = project.root / "golden" / "calls_v1" / "dataset.yaml"
    manifest.write_text(manifest.read_text().replace("normaliser: basic", "normaliser: whisper_en"))
    assert project.type("rescore", CASE, MODELLAB_PRIVATE_KEY=former).returncode == 1  # the baseline is not, yet
    assert json.loads(project.ledger().splitlines()[-1])["result"]["provenance"]["normaliser"].startswith("whisper_en")
    assert project.leaks() == []


@pytest.mark.slow
def test_a_crash_of_a_public_dataset_quotes_nothing_of_the_private_one_before(project: PrivateProject) -> None:
    """Both go through one worker, whose log ends with what it said of the private one."""
    from .conftest import write_dataset

    write_dataset(project.root / "golden" / "open_v1")
    project.behave(kill_on=9 + 4)  # the warm-up and eight clips are the private dataset's
    done = project.type("run", *PLAIN)
    assert "open_v1-cpu-float32: ERROR" in done.stdout
    quoted = [line for line in done.stdout.splitlines() if "| heard:" in line]
    assert len(quoted) == 4  # the public one's own


def test_an_accepted_baseline_without_texts_is_not_scored_anew(project: PrivateProject) -> None:
    accept(project)
    before = baselines.quality_path(project.root / "baselines", KEY).read_bytes()
    manifest = project.root / "golden" / "calls_v1" / "dataset.yaml"
    manifest.write_text(manifest.read_text().replace("normaliser: basic", "normaliser: whisper_en"))
    done = project.type("rescore", "--baselines", "--reason", "another normaliser")
    assert done.returncode == 1
    assert "keeps hashes of what was said" in done.stderr
    assert baselines.quality_path(project.root / "baselines", KEY).read_bytes() == before
