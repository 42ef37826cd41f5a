"""Which engine a checkpoint is for, by content and not by name."""

from __future__ import annotations

from pathlib import Path

from modellab.errors import WeightsError
from modellab.models.conversion import ct2
from modellab.models.conversion.alignment_heads import told

EXPECTED = "expected a Whisper checkpoint of openai-whisper (.pt), transformers, CTranslate2 or whisper.cpp (ggml)"


def recognise(path: Path) -> tuple[str, Path]:
    """The format, and the file or folder that is the checkpoint. Raises WeightsError where there is none, or several.

    A file inside a folder of transformers or CTranslate2 stands for the folder, a folder for the one file in it.
    """
    if not path.exists():
        raise WeightsError(f"{path} does not exist, {EXPECTED}")
    if path.is_file():
        return _of_file(path)
    if (path / ct2.FILE).is_file() and (kind := ct2.spec(path / ct2.FILE)):
        return "ct2", _whisper_spec(path, kind)
    if "model_type" in (config := told(path / "config.json")):
        if config["model_type"] != "whisper":
            raise WeightsError(f"{path} is a checkpoint of {config['model_type']!r} for transformers, {EXPECTED}")
        return "transformers", path
    if (path / "adapter_config.json").is_file():
        raise WeightsError(f"{path} holds an adapter (LoRA) and not its model: merge it first (merge_and_unload)")
    files = sorted(file for file in path.iterdir() if file.suffix in {".pt", ".bin"} and file.is_file())
    if len(files) != 1:
        many = f"holds {', '.join(file.name for file in files[:5])}: name one of them" if files else "holds none"
        raise WeightsError(f"{path} {many}, {EXPECTED}")
    return _of_file(files[0])


def _of_file(path: Path) -> tuple[str, Path]:
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"lmgg":
        return "ggml", path
    if head == b"GGUF":
        raise WeightsError(f"{path} is a GGUF file, which whisper.cpp does not read: {EXPECTED}")
    if kind := ct2.spec(path):
        return "ct2", _whisper_spec(path.parent, kind)
    if path.suffix == ".safetensors" or path.name.startswith("pytorch_model"):
        return recognise(path.parent)
    if head[:2] in {b"PK", b"\x80\x02"}:
        return "openai", path
    raise WeightsError(f"{path} begins with {head!r}, {EXPECTED}")


def _whisper_spec(folder: Path, kind: str) -> Path:
    if kind != ct2.SPEC:
        raise WeightsError(f"{folder} holds CTranslate2's {kind}, expected {ct2.SPEC}")
    return folder
