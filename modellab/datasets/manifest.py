"""The file `dataset.yaml`: its header, its rows, and what can be wrong with them.

`__init__.py` is the way in; here is what both loading and validating need. Every message names the file, and the
case where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal, TextIO

from pydantic import ConfigDict, Field

from modellab.audio import stretch
from modellab.audio.stretch import Stretch
from modellab.datasets import parquet_rows, row_checks
from modellab.datasets.parquet_rows import ParquetRows
from modellab.datasets.row_checks import FILE_NAME
from modellab.errors import DatasetError, UnreadableError, YamlError
from modellab.schema import MOST, GroupLimits, Number, Settings, Strict, Thresholds, Whole, parse
from modellab.system import textfile, yamltext
from modellab.types import Row
from modellab.types.rows import FILES, SETTING_FILES, in_parts
from modellab.types.spooled import Spool

AUDIO = "audio"  # the folder for audio that is made, which comes all at once
STRETCH = ("start_s", "end_s", "channel")  # the keys that make a row a part of its file
CASES = re.compile(r"^cases\s*:", re.MULTILINE)
LIST = re.compile(r"^(cases|rows)\s*:", re.MULTILINE)  # where the rows are, or are said to be
FIRST_CASE = re.compile(r" *- ")
TOGETHER = 200  # cases read at a time


class Header(Strict):
    """Everything in `dataset.yaml` but the cases."""

    model_config = ConfigDict(strict=True)

    task: str
    version: Whole = Field(ge=1, le=MOST)
    language: str  # ISO 639-1, e.g. "en"; "mul" where each row has its own
    tier: Literal["smoke", "full", "real", "nightly"]
    licence: str  # SPDX
    source: str
    normaliser: str = "none"
    domain: Literal["open", "lab"] = "open"  # lab: inside the vocabulary of the embedded model
    rate_hz: Whole | None = Field(default=None, gt=0)  # every file's sample rate; None where they differ
    limits: dict[str, Number] = {}  # metric -> absolute limit, whatever the baseline says
    thresholds: Thresholds = {}  # metric -> margin, cap, alpha, ...: how its change is judged
    groups: dict[str, dict[str, GroupLimits]] = {}  # key of rows' `group` -> metric -> what each group is held to
    cluster: Literal["speaker", "recording", "utterance"] | None = None  # None: recording, else speaker, where named
    judge: str = ""  # MODEL:VARIANT that listens to what a model says, for tasks whose output is audio
    second_judge: str = ""  # another one, which tells how much of what was heard wrong is the judge's own
    text: str = ""  # which of a row's `texts` is the reference; "" is its `text`
    settings: Settings = {}  # what the task lets a dataset choose: its SETTINGS
    preprocessing: str = ""  # what its audio goes through before a model hears it, see audio/preprocessing
    made: str = ""  # the command that brings its audio, which the digest is not over; "": it lies beside this file
    privacy: Literal["none", "hashes"] = "none"  # hashes: texts and names stay here, see privacy.py
    imported: Settings = Field(default={}, alias="import", exclude=True)  # where `datasets import` had it from
    rows: str = Field(default="", exclude=True)  # the Parquet file that has the rows, in place of `cases:`
    digest: str = ""  # "sha256:...", written by `dataset.write_digest`


def why_silent(folder: Path, head: Header) -> str:
    """Why the audio of a dataset that has to be made is not here; '' where it is, or comes with the dataset."""
    if not head.made or (folder / AUDIO).is_dir():
        return ""
    return f"the audio of {folder.name} is not here: {head.made}"


def file(folder: Path) -> Path:
    """The manifest of a dataset folder."""
    return folder / FILE_NAME


def read(folder: Path, head_only: bool = False) -> str:
    """The manifest's text, or what comes before its line `cases:`."""
    with _opened(folder) as lines:
        return "".join(takewhile(lambda line: not CASES.match(line), lines) if head_only else lines)


@contextmanager
def _opened(folder: Path) -> Iterator[TextIO]:
    """The manifest's lines; DatasetError where there are none."""
    try:
        with textfile.opened(file(folder)) as lines:
            yield lines
    except UnreadableError as fault:
        raise DatasetError(f"{file(folder)}: {fault}; a dataset is a folder with a {FILE_NAME} in UTF-8") from None


def whole(folder: Path) -> dict[str, Any]:
    """The manifest as keys and values, unchecked; of its `cases` some hundreds are in memory at a time.

    The parse tree of YAML takes thirty times its text. What is laid out in another way than one case below the other,
    or cannot be read in parts, is read at once, and so is what is wrong: the whole text tells its line.
    """
    with _opened(folder) as lines:
        content = _case_by_case(lines)
    return mapping(folder, read(folder)) if content is None else content


def mapping(folder: Path, text: str) -> dict[str, Any]:
    """The manifest's text as keys and values, unchecked."""
    try:
        raw = yamltext.parse(text)
    except YamlError as fault:
        raise DatasetError(f"{file(folder)}: not YAML: {fault}") from None
    if raw is None:
        wanted = "task, version, licence and so on above `cases:`"
        raise DatasetError(f"{file(folder)}: expected {wanted}, got nothing there")
    if not isinstance(raw, dict):
        raise DatasetError(f"{file(folder)}: expected a mapping of keys to values, got {yamltext.shown(raw)}")
    return raw


