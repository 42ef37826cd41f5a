"""`modellab doctor`: every area looked at, what is missing named with its remedy, an exit status to rely on."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from modellab import doctor
from modellab.errors import LoadError
from modellab.metrics import translation
from modellab.plan.matrix import ModelInstance
from modellab.plan.settings import Project
from modellab.runner import transcribe
from modellab.runner.evaluate import Loaded
from modellab.runner.selftest import measure, outcome
from modellab.runner.selftest.checks import Check, check
from modellab.system import extras
from modellab.system.machine import machine_class

from .conftest import Desk

MT = Path(__file__).parents[2] / "golden" / "mt_smoke_v1"
AREAS = ["machine", "extras", "engines", "weights", "datasets", "baselines", "tracking", "space"]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default loads, without an engine."""

    @contextmanager
    def loaded(instance: ModelInstance, threads: int) -> Iterator[Loaded]:
        nobody: Any = None
        yield Loaded(nobody, instance.engine, {"load_s": 0.25}, lambda audio_s: audio_s)

    monkeypatch.setattr(transcribe, "loaded", loaded)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def examined(desk: Desk, status: int = 0) -> dict[str, dict[str, Any]]:
    """The checks of `doctor --json` by area and name."""
    result = desk.type("doctor", "--json")
    assert result.exit_code == status, result.output
    said = json.loads(result.stdout)
    assert said["ready"] is (status == 0)
    return {f"{check['area']}: {check['name']}": check for check in said["checks"]}


@pytest.mark.usefixtures("loads")
def test_every_area_is_looked_at(desk: Desk) -> None:
    result = desk.type("doctor")
    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line in AREAS] == AREAS
    assert "ready: " in result.stdout.splitlines()[-1]


@pytest.mark.usefixtures("loads")
def test_sound_things_are_ok(desk: Desk) -> None:
    checks = examined(desk)
    machine = {"machine: Python", "machine: CPU", "machine: memory", "machine: audio and video"}
    for name in machine | {"engines: fake", "weights: fake", "datasets: short_v1", "space: results", "space: cache"}:
        assert checks[name]["state"] == "ok", checks[name]
    assert checks["tracking: MLflow"]["found"].startswith("MLflow ")
    assert checks["weights: embedded default"]["found"] == "faster_whisper:lab cpu-int8 loads in 0.25 s"
    assert "libavcodec" in checks["machine: audio and video"]["found"]
    assert checks["datasets: short_v1"]["found"] == "sound"


@pytest.mark.usefixtures("loads")
def test_what_is_missing_comes_with_its_remedy(desk: Desk) -> None:
    desk.model("bare", packages=["no_such_package"], install="bare")
    desk.model("far", variants={"near": {"weights": "package"}, "big": {"weights": "hf:no/no", "revision": "a" * 40}})
    desk.model("torn", summry="typo")
    (desk.root / "golden" / "short_v1" / "audio" / "000.flac").unlink()
    (desk.root / "mlruns").write_text("a file where a folder should be")
    result = desk.type("doctor")
    text = " ".join(result.stdout.split())
    for said in (
        "absent bare: package no_such_package is not installed -> pip install 'modellab[bare]'",
        "ok far: near here; not here: big -> modellab models fetch far:VARIANT",
        "bad torn: ",
        "bad short_v1: 2 problems, the first: ",
        "-> modellab datasets validate short_v1",
        "modellab run --model fake:one --dataset short_v1 --device cpu --precision float32 --update-baselines --reason",
        "bad results: ",
    ):
        assert said in text, (said, result.stdout)


@pytest.mark.usefixtures("loads")
def test_baselines_are_counted_for_this_machine_class(desk: Desk) -> None:
    here = machine_class(1, "cpu")
    desk.model("other")
    desk.model("third")
    desk.dataset("long_v1", judge="nobody:here")  # broken, so no case that can run
    folder = desk.root / "baselines" / "asr" / "short_v1"
    folder.mkdir(parents=True)
    for name in ("fake-one.cpu-float32", "fake-two.cpu-float32", "fake-one.cpu-float32.old-1t"):
        (folder / f"{name}.json").write_text("{}")
    (folder / f"other-one.cpu-float32.{here}.json").write_text("{}")  # of no accepted quality: not counted
    checks = {name: check for name, check in examined(desk).items() if name.startswith("baselines")}
    total = int(checks["baselines: quality"]["found"].split()[3])
    assert checks["baselines: quality"]["found"] == f"1 of the {total} cases that can run here"
    first, more = checks["baselines: quality"]["mend"].split(" (and so ")
    assert first.startswith("modellab run --model ")
    assert "--speed-only" not in first
    assert more == f"{total - 2} more)"
    speed = checks[f"baselines: speed and memory on {here}"]
    assert speed["found"] == "0 of the 1 cases with accepted quality (accepted elsewhere: 1 on old-1t)"
    assert speed["mend"] == "modellab run --update-baselines --speed-only --reason '...', then modellab calibrate"
    (folder / f"fake-one.cpu-float32.{here}.json").write_text("{}")
    speed = examined(desk)[f"baselines: speed and memory on {here}"]
    assert (speed["state"], speed["found"], speed["mend"]) == ("ok", "1 of the 1 cases with accepted quality", "")


