"""Weights on a hub: `OWNER/NAME` or `OWNER/NAME#FILE` at a pinned revision, from the local cache or fetched now.

huggingface_hub downloads, goes on where a connection broke (in steps of 10 MiB), and compares sizes. What it raises
becomes one sentence each. Before it is asked to download, a connection is tried: without a network it would retry for
minutes.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modellab.errors import WeightsError
from modellab.system.masking import masked

CONNECT_S = 5.0
SAID = 200  # characters of what a library says


def locate(place: str, revision: str | None, *, download: bool) -> Path:
    """The file or snapshot on this disk, fetched first with `download`. Raises WeightsError.

    Where the hub cannot be asked, what an earlier download left here will do.
    """
    if download:
        try:
            check_network(f"hf:{place}")
        except WeightsError:
            with suppress(WeightsError):
                return locate(place, revision, download=False)
            raise
    import huggingface_hub

    if not download and not _is_cached(place):
        raise WeightsError(_not_cached(place, revision))
    errors: Any = import_module("huggingface_hub.errors")  # HTTPError is that of its HTTP library

    repository, _, file = place.partition("#")
    how: dict[str, Any] = {"revision": revision, "local_files_only": not download}
    try:
        if file:
            return Path(huggingface_hub.hf_hub_download(repository, file, **how))
        return Path(str(huggingface_hub.snapshot_download(repository, **how)))
    except (errors.HfHubHTTPError, errors.HTTPError, OSError, ValueError) as error:
        raise WeightsError(_why(error, place, revision, download=download)) from error


def _is_cached(place: str) -> bool:
    """Whether anything of a repository was ever fetched here; the library's client is 20 MB that this does not need."""
    from huggingface_hub import constants

    return (Path(constants.HF_HUB_CACHE) / "--".join(("models", *place.partition("#")[0].split("/")))).is_dir()


def _not_cached(place: str, revision: str | None) -> str:
    return f"weights {place} at {revision or 'main'} are not in the local cache"


def check_network(place: str) -> None:
    """WeightsError when the hub cannot be reached, or the proxy that stands before it."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise WeightsError(f"{place} was not fetched: HF_HUB_OFFLINE forbids it, unset it first")
    from urllib.request import getproxies, proxy_bypass  # with http.client and ssl, which only asking a hub needs

    hub, proxies = urlsplit(_address()), getproxies()
    proxy = "" if proxy_bypass(hub.netloc) else proxies.get(hub.scheme) or proxies.get("all", "")
    asked = urlsplit(proxy if "//" in proxy else f"//{proxy}") if proxy else hub
    if asked.scheme.startswith("socks"):
        return
    try:
        port = asked.port or (443 if asked.scheme == "https" else 80)
        socket.create_connection((asked.hostname or "", port), timeout=CONNECT_S).close()
    except (OSError, ValueError) as error:
        if proxy:
            at, why = masked(asked.netloc.rpartition("@")[2]), "is the variable HTTPS_PROXY right, and may we use it?"
            raise WeightsError(f"{place} was not fetched: the proxy {at} does not answer ({error}); {why}") from error
        raise WeightsError(
            f"{place} was not fetched: {hub.hostname} does not answer ({error}); is there a network, or a proxy to name"
            " in HTTPS_PROXY? Weights of your own go into a config.yaml as path:FILE"
        ) from error


def _address() -> str:
    return os.environ.get("HF_ENDPOINT") or "https://huggingface.co"


def _why(error: Exception, place: str, revision: str | None, *, download: bool) -> str:
    """One sentence for what the client raised."""
    from huggingface_hub import errors

    repository, _, file = place.partition("#")
    what, at = f"weights {place}", revision or "main"
    cause = _cause(error)
    reason = masked(" ".join(str(cause).split()))[:SAID]
    if isinstance(cause, errors.GatedRepoError):
        return (
            f"{what} are gated: accept their conditions at https://huggingface.co/{repository} and put a token"
            f" of that account into the variable HF_TOKEN, or run `hf auth login` ({_token()})"
        )
    status = getattr(getattr(cause, "response", None), "status_code", 0)
    if isinstance(cause, errors.RevisionNotFoundError):
        return f"{what}: {repository} has no revision {at}: is it the commit of another repository?"
    if isinstance(cause, errors.RepositoryNotFoundError):
        return f"{what}: the hub knows no {repository}, or shows it only to those who may see it: {_token_hint()}"
    if isinstance(cause, errors.EntryNotFoundError) and not isinstance(cause, errors.LocalEntryNotFoundError):
        return f"{what}: {repository} has no file {file or 'that was asked for'} at {at}"
    if status in {401, 403}:
        return f"{what}: the hub refuses them ({status}): {_token_hint()}"
    if status == 429 or status >= 500:
        return f"{what}: the hub has trouble ({status}); the files that came are kept: try again later"
    if isinstance(cause, errors.FileMetadataError) or "onsistency check" in reason:
        return f"{what}: what came is not what the hub promised ({reason}); it was thrown away: try again"
    if not download:
        return _not_cached(place, revision)
    if "timed out" in reason.lower() or "Timeout" in type(cause).__name__:
        return f"{what}: the hub went silent; the files that came are kept: try again"
    return f"{what} at {at} could not be downloaded: {reason or type(error).__name__}"


def _cause(error: BaseException) -> BaseException:
    """The error of the hub behind one that says only that nothing is in the cache."""
    from huggingface_hub import errors

    cause: BaseException = error
    while isinstance(cause, errors.LocalEntryNotFoundError) and cause.__cause__ is not None:
        cause = cause.__cause__
    return cause


def _token_hint() -> str:
    return f"is the name right, and may the token in HF_TOKEN read it ({_token()})?"


def _token() -> str:
    import huggingface_hub

    return "the token that is there now has no access" if huggingface_hub.get_token() else "there is none now"
