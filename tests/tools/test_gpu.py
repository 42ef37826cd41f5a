"""The page of figures of a machine with a GPU: what stands on it, and that it is made without one."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modellab.plan.availability import missing_device
from modellab.runner.selftest.checks import check
from tools.gpu import __main__ as program
from tools.gpu import measure, page
from tools.gpu.measure import Figures, Row

SWEEP = {
    "audio_s": 100.0,
    "n": 40,
    "batches": {
        "1": {"s": 4.0, "peak_bytes": 2**20, "other": 0},
        "8": {"s": 1.0, "peak_bytes": 8 * 2**20, "other": 1},
    },
}
FIGURES = Figures(
    "cuda",
    {"before": "A GPU, 1200 MHz", "torch": "2.11", "after": ""},
    [check("memory of the GPU", "peak_vram_bytes", "bytes", [(64e6, 64.1e6)])],
    [
        Row("a:lab-d-cuda-float16", "wer", 0.0125, {"rtf": 0.01, "rtf_gpu": 0.004, "load_s": 2.0,
            "peak_vram_bytes": 3 * 2**20, "gpu_throttled": 0.25}),
        Row("b:lab-d-cuda-float16", why="no | time was left"),
        Row("c:lab-d-cuda-float32", "wer", 0.0, {}),
    ],
    {"float16": SWEEP, "float32": {"why": "not done after 150 s"}},
    312.4,
)  # fmt: skip
EXPECTED = [
    "`python -m tools.gpu --device cuda` in 312 s",
    "- GPU before: A GPU, 1200 MHz",
    "- GPU after: none that a driver tells of",
    "| memory of the GPU | peak_vram_bytes | 64.00 MB | 64.10 MB | 2.00 MB | ok |",
    "| case | metric | RTF | GPU s per s | load s | VRAM MiB | clocks lowered |",
    "| a:lab-d-cuda-float16 | wer 1.25% | 0.01 | 0.004 | 2 | 3 | 25% of calls |",
    "| b:lab-d-cuda-float16 | no / time was left |  |  |  |  |  |",
    "| c:lab-d-cuda-float32 | wer 0.00% | - | - | - | - | - |",
    "| float16 | 1 | 25 | 1.00 x | 1 | 0 of 40 |",
    "| float16 | 8 | 100 | 4.00 x | 8 | 1 of 40 |",
    "| float32 |  | not done after 150 s |  |  |  |",
]


@pytest.mark.parametrize("line", EXPECTED)
def test_what_stands_on_the_page(line: str) -> None:
    assert line in page.text(FIGURES)


def test_a_meter_that_is_off_spoils_the_page() -> None:
    off = check("memory of the GPU", "peak_vram_bytes", "bytes", [(64e6, 80e6)])
    spoilt = replace(FIGURES, checks=[off])
    assert spoilt.failed
    assert not FIGURES.failed
    assert "A meter failed its own test" in page.text(spoilt)
    assert "A meter failed its own test" not in page.text(FIGURES)


def test_without_the_device_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lacking = partial(missing_device, driver=tmp_path / "none")
    assert program.main(["--device", "cuda", "--out", str(tmp_path / "gpu.md")], lacking) == 2
    assert capsys.readouterr().err.startswith("no NVIDIA driver: CUDA cases need an NVIDIA GPU; `--device cpu` gives")
    assert not (tmp_path / "gpu.md").exists()


def test_each_model_is_measured_once_at_each_precision() -> None:
    found = [case.key for case in measure.cases("cuda", ["whisper:lab", "seamlessm4t:tiny"], [])]
    assert [(key.model, key.dataset, key.precision) for key in found] == [
        ("whisper", "asr_smoke_v1", "float16"),
        ("whisper", "asr_smoke_v1", "float32"),
        ("seamlessm4t", "asr_multi_v1", "float16"),
        ("seamlessm4t", "asr_multi_v1", "bfloat16"),
        ("seamlessm4t", "asr_multi_v1", "float32"),
    ]
    assert [case.key.precision for case in measure.cases("cuda", ["whisper:lab"], ["float32"])] == ["float32"]


def test_when_time_is_up_the_rest_is_left_out() -> None:
    found = measure.everything("cpu", ["transformers_asr:tiny"], [], -math.inf, lambda text: None, (1,), probes=())
    assert [(row.case, row.why) for row in found.rows] == [
        ("transformers_asr:tiny-asr_taught_v1-cpu-float32", "no time was left")
    ]
    assert found.sweeps == {"float32": {"why": "no time was left"}}


@pytest.mark.slow
@pytest.mark.engine
def test_the_same_page_comes_from_a_cpu(tmp_path: Path) -> None:
    given: list[Any] = ["--device", "cpu", "--model", "transformers_asr:tiny", "--batches", "1", "8"]
    assert program.main([*given, "--out", str(tmp_path / "gpu.md")], probes=()) == 0
    text = (tmp_path / "gpu.md").read_text()
    assert "| transformers_asr:tiny-asr_taught_v1-cpu-float32 | wer 0.00% |" in text
    assert text.count(" 0 of 40 |") == 2, "a batch says what each says alone"
