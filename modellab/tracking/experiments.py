"""The experiments of a store: one per task, found once per sync and made where they are missing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.tracking import store

if TYPE_CHECKING:
    import mlflow.entities
    from mlflow import MlflowClient

STORE_TAG = "modellab.store"  # a random name that an experiment keeps: tells a store from one made anew at its place


@dataclass(slots=True)
class Experiment:
    """An experiment of the store; `token` changes when the store was made anew, `fresh` ones have no runs yet."""

    id: str
    token: str
    tags: Mapping[str, str]
    fresh: bool = False


class Experiments:
    """Looked up by name; `warnings` gets a sentence for what is odd about one."""

    def __init__(self, client: MlflowClient, folder: Path, uri: str, warnings: list[str]) -> None:
        self.client, self.folder, self.uri, self.warnings = client, folder, uri, warnings
        self.met: dict[str, Experiment] = {}

    def get(self, name: str) -> Experiment:
        """The experiment of that name, made if need be."""
        if name not in self.met:
            self.met[name] = self._find(name)
        return self.met[name]

    def _find(self, name: str) -> Experiment:
        experiment = self.client.get_experiment_by_name(name)
        place = None if store.is_server(self.uri) else (self.folder / "artifacts" / name).absolute().as_uri()
        if experiment is None:
            if made := self._make(name, place):
                return made
            experiment = self.client.get_experiment_by_name(name)
        if experiment is None or not experiment.experiment_id:
            raise store.no_server(self.uri, "experiment")
        if experiment.lifecycle_stage == "deleted":
            self.client.restore_experiment(experiment.experiment_id)
            self.warnings.append(f"experiment {name} had been deleted in MLflow and was restored")
        if self.uri == store.own(self.folder) and experiment.artifact_location != place:
            self.warnings.append(
                f"experiment {name} keeps its tables in {experiment.artifact_location}, though the database is in"
                f" {self.folder}: was it moved? `modellab sync --rebuild` puts them together again"
            )
        return self._known(experiment)

    def _make(self, name: str, place: str | None) -> Experiment | None:
        """None when another computer has made it on the server in this moment."""
        from mlflow.exceptions import MlflowException

        tags = {STORE_TAG: uuid.uuid4().hex}
        try:
            made = self.client.create_experiment(name, place, tags=tags)
        except MlflowException as problem:
            if problem.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            return None
        if not made:
            raise store.no_server(self.uri, "experiment")
        return Experiment(made, tags[STORE_TAG], tags, fresh=True)

    def _known(self, experiment: mlflow.entities.Experiment) -> Experiment:
        id, tags = str(experiment.experiment_id), dict(experiment.tags)
        if STORE_TAG not in tags:  # made by hand, under our name
            tags[STORE_TAG] = uuid.uuid4().hex
            self.client.set_experiment_tag(id, STORE_TAG, tags[STORE_TAG])
        return Experiment(id, tags[STORE_TAG], tags)
