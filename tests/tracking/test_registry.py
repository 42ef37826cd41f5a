"""The Model Registry says what the records say, however often it is told, and a store that is away stops nothing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from modellab.lifecycle import stages
from modellab.lifecycle.stages import Evidence, Record
from modellab.tracking import registry, store, sync
from modellab.tracking.registry import aliases, ordered

DAY = "2026-11-{:02}T08:00:00Z"


def record(stage: str, day: int, **changes: Any) -> Record:
    given = {"by": "Ada", "because": "it is quiet", "when": DAY.format(day), **changes}
    return Record(stage=stage, **given)  # type: ignore[arg-type]


def evidence(result: str) -> Evidence:
    return Evidence(
        case="whisper:lab-asr_smoke_v1-cpu-int8", metric="wer", unit="ratio", value=0.03, low=0.01, high=0.05, n=40,
        runs=3, verdict="PASS", session="s1", result=result,
    )  # fmt: skip


# ---------------------------------------------------------------------------- pure


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        pytest.param({"lab": "c"}, {"lab-candidate": "lab 1", "candidate": "lab 1"}, id="candidate"),
        pytest.param({"lab": "cp"}, {"lab-production": "lab 2", "production": "lab 2"}, id="production"),
        pytest.param({"lab": "cpC"}, {"lab-candidate": "lab 1", "candidate": "lab 1"}, id="taken back"),
        pytest.param({"lab": "cd"}, {}, id="out of use"),
        pytest.param({"lab": "cP"}, {"lab-production": "lab 2", "production": "lab 2"}, id="back to config.yaml"),
        pytest.param(
            {"lab": "cp", "tiny.en": "ccp"},
            {"lab-production": "lab 2", "tiny_en-production": "tiny.en 3", "production": "tiny.en 3"},
            id="two: the newest has the plain alias",
        ),
        pytest.param(
            {"lab": "cp", "tiny": "c"},
            {"lab-production": "lab 2", "production": "lab 2", "tiny-candidate": "tiny 1", "candidate": "tiny 1"},
            id="each its own",
        ),
    ],
)
def test_an_alias_points_at_what_brought_a_variant_where_it_is(moves: dict[str, str], expected: dict[str, str]) -> None:
    words = {"c": "candidate", "p": "production", "d": "deprecated"}
    kept = {
        variant: tuple(record(words[w.lower()], day, rollback=w.isupper()) for day, w in enumerate(each, start=1))
        for variant, each in moves.items()
    }
    found = aliases(kept, ordered("fake", kept))
    assert {name: f"{each.variant} {int(each.record.when[8:10])}" for name, each in found.items()} == expected


def test_what_was_written_by_hand_is_no_markup() -> None:
    (only,) = ordered("fake", {"lab": (record("candidate", 1, because="<b>*now*</b> | `x`"),)})
    assert registry.version_note(only) == r"lab to candidate, by Ada: \<b>\*now\*\</b> \| \`x\`"


# ---------------------------------------------------------------------------- in MLflow


@pytest.fixture
def baselines(tmp_path: Path) -> Path:
    return tmp_path / "baselines"


def state(client_class: Any, folder: Path) -> dict[str, Any]:
    """What the registry says, less what differs from one time to the next."""
    client = client_class(tracking_uri=store.own(folder))
    found: dict[str, Any] = {}
    for model in client.search_registered_models():
        versions = client.search_model_versions(f"name='{model.name}'")
        found[model.name] = {
            "description": model.description,
            "tags": model.tags,
            "aliases": {
                name: str(version) for name, version in client.get_registered_model(model.name).aliases.items()
            },
            "versions": {str(each.version): (each.source, each.tags["stage"], each.description) for each in versions},
        }
    return found


def test_a_promotion_becomes_a_version_with_its_run(
    ready: Path, baselines: Path, client_class: Any, session: Any
) -> None:
    sync(ready)
    stages.append(baselines, "whisper", {"lab": record("candidate", 1, evidence=(evidence(session[0].id),))})
    stages.append(baselines, "whisper", {"lab": record("production", 2, evidence=(evidence("ff" * 16),))})
    assert registry.mirror(ready, baselines)[0] == 2
    first = state(client_class, ready)
    (whisper,) = first.values()
    assert whisper["aliases"] == {"lab-production": "2", "production": "2"}
    assert whisper["tags"] == {"lab.stage": "production"}
    assert "- `lab`: **production** since 2026-11-02" in whisper["description"]
    source, stage, said = whisper["versions"]["1"]
    assert (source, stage) == ("modellab://whisper/lab", "candidate")
    assert "| asr_smoke_v1-cpu-int8 | wer" in said
    assert "3.00 % [1.00 %, 5.00 %]" in said
    client = client_class(tracking_uri=store.own(ready))
    run = client.get_model_version("whisper", "1").run_id
    assert client.get_run(run).data.tags["model"] == "faster_whisper:lab"
    assert run == registry.run_ids(ready)[session[0].id]
    assert not client.get_model_version("whisper", "2").run_id, "nobody knows that result"

    assert registry.mirror(ready, baselines)[0] == 0
    assert state(client_class, ready) == first, "told twice"

    stages.append(baselines, "whisper", {"lab": record("candidate", 3, rollback=True)})
    stages.append(baselines, "whisper", {"tiny": record("deprecated", 4)})
    client.set_registered_model_alias("whisper", "my-own", "1")
    assert registry.mirror(ready, baselines)[0] == 0
    after = state(client_class, ready)["whisper"]
    assert after["aliases"] == {"candidate": "1", "lab-candidate": "1", "my-own": "1"}
    assert after["tags"] == {"lab.stage": "candidate", "tiny.stage": "deprecated"}


def test_a_registry_that_is_lost_is_made_again(
    ready: Path, baselines: Path, client_class: Any, empty_database: Path
) -> None:
    stages.append(baselines, "whisper", {"lab": record("candidate", 1)})
    stages.append(baselines, "broken", {"lab": record("candidate", 1)})
    stages.file(baselines, "broken").write_text("<<<<<<< HEAD\n")
    registry.mirror(ready, baselines)
    before = state(client_class, ready)
    assert before.keys() == {"whisper"}
    shutil.copy(empty_database, ready / "mlflow.db")
    assert registry.mirror(ready, baselines)[0] == 1
    assert state(client_class, ready) == before


def test_without_records_no_store_is_asked(tmp_path: Path, baselines: Path) -> None:
    assert registry.mirror(tmp_path / "mlruns", baselines)[0] == 0
    assert not (tmp_path / "mlruns").exists()


def test_a_store_that_is_away_stops_nothing(mlruns: Path, baselines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages.append(baselines, "whisper", {"lab": record("candidate", 1)})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ada:secret@127.0.0.1:9")
    said = registry.say(mlruns, baselines, mlruns.parent)
    assert said.startswith("MLflow's registry gets it with the next `modellab sync` (")
    assert "secret" not in said
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (mlruns / "mlflow.db").write_text("no database at all" * 100)
    assert "modellab sync" in registry.say(mlruns, baselines, mlruns.parent)
    assert registry.run_ids(mlruns) == {}


def test_without_mlflow_the_command_that_brings_it(
    mlruns: Path, baselines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages.append(baselines, "whisper", {"lab": record("candidate", 1)})
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert registry.say(mlruns, baselines, mlruns.parent) == (
        "MLflow's registry gets it with the next `modellab sync` "
        "(sending it needs MLflow, which is not installed: pip install 'modellab[mlflow]')"
    )
