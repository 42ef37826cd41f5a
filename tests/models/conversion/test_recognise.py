"""A format is told by content; what is none of them gets one sentence."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.errors import WeightsError
from modellab.models.conversion import convert, ct2
from modellab.models.conversion.recognise import recognise
from modellab.models.embedded import compact, formats

Files = dict[str, bytes]
GGML = struct.pack("<I", 0x67676D6C)
CT2 = struct.pack("<IH12s", 6, 12, b"WhisperSpec\0")
BERT = struct.pack("<IH16s", 6, 16, b"TransformerSpec\0")
CONFIG = json.dumps({"model_type": "whisper"}).encode()


def lay(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("files", "given", "fmt", "found"),
    [
        ({"a.bin": GGML}, "a.bin", "ggml", "a.bin"),
        ({"a.bin": GGML, "a.json": b"{}"}, "", "ggml", "a.bin"),
        ({"model.bin": CT2}, "", "ct2", ""),
        ({"model.bin": CT2}, "model.bin", "ct2", ""),
        ({"model.bin": GGML}, "", "ggml", "model.bin"),  # called as CTranslate2 calls its own
        ({"model.bin": CT2, "config.json": CONFIG}, "", "ct2", ""),
        ({"config.json": CONFIG, "model.safetensors": b""}, "", "transformers", ""),
        ({"config.json": CONFIG, "model.safetensors": b""}, "model.safetensors", "transformers", ""),
        ({"config.json": CONFIG, "pytorch_model.bin": b"PK"}, "pytorch_model.bin", "transformers", ""),
        ({"any.name": b"PK\x03\x04"}, "any.name", "openai", "any.name"),
        ({"old.pt": b"\x80\x02"}, "", "openai", "old.pt"),
    ],
)
def test_each_format_by_its_content(tmp_path: Path, files: Files, given: str, fmt: str, found: str) -> None:
    assert recognise(lay(tmp_path, files) / given) == (fmt, tmp_path / found)


@pytest.mark.parametrize(
    ("files", "given", "says"),
    [
        ({}, "none", "does not exist, expected a Whisper checkpoint of openai-whisper"),
        ({}, "", "holds none, expected a Whisper checkpoint"),
        ({"a.bin": GGML, "b.pt": b"PK"}, "", r"holds a\.bin, b\.pt: name one of them"),
        ({"a.bin": b"GGUF"}, "a.bin", "is a GGUF file, which whisper.cpp does not read"),
        ({"a.txt": b"hello"}, "a.txt", "begins with b'hell', expected a Whisper checkpoint"),
        ({"a.bin": b""}, "a.bin", "begins with b'', expected"),
        ({"model.bin": BERT}, "", "holds CTranslate2's TransformerSpec, expected WhisperSpec"),
        ({"config.json": b'{"model_type": "bert"}'}, "", "is a checkpoint of 'bert' for transformers"),
        ({"adapter_config.json": b"{}"}, "", r"holds an adapter \(LoRA\) and not its model: merge it first"),
    ],
)
def test_what_is_no_checkpoint(tmp_path: Path, files: Files, given: str, says: str) -> None:
    with pytest.raises(WeightsError, match=says):
        recognise(lay(tmp_path, files) / given)


@pytest.mark.parametrize("size", [3, 30, 1000, 700_000])
def test_a_ggml_file_that_was_not_copied_to_the_end(lab_ggml: Path, tmp_path: Path, size: int) -> None:
    (tmp_path / "a.bin").write_bytes(lab_ggml.read_bytes()[:size])
    with pytest.raises(WeightsError, match=f"ends at byte {size}, expected more|begins with"):
        convert.read(tmp_path / "a.bin")


def test_a_ggml_file_without_its_last_tensor(lab_ggml: Path, tmp_path: Path) -> None:
    whole = lab_ggml.read_bytes()
    (tmp_path / "a.bin").write_bytes(whole[: whole.rindex(b"decoder.ln.bias") - 16])
    with pytest.raises(WeightsError, match=r"has no tensor 'decoder\.ln\.bias': it is no whole Whisper checkpoint"):
        convert.read(tmp_path / "a.bin")


@pytest.mark.slow
@given(at=st.integers(0, 4_000), byte=st.integers(0, 255))
@settings(max_examples=40, deadline=None)
def test_a_damaged_model_bin_is_read_or_told_in_a_sentence(
    lab_ct2: Path, tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    raw = bytearray((lab_ct2 / ct2.FILE).read_bytes())
    raw[at] = byte
    for path in lab_ct2.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / ct2.FILE).unlink()
    (folder / ct2.FILE).write_bytes(raw)
    with contextlib.suppress(WeightsError):
        convert.read(folder)


@pytest.mark.parametrize(
    ("kind", "width", "says"),
    [
        (1, 1, "decoder/x is int8, expected float16 or float32: what quantisation took away cannot be had back"),
        (5, 2, "decoder/x is bfloat16, expected"),
        (9, 1, "decoder/x is of type 9, which CTranslate2 does not have: damaged?"),
    ],
)
def test_quantised_weights_of_ctranslate2_are_refused(tmp_path: Path, kind: int, width: int, says: str) -> None:
    variable = struct.pack("<H10sBIIBI", 10, b"decoder/x\0", 2, 2, 2, kind, 4 * width) + bytes(4 * width)
    lay(tmp_path, {ct2.FILE: CT2 + struct.pack("<II", 3, 1) + variable + struct.pack("<I", 0)})
    with pytest.raises(WeightsError, match=says):
        convert.read(tmp_path)


def test_another_version_of_ctranslate2s_file_is_refused(tmp_path: Path) -> None:
    lay(tmp_path, {ct2.FILE: struct.pack("<I", 5) + CT2[4:]})
    with pytest.raises(WeightsError, match="is WhisperSpec in version 5 of CTranslate2's file, expected WhisperSpec"):
        convert.read(tmp_path)


def test_quantised_weights_of_whisper_cpp_are_refused(tmp_path: Path) -> None:
    checkpoint = compact.expand()
    formats.write("ggml-q8_0", checkpoint, tmp_path)
    with pytest.raises(WeightsError, match=r"is quantised \(ggml type 8\), expected f16 or f32"):
        convert.read(tmp_path)
