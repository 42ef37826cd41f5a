"""whisper.cpp's adapter refuses what would quietly be something else."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path
from typing import Any

import pytest

from modellab import models
from modellab.types import Setting

LINUX_WHEEL = "WHISPER : COREML = 0 | OPENVINO = 0 | CPU : SSE3 = 1 | AVX = 1 | AVX2 = 1 | REPACK = 1 | "
OLD_MAC = "WHISPER : COREML = 0 | OPENVINO = 0 | Metal : EMBED_LIBRARY = 1 | CPU : NEON = 1 | ARM_FMA = 1 | "
NEW_MAC = "WHISPER : COREML = 0 | OPENVINO = 0 | MTL : EMBED_LIBRARY = 1 | CPU : NEON = 1 | ARM_FMA = 1 | "
CUDA = "WHISPER : COREML = 0 | OPENVINO = 0 | CUDA : ARCHS = 890 | USE_GRAPHS = 1 | CPU : AVX = 1 | "


@pytest.fixture(scope="module")
def adapter() -> Any:
    spec = importlib.util.spec_from_file_location("whisper_cpp", models.folders()["whisper_cpp"] / "adapter.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ggml(path: Path, file_type: int) -> Path:
    path.write_bytes(struct.pack("<12i", 0x67676D6C, *range(10), file_type))
    return path


def setting(path: Path, device: str = "cpu", precision: str = "f16") -> Setting:
    return Setting("whisper_cpp", "mine", path, device, precision, 1)


@pytest.mark.parametrize(
    ("file_type", "name"), [(1, "f16"), (7, "q8_0"), (2007, "q8_0"), (9, "q5_1"), (2008, "q5_0"), (31, "ggml type 31")]
)
def test_the_precision_is_read_from_the_file(adapter: Any, tmp_path: Path, file_type: int, name: str) -> None:
    assert adapter.precision(ggml(tmp_path / "ggml.bin", file_type)) == name


def test_another_precision_than_the_files_is_refused(adapter: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ggml\.bin holds q8_0 weights, expected f16"):
        adapter.load(setting(ggml(tmp_path / "ggml.bin", 2007)))


def test_a_file_too_short_to_be_ggml_is_refused(adapter: Any, tmp_path: Path) -> None:
    (tmp_path / "ggml.bin").write_bytes(b"lmgg")
    with pytest.raises(ValueError, match="expected f16"):
        adapter.load(setting(tmp_path / "ggml.bin"))


@pytest.mark.parametrize(
    ("info", "device", "there"),
    [
        (LINUX_WHEEL, "cpu", True),
        (LINUX_WHEEL, "cuda", False),
        (LINUX_WHEEL, "mps", False),
        (OLD_MAC, "mps", True),
        (NEW_MAC, "mps", True),
        (CUDA, "cuda", True),
    ],
)
def test_a_device_the_build_lacks_is_known(adapter: Any, info: str, device: str, there: bool) -> None:
    assert bool(adapter.backends(info) & adapter.BACKENDS[device]) is there


def test_a_device_the_build_lacks_is_refused(adapter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter.Model, "system_info", staticmethod(lambda: LINUX_WHEEL))
    with pytest.raises(ValueError, match="no backend for cuda and would use the CPU in silence"):
        adapter.load(setting(ggml(tmp_path / "ggml.bin", 1), device="cuda"))
