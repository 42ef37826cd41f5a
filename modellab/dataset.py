"""Golden datasets: a folder with `dataset.yaml` (header, then `cases:`) and the audio beside it.

`header` is what collecting tests needs and reads no further than the line `cases:`; `load` reads everything and
raises at the first fault; `validate` also decodes the audio and lists every fault. A fault names file and case.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import yaml
from pydantic import ConfigDict, Field

from modellab.errors import AudioError, ConfigError, DatasetError, ModellabError, did_you_mean
from modellab.schema import Strict, parse
from modellab.types import Row

FILE_NAME = "dataset.yaml"
DURATION_TOLERANCE_S = 0.02  # the manifest's duration may be rounded, and MP3 pads
IN_DIGEST = ("task", "version", "language")  # the header's facts that change what is measured
ROW_KEYS = ("id", "audio", "duration_s")  # what every row has; a task's ROW names the rest
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CASES = re.compile(r"^cases\s*:", re.MULTILINE)


class Header(Strict):
    """Everything in `dataset.yaml` but the cases."""

    model_config = ConfigDict(strict=True)

    task: str
    version: int = Field(ge=1)
    language: str  # ISO 639-1, e.g. "en"
    tier: Literal["smoke", "full", "nightly"]
    licence: str  # SPDX
    source: str
    normaliser: str = "none"
    domain: Literal["open", "lab"] = "open"  # lab: inside the vocabulary of the embedded model
    rate_hz: int | None = Field(default=None, gt=0)  # every file's sample rate; None where they differ
    limits: dict[str, float] = {}  # metric -> absolute limit, whatever the baseline says
    digest: str = ""  # "sha256:...", written by `write_digest`


class RowReader(Protocol):
    """The part of a task that knows its rows; a module of `modellab.tasks` is one."""

    @property
    def ROW(self) -> Sequence[str]: ...
    def read(self, row: Row, options: Mapping[str, Any]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Dataset:
    """A golden dataset in memory. `rows` have their `audio` made an absolute path; `digest` is of what is on disk."""

    name: str
    folder: Path
    header: Header
    rows: tuple[Row, ...]
    digest: str

    @property
    def task(self) -> str:
        return self.header.task

    @property
    def version(self) -> int:
        return self.header.version

    @property
    def language(self) -> str:
        return self.header.language

    @property
    def tier(self) -> str:
        return self.header.tier

    @property
    def licence(self) -> str:
        return self.header.licence

    @property
    def source(self) -> str:
        return self.header.source

    @property
    def normaliser(self) -> str:
        return self.header.normaliser

    @property
    def domain(self) -> str:
        return self.header.domain

    @property
    def limits(self) -> Mapping[str, float]:
        return self.header.limits

    @property
    def options(self) -> Mapping[str, Any]:
        """The header as a mapping: the `options` of a task's `read`."""
        return self.header.model_dump()


# ---------------------------------------------------------------------------- the way in


def available(root: Path) -> list[Path]:
    """The folders under `root` that hold a `dataset.yaml`, sorted by name."""
    return sorted(path.parent for path in root.glob(f"*/{FILE_NAME}"))


def header(folder: Path) -> Header:
    """The header alone: no case is parsed and no audio touched, so ten thousand cases cost nothing."""
    text = _read(folder)
    cases = _CASES.search(text)
    return _header(folder, _parse(folder, text[: cases.start()] if cases else text))


def load(folder: Path) -> Dataset:
    """The whole manifest, checked; ConfigError for an unknown key, DatasetError for what is wrong with the content.

    Audio is hashed for the digest and not decoded: a missing or broken file fails its own case later.
    """
    raw = _parse(folder, _read(folder))
    head = _header(folder, raw)
    for fault in _list_faults(folder, raw):
        raise fault
    rows = tuple(_row(folder, i, row) for i, row in enumerate(raw["cases"]))
    for fault in _duplicates(folder, rows):
        raise fault
    return Dataset(folder.name, folder, head, rows, _digest(head, rows))


