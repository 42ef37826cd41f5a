"""The lifecycle in MLflow's Model Registry, made from the records in `baselines/lifecycle/`: those are the truth.

| in MLflow | is |
|---|---|
| registered model | a model, such as `faster_whisper`; its description lists the stages of what was moved |
| version | a promotion to candidate or production, oldest first; its run is the first of the evidence |
| source | `modellab://<model>/<variant>`: the weights are where config.yaml says, MLflow holds none |
| alias | `<variant>-production`, `<variant>-candidate`: how a variant got where it is |
| alias | `production`, `candidate`: the newest of those of any variant |
| tags of a version | `stage`, `variant`, `by`, `because`, `when`, `commit` |
| tags of the model | `<variant>.stage`: the present stage, deprecated and experimental too |

Mirroring again changes nothing; a version or alias that somebody made by hand under another name stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.errors import ConfigError, TrackingError
from modellab.lifecycle import evidence_table, stages
from modellab.lifecycle.stages import Record, Standing
from modellab.system import extras
from modellab.tracking import runs, store
from modellab.tracking.pushing import push
from modellab.tracking.sender import ENTRY_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

RECORD_TAG = "modellab.record"
VERSIONED = ("candidate", "production")
LATER = "MLflow's registry gets it with the next `modellab sync`"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A record that has a version in the registry."""

    model: str
    variant: str
    record: Record

    @property
    def id(self) -> str:
        """The same for the same record, whatever comes before or after it in the file."""
        parts = (self.variant, self.record.stage, self.record.when, self.record.by, self.record.because)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def say(folder: Path, baselines: Path, root: Path) -> str:
    """Send what the ledger has, mirror, and say in one sentence what came of it.

    Never raises: the files are what counts. Results come first: a version can point at its run only when it is made.
    They are given as long as at the end of a session, and the rest of a long backlog stays for `sync`. `root` is the
    project.
    """
    if problem := extras.lacking("mlflow", "sending it"):
        return f"{LATER} ({problem})"
    try:
        push(folder, root=root)
        new, place = mirror(folder, baselines)
    except (TrackingError, OSError) as problem:
        reason = str(problem).partition(": nothing is lost")[0]
        return f"{LATER} ({reason})"
    return f"MLflow's registry at {place} has {new} new version{'' if new == 1 else 's'}"


def mirror(folder: Path, baselines: Path, uri: str | None = None) -> tuple[int, str]:
    """Bring the registry up to date with the records; how many versions are new, and where.

    Raises TrackingError as `sync` does. A file of records that is damaged is left out: what reads it says so.
    """
    uri = store.address(folder, uri)
    kept = dict(_records(baselines))
    if not kept:
        return 0, store.shown(uri)
    store.check(uri)
    with store.explained(uri), store.locked(folder):
        client = store.connect(folder, uri)
        return sum(_mirror(client, model, records) for model, records in kept.items()), store.shown(uri)


def _records(baselines: Path) -> Iterator[tuple[str, stages.Records]]:
    for path in stages.files(baselines):
        with contextlib.suppress(ConfigError):
            yield path.stem, stages.read(baselines, path.stem)


def _mirror(client: MlflowClient, model: str, records: stages.Records) -> int:
    name = registered_name(model)
    promotions = ordered(model, records)
    known = _model(client, name)
    there = {
        str(version.tags.get(RECORD_TAG)): str(version.version)
        for version in client.search_model_versions(f"name='{name}'")
    }
    new = [promotion for promotion in promotions if promotion.id not in there]
    for promotion in new:
        there[promotion.id] = _create(client, name, promotion)
    wanted = {alias: there[promotion.id] for alias, promotion in aliases(records, promotions).items()}
    _point(client, known, wanted, set(there.values()))
    stage = {runs.clean_key(f"{variant}.stage"): history[-1].stage for variant, history in records.items() if history}
    for tag, value in stage.items():
        if known.tags.get(tag) != value:
            client.set_registered_model_tag(name, tag, value)
    if known.description != (text := description(model, records)):
        client.update_registered_model(name, text)
    return len(new)


def _point(client: MlflowClient, known: RegisteredModel, wanted: Mapping[str, str], ours: set[str]) -> None:
    """Set the aliases, and take away those of versions of ours that have no right to them any more."""
    present = {str(alias): str(version) for alias, version in known.aliases.items()}
    for alias in sorted(present.keys() - wanted.keys()):
        if present[alias] in ours and alias.endswith(VERSIONED):
            client.delete_registered_model_alias(known.name, alias)
    for alias, version in wanted.items():
        if present.get(alias) != version:
            client.set_registered_model_alias(known.name, alias, version)


