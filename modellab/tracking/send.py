"""Send the ledger to MLflow, each entry exactly once, wherever an earlier attempt was killed.

An entry counts as sent when its run has the tag `modellab.entry.<id>`, which is written after everything else of
the entry; the run itself is found again by its tag `modellab.run_id`. What an interrupted attempt left half
written is written again with the same keys, steps and timestamps, so that it falls on itself.
"""

from __future__ import annotations

import functools
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.entry import Entry
from modellab.tracking import runs, store, views
from modellab.tracking.note import note
from modellab.tracking.runs import Run

if TYPE_CHECKING:
    import mlflow.entities
    from mlflow import MlflowClient

STORE_TAG = "modellab.store"  # a random name that an experiment keeps: tells a store from one made anew at its place
RUN_TAG, ENTRY_TAG = "modellab.run_id", "modellab.entry."
BATCH = 90  # MLflow takes 100 params or tags at once
DIGEST_LENGTH = 12


@dataclass(slots=True)
class Report:
    """What a sync did. `new` results were sent, of which `resumed` to runs that an earlier attempt had begun."""

    store: str
    new: int = 0
    resumed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    links: dict[str, dict[str, str]] = field(default_factory=dict)  # experiment -> view -> "#/..." behind the address


@dataclass(slots=True)
class Experiment:
    """An experiment of the store; `token` changes when the store was made anew."""

    id: str
    token: str
    tags: Mapping[str, str]


