"""What is asked of jobs: each kind's fields, checked before anything is stored."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pydantic

from modellab import datasets
from modellab.errors import ConfigError, ModellabError, did_you_mean
from modellab.plan.availability import why_not
from modellab.plan.cases import PlannedCase, plan
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.selection import Selection, dataset_names, known
from modellab.runner.options import MOST_IN_A_BATCH
from modellab.schema import Strict
from modellab.server import speech
from modellab.server.errors import ApiError
from modellab.server.fleet.fleet import Fleet

KINDS = ("transcribe", "synthesize", "dataset", "run")
SHOWN = 80  # characters of what somebody sent
MOST_NAMES = 1000  # in one list
Name = Annotated[str, pydantic.Field(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], pydantic.Field(max_length=MOST_NAMES)]
Text = Annotated[str, pydantic.Field(max_length=200)]


class Common(Strict):
    """What a job of any kind may say."""

    kind: Literal["transcribe", "synthesize", "dataset", "run"]
    priority: int = pydantic.Field(default=0, ge=-100, le=100)  # among your own jobs; the higher, the sooner
    callback_url: Annotated[str, pydantic.Field(max_length=2000)] = ""


class Transcribe(Common):
    """A file, however long: as `file` of multipart/form-data."""

    model: Name
    file: Annotated[str, pydantic.Field(max_length=200)] = ""  # the blob of an upload
    language: Text = ""
    words: bool = False  # the times of words, too


class Synthesize(Common):
    """A text, spoken: the fields of /v1/audio/speech."""

    model: Name
    input: Annotated[str, pydantic.Field(min_length=1, max_length=speech.MOST_CHARACTERS)]
    voice: Text = ""
    response_format: Text = "wav"


class WholeDataset(Common):
    """Every utterance of a golden dataset through one model."""

    model: Name
    dataset: Name


class Run(Common):
    """A run of the suite. An empty list takes everything, as `modellab run` does."""

    models: Names = ()
    datasets: Names = ()
    devices: Names = ()
    precisions: Names = ()
    tier: Text = ""
    label: Text = ""
    experiment: Text = ""
    executor: Text = ""  # workers that share each dataset: one of those that the settings name
    batch: int = pydantic.Field(default=1, ge=1, le=MOST_IN_A_BATCH)  # utterances in one call; for workers alone
    dry_run: bool = False

    @property
    def selection(self) -> Selection:
        return Selection(self.models, self.datasets, self.devices, self.precisions, self.tier)

    @property
    def command(self) -> str:
        """What does the same in a shell."""
        shared = [f"--executor={self.executor}"] if self.executor else []
        shared += [f"--batch={self.batch}"] if self.batch > 1 else []
        return shlex.join(["modellab", "run", *self.selection.arguments(), *shared])


Asked = Transcribe | Synthesize | WholeDataset | Run
MODELS: dict[str, type[Transcribe] | type[Synthesize] | type[WholeDataset] | type[Run]] = {
    "transcribe": Transcribe,
    "synthesize": Synthesize,
    "dataset": WholeDataset,
    "run": Run,
}


def read(data: object) -> Asked:
    """The request; ApiError 400 for the first thing in it that is not as it has to be."""
    if not isinstance(data, Mapping):
        raise ApiError(400, "invalid_json", "the body is no JSON object")
    kind = data.get("kind")
    model = MODELS.get(kind) if isinstance(kind, str) else None
    if model is None:
        message = f"kind is {str(kind)[:SHOWN]!r}: {did_you_mean(str(kind), KINDS)}"
        raise ApiError(400, "missing_field" if kind is None else "invalid_value", message, "kind")
    try:
        return model.model_validate(data)
    except pydantic.ValidationError as error:
        raise _refused(model, error.errors(include_url=False)[0]) from None


def _refused(model: type[pydantic.BaseModel], problem: Any) -> ApiError:
    name = str((problem["loc"] or ("the body",))[0])
    if problem["type"] == "extra_forbidden":
        message = f"unknown field {name[:SHOWN]!r}: {did_you_mean(name[:SHOWN], list(model.model_fields))}"
        return ApiError(400, "unknown_field", message, name[:SHOWN])
    if problem["type"] == "missing":
        return ApiError(400, "missing_field", f"expected `{name}`", name)
    message = f"{name} is {str(problem['input'])[:SHOWN]!r}: {problem['msg'][0].lower()}{problem['msg'][1:]}"
    return ApiError(400, "invalid_value", message, name)


def digest(asked: Asked, sha256: str = "") -> str:
    """What tells a repeated request from another one; `sha256` is that of its file."""
    text = json.dumps([asked.model_dump(mode="json"), sha256], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


# ---------------------------------------------------------------------------- what it names


def check_dataset(matrix: Matrix, fleet: Fleet, asked: WholeDataset) -> int:
    """How many utterances there are; ApiError where the model cannot hear them, or nobody may see what they say."""
    fleet.doing(asked.model, "asr")
    try:
        known("dataset", asked.dataset, dataset_names(matrix))
        data = datasets.load(matrix.project.golden / asked.dataset)
    except ModellabError as error:
        raise ApiError(400, "invalid_value", str(error).splitlines()[0], "dataset") from None
    if data.header.task != "asr":
        message = f"{asked.dataset} is a dataset of {data.header.task}, expected one of asr"
        raise ApiError(400, "unsupported_task", message, "dataset")
    if data.is_private:
        message = f"{asked.dataset} is private: what is said in it is shown to nobody; a run measures it"
        raise ApiError(400, "private_dataset", message, "dataset")
    return len(data.rows)


def planned(matrix: Matrix, asked: Run) -> list[PlannedCase]:
    """The cases of a run, in their order; ApiError 400 for a name that nothing has, and where nothing is left."""
    try:
        cases = plan(matrix, asked.selection)
    except ConfigError as error:
        raise ApiError(400, "unknown_name", str(error).splitlines()[0], _field(str(error))) from None
    if not cases:
        raise ApiError(400, "no_cases", "no case has all of these names: fewer of them take more", "models")
    return cases


def check_executor(asked: Run, named: Sequence[str]) -> None:
    """ApiError 400 for an executor that the settings do not name: it may be a folder, or other machines."""
    if asked.executor and asked.executor not in named:
        near = did_you_mean(asked.executor[:SHOWN], named) if named else "[tool.modellab.serve.jobs] names none"
        raise ApiError(400, "unknown_name", f"there is no executor {asked.executor[:SHOWN]!r} here: {near}", "executor")


def check_batch(asked: Run) -> None:
    """ApiError 400 for a batch size without workers: one process measures each utterance alone."""
    if asked.batch > 1 and not asked.executor:
        message = f"batch is {asked.batch} and there is no executor: name one, or leave batch out"
        raise ApiError(400, "invalid_value", message, "batch")


def described(matrix: Matrix, cases: list[PlannedCase]) -> list[dict[str, Any]]:
    """The cases as JSON, each with why it cannot be run here, '' where it can."""
    listed = []
    for case in cases:
        planned_case = matrix.find(case.name)
        reason = case.error
        if isinstance(planned_case, Case):
            reason = why_not(planned_case)
        elif isinstance(planned_case, Broken):
            reason = planned_case.error
        listed.append({"case": case.name, "tier": case.tier, "why_not": reason.splitlines()[0] if reason else ""})
    return listed


def _field(message: str) -> str | None:
    """The field that a message about an unknown name is about."""
    words = {"model": "models", "variant": "models", "dataset": "datasets", "device": "devices", "tier": "tier"}
    words["precision"] = "precisions"
    return next((field for word, field in words.items() if message.startswith(f"unknown {word} ")), None)
