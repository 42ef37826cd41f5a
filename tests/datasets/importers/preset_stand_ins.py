"""The servers that presets name, on loopback: what they would give, and the table with their addresses."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from modellab.datasets.importers import presets
from tests.datasets.importers import layouts
from tests.datasets.importers.layouts import TEXTS
from tests.datasets.importers.test_remote import Server, at_the_hub

SLR = "https://www.openslr.org"


def archive(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, data in files.items():
            facts = tarfile.TarInfo(name)
            facts.size = len(data)
            tar.addfile(facts, io.BytesIO(data))
    return held.getvalue()


def tree(folder: Path, below: str = "") -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {f"{below}{file.relative_to(folder).as_posix()}": file.read_bytes() for file in files}


def parquet(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """A file as `datasets` writes it, with the audio of the utterances in it."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    sounds = [{"bytes": layouts.encoded(id, "FLAC"), "path": f"{id}.flac"} for id in TEXTS]
    pq.write_table(pa.table({"audio": sounds, **columns}), path)


def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Server, name: str, **changes: Any) -> None:
    """The table with the servers of the world on loopback, and these facts of one preset."""
    text = presets.TABLE.read_text("utf-8").replace(SLR, server.address)
    head, mark, rest = text.partition(f"\n{name}:\n")
    own, end, others = rest.partition("\n\n") if "\n\n" in rest else (rest, "", "")
    first, *more = re.split(r"\n(?=[a-z])", own)
    kept = [line for line in first.split("\n") if line.strip().partition(":")[0] not in changes]
    first = "\n".join([*kept, *(f"  {key}: {value}" for key, value in changes.items())])
    table = tmp_path / "presets.yaml"
    table.write_text("\n".join([head + mark + first, *more]) + end + others, "utf-8")
    monkeypatch.setattr(presets, "TABLE", table)
    at_the_hub(server, monkeypatch)
