"""The suite's own task `streaming` over the live streams of a server, in real time."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from modellab import audio, datasets
from modellab.errors import ModelError, ServerError
from modellab.models.openai_api.adapter import OpenaiApi
from modellab.tasks import streaming
from modellab.types import Audio, Ratio, Setting
from tests.server.conftest import Server
from tests.server.talking import FAKE, MODEL

GOLDEN = Path(__file__).parents[2] / "golden"


def adapter(server: Server, model: str = MODEL, **options: Any) -> OpenaiApi:
    given = {"model": model, "server": {"url": f"{server.address}/v1"}, **options}
    return OpenaiApi(Setting("openai_api", "server-realtime", Path(), "server", "unknown", 1, given))


def heard(model: OpenaiApi, row: Mapping[str, Any]) -> dict[str, Any]:
    return streaming.encode(streaming.run(model, streaming.prepare(row)))


@pytest.mark.slow
def test_the_task_measures_a_server_in_real_time(server: Server) -> None:
    data = datasets.load(GOLDEN / "stream_smoke_v1")
    rows = [row for row in data.rows if row["id"] in ("12", "18")]
    counts = []
    for row in rows:
        output = heard(adapter(server, realtime_rate_hz=16_000), row)
        assert output["clock"] == "real"
        assert json.loads(json.dumps(output)) == output
        assert {kind for kind, *_ in output["events"]} == {"final", "partial"}
        counts.append(streaming.score(streaming.read(row, {"normaliser": data.header.normaliser}), output))
        assert output["batch"] == row["text"]
    assert [each["wer"] for each in counts] == [Ratio(0, 7)] * 2
    for each in counts:
        assert each["first_word_latency_s"][1] == each["final_latency_s"][1] == 1
        assert each["confirmed_latency_s"][1] == 7


@pytest.mark.slow
def test_the_command_measures_the_server_of_the_same_machine(server: Server, tmp_path: Path) -> None:
    """Neither waits for the other, and the live stream's last words are those of the same model on whole clips."""
    rows = [row for row in datasets.load(GOLDEN / "stream_smoke_v1").rows if row["id"] in ("12", "18")]
    folder = tmp_path / "golden" / "two_v1"
    folder.mkdir(parents=True)
    header = yaml.safe_load((GOLDEN / "stream_smoke_v1" / "dataset.yaml").read_text())
    kept = ("id", "audio", "text", "duration_s", "words")
    del header["digest"]
    cases = [{name: row[name] for name in kept} for row in rows]
    (folder / "dataset.yaml").write_text(json.dumps({**header, "cases": cases}, default=str))
    (tmp_path / "pyproject.toml").write_text("[tool.modellab]\n")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "CI"},  # where a new case is red
        "MODELLAB_OPENAI_URL": f"{server.address}/v1",
        "MODELLAB_OPENAI_MODEL": MODEL,
        "MODELLAB_OCCUPIED": str(server.root / "occupied"),
    }
    command = [sys.executable, "-m", "modellab", "run", "--model", "openai_api:server-realtime", "--no-mlflow"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = (tmp_path / "mlruns" / "ledger").glob("*.jsonl")
    [entry] = map(json.loads, path.read_text().splitlines())
    values = entry["values"]
    assert values.keys() == {metric.name for metric in streaming.METRICS}
    assert values.pop("hallucination_rate") is None, "somebody speaks in all of them"
    assert all(map(math.isfinite, values.values())), values
    outputs = [each["output"] for each in entry["result"]["utterances"]]
    assert [each["text"] for each in outputs] == [each["batch"] for each in outputs] == [row["text"] for row in rows]
    assert {each["clock"] for each in outputs} == {"real"}


@pytest.mark.slow
def test_what_a_server_cannot_do_is_one_sentence(server: Server) -> None:
    row = {"id": "12", "audio": str(GOLDEN / "align_smoke_v1" / "audio" / "12.flac"), "duration_s": 2.2}
    with pytest.raises(ServerError, match="takes no such session: there is no model 'nobody' here"):
        heard(adapter(server, "nobody"), row)
    nowhere = dataclasses.replace(server, address="http://127.0.0.1:9")
    with pytest.raises(ServerError, match="cannot be reached"):
        heard(adapter(nowhere), row)
    other = dataclasses.replace(server, address=f"{server.address}/elsewhere")
    with pytest.raises(ServerError, match="where a live stream was expected"):
        heard(adapter(other), row)
    clip = server.root / "thirteen.flac"
    audio.write(clip, Audio((0.1 * np.sin(np.arange(20_800) / 10)).astype(np.float32), 16_000))
    with pytest.raises(ModelError, match="cannot hear this"):  # the fake raises at 1.3 s
        heard(adapter(server, FAKE, realtime_rate_hz=16_000), {"id": "13", "audio": str(clip), "duration_s": 1.3})