class Sender:
    """One sync: knows the store's experiments and counts what it does."""

    def __init__(self, client: MlflowClient, folder: Path, uri: str) -> None:
        self.client, self.folder, self.uri = client, folder, uri
        self.report = Report(store.shown(uri))
        self.experiments: dict[str, Experiment] = {}

    def send(self, run: Run) -> bool:
        """Send what the store lacks of a run. False when MLflow refuses its content (a warning says what)."""
        from mlflow.exceptions import MlflowException

        try:
            self._send(run)
        except MlflowException as problem:
            if problem.error_code not in {"INVALID_PARAMETER_VALUE", "BAD_REQUEST"}:
                raise
            self.report.warnings.append(f"MLflow refused {run.name}: {' '.join(str(problem).split())[:300]}")
            return False
        return True

    def _send(self, run: Run) -> None:
        experiment = self.experiment(run.experiment)
        found = self._find(experiment.id, run)
        if found and found.info.lifecycle_stage == "deleted":  # somebody threw it away: it stays thrown away
            self.report.skipped += len(run.entries)
            return
        missing = [entry for entry in run.entries if not found or f"{ENTRY_TAG}{entry.id}" not in found.data.tags]
        self.report.skipped += len(run.entries) - len(missing)
        if found and not missing and found.info.status != "RUNNING":
            return
        run_id = found.info.run_id if found else self._create(experiment.id, run)
        for entry in missing:
            self._log(run_id, entry, run.step)
            self.report.new += 1
            self.report.resumed += bool(found)
        self._finish(run_id, run)

    def experiment(self, name: str) -> Experiment:
        """The experiment of that name, made if need be."""
        if name not in self.experiments:
            found = self.client.get_experiment_by_name(name)
            place = None if store.is_server(self.uri) else (self.folder / "artifacts" / name).absolute().as_uri()
            if found is None:
                tags = {STORE_TAG: uuid.uuid4().hex}
                found = self.client.get_experiment(self.client.create_experiment(name, place, tags=tags))
            elif found.lifecycle_stage == "deleted":
                self.client.restore_experiment(found.experiment_id)
                self.report.warnings.append(f"experiment {name} had been deleted in MLflow and was restored")
            if self.uri == store.own(self.folder) and found.artifact_location != place:
                self.report.warnings.append(
                    f"experiment {name} keeps its tables in {found.artifact_location}, though the database is in"
                    f" {self.folder}: was it moved? `modellab sync --rebuild` puts them together again"
                )
            self.experiments[name] = self._known(found)
        return self.experiments[name]

    def _known(self, found: mlflow.entities.Experiment) -> Experiment:
        id, tags = str(found.experiment_id), dict(found.tags)
        if STORE_TAG not in tags:  # made by hand, under our name
            tags[STORE_TAG] = uuid.uuid4().hex
            self.client.set_experiment_tag(id, STORE_TAG, tags[STORE_TAG])
        return Experiment(id, tags[STORE_TAG], tags)

    def _find(self, experiment_id: str, run: Run) -> mlflow.entities.Run | None:
        """The run of an earlier attempt. A retried request may have made two: the one with entries stays."""
        from mlflow.entities import ViewType

        query = f"tags.`{RUN_TAG}` = '{run.id}'"
        order = ["attributes.start_time ASC"]
        same = list(self.client.search_runs([experiment_id], query, ViewType.ALL, order_by=order))
        same.sort(key=lambda found: (-_sent_entries(found), found.info.lifecycle_stage != "active"))
        for twin in same[1:]:
            if twin.info.lifecycle_stage == "active" and not _sent_entries(twin):
                self.client.delete_run(twin.info.run_id)
        return same[0] if same else None

    def _create(self, experiment_id: str, run: Run) -> str:
        created = self.client.create_run(experiment_id, run.start_ms, runs.tags(run), run.name)
        return str(created.info.run_id)

    def _log(self, run_id: str, entry: Entry, step: int) -> None:
        from mlflow.entities import Metric, Param

        moment = runs.milliseconds(entry.finished_at)
        metrics = [Metric(key, value, moment, step) for key, value in runs.metrics(entry).items()]
        known = self.client.get_run(run_id).data.params
        params = [Param(name, text) for name, text in runs.params(entry).items() if name not in known]
        for part in _batches(params):
            self.client.log_batch(run_id, params=part)
        for batch in _batches(metrics, 1000):
            self.client.log_batch(run_id, metrics=batch)
        self._log_dataset(run_id, entry)
        self._log_utterances(run_id, entry)
        self._log_sounds(run_id, entry)
        self.client.set_tag(run_id, f"{ENTRY_TAG}{entry.id}", runs.clean(f"{entry.key.dataset} {entry.status}", 200))

    def _log_dataset(self, run_id: str, entry: Entry) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        digest = entry.result.provenance.get("dataset_digest", "") if entry.result else ""
        if digest:
            name, short = runs.clean(entry.key.dataset, 200), digest.removeprefix("sha256:")[:DIGEST_LENGTH]
            data = Dataset(name, runs.clean(short, DIGEST_LENGTH), "local", json.dumps({"digest": digest}))
            self.client.log_inputs(run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "evaluation")])])

    def _log_utterances(self, run_id: str, entry: Entry) -> None:
        """The table of utterances. Best effort: its store may be out of reach where the metrics' is not."""
        if entry.result is None:
            return
        text = json.dumps(runs.table(entry), ensure_ascii=False)
        self._try(entry, "utterances", lambda: self.client.log_text(run_id, text, _artifact(entry)))

    def _log_sounds(self, run_id: str, entry: Entry) -> None:
        """What the model said, of the worst utterances. Best effort too; sent again it falls on itself."""
        for path in runs.sounds(entry):
            place = f"audio/{_folder(entry)}"
            if not self._try(entry, "audio", functools.partial(self.client.log_artifact, run_id, str(path), place)):
                return

    def _try(self, entry: Entry, what: str, write: Callable[[], None]) -> bool:
        """Write an artifact; False, and a warning, where its store does not take it."""
        try:
            write()
        except Exception as problem:  # noqa: BLE001 - artifact stores raise the errors of the library they use
            said = " ".join(str(problem).split())[:200]
            self.report.warnings.append(f"MLflow did not take the {what} of {runs.clean(str(entry.key), 200)}: {said}")
            return False
        return True

    def _finish(self, run_id: str, run: Run) -> None:
        """What concerns the run as a whole: its note, tags, status and end."""
        from mlflow.entities import RunTag

        tables = [_artifact(entry) for entry in run.entries if entry.result]
        listed = json.dumps([{"path": path, "type": "table"} for path in dict.fromkeys(tables)])
        facts = {**runs.tags(run), "mlflow.note.content": note(run), "mlflow.loggedArtifacts": listed[:7900]}
        for part in _batches([RunTag(name, text) for name, text in facts.items()]):
            self.client.log_batch(run_id, tags=part)
        self.client.set_terminated(run_id, "FAILED" if run.red else "FINISHED", run.end_ms)

    def show(self, sent: Sequence[Run]) -> None:
        """Make the shared views of every experiment met show the metrics of these runs."""
        for name, experiment in self.experiments.items():
            entries = [entry for run in sent if run.experiment == name for entry in run.entries]
            columns = [key for entry in entries for key in runs.headline(entry)]
            sections = [section for entry in entries for section in runs.sections(entry)]
            for tag, text in views.tags(experiment.id, columns, sections, experiment.tags).items():
                self.client.set_experiment_tag(experiment.id, tag, text)
            self.report.links[name] = views.links(experiment.id)


def _sent_entries(found: mlflow.entities.Run) -> int:
    return sum(tag.startswith(ENTRY_TAG) for tag in found.data.tags)


def _artifact(entry: Entry) -> str:
    return f"utterances/{_folder(entry)}.json"


def _folder(entry: Entry) -> str:
    """The dataset as a name that every artifact store takes."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", entry.key.dataset)[:100]


def _batches[T](items: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