def _case_by_case(lines: Iterator[str]) -> dict[str, Any] | None:
    """A manifest whose cases are a list at the end, one below the other; None for any other."""
    head: list[str] = []
    for line in lines:
        if CASES.match(line):
            break
        head.append(line)
    else:
        return None
    if line.rstrip() != "cases:":
        return None
    try:
        top, cases = yamltext.parse("".join(head)), Spool(_each_case(lines))
    except (YamlError, TypeError):
        return None
    return {**top, "cases": cases} if isinstance(top, dict) and "cases" not in top else None


def _each_case(lines: Iterator[str]) -> Iterator[Any]:
    """The items of a list in YAML; TypeError for what is none."""
    first = next(lines, "")
    if not (mark := FIRST_CASE.match(first)):
        raise TypeError(f"a list of cases was expected, got {first!r}")
    part, count = [first], 1
    for line in lines:
        if line.startswith(mark[0]):
            if count == TOGETHER:
                yield from _list(part)
                part, count = [], 0
            count += 1
        part.append(line)
    yield from _list(part)


def _list(lines: Sequence[str]) -> list[Any]:
    """A list in YAML; TypeError for anything else."""
    if isinstance(parsed := yamltext.parse("".join(lines)), list):
        return parsed
    raise TypeError(f"a list was expected, got {type(parsed).__name__}")


def header(folder: Path, raw: Mapping[str, Any]) -> Header:
    """The header's keys, checked, its files made absolute paths; ConfigError names an unknown key and the known."""
    head = parse(Header, file(folder), {key: value for key, value in raw.items() if key != "cases"})
    named = {key: head.settings[key] for key in SETTING_FILES if isinstance(head.settings.get(key), str)}
    files = {key: str((folder / name).absolute()) for key, name in named.items() if name}
    return head.model_copy(update={"settings": {**head.settings, **files}}) if files else head


def rows(folder: Path, raw: Mapping[str, Any]) -> tuple[Sequence[Row], list[DatasetError]]:
    """The sound rows, their files made absolute paths, and every fault of the others and of the list."""
    faults = list(_list_faults(folder, raw))
    if raw.get("rows") is not None:
        return ([], faults) if faults else _checked(folder, parquet(folder, raw["rows"]))
    return _checked(folder, raw["cases"] if isinstance(raw.get("cases"), list | Spool) else [], faults)


def parquet(folder: Path, name: Any) -> ParquetRows:
    """The rows of a Parquet file as they stand in it; DatasetError where there are none."""
    if not isinstance(name, str) or not name or name != Path(name).name:
        raise DatasetError(f"{file(folder)}: rows is {yamltext.shown(name)}, expected the name of a file beside it")
    table = ParquetRows(folder / name, dict)
    if not table:
        raise DatasetError(f"{folder / name}: there is no row in it")
    return table


def _checked(
    folder: Path, cases: Sequence[Any], faults: Sequence[DatasetError] = ()
) -> tuple[Sequence[Row], list[DatasetError]]:
    """The sound rows of those given, and the faults of the others after the ones that are known."""
    if isinstance(cases, ParquetRows) and not any(True for _, fault in _with_faults(cases) if fault):
        return cases.changed(partial(absolute, folder)), [*faults]
    sound: Spool[Row] = Spool()
    all_faults = [*faults]
    for case, fault in _with_faults(cases):
        if fault:
            all_faults.append(DatasetError(f"{file(folder)}: case {fault}"))
        else:
            sound.append(absolute(folder, case))
    return sound, all_faults


def _with_faults(cases: Sequence[Any]) -> Iterator[tuple[Any, str]]:
    """Each case with what is wrong with it, its name first; '' if nothing is."""
    is_table, known, last = isinstance(cases, ParquetRows), set[str](), ""
    for i, given in enumerate(cases):
        fault = row_checks.row_fault(given) or (parquet_rows.fault(given) if is_table else "")
        called = given.get("id") if isinstance(given, dict) else None
        name = called if isinstance(called, str) and called and called.isprintable() else f"number {i + 1}"
        if not fault and (name in known or name == last):
            fault = "duplicate id, every case needs its own"
        elif not fault and is_table and name < last:
            fault = f"it stands after {last}: rows in Parquet come in the order of their ids"
        yield given, f"{name}: {fault}" if fault else ""
        if is_table:
            last = name
        else:
            known.add(name)


def absolute(folder: Path, given: Row) -> Row:
    """A row with its files as absolute paths, and its stretch in that of its audio."""
    files = {key: _place(folder, given[key]) for key in FILES if key in given}
    if "audio" in files and any(key in given for key in STRETCH):
        files["audio"] = stretch.named(Stretch(files["audio"], given.get("start_s", 0.0), *map(given.get, STRETCH[1:])))
    return {**given, **files, **in_parts(given, lambda part: absolute(folder, part))}


@lru_cache(maxsize=256)
def _place(folder: Path, name: str) -> Path:
    return (folder / Path(name).expanduser()).absolute()


def _list_faults(folder: Path, raw: Mapping[str, Any]) -> Iterator[DatasetError]:
    """What can be wrong with the list of cases as a whole."""
    cases = raw.get("cases")
    if raw.get("rows") is not None:
        if "cases" in raw:
            yield DatasetError(f"{file(folder)}: there are both `rows:` and `cases:`, expected one of them")
    elif not isinstance(cases, list | Spool) or not cases:
        yield DatasetError(
            f"{file(folder)}: expected `cases:` and at least one case below it, got {yamltext.shown(cases)}"
        )
    elif list(raw)[-1] != "cases":
        last = list(raw)[-1]
        yield DatasetError(
            f"{file(folder)}: {last!r} comes after `cases`, which must be last: collecting reads no further"
        )