def validate(folder: Path, task: RowReader | None = None) -> list[str]:
    """Every fault of the dataset, one sentence each; an empty list means that it is sound.

    With the dataset's `task`, the keys that only the task knows are checked as well.
    """
    return [str(fault) for fault in _faults(folder, task)]


def write_digest(folder: Path) -> str:
    """Write the digest of what is on disk into the header, as the line before `cases:`; return it."""
    text = re.sub(r"^digest:.*\n", "", _read(folder), flags=re.MULTILINE)
    digest = load(folder).digest
    cases = _CASES.search(text)
    if cases is None:
        raise DatasetError(f"{_file(folder)}: no line starts with 'cases:', so there is no place for the digest")
    _file(folder).write_text(f"{text[: cases.start()]}digest: {digest}\n{text[cases.start() :]}", encoding="utf-8")
    return digest


# ---------------------------------------------------------------------------- parsing


def _file(folder: Path) -> Path:
    return folder / FILE_NAME


def _read(folder: Path) -> str:
    try:
        return _file(folder).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DatasetError(
            f"{_file(folder)}: there is no such file; a dataset is a folder with a {FILE_NAME}"
        ) from None
    except UnicodeDecodeError as fault:
        raise DatasetError(f"{_file(folder)}: not UTF-8 text ({fault.reason} at byte {fault.start})") from None


def _parse(folder: Path, text: str) -> dict[str, Any]:
    """YAML to a mapping with text keys."""
    try:
        raw = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as fault:
        raise DatasetError(f"{_file(folder)}: not YAML: {' '.join(str(fault).split())}") from None
    if not isinstance(raw, dict):
        raise DatasetError(f"{_file(folder)}: expected a mapping of keys to values, got {type(raw).__name__}")
    return {str(key): value for key, value in raw.items()}


def _header(folder: Path, raw: Mapping[str, Any]) -> Header:
    return parse(Header, _file(folder), {key: value for key, value in raw.items() if key != "cases"})


def _row(folder: Path, i: int, raw: Any) -> Row:
    """Row `i` (from 0) checked, its audio made an absolute path."""
    where = f"{_file(folder)}: case {raw.get('id', f'number {i + 1}') if isinstance(raw, dict) else f'number {i + 1}'}"
    if not isinstance(raw, dict):
        raise DatasetError(f"{where}: expected a mapping such as {{id: a1, audio: audio/a1.flac}}, got {raw!r}")
    for key in ROW_KEYS:
        if key not in raw:
            raise DatasetError(f"{where}: the key {key!r} is missing; a row has {', '.join(ROW_KEYS)}")
    for key in ("id", "audio", "text"):
        value = raw.get(key, "-")
        if not isinstance(value, str):
            raise DatasetError(
                f"{where}: {key} is {value!r}, expected text; YAML reads 001, on and no as other things: quote it"
            )
    if not raw["id"] or not raw["audio"]:
        raise DatasetError(f"{where}: id is {raw['id']!r} and audio {raw['audio']!r}, neither may be empty")
    duration_s = raw["duration_s"]
    if isinstance(duration_s, bool) or not isinstance(duration_s, int | float) or not 0 < duration_s < math.inf:
        raise DatasetError(f"{where}: duration_s is {duration_s!r}, expected a number of seconds above 0")
    return {**raw, "audio": (folder / Path(raw["audio"]).expanduser()).absolute()}


def _list_faults(folder: Path, raw: Mapping[str, Any]) -> Iterator[DatasetError]:
    """What can be wrong with the list of cases as a whole."""
    cases = raw.get("cases")
    if not isinstance(cases, list) or not cases:
        yield DatasetError(f"{_file(folder)}: expected `cases:` with at least one case, got {cases!r}")
    elif list(raw)[-1] != "cases":
        yield DatasetError(f"{_file(folder)}: `cases` must be the last key, {list(raw)[-1]!r} comes behind it")


def _duplicates(folder: Path, rows: Iterable[Row]) -> Iterator[DatasetError]:
    seen: set[str] = set()
    for row in rows:
        if row["id"] in seen:
            yield DatasetError(f"{_file(folder)}: case {row['id']}: duplicate id, every case needs its own")
        seen.add(row["id"])