@pytest.mark.usefixtures("loads")
def test_a_damaged_database_and_a_dead_server(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.root / "mlruns").mkdir()
    (desk.root / "mlruns" / "mlflow.db").write_bytes(b"not a database " * 100)
    assert examined(desk)["tracking: MLflow"]["mend"] == "modellab sync --rebuild"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    check = examined(desk)["tracking: MLflow"]
    assert check["state"] == "bad"
    assert check["mend"].startswith("start that server")


def test_a_dataset_that_needs_an_extra_is_not_called_broken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(MT, desk.root / "golden" / MT.name)
    (desk.root / "golden" / "short_v1" / "audio" / "000.flac").unlink()
    translation._bleu.cache_clear()
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    checks = {check.name: check for check in doctor.check_datasets(Project.at(desk.root))}
    assert (checks[MT.name].state, checks[MT.name].mend) == ("absent", "pip install 'modellab[translation]'")
    assert "counting BLEU and chrF needs sacrebleu, which is not installed" in checks[MT.name].found
    assert checks["short_v1"].state == "bad"
    done = desk.type("datasets", "validate", MT.name)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (1, "1 problem")


@pytest.mark.usefixtures("loads")
def test_extras_that_are_here_and_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = examined(desk)
    assert {checks[f"extras: {name}"]["state"] for name in extras.EXTRAS} == {"ok"}
    for name in ("mlflow", "pyarrow", "PIL", "av"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    checks = examined(desk)
    lacking = {name for name in extras.EXTRAS if checks[f"extras: {name}"]["state"] == "absent"}
    assert lacking == {"mlflow", "parquet", "reports", "media", "serve"}
    assert checks["extras: reports"]["found"].endswith("(Pillow not installed)")
    assert checks["extras: reports"]["mend"] == "pip install 'modellab[reports]'"
    assert "machine: audio and video" not in checks
    tracking = checks["tracking: MLflow"]
    assert (tracking["state"], tracking["found"]) == ("absent", "MLflow is not installed: results stay in the ledger")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@tracking.example")
    tracking = examined(desk)["tracking: MLflow"]
    assert (tracking["state"], tracking["mend"]) == ("bad", "pip install 'modellab[mlflow]', then modellab sync")
    assert "MLFLOW_TRACKING_URI names https://tracking.example: nothing is sent there" in tracking["found"]


def test_a_default_that_does_not_load_is_exit_status_1(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise LoadError("the model could not be loaded: libgomp.so.1 is missing\nand a trace")

    monkeypatch.setattr(transcribe, "loaded", refuse)
    check = examined(desk, status=1)["weights: embedded default"]
    assert check["state"] == "bad"
    assert check["found"] == "the model could not be loaded: libgomp.so.1 is missing"
    assert check["mend"] == "pip install --force-reinstall faster-whisper", "the modellab of an index is not this one"
    assert "the default cannot run here" in desk.type("doctor").stdout


@pytest.mark.usefixtures("loads")
def test_outside_a_project(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    checks = examined(desk)
    assert checks["project: project"]["state"] == "absent"
    assert {check["area"] for check in checks.values()} == {"machine", "extras", "engines", "weights", "project"}


@pytest.mark.usefixtures("loads")
def test_a_full_disk_and_a_locked_cache(desk: Desk, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOW_DISK_BYTES", float("inf"))
    shutil.rmtree(cache, ignore_errors=True)  # what is known of the dataset's audio lies in it
    cache.write_text("a file where a folder should be")
    checks = examined(desk)
    assert checks["space: results"]["mend"] == "free some disk space"
    assert checks["space: cache"]["state"] == "bad"
    assert "MODELLAB_CACHE" in checks["space: cache"]["mend"]


# ---------------------------------------------------------------------------- --selftest

GOOD = check("computing", "cpu", "s", [(0.1, 0.1003)])
BAD = check("memory of a child process", "peak", "bytes", [(64e6, 0.0)])
UNCLEAR = check("waiting", "wall", "s", [(0.1, 0.2)], "other processes kept 1.8 of 2 cores busy")


@pytest.mark.parametrize(
    ("checks", "status", "says", "mark"),
    [
        ([GOOD], 0, "all 1 checks passed", "passed "),
        ([GOOD, BAD], 1, "memory of a child process, peak: 0.00 MB instead of 64.00 MB", "failed "),
        ([GOOD, UNCLEAR], 3, "too busy to tell: 1 of 2 checks", ""),
    ],
)
def test_the_meters_are_held_to_what_is_known(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, checks: list[Check], status: int, says: str, mark: str
) -> None:
    monkeypatch.setattr(measure, "examine", lambda **_: checks)
    result = desk.type("doctor", "--selftest")
    assert result.exit_code == status
    assert says in result.stdout
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith(tuple(each.name for each in checks))]
    assert [row[-1] for row in rows if row[0] == "computing"] == ["ok"]
    assert len(rows) == len(checks)
    assert outcome.mark(desk.root / "mlruns", 1).startswith(mark)
    assert bool(mark) == (desk.root / "mlruns" / "selftest").is_dir()


def test_the_selftest_as_json(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "examine", lambda **_: [GOOD, UNCLEAR])
    said = json.loads(desk.type("doctor", "--selftest", "--json").stdout)
    assert said["state"] == "undecided"
    assert [(each["name"], each["state"]) for each in said["checks"]] == [("computing", "ok"), ("waiting", "undecided")]


def test_outside_a_project_nothing_is_kept(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(elsewhere := tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setattr(measure, "examine", lambda **_: [GOOD])
    assert desk.type("doctor", "--selftest").exit_code == 0
    assert list(elsewhere.iterdir()) == []
