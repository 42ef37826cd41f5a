"""Where a variant's weights are on this disk: `scheme:place` -> file or folder, and a digest that names them.

| scheme | place |
|---|---|
| `embedded:whisper-lab/<format>` | in modellab itself, expanded into the cache folder on first use |
| `hf:owner/name` | a snapshot of a hub repository, at the pinned revision |
| `hf:owner/name#file` | one file of it |
| `openai:name` | openai-whisper's own checkpoint, `~/.cache/whisper/<file>` |
| `path:place` | a file or folder of yours; a relative one starts at the model folder |
| `made:name` | made on this machine by the model folder's `make.py`, once: a tiny checkpoint for tests |
| `package` | they come in the engine's package |
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from modellab.errors import WeightsError
from modellab.models import made

OPENAI_FILES = {"large": "large-v3.pt", "turbo": "large-v3-turbo.pt"}  # openai-whisper's other names for a file
PACKAGE = "package"
SCHEMES = ("embedded", "hf", "made", "openai", "path")


def split(weights: str) -> tuple[str, str]:
    """`scheme:place` -> (scheme, place); `package` has no place."""
    scheme, _, place = weights.partition(":")
    return scheme, place


def is_known(weights: str) -> bool:
    """Whether `weights` has a form of the table above; what it names may still be missing."""
    scheme, place = split(weights)
    return weights == PACKAGE or (scheme in SCHEMES and bool(place))


def why_missing(weights: str, revision: str | None, folder: Path) -> str:
    """Why these weights cannot be loaded without a download; '' if they can. Imports no engine."""
    scheme, _ = split(weights)
    if scheme in {"embedded", "made", PACKAGE}:
        return ""
    try:
        locate(weights, revision, folder)
    except WeightsError as error:
        return str(error)
    return ""


def locate(weights: str, revision: str | None, folder: Path, *, download: bool = False) -> Path | None:
    """The file or folder, or WeightsError with what to do. None for weights that come in a package."""
    scheme, place = split(weights)
    if scheme == PACKAGE:
        return None
    if scheme == "embedded":
        from modellab.models import embedded  # the expansion imports the engine's library: only in the worker

        return embedded.weights(place.removeprefix("whisper-lab/"))
    if scheme == "made":
        return made.weights(folder, place)
    if scheme == "hf":
        return _hub(place, revision, download=download)
    if scheme == "openai":
        return _openai(place, download=download)
    if scheme == "path":
        try:
            path = folder / Path(place).expanduser()
            found = path.exists()
        except (RuntimeError, OSError) as error:  # RuntimeError: ~name of nobody
            raise WeightsError(f"{place!r} cannot be looked at ({error}): config.yaml names it as weights") from error
        if not found:
            raise WeightsError(f"{path} does not exist: config.yaml names it as weights")
        return path
    raise WeightsError(f"unknown weights scheme {scheme!r} in {weights!r}: known: {', '.join(SCHEMES)}, {PACKAGE}")


def digest(weights: str, path: Path | None) -> str:
    """A name for these very weights: the embedded digest, the hub commit, the recipe, or a sha256 over the files."""
    scheme, place = split(weights)
    if path is None:
        return PACKAGE
    if scheme == "embedded":
        from modellab.models import embedded

        return f"{place}@{embedded.digest().removeprefix('sha256:')[:16]}"
    if scheme == "made":
        return path.name
    if scheme == "hf":
        snapshot = path if path.is_dir() else next(p for p in path.parents if p.parent.name == "snapshots")
        return f"{place}@{snapshot.name}"
    sums = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as stream:
                sums.update(hashlib.file_digest(stream, "sha256").digest())
    return f"sha256:{sums.hexdigest()[:16]}"


def promised(weights: str, revision: str | None, folder: Path) -> str:
    """The `digest` that these weights will have, where it can be told without looking at them; else ''."""
    scheme, place = split(weights)
    if scheme == PACKAGE:
        return PACKAGE
    if scheme == "embedded":
        return digest(weights, folder)
    if scheme == "made":
        return f"{folder.name}-{place}@{made.recipe(folder)}"
    return f"{place}@{revision}" if scheme == "hf" and revision and re.fullmatch("[0-9a-f]{40}", revision) else ""


def _hub(place: str, revision: str | None, *, download: bool) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError

    repository, _, file = place.partition("#")
    try:
        if file:
            found = huggingface_hub.hf_hub_download(repository, file, revision=revision, local_files_only=not download)
        else:
            found = huggingface_hub.snapshot_download(repository, revision=revision, local_files_only=not download)
    except GatedRepoError as error:
        raise WeightsError(
            f"weights {place} are gated: accept their conditions at https://huggingface.co/{repository} and put a token"
            f" of that account into the variable HF_TOKEN, or run `hf auth login`{_token_note()}"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        why = f"could not be downloaded: {' '.join(str(error).split())}" if download else "are not in the local cache"
        raise WeightsError(f"weights {place} at {revision or 'main'} {why}") from error
    return Path(str(found))


def _token_note() -> str:
    import huggingface_hub

    return " (the token that is there now has no access)" if huggingface_hub.get_token() else " (there is none now)"


def _openai(name: str, *, download: bool) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "whisper"
    path = cache / OPENAI_FILES.get(name, f"{name}.pt")
    if path.is_file():
        return path
    if not download:
        raise WeightsError(f"weights {path} are not in the local cache")
    import whisper  # checks the sha256 that is in its address

    try:
        return Path(whisper._download(whisper._MODELS[name], str(cache), in_memory=False))
    except (OSError, RuntimeError, KeyError) as error:
        raise WeightsError(f"weights openai:{name} could not be downloaded: {error}") from error