def _model(client: MlflowClient, name: str) -> RegisteredModel:
    """The registered model, made if need be."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(name)
    except MlflowException as problem:
        if problem.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    client.create_registered_model(name)
    return client.get_registered_model(name)


def _create(client: MlflowClient, name: str, promotion: Promotion) -> str:
    """A new version; with all its tags at once, so that a kill leaves none without its `modellab.record`."""
    results = dict.fromkeys(evidence.result for evidence in promotion.record.evidence)
    run = next((id for result in results if (id := _run(client, result))), None)
    made = client.create_model_version(
        name,
        source=source(promotion),
        run_id=run,
        tags=tags(promotion),
        description=version_note(promotion),
        await_creation_for=0,
    )
    return str(made.version)


def _run(client: MlflowClient, result: str) -> str:
    """The MLflow run that has a ledger entry; '' where it was not sent."""
    ids = [str(experiment.experiment_id) for experiment in client.search_experiments()]
    matching = client.search_runs(ids, f"tags.`{ENTRY_TAG}{result}` != ''", max_results=1) if ids else []
    return str(matching[0].info.run_id) if matching else ""


# ---------------------------------------------------------------------------- pure


def ordered(model: str, records: stages.Records) -> list[Promotion]:
    """Every record that has a version, oldest first: promotions, and going back to what no record had brought.

    What was taken back keeps its version.
    """
    promotions = [
        Promotion(model, variant, record)
        for variant, history in records.items()
        for number, record in enumerate(history)
        if record.stage in VERSIONED and (not record.rollback or brought(history[: number + 1]) is record)
    ]
    return sorted(promotions, key=lambda promotion: (promotion.record.when, promotion.variant))


def brought(records: tuple[Record, ...]) -> Record | None:
    """The record by which a variant got to the stage that it has now."""
    return Standing("", "", "experimental", records).path[-1][1]


def aliases(records: stages.Records, promotions: Iterable[Promotion]) -> dict[str, Promotion]:
    """Alias -> the promotion by which a variant got to the stage that it has now, where one did."""
    now = {variant: brought(history) for variant, history in records.items()}
    current = [promotion for promotion in promotions if now[promotion.variant] is promotion.record]
    own = {alias(promotion.variant, promotion.record.stage): promotion for promotion in current}
    return own | {promotion.record.stage: promotion for promotion in current}


def alias(variant: str, stage: str) -> str:
    """A variant's alias; MLflow takes letters, digits, _ and - only.

    >>> alias("tiny.en", "production")
    'tiny_en-production'
    """
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', variant)}-{stage}"


def registered_name(model: str) -> str:
    """A model's name in the registry; folders' names are identifiers, which MLflow takes as they are."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", model)


def source(promotion: Promotion) -> str:
    """What stands for the weights: a server refuses https:// and modellab:, this it takes."""
    return f"modellab://{promotion.model}/{promotion.variant}"


def tags(promotion: Promotion) -> dict[str, str]:
    """What one looks for; the numbers are in the description, a page of tags would hide these."""
    record = promotion.record
    facts = {
        RECORD_TAG: promotion.id,
        "stage": record.stage,
        "variant": promotion.variant,
        "by": record.by,
        "because": record.because,
        "when": record.when,
        "commit": record.commit,
    }
    return {name: runs.clean(text, runs.VALUE_LENGTH) for name, text in facts.items() if text}


def version_note(promotion: Promotion) -> str:
    """The description of a version, in Markdown."""
    record, of = promotion.record, f"{promotion.model}:{promotion.variant}"
    headline = f"{promotion.variant} to {record.stage}, by {_safe(record.by)}: {_safe(record.because)}"
    return runs.clean(f"{headline}\n\n{evidence_table.table(record.evidence, of, 'github')}".strip(), runs.VALUE_LENGTH)


def description(model: str, records: stages.Records) -> str:
    """The description of a registered model: the stage of each variant that was ever moved."""
    lines = [
        f"- `{variant}`: **{history[-1].stage}** since {history[-1].when[:10]}" for variant, history in _sorted(records)
    ]
    head = f"Stages of {model}, from `baselines/{stages.FOLDER}/{model}.yaml`; other variants as its config.yaml says."
    return runs.clean("\n".join([head, "", *lines]), runs.VALUE_LENGTH)


def _sorted(records: stages.Records) -> list[tuple[str, tuple[Record, ...]]]:
    return sorted((variant, history) for variant, history in records.items() if history)


def _safe(text: str) -> str:
    """Text of a person that is not read as Markdown or HTML."""
    return re.sub(r"([`\[\]*_|<])", r"\\\1", " ".join(text.split()).replace("&", "&amp;"))


def run_ids(folder: Path) -> Mapping[str, str]:
    """Ledger entry -> MLflow run, of the project's own database, read without MLflow; none if it cannot be read."""
    query = "SELECT key, run_uuid FROM tags WHERE key LIKE ?"
    try:
        with contextlib.closing(sqlite3.connect(f"{store.database(folder).as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute(query, (f"{ENTRY_TAG}%",))
            return {str(key).removeprefix(ENTRY_TAG): str(run) for key, run in rows}
    except sqlite3.Error:
        return {}
