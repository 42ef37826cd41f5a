"""Entries back from MLflow: what another computer sent, exactly as its ledger has it."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.errors import MALFORMED, ConfigError, NewerError, TrackingError, did_you_mean
from modellab.results.entry import Entry, decode
from modellab.system import leftovers
from modellab.tracking import artifacts, runs, store
from modellab.tracking.experiments import STORE_TAG
from modellab.tracking.sender import ENTRY_TAG
from modellab.types.utterances import MANY

if TYPE_CHECKING:
    import mlflow.entities
    from mlflow import MlflowClient

AT_ONCE = 8  # runs that are read from a server at once
PAGE = 100  # runs to one answer
DAMAGED = (OSError, EOFError, zlib.error, RecursionError, *MALFORMED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs. Empty takes all; a commit and a session may be given by how they begin, a model without variant."""

    task: str = ""
    model: str = ""
    commit: str = ""
    session: str = ""

    def query(self) -> str:
        """The same as a filter of MLflow. ConfigError for what cannot be in a name."""
        terms = []
        for name in ("model", "commit", "session"):
            if text := getattr(self, name):
                if not re.fullmatch(r"[\w.:+/ -]+", text):
                    raise ConfigError(f"{name} {text!r} cannot be: expected letters, digits and . : + / - _")
                exact = name == "model" and ":" in text
                terms.append(f"tags.{name} = '{text}'" if exact else f"tags.{name} LIKE '{text}{_END[name]}'")
        return " and ".join(terms)

    def takes(self, entry: Entry) -> bool:
        """The filter's LIKE takes any letter for `_`."""
        key = entry.key
        return (
            self.model in {"", key.model, f"{key.model}:{key.variant}"}
            and entry.commit.hash.startswith(self.commit)
            and entry.session.startswith(self.session)
        )


_END = {"model": ":%", "commit": "%", "session": "%"}


def entries(
    uri: str,
    wanted: Wanted | None = None,
    limit: int = 0,
    warn: Callable[[str], None] = lambda _: None,
) -> list[Entry]:
    """What the store at `uri` has of `wanted`, each entry once, oldest first; with a `limit` the newest so many.

    `warn` gets a sentence for whatever cannot be read. Runs that are being written and deleted ones are left out.
    Raises TrackingError when the store cannot be reached, ConfigError for a task that it does not have.
    """
    wanted = wanted or Wanted()
    query = wanted.query()
    if uri.startswith("sqlite:///") and not store.path(uri).is_file():
        raise TrackingError(f"there is no database {store.path(uri)}: expected one that `modellab sync` has written")
    store.check(uri, reading=True)
    with store.explained(uri, reading=True):
        client = store.connect(store.path(uri).parent, uri)
        by_id: dict[str, Entry] = {}
        for some in _runs(client, _experiments(client, wanted.task, uri), query):
            for members in _read_all(client, some, uri, warn):
                by_id |= {entry.id: entry for entry in members if wanted.takes(entry)}
            if limit and len(by_id) >= limit:
                break
    return sorted(by_id.values(), key=lambda entry: (entry.finished_at, entry.id))[-limit:]


def _experiments(client: MlflowClient, task: str, uri: str) -> list[str]:
    """The ids of modellab's experiments, or of one task's."""
    known, token = {}, None
    while token != "":
        page = client.search_experiments(page_token=token)
        known.update({str(item.name): str(item.experiment_id) for item in page if STORE_TAG in item.tags})
        token = page.token or ""
    if not task:
        return list(known.values())
    name = runs.clean_key(task).replace("/", "-")
    if name not in known:
        raise ConfigError(f"MLflow at {store.shown(uri)} has no results of {task}: {did_you_mean(name, known)}")
    return [known[name]]


def _runs(client: MlflowClient, experiments: list[str], query: str) -> Iterator[list[mlflow.entities.Run]]:
    """Pages of runs, newest first; those of a session lie together."""
    token = None
    while token != "" and experiments:
        page = client.search_runs(
            experiments, query, max_results=PAGE, order_by=["attributes.start_time DESC"], page_token=token
        )
        yield [run for run in page if run.info.status != "RUNNING"]
        token = page.token or ""


def _read_all(
    client: MlflowClient, some: list[mlflow.entities.Run], uri: str, warn: Callable[[str], None]
) -> Iterator[list[Entry]]:
    """The entries of each run, read from a server some at once."""
    with ThreadPoolExecutor(AT_ONCE if store.is_server(uri) else 1) as pool:
        yield from pool.map(lambda run: _read(client, run, warn), some)


def _read(client: MlflowClient, run: mlflow.entities.Run, warn: Callable[[str], None]) -> list[Entry]:
    """The entries of one run."""
    marked = {tag.removeprefix(ENTRY_TAG) for tag in run.data.tags if tag.startswith(ENTRY_TAG)}
    here = store.local_folder(run.info.artifact_uri)
    with leftovers.folder("fetch") as spare:
        try:
            folder = here / artifacts.ENTRIES if here else _download(client, run.info.run_id, str(spare))
            readable = [entry for path in sorted(folder.glob("*.json.gz")) if (entry := _entry(path, run, warn))]
        except Exception as problem:  # noqa: BLE001 - artifact stores raise the errors of the library they use
            warn(f"the entries of {run.info.run_name} cannot be fetched ({store.masked(str(problem))[:200]})")
            return []
    if missing := len(marked - {entry.id for entry in readable}):
        warn(
            f"{missing} of the {len(marked)} results of {run.info.run_name} have no readable entry in MLflow: an"
            " earlier modellab may have sent them, or its artifact store took none (`modellab sync --rebuild` there),"
            f" or they have more than {MANY:,} utterances, which stay in the ledger of their machine"
        )
    return [entry for entry in readable if entry.id in marked]


def _download(client: MlflowClient, run_id: str, folder: str) -> Path:
    return Path(client.download_artifacts(run_id, artifacts.ENTRIES, folder))


def _entry(path: Path, run: mlflow.entities.Run, warn: Callable[[str], None]) -> Entry | None:
    try:
        return decode(json.loads(gzip.decompress(path.read_bytes())))
    except NewerError as problem:
        warn(f"{path.name} of {run.info.run_name} was {problem}: left out, update modellab to see it")
    except DAMAGED as problem:
        warn(f"{path.name} of {run.info.run_name} is damaged ({type(problem).__name__}: {problem}): left out"[:300])
    return None
