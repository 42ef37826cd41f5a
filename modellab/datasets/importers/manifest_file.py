"""An imported dataset on disk: `dataset.yaml`, which people can review, and `left-out.jsonl`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from modellab import datasets
from modellab.datasets import manifest, parquet_rows
from modellab.datasets.importers import tasks_rows
from modellab.datasets.importers.records import LeftOut, Options
from modellab.datasets.importers.request import ImportRequest, Report
from modellab.errors import ConfigError
from modellab.types import Row

PLAIN = (float, int)
LEFT_OUT = "left-out.jsonl"
MOST_IN_YAML = 1_000  # rows that a person may still read; loading them takes a tenth of a second
VERSION = re.compile(r"_v(\d{1,6})$")
SHOWN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # what YAML wants escaped, and nobody sees
ONCE = ("dry_run", "run", "run_commands")  # arguments that a repeated import has to be given anew
HEADER = ("task", "version", "language", "tier", "licence", "source", "normaliser", "rate_hz", "judge", "privacy")


class Origin(NamedTuple):
    """Where a dataset comes from, without credentials, and which state of it that was."""

    source: str
    revision: str = ""


def version(name: str) -> int:
    """The version in a dataset's name, else 1.

    >>> version("calls_v3"), version("calls")
    (3, 1)
    """
    match = VERSION.search(name)
    return max(1, int(match[1])) if match else 1


def write(
    folder: Path,
    header: manifest.Header,
    rows: Sequence[Row],
    origin: Origin,
    report: Report,
    options: Options,
    request: ImportRequest,
) -> str:
    """Write the files of a dataset into its folder; its digest."""
    facts = header.model_dump()
    is_table = len(rows) > MOST_IN_YAML and not (folder / "uem").exists()  # files that no row in Parquet names
    with manifest.file(folder).open("w", encoding="utf-8") as file:
        file.writelines(f"{key}: {text(facts[key])}\n" for key in HEADER if facts[key] not in (None, "", "none"))
        if settings := tasks_rows.settings(report, request):  # with the names of files, which the header has in full
            file.write(f"settings: {text(settings)}\n")
        file.writelines(_block("import", _facts(origin, report, options, request)))
        if is_table:
            parquet_rows.write(folder / parquet_rows.NAME, rows)
            file.write(f"rows: {parquet_rows.NAME}\n")
        else:
            file.write("cases:\n")
            file.writelines(f"  - {text(dict(row))}\n" for row in rows)
    if report.left:
        with (folder / LEFT_OUT).open("w", encoding="utf-8") as file:
            file.writelines(_left(row, report.place) for row in report.left)
    if header.privacy != "none":
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
    _tidy(folder, rows)
    return datasets.write_digest(folder, believed=is_table)


def _tidy(folder: Path, rows: Sequence[Row]) -> None:
    """Remove the files that were unpacked for rows that were not taken."""
    if not any((folder / kind).exists() for kind in ("audio", "uem")):
        return
    named = {str(row[key]) for row in rows for key in ("audio", "reference_audio", "uem") if key in row}
    for file in [*folder.glob("audio/*"), *folder.glob("uem/*")]:
        if str(file.relative_to(folder)) not in named:
            file.unlink()


def _facts(origin: Origin, report: Report, options: Options, request: ImportRequest) -> dict[str, Any]:
    """What an import can be repeated from."""
    given = {key: value for key, value in {**asdict(options), **asdict(request)}.items() if key not in ONCE}
    plain = {**asdict(type(options)()), **asdict(type(request)())}
    arguments = {key: _plain(value) for key, value in given.items() if value != plain[key]}
    counts = {"read": report.read, "sound": report.sound, "taken": report.taken, "left_out": len(report.left)}
    revision = {"revision": origin.revision} if origin.revision else {}
    return {"format": report.form, "from": origin.source, **revision, "arguments": arguments, "counts": counts}


def earlier(folder: Path) -> tuple[str, Options, ImportRequest]:
    """Place, options and request of the import that a dataset is of; ConfigError for one that was not imported."""
    block = datasets.header(folder).imported
    arguments = block.get("arguments", {})
    if not isinstance(block.get("from"), str) or not isinstance(arguments, dict):
        raise ConfigError(
            f"{folder.name} was not imported: its {datasets.FILE_NAME} has no block `import:` with a place"
        )
    try:
        given = {key: _typed(key, value) for key, value in arguments.items()}
        options = Options(**{key: value for key, value in given.items() if key in asdict(Options())})
        request = ImportRequest(**{key: value for key, value in given.items() if key not in asdict(Options())})
    except TypeError as fault:
        raise ConfigError(
            f"{folder.name} cannot be imported again: its arguments are not understood ({fault})"
        ) from None
    return block["from"], options, request


def _typed(key: str, value: Any) -> Any:
    """An argument as it was, of how it stands in YAML."""
    if isinstance(value, list):
        return tuple(value)
    return Path(value) if key == "root" else value


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value


def _block(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name}:\n"
    yield from (f"  {key}: {text(value)}\n" for key, value in values.items())


def _left(row: LeftOut, source: Path) -> str:
    """A row that was left out as a line of JSON."""
    where, reason, meant = near(row, source)
    return json.dumps({"where": where, "reason": reason, "meant": meant}, ensure_ascii=False) + "\n"


def near(row: LeftOut, source: Path) -> LeftOut:
    """A row that was left out, with places that count from the source, as on every machine."""
    home = source.absolute() if source.is_dir() else source.absolute().parent
    where, reason = (part.replace(f"{home}/", "").replace(str(home), home.name) for part in row[:2])
    return LeftOut(where, reason, row.meant)


def fault(row: Row) -> str:
    """Why a row cannot be written as UTF-8; '' if it can."""
    if all(value.isascii() if type(value) is str else type(value) in PLAIN for value in row.values()):
        return ""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "it has half a surrogate pair in it, which is no letter"
    return ""


def text(value: Any) -> str:
    r"""A value in YAML's flow style on one line.

    >>> text({"id": "001", "speech": [[0.5, 1.0]], "text": 'say "no"\u2028'})
    '{id: "001", speech: [[0.5, 1.0]], text: "say \\"no\\"\\u2028"}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {text(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(text, value)) + "]"
    if isinstance(value, float) and "e" in repr(value):  # which the manifest's reader takes for text
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else f"{plain}.0"
    return SHOWN.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def _key(key: Any) -> str:
    """A key, in quotes unless it is a plain word."""
    name = str(key)
    return (
        name
        if re.fullmatch(r"[a-z][a-z_]*", name) and name not in ("on", "no", "yes", "off", "true", "null")
        else text(name)
    )
