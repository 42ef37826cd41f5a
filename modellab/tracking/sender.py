"""Send the ledger to MLflow, each entry exactly once, wherever an earlier attempt was killed.

A run is RUNNING while it is written, and its end is the last thing to be written. An entry counts as sent when its
run has ended and has the tag `modellab.entry.<id>` with the digest of its verdicts. A run is found again by its tag
`modellab.run_id`. What an interrupted attempt left half written is written again with the same keys, steps and
timestamps, so that it falls on itself.

A new run costs five requests: create it with its tags, artifacts, datasets, numbers, its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.results import withheld
from modellab.results.entry import Entry
from modellab.system import leftovers
from modellab.tracking import artifacts, runs, store, ui_views
from modellab.tracking.case_pages import Pages
from modellab.tracking.experiments import Experiments
from modellab.tracking.run_note import note
from modellab.tracking.runs import Run

if TYPE_CHECKING:
    import mlflow.entities
    from mlflow import MlflowClient

RUN_TAG, ENTRY_TAG = "modellab.run_id", "modellab.entry."
LACKING = "modellab.lacking"  # a run without its artifacts says so, and why
BATCH, METRICS = 90, 700  # MLflow takes 100 params or tags at once, and 1000 things in all
DIGEST_LENGTH = 12
AT_ONCE = 4  # requests under way to a server; a local database has one writer
AHEAD = 8  # runs whose pages are made before their turn
GIVE_UP = 2  # artifacts that failed one after the other: the rest is not tried


@dataclass(slots=True)
class Report:
    """What a sync did. `new` results were sent, of which `resumed` to runs that an earlier attempt had begun."""

    store: str
    new: int = 0
    resumed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    links: dict[str, dict[str, str]] = field(default_factory=dict)  # experiment -> view -> "#/..." after the address


@dataclass(slots=True)
class Sent:
    """What came of one run. `whole`: there is nothing left to try again."""

    new: int = 0
    resumed: int = 0
    skipped: int = 0
    refused: str = ""
    lacking: str = ""

    @property
    def whole(self) -> bool:
        return not self.refused and not self.lacking


class Sender:
    """One sync: knows the store's experiments and runs, and counts what it does."""

    def __init__(self, client: MlflowClient, folder: Path, uri: str) -> None:
        self.client, self.folder, self.uri = client, folder, uri
        self.pages: Pages | None = None
        self.report = Report(store.shown(uri))
        self.experiments = Experiments(client, folder, uri, self.report.warnings)
        self._by_run: dict[str, list[mlflow.entities.Run]] = {}
        self._failures = 0

    def send(self, wanted: Sequence[Run]) -> Iterator[tuple[Run, Sent]]:
        """Send what the store lacks of these runs, one after the other, to a server some at once."""
        self._look_up(wanted)
        self._show(wanted)  # before the first run: who looks after a kill in between finds the views
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = pool.map(self._sent, wanted) if store.is_server(self.uri) else map(self._sent, wanted)
            self._ask_for_pages(wanted[:AHEAD])
            for number, (run, sent) in enumerate(zip(wanted, results, strict=True)):
                self._ask_for_pages(wanted[number + AHEAD : number + AHEAD + 1])
                self.report.new += sent.new
                self.report.resumed += sent.resumed
                self.report.skipped += sent.skipped
                self.report.warnings += [f"MLflow refused {run.name}: {sent.refused}"] if sent.refused else []
                yield run, sent

    def _ask_for_pages(self, soon: Iterable[Run]) -> None:
        """Have the pages made of runs that the store does not have."""
        for run in soon:
            if self.pages and run.id not in self._by_run:
                self.pages.ask(run.entries)

    def _look_up(self, wanted: Iterable[Run]) -> None:
        """Find the runs of earlier attempts with one query per session, and make the experiments that are missing."""
        sessions: dict[str, set[str]] = {}
        for run in wanted:
            experiment = self.experiments.get(run.experiment)
            if not experiment.fresh:
                query = _query(run)
                sessions.setdefault(query, set()).add(experiment.id)
        for stored in self._search(sessions):
            self._by_run.setdefault(stored.data.tags.get(RUN_TAG, ""), []).append(stored)

    def look_again(self, sent: Sequence[Run]) -> Iterator[tuple[Run, mlflow.entities.Run]]:
        """Runs that were sent as the store has them now, with one query per session."""
        sessions: dict[str, set[str]] = {}
        for run in sent:
            sessions.setdefault(_query(run), set()).add(self.experiments.get(run.experiment).id)
        by_id = {run.id: run for run in sent}
        for stored in self._search(sessions):
            id = stored.data.tags.get(RUN_TAG, "")
            if id in by_id and stored.info.lifecycle_stage == "active":
                yield by_id[id], stored

    def _search(self, sessions: Mapping[str, Iterable[str]]) -> Iterator[mlflow.entities.Run]:
        """What these queries find in these experiments."""
        from mlflow.entities import ViewType

        for query, ids in sessions.items():
            token = None
            while token != "":
                page = self.client.search_runs(sorted(ids), query, ViewType.ALL, page_token=token)
                yield from page
                token = page.token or ""

    def _sent(self, run: Run) -> Sent:
        from mlflow.exceptions import MlflowException

        try:
            return self._send(run)
        except MlflowException as problem:
            if problem.error_code not in {"INVALID_PARAMETER_VALUE", "BAD_REQUEST"}:
                raise
            return Sent(refused=store.masked(" ".join(str(problem).split()))[:300])

    def _send(self, run: Run) -> Sent:
        stored = self._find(run)
        if stored and stored.info.lifecycle_stage == "deleted":  # somebody threw it away: it stays thrown away
            return Sent(skipped=len(run.entries))
        tags: dict[str, str] = stored.data.tags if stored else {}
        broken = stored is not None and stored.info.status == "RUNNING"
        missing = [entry for entry in run.entries if broken or not _has(tags, entry)]
        skipped = len(run.entries) - len(missing)
        if stored and not missing and LACKING not in tags:
            return Sent(skipped=skipped)
        if stored and missing and not broken:
            self.client.update_run(stored.info.run_id, "RUNNING")
        info = stored.info if stored else self._create(run)
        fault = self._log_artifacts(info, run, run.entries if LACKING in tags else missing)
        self._log_datasets(info.run_id, missing)
        self._log_numbers(info.run_id, run, missing, stored)
        self._tell_lacking(info.run_id, fault, LACKING in tags)
        self.client.set_terminated(info.run_id, "FAILED" if run.red else "FINISHED", run.end_ms)
        return Sent(len(missing), len(missing) if stored else 0, skipped, lacking=fault)

    def _find(self, run: Run) -> mlflow.entities.Run | None:
        """The run of an earlier attempt. A retried request may have made two: one that has ended stays."""
        same = sorted(self._by_run.get(run.id, []), key=lambda stored: (stored.info.start_time, stored.info.run_id))
        same.sort(key=lambda stored: (stored.info.status == "RUNNING", stored.info.lifecycle_stage != "active"))
        for twin in same[1:]:
            if twin.info.lifecycle_stage == "active" and twin.info.status == "RUNNING":
                self.client.delete_run(twin.info.run_id)
        return same[0] if same else None

    def _create(self, run: Run) -> mlflow.entities.RunInfo:
        experiment = self.experiments.get(run.experiment)
        made = self.client.create_run(experiment.id, run.start_ms, _about(run), run.name).info
        if not made.run_id:
            raise store.no_server(self.uri, "run")
        return made

    def _log_artifacts(self, info: mlflow.entities.RunInfo, run: Run, entries: Sequence[Entry]) -> str:
        """Tables, pages, entries and audio. '' or what the artifact store said: it may be out of reach, or full."""
        if not entries:
            return ""
        if self._failures >= GIVE_UP:
            return "not tried after others had failed"
        try:
            self._place(info, entries)
        except Exception as problem:  # noqa: BLE001 - artifact stores raise the errors of the library they use
            self._failures += 1
            fault = store.masked(" ".join(str(problem).split()))[:200] or type(problem).__name__
            if self._failures <= GIVE_UP:
                self.report.warnings.append(
                    f"MLflow did not take the tables and pages of {run.name} ({fault}):"
                    " its numbers are there, the next sync tries again"
                )
            return fault
        self._failures = 0
        return ""

    def _place(self, info: mlflow.entities.RunInfo, entries: Sequence[Entry]) -> None:
        """Into the artifact store's folder itself where it is one, else through MLflow's client."""
        here = store.local_folder(info.artifact_uri)
        if here is None:
            with leftovers.folder("send") as folder:
                artifacts.write(folder, entries, self.pages)
                self.client.log_artifacts(info.run_id, str(folder))
            return
        if store.is_server(self.uri) and not here.parents[2].is_dir():  # .../<experiment>/<run>/artifacts
            raise OSError(f"the server keeps them in {here.parents[2]}, a folder that is not on this computer")
        artifacts.write(here, entries, self.pages)

    def _log_datasets(self, run_id: str, entries: Iterable[Entry]) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        inputs = {}
        for entry in entries:
            digest = entry.result.provenance.get("dataset_digest", "") if entry.result else ""
            if digest:
                name, short = runs.clean(entry.key.dataset, 200), digest.removeprefix("sha256:")[:DIGEST_LENGTH]
                data = Dataset(name, runs.clean(short, DIGEST_LENGTH), "local", json.dumps({"digest": digest}))
                inputs[name, short] = DatasetInput(data, [InputTag("mlflow.data.context", "evaluation")])
        if inputs:
            self.client.log_inputs(run_id, list(inputs.values()))

    def _log_numbers(self, run_id: str, run: Run, missing: Sequence[Entry], stored: mlflow.entities.Run | None) -> None:
        """Metrics and params, and to a run that was there before its tags as they are now."""
        from mlflow.entities import Metric, Param, RunTag

        metrics = [
            Metric(key, value, runs.milliseconds(entry.finished_at), run.step)
            for entry in missing
            for key, value in runs.metrics(entry).items()
        ]
        wanted = {name: text for entry in reversed(missing) for name, text in runs.params(entry).items()}
        known = stored.data.params if stored else {}
        params = [Param(name, text) for name, text in wanted.items() if name not in known]
        tags = [RunTag(name, text) for name, text in _about(run).items()] if stored and missing else []
        batches = (_batches(metrics, METRICS), _batches(params), _batches(tags))
        for some in zip_longest(*batches, fillvalue=()):
            self.client.log_batch(run_id, *some)

    def _tell_lacking(self, run_id: str, fault: str, before: bool) -> None:
        """Mark the run whose artifacts are missing, so that a later sync tries again."""
        if fault:
            self.client.set_tag(run_id, LACKING, fault)
        elif before:
            self.client.delete_tag(run_id, LACKING)

    def _show(self, sent: Sequence[Run]) -> None:
        """Make the shared views of every experiment met show the metrics of these runs."""
        for name, experiment in self.experiments.met.items():
            entries = [entry for run in sent if run.experiment == name for entry in run.entries]
            entries.sort(key=lambda entry: (entry.tier != "smoke", entry.key.dataset))
            columns = [key for entry in entries for key in runs.headline(entry)]
            sections = [section for entry in entries for section in runs.sections(entry)]
            for tag, text in ui_views.tags(experiment.id, columns, sections, experiment.tags).items():
                self.client.set_experiment_tag(experiment.id, tag, text)
            self.report.links[name] = ui_views.links(experiment.id)