def _digest(head: Header, rows: Iterable[Row]) -> str:
    """SHA-256 over the facts that change a result: task, version, language, the rows by id, the audio files' bytes."""
    total = hashlib.sha256(json.dumps([getattr(head, key) for key in IN_DIGEST]).encode())
    for row in sorted(rows, key=lambda row: str(row["id"])):
        facts = {key: value for key, value in row.items() if key != "audio"}
        audio: Path = row["audio"]
        content = hashlib.sha256(audio.read_bytes()).hexdigest() if audio.is_file() else "missing"
        total.update(json.dumps([facts, content], sort_keys=True, default=str).encode())
    return f"sha256:{total.hexdigest()}"


# ---------------------------------------------------------------------------- validation


def _faults(folder: Path, task: RowReader | None) -> Iterator[ModellabError]:
    """All faults in the order of the manifest; what cannot be read hides what lies behind it."""
    try:
        raw = _parse(folder, _read(folder))
    except DatasetError as fault:
        yield fault
        return
    head: Header | None = None
    try:
        head = _header(folder, raw)
    except ConfigError as fault:
        yield fault
    whole = list(_list_faults(folder, raw))
    yield from whole
    rows: list[Row] = []
    for i, row in enumerate(raw["cases"] if isinstance(raw.get("cases"), list) else []):
        try:
            rows.append(_row(folder, i, row))
        except DatasetError as fault:
            yield fault
    yield from _duplicates(folder, rows)
    for row in rows:
        yield from _row_faults(folder, head, row, task)
    if head is not None and len(rows) == len(raw.get("cases") or []):
        yield from _digest_faults(folder, head, rows)


def _row_faults(folder: Path, head: Header | None, row: Row, task: RowReader | None) -> Iterator[ModellabError]:
    """What is wrong with one case: its reference, its task's keys, its audio."""
    where = f"{_file(folder)}: case {row['id']}"
    reference = list(_reference_faults(where, row))
    yield from reference
    if task is not None:
        known = [*ROW_KEYS, *task.ROW]
        for key in row.keys() - set(known):
            yield ConfigError(f"{where}: unknown key {key!r}: {did_you_mean(key, known)}")
        if head is not None and not reference:
            try:
                task.read(row, head.model_dump())
            except DatasetError as fault:
                yield DatasetError(f"{where}: {fault}")
    try:
        yield from _audio_faults(where, head, row)
    except AudioError as fault:
        yield AudioError(f"{where}: {fault}")


def _reference_faults(where: str, row: Row) -> Iterator[DatasetError]:
    if "text" not in row:
        return
    if not row["text"].strip():
        yield DatasetError(f"{where}: the reference text is empty, so no error rate is defined for it")
    elif not any(character.isalnum() for character in row["text"]):
        yield DatasetError(
            f"{where}: the reference text {row['text']!r} has no words, so no error rate is defined for it"
        )


def _audio_faults(where: str, head: Header | None, row: Row) -> Iterator[DatasetError]:
    """Decode the whole file: a header may promise what the data do not hold."""
    from modellab import audio

    info = audio.info(row["audio"])
    decoded = audio.read(row["audio"])
    if head is not None and head.rate_hz is not None and info.rate_hz != head.rate_hz:
        yield DatasetError(
            f"{where}: {row['audio'].name} has {info.rate_hz} Hz, the header says rate_hz: {head.rate_hz}"
        )
    if abs(decoded.duration_s - row["duration_s"]) > DURATION_TOLERANCE_S:
        yield DatasetError(
            f"{where}: {row['audio'].name} lasts {decoded.duration_s:.3f} s, the manifest says {row['duration_s']} s; "
            "was the file replaced or cut?"
        )


def _digest_faults(folder: Path, head: Header, rows: Sequence[Row]) -> Iterator[DatasetError]:
    actual = _digest(head, rows)
    if not head.digest:
        yield DatasetError(f"{_file(folder)}: there is no digest; write it with modellab.dataset.write_digest")
    elif actual != head.digest:
        yield DatasetError(
            f"{_file(folder)}: the digest changed: the header says {head.digest}, the cases and audio give {actual}; a "
            "changed dataset gets a new version and new baselines"
        )
