"""Public sets by name: `preset:librispeech-test-clean`. What they are stands in `presets.yaml`, with its sources.

A preset is a place with the arguments of an import; whatever a person says as well counts more. All of it is written
into the `import:` block, so that an import is repeated as it was, whatever becomes of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from modellab.datasets.importers.records import Options
from modellab.datasets.importers.request import ImportRequest, Report
from modellab.datasets.importers.source_cache import sha256
from modellab.errors import ConfigError, DatasetError, did_you_mean
from modellab.schema import Strict, parse
from modellab.system import yamltext

TABLE = Path(__file__).with_name("presets.yaml")
SCHEME = "preset:"
CONFIG = "{config}"
UNPINNED = "not pinned: the revision is pinned at first import and written down"
OF_OPTIONS = ("config", "split", "columns", "texts", "inside")
OF_REQUEST = ("task", "language", "licence", "normaliser", "where", "revision", "only")


class Preset(Strict):
    """A public set; see `presets.yaml`."""

    title: str
    licence: str  # SPDX
    page: str
    facts: tuple[str, ...]
    place: str = Field(default="", alias="from")
    revision: str = ""
    sha256: str = ""
    rows: int | None = None
    rows_by_config: dict[str, int] = {}
    gated: bool = False
    needs_config: bool = False
    form: str = Field(default="", alias="as")
    note: str = ""
    config: str = ""
    split: str = ""
    inside: str = ""
    columns: dict[str, str] = {}
    texts: dict[str, str] = {}
    task: str = ""
    language: str = ""
    normaliser: str = ""
    where: str = ""
    only: tuple[str, ...] = ()

    @property
    def is_pinned(self) -> bool:
        """Whether the state of it that is fetched stands in the table."""
        return bool(self.revision or self.sha256)

    @property
    def access(self) -> str:
        """What stands before getting it; '' for nothing that is known."""
        return "given out there by hand" if not self.place else "accept the terms there" if self.gated else ""


def every() -> Mapping[str, Preset]:
    """The presets by name, in the order of the table."""
    return _read(TABLE)


@cache
def _read(table: Path) -> dict[str, Preset]:
    raw = yamltext.parse(table.read_text(encoding="utf-8"))
    return {name: parse(Preset, table, _whole(name, raw)) for name in raw}


def _whole(name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the table says of a preset, with what it takes from another one; null takes nothing."""
    own = dict(raw[name])
    other = own.pop("like", None)
    merged = {**(_whole(other, raw) if other else {}), **own}
    return {key: value for key, value in merged.items() if value is not None}


def is_preset(place: str) -> bool:
    """Whether a place is named by its preset."""
    return place.startswith(SCHEME)


def get(name: str) -> Preset:
    """The preset of this name; ConfigError with the closest ones."""
    if name not in every():
        raise ConfigError(f"there is no preset {name!r}: {did_you_mean(name, every())}")
    return every()[name]


def resolved(place: str, options: Options, request: ImportRequest) -> tuple[str, Options, ImportRequest]:
    """Place, options and request of an import with those of its preset; as they are for any other place."""
    if not is_preset(place):
        return place, options, request
    name = place.removeprefix(SCHEME)
    preset = get(name)
    if not preset.place:
        form = f" --as {preset.form}" if preset.form else ""
        raise ConfigError(
            f"{name} is given out by hand: get it on {preset.page} and import the folder that you have,"
            f" `modellab datasets import FOLDER{form} --into ...`"
        )
    config = options.config or preset.config
    if preset.needs_config and not config:
        raise ConfigError(f"{name} has several parts, say which with --config: {preset.title}")
    if request.revision and preset.sha256 and not preset.revision:
        raise ConfigError(f"{name} is one file and has no revisions: leave --revision out")
    options = _over(options, preset, OF_OPTIONS)
    if CONFIG in preset.place:
        options = replace(options, config="")
    request = replace(_over(request, preset, OF_REQUEST), form=request.form or preset.form, preset=name)
    return preset.place.replace(CONFIG, config), options, request


def _over[T: (Options, ImportRequest)](asked: T, preset: Preset, names: Iterable[str]) -> T:
    """What a person said over what the preset says, where they said nothing."""
    plain = {field.name: getattr(type(asked)(), field.name) for field in fields(asked)}
    empty = [name for name in names if getattr(asked, name) == plain[name] and getattr(preset, name)]
    return replace(asked, **{name: getattr(preset, name) for name in empty})


def notes(request: ImportRequest) -> list[str]:
    """What a person should know of the preset of an import."""
    if request.preset not in every():
        return []
    preset = every()[request.preset]
    told = [f"licence {preset.licence}, described on {preset.page}", preset.note]
    return [*filter(None, told), *([] if preset.is_pinned else [UNPINNED])]


def check_file(request: ImportRequest, file: Path) -> None:
    """DatasetError for a fetched file that is not the one the preset means."""
    preset = every().get(request.preset)
    if preset and preset.sha256 and file.is_file() and request.revision in ("", preset.revision):
        digest = sha256(file)
        if digest != preset.sha256:
            raise DatasetError(
                f"{file.name} has the SHA-256 {digest[:12]}..., {request.preset} is {preset.sha256[:12]}...: the source"
                " was changed, or the server gave something else"
            )


def count_fault(request: ImportRequest, options: Options, report: Report) -> str:
    """Why a source has not as many rows as its preset; '' where it has, or nobody knows.

    The table did not count another revision, split or part that a person asked for.
    """
    preset = every().get(request.preset)
    if preset is None or request.revision not in ("", preset.revision):
        return ""
    if (options.split, options.inside) != (preset.split, preset.inside):
        return ""
    rows = preset.rows_by_config.get(options.config, preset.rows if options.config == preset.config else None)
    if rows in (None, report.read):
        return ""
    return (
        f"{request.preset} has {rows:,} rows, {report.read:,} came: was the source changed, or did only a part of it"
        " come? nothing was written"
    )