def _query(run: Run) -> str:
    """A filter that finds the run, and where it can the others of its session."""
    plain = re.fullmatch(r"[\w.-]{1,100}", run.last.session)
    return f"tags.session = '{run.last.session}'" if plain else f"tags.`{RUN_TAG}` = '{run.id}'"


def _about(run: Run) -> dict[str, str]:
    """All tags of the run: what one filters by, its note, which artifacts are tables, which entries it has."""
    shown = (entry for entry in run.entries if entry.result and not withheld.is_private(entry))
    tables = dict.fromkeys(map(artifacts.table, shown))
    listed = json.dumps([{"path": path, "type": "table"} for path in tables])
    about = {**runs.tags(run), "mlflow.note.content": note(run), "mlflow.loggedArtifacts": listed[:7900]}
    return about | {f"{ENTRY_TAG}{entry.id}": _mark(entry) for entry in run.entries}


def _mark(entry: Entry) -> str:
    """What the entry's tag says."""
    return f"{runs.clean(f'{entry.key.dataset} {entry.status}', 200)} #{artifacts.digest(entry)}"


def _has(tags: dict[str, str], entry: Entry) -> bool:
    """The store has the entry as it is now; a mark without a digest is an earlier modellab's."""
    mark = tags.get(f"{ENTRY_TAG}{entry.id}")
    return mark is not None and (mark == _mark(entry) or not re.search(r" #[0-9a-f]{8}$", mark))


def _batches[T](items: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
